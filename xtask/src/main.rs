//! The workspace's commands: `cargo xtask …`. Each installs what it needs.

mod arm;
mod bench;
mod demonstration;
mod features;
mod fuzz;
mod gpu;
mod native;
mod pairs;
mod parity;
mod process;
mod prose;
mod python;
mod readers;
mod test;
mod wasm_target;
mod web;
mod wheel;

use std::process::ExitCode;

use clap::Parser;

/// Build, test and benchmark PickScore
#[derive(Parser)]
#[command(bin_name = "cargo xtask", about)]
enum Task {
    /// Run every test: formatting, lints, native, parity, wasm in browsers
    Test,
    /// Build the page and the JavaScript library into dist/, ready for any static host
    Build,
    /// Build the page and serve it on this machine
    Serve {
        /// Port to listen on
        #[arg(long, default_value_t = 8080)]
        port: u16,
    },
    /// Run the parity tests at full size (ViT-H/14). Takes minutes, 8 GB of memory and 8 GB of disk
    Parity {
        /// Run the kernels' tests and the small models on this machine's GPU instead
        #[arg(long)]
        gpu: bool,
    },
    /// Run the CPU kernels' tests for 64-bit ARM in QEMU, which it installs
    Arm,
    /// Measure parity and speed on this machine's GPU, beside PyTorch where there is one. Takes
    /// about six minutes, and 4 GB of disk in the temporary folder
    Gpu(gpu::Arguments),
    /// Read our Parquet with pandas, Hugging Face's datasets, DuckDB and Polars, and theirs with
    /// ours
    Readers,
    /// Build the Python package as a wheel, and print its path
    Wheel,
    /// Run only the tests of the Python package
    Python,
    /// Test the Python package on a local Ray cluster of two nodes. Takes minutes
    Ray,
    /// Run only the browser tests: the packages' and the page's
    E2e,
    /// Load and score a generated ViT-H/14 in Chromium. Takes minutes, 8 GB of memory and 8 GB of
    /// disk
    FullSize,
    /// Export and import 10,000 pairs with 1 GB of images in Chromium, and check its memory. Takes
    /// minutes and 6 GB of disk
    LargeExport,
    /// Fuzz everything that parses untrusted bytes. Installs cargo-fuzz if it is missing
    Fuzz {
        /// Seconds per target
        #[arg(long, default_value_t = 60)]
        seconds: u32,
        /// Run only this target
        #[arg(long)]
        target: Option<String>,
    },
    /// Train the demonstration model from scratch. Takes about two hours
    Demonstration(demonstration::Arguments),
    /// Compare speed and memory with the alternatives
    Bench(bench::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Task::parse() {
        Task::Test => test::run(),
        Task::Build => web::build::run(),
        Task::Serve { port } => web::serve::run(port),
        Task::Parity { gpu } => parity::run(gpu),
        Task::Arm => arm::run(),
        Task::Gpu(arguments) => gpu::run(&arguments),
        Task::Readers => readers::run(),
        Task::Wheel => wheel::run(),
        Task::Python => wheel::test(),
        Task::Ray => wheel::test_ray(),
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
