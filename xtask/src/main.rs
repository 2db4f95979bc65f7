//! Commands of the workspace: `cargo xtask …`. Each does its own set-up.

mod bench;
mod demonstration;
mod features;
mod fuzz;
mod parity;
mod process;
mod python;
mod readers;
mod test;
mod wasm_target;
mod web;

use std::process::ExitCode;

use clap::Parser;

/// Builds, tests and measures PickScore.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", about)]
enum Task {
    /// Runs every test: formatting, lints, native, parity, the wasm target.
    Test,
    /// Builds the page and the JavaScript library into dist/, ready for any static host.
    Build,
    /// Builds the page and serves it on this machine.
    Serve {
        /// The port.
        #[arg(long, default_value_t = 8080)]
        port: u16,
    },
    /// Runs the parity tests at full size (ViT-H/14): minutes, 8 GB of memory and of disk.
    Parity {
        /// Runs the kernels' tests and the small models on this machine's GPU instead.
        #[arg(long)]
        gpu: bool,
    },
    /// Tries our Parquet in pandas, Hugging Face's datasets, DuckDB and Polars, and theirs in ours.
    Readers,
    /// Runs the tests in browsers alone: the packages' and the page's.
    E2e,
    /// Loads and scores a generated ViT-H/14 in Chromium: minutes, 8 GB of memory and of disk.
    FullSize,
    /// Exports and imports 10,000 pairs with 1 GB of images in Chromium, and watches its memory: minutes, 6 GB of disk.
    LargeExport,
    /// Fuzz the readers of bytes from outside. Installs cargo-fuzz where it is absent.
    Fuzz {
        /// Seconds for each target.
        #[arg(long, default_value_t = 60)]
        seconds: u32,
        /// Only this target.
        #[arg(long)]
        target: Option<String>,
    },
    /// Makes the demonstration model from nothing: about two hours.
    Demonstration(demonstration::Arguments),
    /// Measures speed beside what a user would otherwise use.
    Bench(bench::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Task::parse() {
        Task::Test => test::run(),
        Task::Build => web::build::run(),
        Task::Serve { port } => web::serve::run(port),
        Task::Parity { gpu } => parity::run(gpu),
        Task::Readers => readers::run(),
        Task::E2e => web::build::run().and_then(|()| web::e2e::run(true)),
        Task::FullSize => web::build::run().and_then(|()| web::e2e::full_size()),
        Task::LargeExport => web::build::run().and_then(|()| web::e2e::large_export()),
        Task::Fuzz { seconds, target } => fuzz::run(seconds, target.as_deref()),
        Task::Demonstration(arguments) => demonstration::run(&arguments),
        Task::Bench(arguments) => bench::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cargo xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
