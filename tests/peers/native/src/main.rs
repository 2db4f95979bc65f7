//! PickScore's side of the native benchmark. The other engines are in `peer.py` and
//! `reward_peer.py`, and use the same protocol: a line on standard input runs a case once on
//! generated inputs, and its milliseconds are printed.
//!
//! The cases of CLIP are `vision N`, `text N` (prompts that fill the context) and `short N`
//! (prompts of 18 words). Those of ImageReward are `images N` (for one prompt), `prompts N` (for
//! one image) and `short 1`. `score N` prints the scores of the first N prompts for the first N
//! images, to show that all engines compute the same; ImageReward's is that of the first. `call
//! FILE` scores an image file for a prompt, as a caller of the library would, and prints the
//! milliseconds. `memory` prints the peak memory of loading in bytes, and `parameters` the number
//! of parameters.

#![allow(clippy::print_stdout, reason = "its answers")]

mod blip;
mod clip;

use std::{
    io::{self, BufRead as _},
    path::PathBuf,
    time::Instant,
};

use anyhow::{Context as _, Result};
use clap::Parser;
use pickscore::{
    PickScore,
    scorer::{DeviceChoice, OpenOptions, PrecisionChoice},
    towers::Model,
    weights::Precision,
};
use pollster::FutureExt as _;

#[derive(Parser)]
struct Arguments {
    /// `f32`, `f16`, `q8` or `q8-fast`.
    precision: String,
    /// A model directory.
    model: PathBuf,
    threads: usize,
}

/// Seed of the inputs.
const SEED: u64 = 14;
/// The prompt of `call`, also in `tests/peers/data/calls_peer.py`.
const PROMPT: &str = "a fox in the snow";

/// Peak memory of this process, in bytes.
fn peak_memory() -> Result<u64> {
    let status =
        std::fs::read_to_string("/proc/self/status").context("the peak of memory is only known on Linux")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes * 1024)
}

fn milliseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

/// Milliseconds of scoring an image file that is in memory, without anything kept from before.
fn call(scorer: &PickScore, file: &str) -> Result<f64> {
    let image = std::fs::read(file)?;
    let start = Instant::now();
    scorer.score(PROMPT, &[&image]).block_on()?.pop().context("no score")??;
    Ok(milliseconds(start))
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    rayon::ThreadPoolBuilder::new().num_threads(arguments.threads).build_global()?;
    let name = &arguments.precision;
    let precision = Precision::named(name).with_context(|| format!("no precision is called {name}"))?;
    let options = OpenOptions {
        device: DeviceChoice::Cpu,
        precision: PrecisionChoice::Exactly(precision),
        ..OpenOptions::default()
    };
    let scorer = PickScore::open(&arguments.model, &options)?;
    println!("ready");
    for line in io::stdin().lock().lines() {
        let line = line?;
        let mut words = line.split_whitespace();
        let case = words.next().context("an empty line")?;
        if case == "call" {
            println!("{}", call(&scorer, words.next().context("no file")?)?);
            continue;
        }
        let count: usize = words.next().unwrap_or("1").parse()?;
        match (case, scorer.model()) {
            ("parameters", _) => println!("{}", scorer.info().parameters),
            ("memory", _) => println!("{}", peak_memory()?),
            ("score", Model::Clip(model)) => println!("{}", clip::scores(model, count)?),
            (_, Model::Clip(model)) => println!("{}", clip::answer(model, scorer.batch(), case, count)?),
            (_, Model::Blip(model)) => println!("{}", blip::answer(model, scorer.batch(), case, count)?),
        }
    }
    Ok(())
}
