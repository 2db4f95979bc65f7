//! The merged data set's card: `README.md`, as Hugging Face reads it.

use std::{collections::BTreeSet, fmt::Write as _, fs};

use super::{
    MergeError, MergeOptions, MergeReport,
    decide::Split,
    target::{Target, failed},
};

/// Sources that are listed one by one.
const LISTED: usize = 200;

pub(super) fn write(report: &MergeReport, options: &MergeOptions, target: &Target) -> Result<(), MergeError> {
    let path = target.folder().join("README.md");
    fs::write(&path, text(report, options)).map_err(|error| failed(&path, &error))
}

fn text(report: &MergeReport, options: &MergeOptions) -> String {
    let mut out = String::new();
    let license = license(report);
    let _ = writeln!(
        out,
        "---\nlicense: {license}\npretty_name: Merged preference pairs\ntags:\n- preference\n- pickscore\n- text-to-image\nconfigs:\n- config_name: default\n  data_files:"
    );
    for split in Split::ALL {
        let _ = writeln!(out, "  - split: {0}\n    path: data/{0}-*", split.name());
    }
    let MergeReport { rows, labelled, ties, prompts, raters, images, .. } = report;
    let _ = writeln!(
        out,
        "---\n\n# Merged preference pairs\n\n{rows} pairs of images and which of them people preferred, for {prompts} prompts, in Pick-a-Pic's schema \
         (<https://arxiv.org/abs/2305.01569>), images as their original bytes.\n"
    );
    let _ = writeln!(out, "| | |\n|---|---:|");
    for (what, count) in [
        ("pairs", rows),
        ("with a label", labelled),
        ("ties among them", ties),
        ("prompts", prompts),
        ("raters", raters),
        ("images", images),
    ] {
        let _ = writeln!(out, "| {what} | {count} |");
    }
    let splits = &report.splits;
    let (validation, test) = (splits.validation_unique, splits.test_unique);
    let _ = writeln!(
        out,
        "\n## Splits\n\n| split | pairs | |\n|---|---:|---|\n| `train` | {} | |\n| `validation` | {} | all pairs of {validation} prompts |\n\
         | `test` | {} | all pairs of {test} other prompts |\n| `validation_unique` | {validation} | one pair for each prompt of `validation` |\n\
         | `test_unique` | {test} | one pair for each prompt of `test` |\n",
        splits.train, splits.validation, splits.test
    );
    let raters = if options.repeat_raters { "" } else { "; each has a rater whom no other has" };
    let _ = writeln!(
        out,
        "No prompt is in two of `train`, `validation` and `test`. The pairs of the `_unique` splits have a label, are no control pairs, and were judged \
         without scores in sight{raters}. Splits and order follow from the seed {} and from what the pairs say, not from the order of files.\n\n\
         `num_example_per_prompt` counts the pairs of a prompt here. Columns that begin with `pickscore_` are those of pairs that were collected with PickScore's page.",
        report.seed
    );
    out += &sources(report);
    out += &making(report, options);
    out
}

/// The one licence, if it is one that a card may name.
fn license(report: &MergeReport) -> &str {
    let mut named =
        report.licenses.iter().filter(|&(_, &rows)| rows > 0).map(|(license, _)| license.as_str());
    let plain = |license: &str| {
        !license.is_empty()
            && license.len() <= 40
            && license
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte))
    };
    match (named.next(), named.next()) {
        (Some(""), None) | (None, _) => "unknown",
        (Some(license), None) if plain(license) => license,
        _ => "other",
    }
}

fn sources(report: &MergeReport) -> String {
    let mut out = String::from("\n## Sources\n\n| licence | pairs |\n|---|---:|\n");
    for (license, rows) in report.licenses.iter().filter(|&(_, &rows)| rows > 0) {
        let license = if license.is_empty() { "not stated" } else { license };
        let _ = writeln!(out, "| {} | {rows} |", cell(license));
    }
    let _ =
        writeln!(out, "\n| source | title | licence | pairs read | pairs here |\n|---|---|---|---:|---:|");
    for source in report.sources.iter().take(LISTED) {
        let license = if source.license.is_empty() { "not stated" } else { &source.license };
        // The name alone: where somebody keeps files is nobody's business.
        let name = source.path.rsplit(['/', '\\']).next().unwrap_or_default();
        let [name, title, license] = [name, &source.title, license].map(cell);
        let _ = writeln!(out, "| {name} | {title} | {license} | {} | {} |", source.rows, source.kept);
    }
    if let Some(more) = report.sources.len().checked_sub(LISTED).filter(|&more| more > 0) {
        let _ = writeln!(out, "\n… and {more} more.");
    }
    out
}

fn making(report: &MergeReport, options: &MergeOptions) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let mut out = format!("\n## How it was made\n\n`pickscore merge` {version}, seed {}:\n\n", report.seed);
    let removed = &report.removed;
    let mut line = |text: String| {
        let _ = writeln!(out, "- {text}");
    };
    let refused: BTreeSet<&String> = report.refused.iter().map(|refused| &refused.path).collect();
    line(format!(
        "{} files were refused for damage, wrong sums or another schema, and {} rows of the others",
        refused.len(),
        report.refused_rows
    ));
    if !options.phrases.is_empty() {
        line(format!(
            "{} pairs left out whose prompt has one of {} phrases",
            removed.phrases,
            options.phrases.len()
        ));
    }
    if let Some(bits) = options.near_duplicates {
        line(format!(
            "{} pairs left out whose two images look the same (dHash, at most {bits} of 64 bits differ); {} images count as copies of others",
            removed.near_duplicates, removed.copied_images
        ));
    }
    line(format!(
        "{} duplicates removed: the same rater, prompt, images and answer; {} of them were asked and answered again",
        removed.duplicates, report.repeats.agreeing
    ));
    if let Some(least) = options.minimum_agreement {
        line(format!(
            "{} pairs left out of raters whose agreement with others is below {least}",
            removed.agreement
        ));
    }
    if let Some(most) = options.maximum_failed_controls {
        line(format!(
            "{} pairs left out of raters who failed more than {most} of their control pairs",
            removed.controls
        ));
    }
    line(format!(
        "{} answers contradict an earlier one of the same rater about the same pair; they are kept",
        report.repeats.conflicting
    ));
    if let Some((agreement, choices)) = report.agreement {
        line(format!(
            "people predict each other with a tie-aware accuracy of {:.1} %, over {choices} choices about pairs that several judged",
            agreement * 100.0
        ));
    }
    out
}

/// A text from outside in a table of Markdown: one line, no markup.
fn cell(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars().take(200) {
        match letter {
            letter if letter.is_control() => out.push(' '),
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '|' | '`' | '*' | '_' | '[' | ']' | '!' | '#' | '\\' | '~' | '$' => out.extend(['\\', letter]),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_from_outside_are_no_markup() {
        assert_eq!(cell("a|b\n<img src=x> ![x](y)"), "a\\|b &lt;img src=x> \\!\\[x\\](y)");
        assert_eq!(cell(&"x".repeat(900)).len(), 200);
    }
}
