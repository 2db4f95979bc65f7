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
    /// Engines: PickScore's precisions, `torch` and `onnx`. The others are compared with the first
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
/// Maximum difference between the engines' scores; beyond it they compute different things. 8-bit
/// is measured for speed alone.
const SAME: f64 = 0.02;

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
    for model in &arguments.models {
        measure(model, arguments, &python, &mut table)?;
    }
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
        "onnx" => "ONNX Runtime".into(),
        precision => format!("PickScore {precision}"),
    }
}

/// The table's rows for one model.
fn measure(model: &str, arguments: &Arguments, python: &Path, table: &mut String) -> Result<()> {
    let directory = engine::directory(model)?;
    let engines = arguments.engines.iter().map(|name| {
        eprintln!("── loading {model} into {}", title(name));
        Engine::start(name, &directory, arguments.threads, Some(python))
    });
    let mut engines = engines.collect::<Result<Vec<_>>>()?;
    let mut scores = Vec::new();
    for engine in &mut engines {
        scores.push((engine.name.clone(), engine.ask("score")?));
    }
    let exact: Vec<f64> =
        scores.iter().filter(|(name, _)| name != "q8" && name != "f16").map(|&(_, score)| score).collect();
    let spread =
        exact.iter().copied().fold(f64::MIN, f64::max) - exact.iter().copied().fold(f64::MAX, f64::min);
    ensure!(exact.len() < 2 || spread <= SAME, "the engines do not compute the same: {scores:?}");
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
