//! `cargo xtask bench`: speed beside what a user would otherwise use, in one run on one machine.

mod browser;
mod engine;
mod memory;
mod merge;
mod native;

use anyhow::Result;
use clap::{Args, Subcommand};

/// What to measure.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Subcommand)]
enum Bench {
    /// This engine beside onnxruntime-web in Chromium, on the CPU and on two software GPUs: hours; `--quick`: an hour.
    Browser(browser::Arguments),
    /// The towers on the CPU beside PyTorch and ONNX Runtime.
    Native(native::Arguments),
    /// The memory that loading ViT-H/14 takes, beside the weights themselves.
    Memory,
    /// The memory that merging 1,000 files of 1,000 pairs takes: minutes, and 10 GB of disk.
    Merge,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.bench {
        Bench::Browser(arguments) => browser::run(arguments),
        Bench::Native(arguments) => native::run(arguments),
        Bench::Memory => memory::run(),
        Bench::Merge => merge::run(),
    }
}
