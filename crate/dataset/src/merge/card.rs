//! The data card of the merged dataset: `README.md` in the format of Hugging Face.

use std::{collections::BTreeSet, fmt::Write as _, fs};

use super::{
    decide::Split,
    error::MergeError,
    options::MergeOptions,
    report::MergeReport,
    target::{Target, failed},
};

/// Maximum number of sources in the list.
const LISTED: usize = 200;

pub(super) fn write(report: &MergeReport, options: &MergeOptions, target: &Target) -> Result<(), MergeError> {
    let path = target.folder().join("README.md");
    fs::write(&path, text(report, options)).map_err(|error| failed(&path, error))
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
        "---\n\n# Merged preference pairs\n\n{rows} human preferences between pairs of images, for {prompts} prompts, in the schema of Pick-a-Pic \
         (<https://arxiv.org/abs/2305.01569>), with the original image files.\n"
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
    let raters = if options.repeat_raters { "" } else { "; each has a different rater" };
    let _ = writeln!(
        out,
        "Every prompt is in only one of `train`, `validation` and `test`. The pairs of the `_unique` splits have a label, are not control pairs, and were \
         judged without visible scores{raters}. Splits and order follow from the seed {} and the content of the pairs, not from the order of the files.\n\n\
         `num_example_per_prompt` is the number of pairs with the same prompt in this dataset. Columns that begin with `pickscore_` belong to pairs that were collected with PickScore's page.",
        report.seed
    );
    out += &sources(report);
    out += &making(report, options);
    out
}

/// The licence for the metadata: `other` if there are several, `unknown` if there is none.
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
        // Only the file name: the rest of the path is private.
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
    let mut out =
        format!("\n## How it was created\n\n`pickscore merge` {version}, seed {}:\n\n", report.seed);
    let removed = &report.removed;
    let mut line = |text: String| {
        let _ = writeln!(out, "- {text}");
    };
    let refused: BTreeSet<&String> = report.refused.iter().map(|refused| &refused.path).collect();
    let counted = |count: u64, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    line(format!(
        "Refused: {} because of damage, wrong checksums or another schema, and {} of the other files",
        counted(refused.len() as u64, "file"),
        counted(report.refused_rows, "row")
    ));
    if !options.phrases.is_empty() {
        line(format!(
            "{} pairs removed whose prompt contains one of {} phrases",
            removed.phrases,
            options.phrases.len()
        ));
    }
    if let Some(bits) = options.near_duplicates {
        line(format!(
            "{} pairs removed whose two images are near-duplicates (dHash, at most {bits} of 64 bits differ); {} images count as copies of others",
            removed.near_duplicates, removed.copied_images
        ));
    }
    line(format!(
        "{} duplicates removed: the same rater, prompt, images and answer; {} of them are answers at another time",
        removed.duplicates, report.repeats.agreeing
    ));
    if let Some(least) = options.minimum_agreement {
        line(format!(
            "{} pairs removed of raters whose agreement with others is below {least}",
            removed.agreement
        ));
    }
    if let Some(most) = options.maximum_failed_controls {
        line(format!(
            "{} pairs removed of raters who failed more than {most} of their control pairs",
            removed.controls
        ));
    }
    line(format!(
        "{} answers contradict an earlier answer of the same rater about the same pair; they are kept",
        report.repeats.conflicting
    ));
    if let Some((agreement, choices)) = report.agreement {
        line(format!(
            "human baseline: raters predict the choices of others with a tie-aware accuracy of {:.1} %, over {choices} choices about pairs with several raters",
            agreement * 100.0
        ));
    }
    out
}

/// A text for a cell of a Markdown table: one line, without markup.
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
