//! `cargo xtask bench`: speed and memory compared with the alternatives, measured in one run on one
//! machine.

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
    /// Compare this engine with onnxruntime-web in Chromium, on the CPU and on two software GPUs.
    /// Takes hours; `--quick` takes half an hour
    Browser(browser::Arguments),
    /// Compare the towers on the CPU with PyTorch and ONNX Runtime
    Native(native::Arguments),
    /// Measure the memory that loading a model takes, besides the weights
    Memory(memory::Arguments),
    /// Measure the memory of merging 1,000 files of 1,000 pairs. Takes minutes and 10 GB of disk
    Merge,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.bench {
        Bench::Browser(arguments) => browser::run(arguments),
        Bench::Native(arguments) => native::run(arguments),
        Bench::Memory(arguments) => memory::run(arguments),
        Bench::Merge => merge::run(),
    }
}
