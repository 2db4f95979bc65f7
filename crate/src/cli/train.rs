//! `pickscore train`

use std::{
    io::{self, IsTerminal as _, Write},
    ops::ControlFlow,
    path::PathBuf,
};

use clap::{Args, ValueEnum};
use indicatif::ProgressBar;
use serde_json::json;

use super::{
    arguments::{DeviceArgument, InspectFormat},
    fault::{self, Fault},
    load,
};
use crate::{
    dataset::DatasetFiles,
    scorer::device,
    train::{Decay, Event, Keep, LogEntry, Objective, OptimizerOptions, TrainOptions, Trainee, train},
    weights::ModelDirectory,
};

/// A training run.
#[derive(Debug, Args)]
pub(super) struct TrainArguments {
    /// The model to begin with: a directory with weights; with `--from-scratch` one with `config.json` alone.
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    /// Begin with random weights, drawn from the seed.
    #[arg(long)]
    from_scratch: bool,
    /// What to learn from: Parquet files in Pick-a-Pic's schema, or folders with `train-*.parquet`.
    #[arg(long, value_name = "FILE|DIR", required = true, num_args = 1..)]
    data: Vec<PathBuf>,
    /// What to validate on: files, or folders with `validation-*.parquet`. The folders of `--data` unless given.
    #[arg(long, value_name = "FILE|DIR", num_args = 1..)]
    validation: Vec<PathBuf>,
    /// Where the model, the log, the plot and the checkpoint are written. A run that is there goes on.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// What is learned.
    #[arg(long, value_enum, default_value_t = ObjectiveArgument::Preference)]
    objective: ObjectiveArgument,
    /// Steps in all.
    #[arg(long, default_value_t = 4000)]
    steps: u64,
    /// Examples of a step.
    #[arg(long, default_value_t = 128)]
    batch: usize,
    /// Preferences that are computed at a time; their gradients add up. All of a step unless given.
    #[arg(long, value_name = "N")]
    micro_batch: Option<usize>,
    /// Highest learning rate: 3e-6 for preferences, 1e-3 for contrastive training unless given.
    #[arg(long, value_name = "RATE")]
    learning_rate: Option<f64>,
    /// Weight decay: 0.3 for preferences, 0.2 for contrastive training unless given.
    #[arg(long, value_name = "DECAY")]
    weight_decay: Option<f32>,
    /// Steps over which the rate rises: 500 for preferences, 200 for contrastive training unless given.
    #[arg(long, value_name = "STEPS")]
    warm_up: Option<u64>,
    /// How the rate falls: linear for preferences, cosine for contrastive training unless given.
    #[arg(long, value_enum)]
    decay: Option<DecayArgument>,
    /// Longest gradient.
    #[arg(long, default_value_t = 1.0)]
    clip: f32,
    /// The share of each image's patches that a step of contrastive training leaves out: 0.5 makes it nearly twice as fast.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    patch_dropout: f64,
    /// What everything random follows from.
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// Steps from one validation to the next.
    #[arg(long, value_name = "STEPS", default_value_t = 100)]
    validate_every: u64,
    /// Most rows of a validation.
    #[arg(long, value_name = "ROWS", default_value_t = 2000)]
    validation_rows: usize,
    /// Which of the run's models is kept.
    #[arg(long, value_enum, default_value_t = KeepArgument::Best)]
    keep: KeepArgument,
    /// Steps from one checkpoint to the next.
    #[arg(long, value_name = "STEPS", default_value_t = 100)]
    checkpoint_every: u64,
    /// Where to compute.
    #[arg(long, value_enum, default_value_t = DeviceArgument::Auto)]
    device: DeviceArgument,
    /// CPU threads; all cores unless given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// How the result is written.
    #[arg(long, value_enum, default_value_t = InspectFormat::Table)]
    format: InspectFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ObjectiveArgument {
    /// Which of two images is preferred: the paper's.
    Preference,
    /// Which image belongs to which prompt: CLIP's.
    Contrastive,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DecayArgument {
    Linear,
    Cosine,
    Constant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KeepArgument {
    /// The one with the best validation.
    Best,
    /// The last one.
    Last,
}

impl TrainArguments {
    fn options(&self) -> TrainOptions {
        let objective = match self.objective {
            ObjectiveArgument::Preference => Objective::Preference,
            ObjectiveArgument::Contrastive => Objective::Contrastive,
        };
        let usual = OptimizerOptions::of(objective);
        let decay = self.decay.map_or(usual.decay, |decay| match decay {
            DecayArgument::Linear => Decay::Linear,
            DecayArgument::Cosine => Decay::Cosine,
            DecayArgument::Constant => Decay::Constant,
        });
        TrainOptions {
            objective,
            steps: self.steps,
            batch: self.batch,
            micro_batch: self.micro_batch.unwrap_or(self.batch),
            patch_dropout: self.patch_dropout,
            seed: self.seed,
            optimizer: OptimizerOptions {
                learning_rate: self.learning_rate.unwrap_or(usual.learning_rate),
                weight_decay: self.weight_decay.unwrap_or(usual.weight_decay),
                clip: self.clip,
                warm_up: self.warm_up.unwrap_or(usual.warm_up),
                decay,
                ..usual
            },
            validate_every: self.validate_every,
            validation_rows: self.validation_rows,
            keep: match self.keep {
                KeepArgument::Best => Keep::Best,
                KeepArgument::Last => Keep::Last,
            },
            checkpoint_every: self.checkpoint_every,
            out: self.out.clone(),
        }
    }
}

pub(super) fn run(arguments: &TrainArguments) -> Result<(), Fault> {
    let options = arguments.options();
    load::threads(arguments.threads);
    let directory = if arguments.from_scratch {
        ModelDirectory::describe(&arguments.model)?
    } else {
        ModelDirectory::open(&arguments.model)?
    };
    let data = DatasetFiles::open(&arguments.data, "train")?;
    let held_out = if arguments.validation.is_empty() { &arguments.data } else { &arguments.validation };
    let held_out = DatasetFiles::open(held_out, "validation")?;
    fault::report_derived(data.derived());
    if held_out.derived() != data.derived() {
        fault::report_derived(held_out.derived());
    }
    let (device, _) = device(arguments.device.into())?;
    let trainee = if arguments.from_scratch {
        Trainee::random(directory.config().clone(), arguments.seed, device.clone())
    } else {
        Trainee::open(&directory, device.clone(), &mut |_| ControlFlow::Continue(()))?
    };
    let mut display = Display::new(options.steps);
    let outcome = train(&options, trainee, &directory, [&data, &held_out], &device, &mut |event| {
        display.show(&event);
        ControlFlow::Continue(())
    });
    display.bar.finish_and_clear();
    let outcome = outcome?;
    let model = options.out.join("model");
    let (step, found) = outcome.kept;
    let mut out = io::stdout().lock();
    match arguments.format {
        InspectFormat::Json => {
            let document = json!({
                "model": model,
                "steps": outcome.steps,
                "kept": { "step": step, "loss": found.loss, "accuracy": found.accuracy },
            });
            writeln!(out, "{document}")?;
        }
        InspectFormat::Table => {
            let (loss, accuracy) = (found.loss, 100.0 * found.accuracy);
            writeln!(
                out,
                "{}: of step {step} of {}: validation loss {loss:.4}, accuracy {accuracy:.2} %",
                model.display(),
                outcome.steps
            )?;
        }
    }
    Ok(())
}

/// How far training has come: a bar on a terminal, else a line now and then.
struct Display {
    bar: ProgressBar,
    terminal: bool,
}

/// Steps between two lines where there is no terminal.
const LINE: u64 = 50;

impl Display {
    fn new(steps: u64) -> Self {
        let bar = load::bar("{msg} {wide_bar} {pos}/{len}, {eta} left");
        bar.set_length(steps);
        Self { bar, terminal: io::stderr().is_terminal() }
    }

    fn show(&mut self, event: &Event) {
        match event {
            Event::Resumed(steps) => {
                self.bar.set_position(*steps);
                fault::report(&format!("going on after step {steps}"));
            }
            Event::Skipped(count, reason) => {
                fault::report(&format!("{count} examples were passed over; the last: {reason}"));
            }
            Event::Step(entry) => {
                self.bar.set_position(entry.step + 1);
                self.bar.set_message(format!("loss {:.4}", entry.loss));
                let due = entry.validation.is_some() || (entry.step + 1).is_multiple_of(LINE);
                if due && self.terminal {
                    self.bar.println(line(entry));
                } else if due {
                    fault::report(&line(entry));
                }
            }
        }
    }
}

fn line(entry: &LogEntry) -> String {
    let validation = entry.validation.map_or_else(String::new, |found| {
        format!("; validation loss {:.4}, accuracy {:.2} %", found.loss, 100.0 * found.accuracy)
    });
    let LogEntry { step, loss, rate, gradient, scale, seconds, .. } = entry;
    format!(
        "step {}: loss {loss:.4}, rate {rate:.2e}, gradient {gradient:.3}, logit scale {scale:.2}, {seconds:.2} s{validation}",
        step + 1
    )
}
