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
    arguments::{DeviceArgument, TableOrJson},
    fault::{self, Fault},
    load,
    text::counted,
};
use crate::{
    dataset::{DatasetError, DatasetFiles},
    scorer::device,
    train::{
        Decay, Event, Keep, LogEntry, Objective, OptimizerOptions, TrainError, TrainOptions, Trainee, train,
    },
    weights::ModelDirectory,
};

/// Train a model on preference pairs, as PickScore was trained, or on images with prompts.
#[derive(Debug, Args)]
pub(super) struct TrainArguments {
    /// Model directory to start from.
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    /// Start from random weights; --model then needs only a `config.json`.
    #[arg(long)]
    from_scratch: bool,
    /// Training data: Parquet files or dataset folders (split `train`).
    #[arg(long, value_name = "FILE|DIR", required = true, num_args = 1..)]
    data: Vec<PathBuf>,
    /// Validation data: Parquet files, or dataset folders (split `validation`).
    ///
    /// Default: the split `validation` of the folders in --data. If there is none, about 5 % of the
    /// training data (at most about 2000 rows) is held out, split by prompt and chosen by --seed.
    #[arg(long, value_name = "FILE|DIR", num_args = 1.., verbatim_doc_comment)]
    validation: Vec<PathBuf>,
    /// Output folder for the model, the log, the plot and the checkpoint.
    ///
    /// If the folder holds a checkpoint of the same run, training continues from it.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Training objective.
    #[arg(long, value_enum, default_value_t = ObjectiveArgument::Preference)]
    objective: ObjectiveArgument,
    /// Number of training steps.
    #[arg(long, value_name = "N", default_value_t = 4000, value_parser = clap::value_parser!(u64).range(1..))]
    steps: u64,
    /// Number of examples in each step.
    #[arg(long, value_name = "N", default_value_t = 128)]
    batch: usize,
    /// Number of preferences per gradient accumulation step [default: --batch].
    #[arg(long, value_name = "N")]
    micro_batch: Option<usize>,
    /// Peak learning rate [default: 3e-6 for preferences, 1e-3 for contrastive].
    #[arg(long, value_name = "RATE")]
    learning_rate: Option<f64>,
    /// Weight decay [default: 0.3 for preferences, 0.2 for contrastive].
    #[arg(long, value_name = "DECAY")]
    weight_decay: Option<f32>,
    /// Number of warm-up steps [default: 500 for preferences, 200 for contrastive].
    #[arg(long, value_name = "STEPS")]
    warm_up: Option<u64>,
    /// Learning rate decay [default: linear for preferences, cosine for contrastive].
    #[arg(long, value_enum)]
    decay: Option<DecayArgument>,
    /// Maximum gradient norm.
    #[arg(long, value_name = "NORM", default_value_t = 1.0)]
    clip: f32,
    /// Share of each image's patches to leave out in contrastive training (0 to 0.9).
    ///
    /// 0.5 makes a step nearly twice as fast.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    patch_dropout: f64,
    /// Random seed.
    #[arg(long, value_name = "N", default_value_t = 42)]
    seed: u64,
    /// Number of steps between validations.
    #[arg(long, value_name = "STEPS", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    validate_every: u64,
    /// Maximum number of rows to validate on.
    #[arg(long, value_name = "ROWS", default_value_t = 2000)]
    validation_rows: usize,
    /// Which model of the run to keep.
    #[arg(long, value_enum, default_value_t = KeepArgument::Best)]
    keep: KeepArgument,
    /// Number of steps between checkpoints.
    #[arg(long, value_name = "STEPS", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    checkpoint_every: u64,
    /// Device to compute on.
    #[arg(long, value_enum, default_value_t = DeviceArgument::Auto)]
    device: DeviceArgument,
    /// Number of CPU threads [default: one per core].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = TableOrJson::Table)]
    format: TableOrJson,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ObjectiveArgument {
    /// Predict which of two images is preferred, as in the paper.
    Preference,
    /// Predict which image belongs to which prompt, as CLIP was trained.
    Contrastive,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DecayArgument {
    /// Linear decay to zero.
    Linear,
    /// Cosine decay to zero.
    Cosine,
    /// No decay.
    Constant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KeepArgument {
    /// The model with the best validation accuracy.
    Best,
    /// The model after the last step.
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
    load::set_threads(arguments.threads);
    let directory = if arguments.from_scratch {
        ModelDirectory::describe(&arguments.model)?
    } else {
        ModelDirectory::open(&arguments.model)?
    };
    let data = DatasetFiles::open(&arguments.data, "train")?;
    let validation = validation(arguments, &data)?;
    fault::report_derived(data.derived());
    if let Some(validation) = validation.as_ref().filter(|files| files.derived() != data.derived()) {
        fault::report_derived(validation.derived());
    }
    let (device, _) = device(arguments.device.into())?;
    let trainee = if arguments.from_scratch {
        Trainee::random(directory.clip()?.clone(), arguments.seed, device.clone())
    } else {
        Trainee::open(&directory, device.clone(), &mut |_| ControlFlow::Continue(()))?
    };
    let mut display = Display::new(options.steps);
    let outcome = train(&options, trainee, &directory, &data, validation.as_ref(), &device, &mut |event| {
        display.show(&event);
        ControlFlow::Continue(())
    });
    display.bar.finish_and_clear();
    let outcome = outcome.map_err(|error| match error {
        TrainError::Options { reason } => Fault::Usage { reason },
        error => error.into(),
    })?;
    if options.optimizer.warm_up >= options.steps {
        fault::report(&format!(
            "warm-up takes {} steps, but --steps is {}; the learning rate stayed below its peak",
            options.optimizer.warm_up, options.steps
        ));
    }
    let model = options.out.join("model");
    let (step, found) = outcome.kept;
    let mut out = io::stdout().lock();
    match arguments.format {
        TableOrJson::Json => {
            let document = json!({
                "model": model,
                "steps": outcome.steps,
                "kept": { "step": step, "loss": found.loss, "accuracy": found.accuracy },
            });
            writeln!(out, "{document}")?;
        }
        TableOrJson::Table => {
            let (loss, accuracy) = (found.loss, 100.0 * found.accuracy);
            writeln!(
                out,
                "{}: step {step} of {}, validation loss {loss:.4}, accuracy {accuracy:.2} %",
                model.display(),
                outcome.steps
            )?;
        }
    }
    Ok(())
}

/// Opens the validation data: the data that was given, or the split `validation` of the folders
/// with training data.
fn validation(arguments: &TrainArguments, data: &DatasetFiles) -> Result<Option<DatasetFiles>, Fault> {
    const SPLIT: &str = "validation";
    if !arguments.validation.is_empty() {
        return Ok(Some(DatasetFiles::open(&arguments.validation, SPLIT)?));
    }
    let mut files = Vec::new();
    for folder in arguments.data.iter().filter(|path| path.is_dir()) {
        match DatasetFiles::open(&[folder], SPLIT) {
            // A folder without splits is training data.
            Ok(found) => {
                let others = found.files().iter().filter(|file| !data.files().contains(file));
                files.extend(others.cloned());
            }
            Err(DatasetError::NoFiles { .. } | DatasetError::NoSplit { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let opened = (!files.is_empty()).then(|| DatasetFiles::open(&files, SPLIT));
    // A merge of few raters leaves the split empty.
    Ok(opened.transpose()?.filter(|files| files.rows() > 0))
}

/// Shows progress: a bar on a terminal, otherwise a line every few steps.
struct Display {
    bar: ProgressBar,
    terminal: bool,
    /// Number of skipped examples at the last report.
    skipped: u64,
}

/// Steps between two lines where there is no terminal.
const LINE: u64 = 50;

impl Display {
    fn new(steps: u64) -> Self {
        let bar = load::bar("{msg} {wide_bar} {pos}/{len}, {eta} left");
        bar.set_length(steps);
        Self { bar, terminal: io::stderr().is_terminal(), skipped: 0 }
    }

    fn show(&mut self, event: &Event) {
        match event {
            Event::Resumed(steps) => {
                self.bar.set_position(*steps);
                fault::report(&format!("continuing after step {steps}"));
            }
            // Every epoch skips the same examples, so the line is repeated only when their number
            // has doubled.
            Event::Skipped(count, reason) if *count >= 2 * self.skipped => {
                self.skipped = *count;
                let examples = if *count == 1 { "example" } else { "examples" };
                fault::report(&format!("skipped {count} {examples} so far; most recently {reason}"));
            }
            Event::Skipped(..) => {}
            Event::HeldOut { rows, prompts } => {
                let (rows, prompts) = (counted(*rows as usize, "pair"), counted(*prompts, "prompt"));
                fault::report(&format!(
                    "no validation data given: holding out {rows} ({prompts}) of the training data; use --validation to \
                     choose other data"
                ));
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
