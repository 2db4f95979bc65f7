//! `cargo xtask bench`: speed and memory compared with the alternatives, measured in one run on one
//! machine.

mod browser;
mod data;
mod engine;
mod evaluate;
mod goals;
mod memory;
mod merge;
mod native;
mod pipeline;
mod steps;

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
    /// Compare this engine with onnxruntime-web and transformers.js in Chromium, on the CPU and on
    /// two software GPUs. Takes hours; `--quick` takes half an hour
    Browser(browser::Arguments),
    /// Measure whether images are decoded while a simulated device computes, in Chromium. Takes ten
    /// minutes
    Pipeline(pipeline::Arguments),
    /// Compare the towers on the CPU, and the way from files to scores, with PyTorch and ONNX
    /// Runtime
    Native(native::Arguments),
    /// Compare the time of each step of the vision tower on the CPU with what the processor allows
    Steps,
    /// Compare whole datasets, from files to scores, with the command, the Python package, Ray and
    /// transformers
    Data(data::Arguments),
    /// Measure time and memory of evaluating stored scores. Takes 20 minutes and 8 GB of disk
    Evaluate(evaluate::Arguments),
    /// Measure the memory that loading a model takes, besides the weights
    Memory(memory::Arguments),
    /// Measure the memory of merging up to 10 million pairs. Takes an hour and 20 GB of disk
    Merge,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.bench {
        Bench::Browser(arguments) => browser::run(arguments),
        Bench::Native(arguments) => native::run(arguments),
        Bench::Pipeline(arguments) => pipeline::run(arguments),
        Bench::Steps => steps::run(),
        Bench::Data(arguments) => data::run(arguments),
        Bench::Evaluate(arguments) => evaluate::run(arguments),
        Bench::Memory(arguments) => memory::run(arguments),
        Bench::Merge => merge::run(),
    }
}
