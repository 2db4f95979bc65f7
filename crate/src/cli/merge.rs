//! `pickscore merge`

use std::{
    io::{self, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use clap::Args;
use indicatif::ProgressBar;

use super::{
    arguments::TableOrJson,
    fault::{self, Fault},
    images, load,
};
use crate::dataset::merge::{MergeError, MergeOptions, MergeReport, merge};

/// Maximum size of a list of phrases in bytes.
const PHRASES: u64 = 16 << 20;
/// Maximum number of reasons that are listed.
const TOLD: usize = 20;

/// Merge contributions and other files of preference pairs into one dataset.
#[derive(Debug, Args)]
pub(super) struct MergeArguments {
    /// Contributions (folders or zips), Parquet files, or folders of them.
    #[arg(value_name = "FILE|DIR", required = true)]
    paths: Vec<PathBuf>,
    /// Output folder; must be new or empty.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Random seed for the order and the splits.
    #[arg(long, value_name = "N", default_value_t = MergeOptions::default().seed)]
    seed: u64,
    /// Maximum number of prompts in the split `validation`.
    ///
    /// The split never gets more than a tenth of all prompts.
    #[arg(long, value_name = "PROMPTS", default_value_t = MergeOptions::default().held_out[0])]
    validation: usize,
    /// Maximum number of prompts in the split `test`.
    ///
    /// The split never gets more than a tenth of all prompts.
    #[arg(long, value_name = "PROMPTS", default_value_t = MergeOptions::default().held_out[1])]
    test: usize,
    /// Allow several prompts of one rater in `validation` and `test`.
    ///
    /// Use this if there are too few raters to take one prompt from each, or if they are unknown.
    #[arg(long)]
    repeat_raters: bool,
    /// Treat near-duplicate images of a prompt as one image; BITS defaults to 4.
    ///
    /// Images are near duplicates if at most BITS of the 64 bits of their dHashes differ.
    #[arg(long, value_name = "BITS", num_args = 0..=1, require_equals = true, default_missing_value = "4")]
    near_duplicates: Option<u32>,
    /// Leave out prompts that contain a word or phrase from this file (one per line).
    #[arg(long, value_name = "FILE")]
    phrases: Option<PathBuf>,
    /// Leave out raters who agree with others less often than this (0 to 1).
    ///
    /// Applies to raters with ten or more choices that can be compared.
    #[arg(long, value_name = "SHARE")]
    minimum_agreement: Option<f64>,
    /// Leave out raters who fail more than this share of their control pairs (0 to 1).
    ///
    /// Applies to raters with three or more control pairs.
    #[arg(long, value_name = "SHARE")]
    maximum_failed_controls: Option<f64>,
    /// Write nothing if any file or row is refused.
    #[arg(long)]
    strict: bool,
    /// Maximum size of an output file in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=4096))]
    shard_size: u64,
    /// Output format.
    #[arg(long, value_enum, default_value_t = TableOrJson::Table)]
    format: TableOrJson,
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
        fault::report(&format!("refused {refused} files and rows; the first {TOLD} are listed above"));
    }
    let empty = [("validation", report.splits.validation), ("test", report.splits.test)];
    let empty: Vec<&str> = empty.into_iter().filter(|(_, rows)| *rows == 0).map(|(name, _)| name).collect();
    if !empty.is_empty() && report.splits.train > 0 && !arguments.repeat_raters {
        let (splits, are) = (empty.join(" and "), if empty.len() == 1 { "split" } else { "splits" });
        fault::report(&format!(
            "no rows for the {are} {splits}: each of their prompts needs a different rater; --repeat-raters allows \
             repeated and unknown raters"
        ));
    }
    let mut out = io::stdout().lock();
    match arguments.format {
        TableOrJson::Json => {
            let mut document = serde_json::to_value(&report)?;
            document["out"] = arguments.out.display().to_string().into();
            serde_json::to_writer_pretty(&mut out, &document)?;
            writeln!(out)?;
        }
        TableOrJson::Table => table(&mut out, &arguments.out, &report)?,
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

/// Reads one phrase per line; ignores empty lines and lines that begin with `#`.
fn phrases(path: &Path) -> Result<Vec<String>, Fault> {
    let wrong = |reason: String| Fault::Input { path: path.display().to_string(), reason };
    let bytes = images::read_text(path, PHRASES).map_err(wrong)?;
    let text = String::from_utf8(bytes).map_err(|_| wrong("the file is not UTF-8".into()))?;
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
        ("removed: low agreement of the rater", removed.agreement),
        ("removed: failed controls", removed.controls),
        ("contradictory repeated answers", report.repeats.conflicting),
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
