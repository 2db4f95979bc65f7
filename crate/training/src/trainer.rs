//! The training loop.

use std::{fs, ops::ControlFlow, path::Path, time::Instant};

use burn::tensor::{Device, Tensor};

use super::{
    batch::{Batch, Examples, Position, Preprocessing},
    checkpoint::{Checkpoint, State},
    error::TrainError,
    hold_out::HeldOut,
    log::{Log, LogEntry},
    objective::{contrastive_loss, example_weights, preference_loss},
    optimizer::{Optimizer, Schedule},
    options::{Keep, Objective, TrainOptions},
    parameters::{Trainee, numbers},
    plot::plot,
    validation::{self, Validation},
};
use pickscore_checkpoint::weights::{self, ModelDirectory};
use pickscore_common::seeded::hashes;
use pickscore_dataset::DatasetFiles;

/// Largest logit scale in contrastive training, as in CLIP.
const LARGEST_SCALE: f32 = 100.0;

/// An event of a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The run continues from a checkpoint after this many steps.
    Resumed(u64),
    /// A step was completed.
    Step(LogEntry),
    /// Rows were skipped because an image could not be read: their total number and the reason for
    /// the last one.
    Skipped(u64, String),
    /// There is no validation data, so labelled rows are held out of the training data.
    HeldOut {
        /// Number of labelled rows.
        rows: u64,
        /// Number of their prompts.
        prompts: usize,
    },
}

/// The result of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The step after which the kept model, in `out/model`, was saved, and its validation.
    pub kept: (u64, Validation),
    /// Total number of steps.
    pub steps: u64,
}

/// Trains a model and saves it to `out/model` in Hugging Face's layout, with the configuration
/// files of `directory`.
///
/// Without `validation`, all rows of some prompts, about a twentieth of the rows, are held out for
/// validation.
///
/// `log.csv`, `plot.svg` and `checkpoint/` are also written to `out`. If it contains a checkpoint
/// of the same run, training resumes from it.
///
/// # Errors
///
/// Fails with a [`TrainError`]; with [`TrainError::Stopped`] if `observe` stops the run.
pub fn train(
    options: &TrainOptions,
    mut trainee: Trainee,
    directory: &ModelDirectory,
    data: &DatasetFiles,
    validation: Option<&DatasetFiles>,
    device: &Device,
    observe: &mut dyn FnMut(Event) -> ControlFlow<()>,
) -> Result<Outcome, TrainError> {
    check(options, data)?;
    let (tokenizer, processor) = pickscore_model::scorer::reading(directory.description())?;
    let largest = tokenizer.start().max(tokenizer.end());
    let vocabulary = trainee.config().text.vocabulary;
    if largest as usize >= vocabulary {
        return Err(TrainError::Vocabulary { largest, vocabulary });
    }
    let context = trainee.config().text.context;
    let preprocessing = Preprocessing { tokenizer, processor, context, vocabulary };
    fs::create_dir_all(&options.out).map_err(TrainError::writing(&options.out))?;
    let checkpoint = Checkpoint::of(&options.out);
    let mut data_of_run = fingerprint(data);
    let held_out = if validation.is_some() {
        HeldOut::default()
    } else {
        let held_out = HeldOut::choose(data, options.seed)?;
        let (rows, prompts) = (held_out.rows(), held_out.prompts());
        let _ = observe(Event::HeldOut { rows, prompts });
        // The training data differs with and without these rows.
        data_of_run.push(("held out for validation".into(), rows));
        held_out
    };
    let mut optimizer = Optimizer::new(&options.optimizer, trainee.list().len());
    let mut state = State {
        steps: 0,
        position: Position::default(),
        best: None,
        options: options.clone(),
        data: data_of_run,
    };
    if let Some(saved) = checkpoint.state()? {
        same_run(&saved, &state, &options.out)?;
        checkpoint.restore(&mut trainee, &mut optimizer, saved.steps, device)?;
        // Options that do not affect the steps may differ from those of the saved run.
        state = State { options: options.clone(), ..saved };
        let _ = observe(Event::Resumed(state.steps));
    }
    let mut log = Log::open(&options.out.join("log.csv"), state.steps)?;
    let validated = validation::batches(
        validation.unwrap_or(data),
        |row| validation.is_some() || held_out.contains(&row.caption),
        options,
        &preprocessing,
    )?;
    if validated.is_empty() {
        return Err(TrainError::TooFew { split: "validation", rows: 0, expected: 1 });
    }
    let mut examples = Examples::new(data, &held_out, options, state.position);
    let schedule = Schedule {
        highest: options.optimizer.learning_rate,
        warm_up: options.optimizer.warm_up,
        steps: options.steps,
        decay: options.optimizer.decay,
    };
    let decayed = trainee.decayed();
    let mut skipped = 0;
    while state.steps < options.steps {
        let began = Instant::now();
        let batch = examples.next(options.batch, &preprocessing)?;
        if examples.skipped.0 > skipped {
            skipped = examples.skipped.0;
            let _ = observe(Event::Skipped(skipped, examples.skipped.1.clone().unwrap_or_default()));
        }
        let seen = seen(options, trainee.config().vision.grid().pow(2), state.steps, batch.images.len());
        let (loss, gradients) =
            gradients(&trainee, &batch, seen.as_deref(), options.objective, options.micro_batch)?;
        if !loss.is_finite() {
            return Err(TrainError::Diverged { step: state.steps });
        }
        let rate = schedule.rate(state.steps);
        let gradient = optimizer.step(rate, &mut trainee.values, &decayed, gradients);
        let scale = bound_scale(&mut trainee, options.objective)?;
        state.steps += 1;
        state.position = examples.position;
        let last = state.steps == options.steps;
        let mut entry = LogEntry {
            step: state.steps - 1,
            rate,
            loss,
            gradient: f64::from(gradient),
            scale: f64::from(scale),
            seconds: began.elapsed().as_secs_f64(),
            validation: None,
        };
        if state.steps.is_multiple_of(options.validate_every) || last {
            let found = validation::validate(&trainee.scorer()?, options.objective, &validated)?;
            if !found.loss.is_finite() {
                return Err(TrainError::Diverged { step: state.steps });
            }
            entry.validation = Some(found);
            let better = match options.keep {
                Keep::Best => state.best().is_none_or(|best| found.better_than(&best)),
                Keep::Last => last,
            };
            if better {
                state.best = Some((state.steps, found.loss, found.accuracy));
                write_model(&trainee, directory, &options.out.join("model"))?;
            }
        }
        log.push(entry)?;
        let stop = observe(Event::Step(entry)).is_break();
        if state.steps.is_multiple_of(options.checkpoint_every) || last || stop {
            checkpoint.save(&trainee, &optimizer, &state)?;
            plot(&log.entries, &options.out.join("plot.svg"))?;
        }
        if stop && !last {
            return Err(TrainError::Stopped { step: state.steps });
        }
    }
    let (step, loss, accuracy) = state.best.unwrap_or((state.steps, f64::NAN, f64::NAN));
    Ok(Outcome { kept: (step, Validation { loss, accuracy }), steps: state.steps })
}

/// Checks the options.
/// Maximum number of examples in a batch; the paper's batches have 128.
const LARGEST_BATCH: usize = 1 << 16;

fn check(options: &TrainOptions, data: &DatasetFiles) -> Result<(), TrainError> {
    let wrong = |reason: &str| Err(TrainError::Options { reason: reason.into() });
    if options.steps == 0 || options.batch == 0 || options.micro_batch == 0 || options.validate_every == 0 {
        return wrong(
            "the number of steps, the batch size and the steps between validations must be at least 1",
        );
    }
    if options.checkpoint_every == 0 {
        return wrong("the number of steps between checkpoints must be at least 1");
    }
    if options.objective == Objective::Contrastive && options.batch < 2 {
        return wrong(
            "contrastive training compares the examples of a batch, so the batch size must be at least 2",
        );
    }
    if options.batch > LARGEST_BATCH {
        return wrong("the batch size must be at most 65536");
    }
    let optimizer = &options.optimizer;
    let numbers = [optimizer.learning_rate, optimizer.weight_decay.into(), optimizer.clip.into()];
    if numbers.iter().any(|number| !number.is_finite() || *number < 0.0) {
        return wrong(
            "the learning rate, the weight decay and the gradient norm must be finite and not negative",
        );
    }
    if !(0.0..=0.9).contains(&options.patch_dropout) {
        return wrong("patch dropout must be between 0 and 0.9");
    }
    if options.objective == Objective::Preference && options.patch_dropout > 0.0 {
        return wrong(
            "patch dropout is for contrastive training only: a preference may depend on any part of an image",
        );
    }
    if data.rows() == 0 {
        return Err(TrainError::TooFew { split: "training", rows: 0, expected: 1 });
    }
    Ok(())
}

/// The names and row counts of the files, which must match to resume a run.
fn fingerprint(data: &DatasetFiles) -> Vec<(String, u64)> {
    let name =
        |path: &Path| path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let mut files: Vec<(String, u64)> = data.files().iter().map(|path| (name(path), 0)).collect();
    for group in data.groups() {
        files[group.file].1 += group.rows;
    }
    files
}

/// Fails if the saved run has other data or options.
fn same_run(saved: &State, wanted: &State, out: &Path) -> Result<(), TrainError> {
    let other = |what| Err(TrainError::OtherRun { folder: out.display().to_string(), what });
    let (a, b) = (&saved.options, &wanted.options);
    if saved.data != wanted.data {
        return other("training data");
    }
    if a.objective != b.objective || a.seed != b.seed || a.batch != b.batch {
        return other("objective, seed or batch size");
    }
    if a.optimizer != b.optimizer || a.steps != b.steps || a.patch_dropout != b.patch_dropout {
        return other("number of steps, learning rate, decay or patch dropout");
    }
    if a.keep != b.keep {
        return other("choice of the model to keep");
    }
    Ok(())
}

/// The indices of the patches that a step uses of each image, `[images, kept]`; `None` for all of
/// them. They depend only on seed and step, so a resumed run uses the same patches.
fn seen(options: &TrainOptions, patches: usize, step: u64, images: usize) -> Option<Vec<Vec<usize>>> {
    if options.patch_dropout == 0.0 {
        return None;
    }
    let kept = ((patches as f64 * (1.0 - options.patch_dropout)).round() as usize).clamp(1, patches);
    let mut random = hashes(options.seed, &format!("patches.{step}"), 0);
    let mut draw = || {
        let mut places: Vec<usize> = (0..patches).collect();
        for (at, number) in (0..kept).zip(random.by_ref()) {
            places.swap(at, at + (number % (patches - at) as u64) as usize);
        }
        places.truncate(kept);
        places
    };
    Some((0..images).map(|_| draw()).collect())
}

/// The loss of a batch and the gradients of all parameters, one `[length]` per parameter.
///
/// Preferences are computed `micro_batch` examples at a time. For the contrastive objective, `seen`
/// optionally selects patches of each image, `[images, kept]`.
///
/// # Errors
///
/// Fails if the device fails.
pub fn gradients(
    trainee: &Trainee,
    batch: &Batch,
    seen: Option<&[Vec<usize>]>,
    objective: Objective,
    micro_batch: usize,
) -> Result<(f64, Vec<Tensor<1>>), TrainError> {
    let count = batch.prompts.len();
    let weights = example_weights(&batch.examples_per_prompt);
    let size =
        if objective == Objective::Preference { micro_batch.clamp(1, count.max(1)) } else { count.max(1) };
    let (mut loss, mut sums): (f64, Option<Vec<Tensor<1>>>) = (0.0, None);
    for start in (0..count).step_by(size) {
        let range = start..(start + size).min(count);
        let (clip, leaves) = trainee.with_gradients()?;
        let scale = leaves[trainee.logit_scale()].clone();
        let part = match objective {
            Objective::Preference => {
                let (prompts, images) = batch.part(range.clone());
                let (text, images) = (clip.text_features(&prompts), clip.vision_features(&images));
                preference_loss(text, images, scale, &batch.labels[range.clone()], &weights[range])
            }
            Objective::Contrastive => {
                let text = clip.text_features(&batch.prompts.iter().collect::<Vec<_>>());
                let images: Vec<_> = batch.images.iter().collect();
                let images = match seen {
                    Some(seen) => clip.vision_features_of(&images, seen),
                    None => clip.vision_features(&images),
                };
                contrastive_loss(text, images, scale, &batch.same)
            }
        };
        let mut found = part.backward();
        loss += f64::from(numbers(part.inner())?.first().copied().unwrap_or(f32::NAN));
        let mine = leaves
            .iter()
            .map(|leaf| leaf.grad_remove(&mut found).unwrap_or_else(|| leaf.clone().inner().zeros_like()));
        sums = Some(match sums {
            Some(sums) => sums.into_iter().zip(mine).map(|(sum, gradient)| sum + gradient).collect(),
            None => mine.collect(),
        });
    }
    Ok((loss, sums.unwrap_or_default()))
}

/// Clamps the logit scale in contrastive training and returns its exponential.
fn bound_scale(trainee: &mut Trainee, objective: Objective) -> Result<f32, TrainError> {
    let index = trainee.logit_scale();
    if objective == Objective::Contrastive {
        trainee.values[index] = trainee.values[index].clone().clamp(0.0, LARGEST_SCALE.ln());
    }
    Ok(trainee.numbers(index)?.first().copied().unwrap_or(f32::NAN).exp())
}

/// Writes a model folder in Hugging Face's layout, with the configuration files of `directory`.
fn write_model(trainee: &Trainee, directory: &ModelDirectory, out: &Path) -> Result<(), TrainError> {
    fs::create_dir_all(out).map_err(TrainError::writing(out))?;
    let tensors = weights::hugging_face_tensors(trainee.config(), |index, _| trainee.numbers(index))?;
    let path = out.join("model.safetensors");
    let unfinished = out.join("model.unfinished");
    let wrong = TrainError::writing(&unfinished);
    let mut file = fs::File::create(&unfinished).map_err(&wrong)?;
    weights::write_safetensors(&mut file, &tensors).and_then(|()| file.sync_all()).map_err(&wrong)?;
    for name in weights::DESCRIPTIONS {
        directory.copy_file(name, &out.join(name)).map_err(TrainError::writing(&out.join(name)))?;
    }
    fs::rename(&unfinished, &path).map_err(TrainError::writing(&path))
}
