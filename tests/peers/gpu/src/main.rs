//! Parity and throughput on this machine's GPU, in one run that ends in time: embeddings of
//! generated models are compared with Hugging Face transformers' and timed, beside PyTorch in f16
//! where there is one.
//!
//! `cargo xtask gpu` builds and runs it; `cargo xtask gpu --pack` makes a folder that runs on
//! another machine. It writes `gpu.json` and `gpu.md` after every step, so that a run that is cut
//! short leaves what it has measured.

#![allow(clippy::print_stderr, reason = "its progress")]

mod engine;
mod models;
mod report;
mod torch;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use pickscore::{scorer::DeviceChoice, weights::Precision};

use engine::Engine;
use models::Reference;
use report::{Case, Parity, Report};
use torch::Torch;

/// Measure PickScore on this machine's GPU
#[derive(Parser)]
struct Arguments {
    /// Folder for `gpu.json` and `gpu.md`
    #[arg(long, default_value = ".")]
    out: PathBuf,
    /// Folder for generated models, up to 6 GB; a temporary one by default
    #[arg(long)]
    models_folder: Option<PathBuf>,
    /// Models: `pickscore` (ViT-H/14), `b32` (ViT-B/32), `l14` (ViT-L/14)
    #[arg(long, value_delimiter = ',', default_value = "pickscore,b32,l14")]
    models: Vec<String>,
    /// Precisions
    #[arg(long, value_delimiter = ',', default_value = "f16,q8,q8-fast,f32")]
    precisions: Vec<String>,
    /// Images per batch
    #[arg(long, value_delimiter = ',', default_value = "1,4,16,64")]
    batches: Vec<usize>,
    /// A Python with torch and transformers, for the comparison; without it there is none
    #[arg(long)]
    python: Option<PathBuf>,
    /// Seconds after which no further step starts
    #[arg(long, default_value_t = 330)]
    seconds: u64,
    /// Measure the CPU instead
    #[arg(long)]
    cpu: bool,
}

/// Images of which the steps of a block are measured.
const BOUNDS_BATCH: usize = 4;
/// How long a case is repeated, and its minimum number of runs.
const ENOUGH: Duration = Duration::from_millis(700);
const RUNS: usize = 3;

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let deadline = Instant::now() + Duration::from_secs(arguments.seconds);
    let temporary = tempfile::tempdir()?;
    let folder = arguments.models_folder.clone().unwrap_or_else(|| temporary.path().to_owned());
    let mut report = Report::new(&arguments.out)?;
    for model in &arguments.models {
        if Instant::now() > deadline {
            report.skip(model.clone())?;
            continue;
        }
        // One failure leaves the other models to be measured.
        if let Err(error) = measure(model, &arguments, &folder, deadline, &mut report) {
            report.fail(model, &error)?;
        }
    }
    eprintln!("{}", report.markdown());
    if report.is_empty() {
        bail!("nothing was measured");
    }
    Ok(())
}

fn precision(name: &str) -> Result<Precision> {
    Precision::named(name).with_context(|| format!("no precision is called {name}"))
}

/// Measures one model in all precisions, then PyTorch.
fn measure(
    model: &str,
    arguments: &Arguments,
    folder: &std::path::Path,
    deadline: Instant,
    report: &mut Report,
) -> Result<()> {
    eprintln!("── generating {model}");
    let directory = models::directory(model, folder)?;
    let reference = Reference::of(model, &directory)?;
    let mut operations = None;
    let device = if arguments.cpu { DeviceChoice::Cpu } else { DeviceChoice::Gpu };
    for name in &arguments.precisions {
        if Instant::now() > deadline {
            report.skip(format!("{model} {name}"))?;
            continue;
        }
        eprintln!("── {model} in {name}");
        let engine = match Engine::load(&directory, device, precision(name)?) {
            Ok(engine) => engine,
            Err(error) => {
                report.fail(&format!("{model} {name}"), &error)?;
                continue;
            }
        };
        report.adapter(engine.adapter());
        if engine.precision() != precision(name)? {
            report.slow(format!("{model} {name}"))?;
            continue;
        }
        operations = Some(models::operations(engine.clip()?));
        report.load(model, name, engine.seconds(), engine.tuning())?;
        let (cosine, score) = reference.distance(engine.clip()?)?;
        let against = reference.name().to_owned();
        report.parity(Parity { model: model.into(), precision: name.clone(), against, cosine, score })?;
        for &batch in &arguments.batches {
            let case = Case::new(model, name, batch, operations);
            timed(case, deadline, report, || engine.images(batch))?;
        }
        let steps = format!("{model} in {name}, {BOUNDS_BATCH} images");
        if Instant::now() > deadline {
            report.skip(format!("steps of {steps}"))?;
        } else if let Some(bounds) = engine.bounds(BOUNDS_BATCH)? {
            report.bounds(steps, bounds)?;
        }
        timed(Case::new(&format!("{model}, prompt"), name, 1, None), deadline, report, || engine.prompt())?;
    }
    let Some(python) = &arguments.python else { return Ok(()) };
    if Instant::now() > deadline {
        return report.skip(format!("{model} PyTorch"));
    }
    eprintln!("── {model} in PyTorch f16");
    let mut torch = Torch::start(python, &directory)?;
    report.torch(torch.version());
    for &batch in &arguments.batches {
        let case = Case::new(model, "PyTorch f16", batch, operations);
        timed(case, deadline, report, || torch.images(batch))?;
    }
    Ok(())
}

/// Repeats a case and reports the median. `run` returns the milliseconds of one run.
fn timed(
    mut case: Case,
    deadline: Instant,
    report: &mut Report,
    mut run: impl FnMut() -> Result<f64>,
) -> Result<()> {
    if Instant::now() > deadline {
        return report.skip(case.name());
    }
    // The first run compiles shaders and makes room for the batch.
    if let Err(error) = run() {
        return report.fail(&case.name(), &error);
    }
    let mut times = Vec::new();
    let start = Instant::now();
    while times.len() < RUNS || start.elapsed() < ENOUGH && times.len() < 100 {
        match run() {
            Ok(time) => times.push(time),
            Err(error) => return report.fail(&case.name(), &error),
        }
        if Instant::now() > deadline {
            break;
        }
    }
    times.sort_by(f64::total_cmp);
    case.milliseconds = times[times.len() / 2];
    report.case(case)
}
