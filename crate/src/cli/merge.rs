//! `pickscore merge`

use std::{
    fs,
    io::{self, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use clap::Args;
use indicatif::ProgressBar;

use super::{
    arguments::InspectFormat,
    fault::{self, Fault},
    load,
};
use crate::dataset::merge::{MergeError, MergeOptions, MergeReport, merge};

/// Most bytes of a list of phrases.
const PHRASES: u64 = 16 << 20;
/// Reasons that are told one by one.
const TOLD: usize = 20;

/// One data set of many files.
#[derive(Debug, Args)]
pub(super) struct MergeArguments {
    /// Contributions (folders or zips), Parquet files in Pick-a-Pic's schema, and folders with any of them.
    #[arg(value_name = "FILE|DIR", required = true)]
    paths: Vec<PathBuf>,
    /// The folder to write; it must not hold anything.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// What order and splits follow from.
    #[arg(long, value_name = "N", default_value_t = MergeOptions::default().seed)]
    seed: u64,
    /// Most prompts of the split `validation`; it gets no more than a tenth of all.
    #[arg(long, value_name = "PROMPTS", default_value_t = MergeOptions::default().held_out[0])]
    validation: usize,
    /// Most prompts of the split `test`; it gets no more than a tenth of all.
    #[arg(long, value_name = "PROMPTS", default_value_t = MergeOptions::default().held_out[1])]
    test: usize,
    /// Let validation and test have several prompts of one rater, where there are too few raters for one each.
    #[arg(long)]
    repeat_raters: bool,
    /// Count images of a prompt that look the same as one: those whose dHashes differ in at most so many of 64 bits (`--near-duplicates` alone means 4).
    #[arg(long, value_name = "BITS", num_args = 0..=1, require_equals = true, default_missing_value = "4")]
    near_duplicates: Option<u32>,
    /// Leave out prompts that have one of the words or phrases of this file, one a line.
    #[arg(long, value_name = "FILE")]
    phrases: Option<PathBuf>,
    /// Leave out raters whose agreement with others is below this (0 to 1), where ten of their choices or more can be compared.
    #[arg(long, value_name = "SHARE")]
    minimum_agreement: Option<f64>,
    /// Leave out raters who fail more than this share of their control pairs (0 to 1), of three or more.
    #[arg(long, value_name = "SHARE")]
    maximum_failed_controls: Option<f64>,
    /// Write nothing if any file or row is refused.
    #[arg(long)]
    strict: bool,
    /// Begin a new file after so many MiB.
    #[arg(long, value_name = "MIB", default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=4096))]
    shard_size: u64,
    /// How the report is written.
    #[arg(long, value_enum, default_value_t = InspectFormat::Table)]
    format: InspectFormat,
}

pub(super) fn run(arguments: &MergeArguments) -> Result<(), Fault> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok();
    let options = MergeOptions {
        seed: arguments.seed,
        held_out: [arguments.validation, arguments.test],
        repeat_raters: arguments.repeat_raters,
        near_duplicates: arguments.near_duplicates,
        phrases: arguments.phrases.as_deref().map(phrases).transpose()?.unwrap_or_default(),
        minimum_agreement: arguments.minimum_agreement,
        maximum_failed_controls: arguments.maximum_failed_controls,
        strict: arguments.strict,
        now: now.and_then(|now| i64::try_from(now.as_nanos()).ok()),
        shard_bytes: arguments.shard_size << 20,
    };
    let bar = load::bar("{msg} {wide_bar} {percent} %");
    let outcome = merge(&arguments.paths, &arguments.out, &options, &mut |progress| {
        show(&bar, progress.stage, progress.loaded, progress.total);
        ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    let report = outcome.map_err(|error| match error {
        MergeError::Option { .. } => Fault::Usage { reason: error.to_string() },
        error => Fault::Merge(error),
    })?;
    fault::report_derived(&report.derived);
    let reasons = report.refused.iter().map(|refused| &refused.reason).chain(&report.refused_row_reasons);
    reasons.clone().take(TOLD).for_each(|reason| fault::report(&format!("refused: {reason}")));
    let refused = report.refused.len() as u64 + report.refused_rows;
    if refused > TOLD as u64 {
        fault::report(&format!("{refused} files and rows were refused, the first {TOLD} as said above"));
    }
    let mut out = io::stdout().lock();
    match arguments.format {
        InspectFormat::Json => {
            let mut document = serde_json::to_value(&report)?;
            document["out"] = arguments.out.display().to_string().into();
            serde_json::to_writer_pretty(&mut out, &document)?;
            writeln!(out)?;
        }
        InspectFormat::Table => table(&mut out, &arguments.out, &report)?,
    }
    Ok(())
}

fn show(bar: &ProgressBar, stage: &'static str, loaded: u64, total: Option<u64>) {
    bar.set_message(match stage {
        "verifying" => "Verifying",
        "reading" => "Reading",
        "deciding" => "Deciding",
        "sorting" => "Sorting",
        _ => "Writing",
    });
    bar.set_length(total.unwrap_or(loaded));
    bar.set_position(loaded);
}

/// One phrase a line; empty lines and those that begin with `#` say nothing.
fn phrases(path: &Path) -> Result<Vec<String>, Fault> {
    let wrong = |reason: String| Fault::Input { path: path.display().to_string(), reason };
    let length = fs::metadata(path).map_err(|error| wrong(format!("it cannot be read: {error}")))?.len();
    if length > PHRASES {
        return Err(wrong(format!("it has {length} bytes; expected at most {PHRASES}")));
    }
    let text = fs::read_to_string(path).map_err(|error| wrong(format!("it cannot be read: {error}")))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(lines.map(str::to_owned).collect())
}

fn table(out: &mut impl Write, folder: &Path, report: &MergeReport) -> io::Result<()> {
    let removed = &report.removed;
    let splits = &report.splits;
    writeln!(out, "{}", folder.display())?;
    for (what, count) in [
        ("pairs", report.rows),
        ("  with a label", report.labelled),
        ("  ties", report.ties),
        ("prompts", report.prompts),
        ("raters", report.raters),
        ("images", report.images),
        ("train", splits.train),
        ("validation", splits.validation),
        ("test", splits.test),
        ("validation_unique", splits.validation_unique),
        ("test_unique", splits.test_unique),
        ("files merged", report.sources.len() as u64),
        ("files refused", report.refused.len() as u64),
        ("rows refused", report.refused_rows),
        ("removed: phrases", removed.phrases),
        ("removed: near duplicates", removed.near_duplicates),
        ("removed: duplicates", removed.duplicates),
        ("removed: rater's agreement", removed.agreement),
        ("removed: failed controls", removed.controls),
        ("answers that contradict an earlier one", report.repeats.conflicting),
    ] {
        writeln!(out, "{what:<40}{count:>12}")?;
    }
    if let Some((agreement, choices)) = report.agreement {
        writeln!(
            out,
            "{:<40}{:>10.1} % of {choices} choices",
            "agreement between raters",
            agreement * 100.0
        )?;
    }
    Ok(())
}
