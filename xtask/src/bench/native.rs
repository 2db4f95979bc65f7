//! `cargo xtask bench native`: one forward pass of each tower, and the way from image files to
//! scores, in this engine, PyTorch and ONNX Runtime, on the same number of threads.
//!
//! All engines are loaded at once and take turns, so that other load on the machine affects them
//! equally. An engine waits on its standard input while another runs.

use std::{fmt::Write as _, fs, io::Write as _, path::Path, thread, time::Duration};

use anyhow::{Result, ensure};
use clap::Args;

use super::{
    engine::{self, Engine},
    goals,
};
use crate::python;

/// How to measure.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Models: `b32` (ViT-B/32), `l14` (ViT-L/14), `pickscore` (ViT-H/14) and `image-reward`, which
    /// is not compared with ONNX Runtime
    #[arg(long, value_delimiter = ',', default_value = "b32")]
    models: Vec<String>,
    /// Engines: PickScore's precisions, `torch`, `torch-bf16`, `onnx` and `onnx-int8`. The others
    /// are compared with the first
    #[arg(long, value_delimiter = ',', default_value = "f32,q8,q8-fast,torch,onnx,onnx-int8")]
    engines: Vec<String>,
    /// Cases instead of a model's own: `vision N`, `text N`, `short N` or `files N`, which is from
    /// N image files and one prompt to scores
    #[arg(long, value_delimiter = ',')]
    cases: Vec<String>,
    /// Threads per engine
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Runs of each case by each engine
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// Also write the tables to this file
    #[arg(long)]
    out: Option<std::path::PathBuf>,
}

/// The cases of CLIP: a tower and its number of inputs. `short` is the text tower on a prompt of 18
/// words.
const CASES: [&str; 7] = ["vision 1", "vision 4", "vision 16", "text 1", "text 4", "short 1", "files 64"];
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

/// The results for a model.
pub(super) struct Results {
    pub(super) model: String,
    pub(super) cases: Vec<String>,
    pub(super) engines: Vec<Measured>,
}

/// The results of an engine.
pub(super) struct Measured {
    pub(super) name: String,
    /// Median of each case in milliseconds.
    pub(super) times: Vec<f64>,
    /// Difference of each score from f32; `None` if no engine computed in f32.
    pub(super) differences: Option<Vec<f64>>,
}

impl Results {
    fn engine(&self, name: &str) -> Option<&Measured> {
        self.engines.iter().find(|engine| engine.name == name)
    }

    /// Milliseconds of a case in an engine, if it ran.
    pub(super) fn time(&self, engine: &str, case: &str) -> Option<f64> {
        let case = self.cases.iter().position(|name| name == case)?;
        self.engine(engine)?.times.get(case).copied()
    }

    /// Largest difference of a score of an engine from f32.
    pub(super) fn worst(&self, engine: &str) -> Option<f64> {
        let differences = self.engine(engine)?.differences.as_ref()?;
        differences.iter().copied().reduce(f64::max)
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let python = if arguments.models.iter().any(|model| model == engine::IMAGE_REWARD) {
        python::authors()?
    } else {
        python::environment("tests/parity/reference/requirements.lock")?
    };
    engine::build()?;
    let models = arguments.models.iter().map(|model| measure(model, arguments, &python));
    let models = models.collect::<Result<Vec<_>>>()?;
    let mut report = times(&arguments.engines, &models)?;
    write!(report, "\n{}", differences(&models)?)?;
    let goals = goals::goals(&models, has_bf16());
    if !goals.is_empty() {
        write!(report, "\n{}", goals::table(&goals))?;
    }
    eprintln!(
        "milliseconds of one forward pass, or from files to scores; {} threads, medians of {} rounds \
         that took turns",
        arguments.threads, arguments.rounds
    );
    std::io::stdout().write_all(report.as_bytes())?;
    if let Some(path) = &arguments.out {
        fs::write(path, &report)?;
    }
    Ok(())
}

/// Whether the processor has instructions for bf16.
fn has_bf16() -> bool {
    #[cfg(target_arch = "x86_64")]
    return is_x86_feature_detected!("avx512bf16");
    #[cfg(not(target_arch = "x86_64"))]
    false
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

/// The table of times.
fn times(engines: &[String], models: &[Results]) -> Result<String> {
    let mut table = String::from("| model | case |");
    for engine in engines {
        write!(table, " {} |", title(engine))?;
    }
    for engine in &engines[1..] {
        write!(table, " {} / {} |", title(engine), title(&engines[0]))?;
    }
    writeln!(table, "\n|{}", "---|".repeat(1 + 2 * engines.len()))?;
    for Results { model, cases, engines } in models {
        for (at, case) in cases.iter().enumerate() {
            write!(table, "| {model} | {case} |")?;
            for engine in engines {
                write!(table, " {:.1} |", engine.times[at])?;
            }
            for engine in &engines[1..] {
                write!(table, " {:.2} |", engine.times[at] / engines[0].times[at])?;
            }
            writeln!(table)?;
        }
    }
    Ok(table)
}

/// The table of differences of scores from f32.
fn differences(models: &[Results]) -> Result<String> {
    let mut table = String::from(
        "| model | engine | largest difference of a score from f32 | mean |\n|---|---|---|---|\n",
    );
    for results in models {
        for Measured { name, differences, .. } in &results.engines {
            let (Some(differences), Some(largest)) = (differences, results.worst(name)) else { continue };
            let mean = differences.iter().sum::<f64>() / differences.len() as f64;
            writeln!(table, "| {} | {} | {largest:.4} | {mean:.4} |", results.model, title(name))?;
        }
    }
    Ok(table)
}

/// Compares the engines' scores for a model, and times its cases.
fn measure(model: &str, arguments: &Arguments, python: &Path) -> Result<Results> {
    let directory = engine::directory(model)?;
    let cases = match (&arguments.cases[..], model) {
        ([], engine::IMAGE_REWARD) => REWARD_CASES.map(String::from).to_vec(),
        ([], _) => CASES.map(String::from).to_vec(),
        (chosen, _) => chosen.to_vec(),
    };
    let mut requests = Vec::new();
    for case in &cases {
        requests.push(match case.strip_prefix("files ") {
            Some(count) => format!("{case} {}", engine::images(count.parse()?, python)?.display()),
            None => case.clone(),
        });
    }
    let engines = arguments.engines.iter().map(|name| {
        eprintln!("── loading {model} into {}", title(name));
        Engine::start(name, &directory, arguments.threads, Some(python))
    });
    let mut engines = engines.collect::<Result<Vec<_>>>()?;
    let mut scores = Vec::new();
    for engine in &mut engines {
        let mut found = engine.scores(&format!("score {COMPARED}"))?;
        for files in requests.iter().filter(|request| request.starts_with("files ")) {
            found.extend(engine.scores(&format!("score-{files}"))?);
        }
        scores.push(found);
    }
    let exact = engines.iter().position(|engine| EXACT.contains(&engine.name.as_str()));
    let exact = exact.map(|exact| scores[exact].clone());
    let mut results = Results { model: model.into(), cases, engines: Vec::new() };
    for (engine, scores) in engines.iter().zip(&scores) {
        let differences = exact.as_ref().map(|exact| {
            let differences = scores.iter().zip(exact).map(|(score, exact)| (score - exact).abs());
            differences.collect()
        });
        let name = engine.name.clone();
        results.engines.push(Measured { name, times: Vec::new(), differences });
        let worst = results.worst(&engine.name).filter(|_| EXACT.contains(&engine.name.as_str()));
        ensure!(
            worst.is_none_or(|worst| worst <= SAME),
            "the engines do not compute the same: {} differs by {}",
            engine.name,
            worst.unwrap_or_default()
        );
    }
    for request in &requests {
        eprintln!("── {model}, {request}");
        let mut times = vec![Vec::new(); engines.len()];
        for round in 0..WARM + arguments.rounds {
            for (engine, times) in engines.iter_mut().zip(&mut times) {
                thread::sleep(REST);
                let time = engine.ask(request)?;
                if round >= WARM {
                    times.push(time);
                }
            }
        }
        for (measured, mut times) in results.engines.iter_mut().zip(times) {
            times.sort_by(f64::total_cmp);
            measured.times.push(median(&times));
        }
    }
    Ok(results)
}

fn median(sorted: &[f64]) -> f64 {
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
