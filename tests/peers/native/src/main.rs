//! PickScore's side of the native benchmark. Its peers are in `peer.py` and speak the same: a line `vision N`, `text N` (prompts that fill
//! the context) or `short N` (prompts of 18 words) on standard input runs a tower once on N generated inputs and prints its milliseconds; `score` prints the score of the first prompt and the first image, so that all can be seen to compute the same;
//! `memory` prints the bytes that loading took at most, `parameters` how many numbers the model holds.

#![allow(clippy::print_stdout, reason = "its answers")]

use std::{
    io::{self, BufRead as _},
    path::PathBuf,
    time::Instant,
};

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use pickscore::{
    PickScore,
    config::TextConfig,
    scorer::{DeviceChoice, OpenOptions, PrecisionChoice},
    tokens::Tokens,
    weights::Precision,
};
use pickscore_generate::pixels;
use pollster::FutureExt as _;

#[derive(Parser)]
struct Arguments {
    /// `f32`, `f16` or `q8`.
    precision: String,
    /// A model directory.
    model: PathBuf,
    threads: usize,
}

/// Seed of the inputs.
const SEED: u64 = 14;

/// A prompt of so many words, and the end token to the end of the context.
fn tokens(index: usize, words: usize, text: &TextConfig) -> Tokens {
    let vocabulary = text.vocabulary as u32;
    let body = (0..words).map(|at| ((at * 7919 + index * 104_729) % (text.vocabulary - 2)) as u32);
    let mut ids: Vec<u32> = std::iter::once(vocabulary - 2).chain(body).collect();
    ids.resize(text.context, vocabulary - 1);
    Tokens { ids, length: words + 2, truncated: false }
}

/// Bytes of memory that this process has held at most.
fn peak_memory() -> Result<u64> {
    let status =
        std::fs::read_to_string("/proc/self/status").context("the peak of memory is only known on Linux")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes * 1024)
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    rayon::ThreadPoolBuilder::new().num_threads(arguments.threads).build_global()?;
    let precision = match arguments.precision.as_str() {
        "f32" => Precision::F32,
        "f16" => Precision::F16,
        "q8" => Precision::Q8,
        other => bail!("no precision is called {other}"),
    };
    let options = OpenOptions {
        device: DeviceChoice::Cpu,
        precision: PrecisionChoice::Exactly(precision),
        ..OpenOptions::default()
    };
    let scorer = PickScore::open(&arguments.model, &options)?;
    let clip = scorer.clip();
    let (text, vision) = (&clip.config().text, &clip.config().vision);
    println!("ready");
    for line in io::stdin().lock().lines() {
        let line = line?;
        match line.as_str() {
            "parameters" => {
                println!("{}", scorer.info().parameters);
                continue;
            }
            "memory" => {
                println!("{}", peak_memory()?);
                continue;
            }
            _ => {}
        }
        let mut words = line.split_whitespace();
        let tower = words.next().context("an empty line")?;
        let count: usize = words.next().unwrap_or("1").parse()?;
        let words = if tower == "short" { 18 } else { text.context - 2 };
        let prompts: Vec<_> = (0..count).map(|at| tokens(at, words, text)).collect();
        let images: Vec<_> = (0..count).map(|at| pixels(SEED, at, vision.image_size)).collect();
        let (prompts, images): (Vec<_>, Vec<_>) = (prompts.iter().collect(), images.iter().collect());
        let start = Instant::now();
        match tower {
            "text" | "short" => drop(clip.text(&prompts).block_on()?),
            "vision" => drop(clip.vision(&images).block_on()?),
            "score" => {
                let (texts, images) = (clip.text(&prompts).block_on()?, clip.vision(&images).block_on()?);
                println!("{}", scorer.score_of(&texts[0], &images[0]));
                continue;
            }
            other => bail!("no tower is called {other}"),
        }
        println!("{}", start.elapsed().as_secs_f64() * 1e3);
    }
    Ok(())
}
