//! `cargo xtask bench native`: one forward pass of each tower in this engine, PyTorch and ONNX
//! Runtime, on the same number of threads.
//!
//! All engines are loaded at once and take turns, so that other load on the machine affects them
//! equally. An engine waits on its standard input while another runs.

use std::{fmt::Write as _, fs, io::Write as _, path::Path, thread, time::Duration};

use anyhow::{Result, ensure};
use clap::Args;

use super::engine::{self, Engine};
use crate::python;

/// How to measure.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Models: `b32` (ViT-B/32), `l14` (ViT-L/14), `pickscore` (ViT-H/14) and `image-reward`, which
    /// is not compared with ONNX Runtime
    #[arg(long, value_delimiter = ',', default_value = "b32,pickscore")]
    models: Vec<String>,
    /// Engines: PickScore's precisions, `torch`, `torch-bf16`, `onnx` and `onnx-int8`. The others
    /// are compared with the first
    #[arg(long, value_delimiter = ',', default_value = "f32,q8,torch,onnx")]
    engines: Vec<String>,
    /// Threads per engine
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Runs of each case by each engine
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// Also write the table to this file
    #[arg(long)]
    out: Option<std::path::PathBuf>,
}

/// The cases: a tower and its number of inputs. `short` is the text tower on a prompt of 18 words.
const CASES: [&str; 6] = ["vision 1", "vision 4", "vision 16", "text 1", "text 4", "short 1"];
/// ImageReward's: images for one prompt, and prompts for one image.
const REWARD_CASES: [&str; 4] = ["images 1", "images 16", "prompts 16", "short 1"];
/// Pause before every turn: an engine's threads keep spinning for a while after their work.
const REST: Duration = Duration::from_millis(50);
/// Warm-up rounds.
const WARM: usize = 2;
/// Maximum difference between the scores of engines that compute in f32; beyond it they compute
/// different things.
const SAME: f64 = 0.02;
/// The engines that compute in f32.
const EXACT: [&str; 3] = ["f32", "torch", "onnx"];
/// Prompts, and images, whose scores are compared.
const COMPARED: usize = 4;

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let python = if arguments.models.iter().any(|model| model == engine::IMAGE_REWARD) {
        python::authors()?
    } else {
        python::environment("tests/parity/reference/requirements.lock")?
    };
    engine::build()?;
    let mut table = String::from("| model | case |");
    for engine in &arguments.engines {
        write!(table, " {} |", title(engine))?;
    }
    for engine in &arguments.engines[1..] {
        write!(table, " {} / {} |", title(engine), title(&arguments.engines[0]))?;
    }
    let columns = 1 + 2 * arguments.engines.len();
    writeln!(table, "\n|{}", "---|".repeat(columns))?;
    let mut differences = String::from(
        "| model | engine | largest difference of a score from f32 | mean |\n|---|---|---|---|\n",
    );
    for model in &arguments.models {
        measure(model, arguments, &python, &mut table, &mut differences)?;
    }
    table = format!("{table}\n{differences}");
    eprintln!(
        "milliseconds of one forward pass, {} threads, medians of {} rounds that took turns",
        arguments.threads, arguments.rounds
    );
    std::io::stdout().write_all(table.as_bytes())?;
    if let Some(path) = &arguments.out {
        fs::write(path, &table)?;
    }
    Ok(())
}

fn title(engine: &str) -> String {
    match engine {
        "torch" => "PyTorch".into(),
        "torch-bf16" => "PyTorch bf16".into(),
        "onnx" => "ONNX Runtime".into(),
        "onnx-int8" => "ONNX Runtime int8".into(),
        precision => format!("PickScore {precision}"),
    }
}

/// The rows of both tables for one model: times, and differences of scores.
fn measure(
    model: &str,
    arguments: &Arguments,
    python: &Path,
    table: &mut String,
    differences: &mut String,
) -> Result<()> {
    let directory = engine::directory(model)?;
    let engines = arguments.engines.iter().map(|name| {
        eprintln!("── loading {model} into {}", title(name));
        Engine::start(name, &directory, arguments.threads, Some(python))
    });
    let mut engines = engines.collect::<Result<Vec<_>>>()?;
    let mut scores = Vec::new();
    for engine in &mut engines {
        scores.push((engine.name.clone(), engine.scores(COMPARED)?));
    }
    let exact =
        scores.iter().find(|(name, _)| EXACT.contains(&name.as_str())).map(|(_, exact)| exact.clone());
    for (name, scores) in exact.iter().flat_map(|_| &scores) {
        let differences_of = scores.iter().zip(exact.iter().flatten()).map(|(a, b)| (a - b).abs());
        let largest = differences_of.clone().fold(0.0, f64::max);
        let mean = differences_of.sum::<f64>() / scores.len() as f64;
        ensure!(
            !EXACT.contains(&name.as_str()) || largest <= SAME,
            "the engines do not compute the same: {name} differs by {largest}"
        );
        writeln!(differences, "| {model} | {} | {largest:.4} | {mean:.4} |", title(name))?;
    }
    let cases = if model == engine::IMAGE_REWARD { &REWARD_CASES[..] } else { &CASES };
    for case in cases {
        eprintln!("── {model}, {case}");
        let mut times = vec![Vec::new(); engines.len()];
        for round in 0..WARM + arguments.rounds {
            for (engine, times) in engines.iter_mut().zip(&mut times) {
                thread::sleep(REST);
                let time = engine.ask(case)?;
                if round >= WARM {
                    times.push(time);
                }
            }
        }
        write!(table, "| {model} | {case} |")?;
        for times in &mut times {
            times.sort_by(f64::total_cmp);
            write!(table, " {:.1} |", median(times))?;
        }
        for other in &times[1..] {
            write!(table, " {:.2} |", median(other) / median(&times[0]))?;
        }
        writeln!(table)?;
    }
    Ok(())
}

fn median(sorted: &[f64]) -> f64 {
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
