//! `pickscore taste fit`

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::Args;
use serde::Serialize;

use super::{
    super::{
        arguments::{ModelArguments, TableOrJson},
        fault::{self, Fault},
        load,
        text::{counted, printable},
    },
    choices::{self, Wanted, collect},
    written,
};
use crate::{
    PickScore,
    dataset::DatasetFiles,
    evaluate::Estimate,
    taste::{
        Accuracy, Assigned, BaseScorer, Data, LeftOut, Needed, Posterior, Taste, Validated, Validation, fit,
        validate,
    },
};

#[derive(Debug, Args)]
pub(super) struct FitArguments {
    #[command(flatten)]
    model: ModelArguments,
    /// The person's choices: Parquet files in Pick-a-Pic's schema, or dataset folders.
    #[arg(long = "data", value_name = "FILE|DIR", required = true, num_args = 1..)]
    data: Vec<PathBuf>,
    /// Split to read from dataset folders.
    #[arg(long, value_name = "NAME", default_value = "train")]
    split: String,
    /// Person whose choices are learned: a `user_id`, or a rater's uid [default: everybody].
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// Leave out choices that were made while scores were visible.
    #[arg(long)]
    without_visible_scores: bool,
    /// File to write the taste to.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Name of the taste.
    #[arg(long, value_name = "NAME", default_value = "My taste")]
    name: String,
    /// Random seed of the folds.
    #[arg(long, value_name = "N", default_value_t = Validation::default().seed)]
    seed: u64,
    /// Output format.
    #[arg(long, value_enum, default_value_t = TableOrJson::Table)]
    format: TableOrJson,
}

#[derive(Serialize)]
struct Report<'a> {
    model: &'a str,
    scorer: &'static str,
    choices: usize,
    ties: usize,
    images: usize,
    left_out: Left,
    folds: Folds,
    accuracy: Option<Accuracies>,
    offered: bool,
    needed: Needed,
    alpha: f64,
    deviation: f64,
    out: String,
}

#[derive(Serialize)]
struct Left {
    skipped: usize,
    controls: usize,
    scores_visible: usize,
    duplicates: usize,
    unreadable: usize,
}

#[derive(Serialize)]
struct Folds {
    of: &'static str,
    count: usize,
    tested: usize,
}

/// Accuracies on the tested choices; `interval` is that of the difference.
#[derive(Serialize)]
pub(super) struct Accuracies {
    pub(super) base: f64,
    pub(super) taste: f64,
    pub(super) gain: f64,
    pub(super) interval: [f64; 2],
    pub(super) base_interval: [f64; 2],
    pub(super) taste_interval: [f64; 2],
}

impl From<&Accuracy> for Accuracies {
    fn from(accuracy: &Accuracy) -> Self {
        let ends = |of: Estimate| [of.low, of.high];
        Self {
            base: accuracy.base.value,
            taste: accuracy.taste.value,
            gain: accuracy.gain.value,
            interval: ends(accuracy.gain),
            base_interval: ends(accuracy.base),
            taste_interval: ends(accuracy.taste),
        }
    }
}

pub(super) fn run(arguments: &FitArguments) -> Result<(), Fault> {
    let options = arguments.model.run.options()?;
    // Report wrong arguments before loading gigabytes.
    Taste::check_name(&arguments.name)?;
    written::check(&arguments.out)?;
    let scoring = PickScore::recognise(&arguments.model.model, &options)?;
    choices::check_embeds(scoring.scorer)?;
    let files = DatasetFiles::open(&arguments.data, &arguments.split).map_err(Fault::of_split)?;
    fault::report_derived(files.derived());
    let scorer = load::open(&arguments.model)?;
    let wanted = Wanted {
        user: arguments.user.as_deref(),
        without_visible: arguments.without_visible_scores,
        unlabelled: false,
    };
    let collected = collect(&scorer, &files, &wanted)?;
    if collected.people.len() > 1 {
        let people = collected.people.len();
        fault::report(&format!("warning: the choices are of {people} people; --user selects one"));
    }
    let choices: Vec<_> = collected.choices.iter().map(|(_, choice)| *choice).collect();
    let data = Data::new(collected.embeddings, choices)?;
    let bar = load::bar("{msg} {wide_bar} {pos}/{len}");
    bar.set_message("Folds");
    let validation = Validation { seed: arguments.seed, ..Validation::default() };
    let found = validate(&data, &validation, &mut |progress| load::show(&bar, progress))?;
    bar.finish_and_clear();
    // Only cancelling, which nothing here does, gives none.
    let Some(found) = found else { return Ok(()) };
    let fitted = fit(&data, found.priors)?;
    let posterior = Posterior::new(&data, &fitted);
    let base = BaseScorer {
        name: scorer.scoring().scorer.name.into(),
        fingerprint: scorer.info().identity.clone(),
        scale: collected.scale,
    };
    let taste = Taste::new(&arguments.name, base, &data, &posterior, found.accuracy)?;
    written::write(&arguments.out, &(taste.to_json() + "\n"))?;
    let LeftOut { skipped, controls, scores_visible, duplicates } = collected.left_out;
    let report = Report {
        model: &scorer.info().model,
        scorer: scorer.scoring().scorer.name,
        choices: data.choices().len(),
        ties: data.ties(),
        images: data.embeddings().count(),
        left_out: Left { skipped, controls, scores_visible, duplicates, unreadable: collected.unreadable },
        folds: folds(&found),
        accuracy: found.accuracy.as_ref().map(Accuracies::from),
        offered: found.needed == Needed::Offered,
        needed: found.needed,
        alpha: fitted.alpha,
        deviation: found.priors.weights,
        out: arguments.out.display().to_string(),
    };
    let mut out = io::stdout().lock();
    match arguments.format {
        TableOrJson::Json => {
            serde_json::to_writer_pretty(&mut out, &report)?;
            Ok(writeln!(out)?)
        }
        TableOrJson::Table => report.write(&mut out),
    }
}

fn folds(found: &Validated) -> Folds {
    Folds {
        of: match found.assigned {
            Assigned::Prompts => "prompts",
            Assigned::Images => "images",
        },
        count: found.folds,
        tested: found.accuracy.map_or(0, |accuracy| accuracy.tested),
    }
}

impl Report<'_> {
    fn write(&self, out: &mut impl Write) -> Result<(), Fault> {
        let Self { choices, ties, images, .. } = self;
        let (choices, ties, images) =
            (counted(*choices, "choice"), counted(*ties, "tie"), counted(*images, "image"));
        writeln!(out, "{choices} ({ties}) between {images}, on top of {}", printable(self.model))?;
        let Left { skipped, controls, scores_visible, duplicates, unreadable } = self.left_out;
        for (count, what) in [
            (skipped, "skipped"),
            (controls, "control pairs"),
            (scores_visible, "made while scores were visible"),
            (duplicates, "given twice"),
            (unreadable, "unreadable"),
        ] {
            if count > 0 {
                writeln!(out, "left out: {count} {what}")?;
            }
        }
        let Folds { of, count, tested } = self.folds;
        match &self.accuracy {
            None => {
                writeln!(out, "accuracy: not measured, because no choice lies inside one of {count} folds")?
            }
            Some(accuracy) => {
                writeln!(out, "\naccuracy on {tested} of them, in {count} folds over {of}")?;
                let row = |name: &str, value: f64, [low, high]: [f64; 2], sign: &str| {
                    let percent = |x: f64| {
                        if sign.is_empty() {
                            format!("{:.1}", x * 100.0)
                        } else {
                            format!("{:+.1}", x * 100.0)
                        }
                    };
                    format!("{name:12} {:>6} %  ({} to {})", percent(value), percent(low), percent(high))
                };
                writeln!(out, "{}", row("base scorer", accuracy.base, accuracy.base_interval, ""))?;
                writeln!(out, "{}", row("taste", accuracy.taste, accuracy.taste_interval, ""))?;
                writeln!(out, "{}", row("difference", accuracy.gain, accuracy.interval, "+"))?;
            }
        }
        let verdict = match self.needed {
            Needed::Offered => "The taste predicts these choices better than the base scorer.".into(),
            Needed::About(more) => {
                format!("Not measurably better yet; about {more} more choices may show it.")
            }
            Needed::AtLeast(more) => {
                format!("Not measurably better; at least {more} more choices are needed to tell.")
            }
        };
        writeln!(out, "\n{verdict}\nwritten to {}", printable(&self.out))?;
        Ok(())
    }
}
