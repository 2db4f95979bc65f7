//! Parity and throughput on this machine's GPU, in one run that ends in time: embeddings of
//! generated models are compared with Hugging Face transformers' and timed, beside PyTorch where
//! there is one.
//!
//! `cargo xtask gpu` builds and runs it; `cargo xtask gpu --pack` makes a folder that runs on
//! another machine. It writes `gpu.json` and `gpu.md` after every step, so that a run that is cut
//! short leaves what it has measured.

#![allow(clippy::print_stderr, reason = "its progress")]

mod block;
mod engine;
mod models;
mod report;
mod torch;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use clap::{Parser, ValueEnum};
use pickscore::{scorer::DeviceChoice, weights::Precision};

use engine::Engine;
use models::{Model, Reference};
use report::{Case, Parity, Report};
use torch::Torch;

/// Measure PickScore on this machine's GPU
#[derive(Parser)]
struct Arguments {
    /// Folder for `gpu.json` and `gpu.md`, which are replaced
    #[arg(long, default_value = ".")]
    out: PathBuf,
    /// Folder that keeps generated models, up to 6.3 GB; otherwise they are removed at the end
    #[arg(long)]
    models_folder: Option<PathBuf>,
    /// Models
    #[arg(long, value_delimiter = ',', default_value = "pickscore,b32,l14")]
    models: Vec<Model>,
    /// Precisions of weights; q8-fast is left out where it is not faster than q8
    #[arg(long, value_delimiter = ',', default_value = "f16,q8,q8-fast,f32")]
    precisions: Vec<PrecisionName>,
    /// Images per case
    #[arg(long, value_delimiter = ',', default_value = "1,4,16,64", value_parser = clap::value_parser!(u16).range(1..))]
    batches: Vec<u16>,
    /// A Python with torch and transformers, for the comparison; without it there is none
    #[arg(long)]
    python: Option<PathBuf>,
    /// Seconds after which no further step starts; the last one may take longer
    #[arg(long, default_value_t = 330)]
    seconds: u64,
    /// Measure the CPU instead
    #[arg(long)]
    cpu: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum PrecisionName {
    F32,
    F16,
    Q8,
    Q8Fast,
}

impl PrecisionName {
    fn precision(self) -> Precision {
        match self {
            Self::F32 => Precision::F32,
            Self::F16 => Precision::F16,
            Self::Q8 => Precision::Q8,
            Self::Q8Fast => Precision::Q8Fast,
        }
    }
}

/// How long a case is repeated, and its minimum number of runs.
const ENOUGH: Duration = Duration::from_millis(700);
const RUNS: usize = 3;
/// Images of which the steps of a block are measured.
const BLOCK_IMAGES: usize = 4;

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let deadline = Instant::now() + Duration::from_secs(arguments.seconds);
    let device = if arguments.cpu { DeviceChoice::Cpu } else { DeviceChoice::Gpu };
    // Before gigabytes are written.
    pickscore::scorer::device(device).map_err(|error| {
        anyhow::anyhow!(
            "{error}. `vulkaninfo --summary` lists what has a Vulkan driver; in a container, NVIDIA's \
             needs NVIDIA_DRIVER_CAPABILITIES=all"
        )
    })?;
    let temporary = tempfile::Builder::new().prefix("pickscore-gpu-").tempdir()?;
    remove_if_interrupted(temporary.path().to_owned())?;
    let folder = arguments.models_folder.clone().unwrap_or_else(|| temporary.path().to_owned());
    let mut report = Report::new(&arguments.out)?;
    for &model in &arguments.models {
        if Instant::now() > deadline {
            report.skip(model.name().into())?;
            continue;
        }
        // One failure leaves the other models to be measured.
        if let Err(error) = measure(model, device, &arguments, &folder, deadline, &mut report) {
            report.fail(model.name(), &error)?;
        }
        if arguments.models_folder.is_none() {
            // Up to 4 GB.
            let _ = std::fs::remove_dir_all(folder.join(model.name()));
        }
    }
    eprintln!("{}", report.markdown());
    ensure!(!report.is_empty(), "no time was measured within {} seconds (--seconds)", arguments.seconds);
    report.finish()
}

/// Removes the generated models when the user interrupts the program.
fn remove_if_interrupted(folder: PathBuf) -> Result<()> {
    let mut signals =
        signal_hook::iterator::Signals::new([signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM])?;
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            let _ = std::fs::remove_dir_all(&folder);
            eprintln!("Interrupted; what was measured is in gpu.md and gpu.json.");
            std::process::exit(128 + signal);
        }
    });
    Ok(())
}

/// Measures one model in all precisions, then PyTorch.
fn measure(
    model: Model,
    device: DeviceChoice,
    arguments: &Arguments,
    folder: &Path,
    deadline: Instant,
    report: &mut Report,
) -> Result<()> {
    let title = model.name();
    eprintln!("── generating {title}");
    let directory = model
        .directory(folder)
        .with_context(|| format!("{} has no room for it (--models-folder)", folder.display()))?;
    let reference = Reference::of(model, &directory)?;
    let mut operations = None;
    for precision in arguments.precisions.iter().map(|name| name.precision()) {
        let name = precision.name();
        if Instant::now() > deadline {
            report.skip(format!("{title} {name}"))?;
            continue;
        }
        eprintln!("── {title} in {name}");
        let engine = match Engine::load(&directory, device, precision) {
            Ok(engine) => engine,
            Err(error) => {
                report.fail(&format!("{title} {name}"), &error)?;
                continue;
            }
        };
        report.adapter(engine.adapter(), engine.is_emulated());
        if engine.precision() != precision {
            report.slow(format!("{title} {name}"))?;
            continue;
        }
        operations = Some(models::operations(engine.clip()?));
        report.load(title, name, engine.seconds(), engine.tuning())?;
        let (cosine, score) = reference.distance(engine.clip()?)?;
        report.parity(Parity::new(title, precision, reference.name(), cosine, score))?;
        for images in arguments.batches.iter().map(|&images| usize::from(images)) {
            let case = Case::new(title, name, images, engine.batch().min(images), operations);
            timed(case, deadline, report, || engine.images(images))?;
        }
        let steps = format!("{title} in {name}, {BLOCK_IMAGES} images");
        if Instant::now() > deadline {
            report.skip(format!("the steps of {steps}"))?;
        } else if let Some(bounds) = engine.bounds(BLOCK_IMAGES)? {
            report.block(steps, bounds)?;
        }
        timed(Case::prompt(title, name), deadline, report, || engine.prompt())?;
    }
    let Some(python) = &arguments.python else { return Ok(()) };
    if Instant::now() > deadline {
        return report.skip(format!("{title} in PyTorch"));
    }
    eprintln!("── {title} in PyTorch");
    let mut torch = Torch::start(python, &directory, arguments.cpu)?;
    report.torch(&torch.title());
    let engine = format!("PyTorch {}", torch.dtype());
    for images in arguments.batches.iter().map(|&images| usize::from(images)) {
        if torch.has_ended() {
            torch = Torch::start(python, &directory, arguments.cpu)?;
        }
        let case = Case::new(title, &engine, images, images, operations);
        timed(case, deadline, report, || torch.images(images))?;
    }
    Ok(())
}

/// Repeats a case and reports its times. `run` returns the milliseconds of one run.
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
    let (Some(&fastest), Some(&slowest)) = (times.first(), times.last()) else { bail!("no times") };
    (case.milliseconds, case.fastest, case.slowest) = (times[times.len() / 2], fastest, slowest);
    case.runs = times.len();
    report.case(case)
}
