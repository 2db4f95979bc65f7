//! PickScore's side of the native benchmark. The other engines are in `peer.py` and
//! `reward_peer.py`, and use the same protocol: a line on standard input runs a case once on
//! generated inputs, and its milliseconds are printed.
//!
//! The cases of CLIP are `vision N`, `text N` (prompts that fill the context) and `short N`
//! (prompts of 18 words). Those of ImageReward are `images N` (for one prompt), `prompts N` (for
//! one image) and `short 1`. `score N` prints the scores of the first N prompts for the first N
//! images, to show that all engines compute the same; ImageReward's is that of the first. `call
//! FILE` scores an image file for a prompt, as a caller of the library would, and prints the
//! milliseconds. `files N FOLDER` scores the first N files of a folder for that prompt, as
//! `pickscore score` does, and prints the milliseconds; `score-files N FOLDER` prints the scores.
//! `memory` prints the peak memory of loading in bytes, and `parameters` the number
//! of parameters.

#![allow(clippy::print_stdout, reason = "its answers")]

mod blip;
mod clip;

use std::{
    fs,
    io::{self, BufRead as _},
    path::PathBuf,
    time::Instant,
};

use anyhow::{Context as _, Result};
use clap::Parser;
use pickscore_checkpoint::weights::Precision;
use pickscore_model::{
    PickScore,
    scorer::{DeviceChoice, OpenOptions, PrecisionChoice},
    towers::Model,
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
/// The prompt of `call` and `files`, also in `peer.py` and `tests/peers/data/calls_peer.py`.
const PROMPT: &str = "a fox in the snow";

/// Peak memory of this process, in bytes.
fn peak_memory() -> Result<u64> {
    let status =
        fs::read_to_string("/proc/self/status").context("the peak of memory is only known on Linux")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes * 1024)
}

/// Numbers as a line of an answer.
fn joined(numbers: &[f32]) -> String {
    numbers.iter().map(f32::to_string).collect::<Vec<_>>().join(" ")
}

fn milliseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

/// Milliseconds of scoring an image file that is in memory, without anything kept from before.
fn call(scorer: &PickScore, file: &str) -> Result<f64> {
    let image = fs::read(file)?;
    let start = Instant::now();
    scorer.score(PROMPT, &[&image]).block_on()?.pop().context("no score")??;
    Ok(milliseconds(start))
}

/// The first files of a folder by name.
fn files(folder: &str, count: usize) -> Result<Vec<PathBuf>> {
    let files = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut files = files.collect::<Result<Vec<_>, _>>()?;
    files.sort_unstable();
    files.truncate(count);
    Ok(files)
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
        if matches!(case, "files" | "score-files") {
            let files = files(words.next().context("no folder")?, count)?;
            let start = Instant::now();
            let scores = scorer.score_files(PROMPT, &files)?.into_iter().collect::<Result<Vec<_>, _>>()?;
            if case == "files" {
                println!("{}", milliseconds(start));
            } else {
                println!("{}", joined(&scores));
            }
            continue;
        }
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
