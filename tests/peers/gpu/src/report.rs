//! The report: one JSON file and one Markdown file, written after every step.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use serde::Serialize;

/// The time of a batch.
#[derive(Serialize)]
pub(crate) struct Case {
    pub(crate) model: String,
    /// A precision of PickScore, or PyTorch.
    pub(crate) engine: String,
    /// Number of images, or of prompts.
    pub(crate) batch: usize,
    /// Floating-point operations of the whole batch, if they are counted.
    pub(crate) operations: Option<f64>,
    /// Median time of the whole batch.
    pub(crate) milliseconds: f64,
}

impl Case {
    /// A case that has not been timed, with the operations of one input.
    pub(crate) fn new(model: &str, engine: &str, batch: usize, operations: Option<f64>) -> Self {
        let operations = operations.map(|one| one * batch as f64);
        Self { model: model.into(), engine: engine.into(), batch, operations, milliseconds: 0.0 }
    }

    pub(crate) fn name(&self) -> String {
        format!("{} in {}, {} at a time", self.model, self.engine, self.batch)
    }
}

/// The distance of a model's results from the right ones.
#[derive(Serialize)]
pub(crate) struct Parity {
    pub(crate) model: String,
    pub(crate) precision: String,
    /// Where the right results come from.
    pub(crate) against: String,
    /// Lowest cosine similarity of an embedding.
    pub(crate) cosine: f64,
    /// Largest difference of a score, at the logit scale of 100.
    pub(crate) score: f64,
}

/// The time of loading a model.
#[derive(Serialize)]
struct Load {
    model: String,
    precision: String,
    seconds: f64,
}

#[derive(Serialize)]
pub(crate) struct Report {
    date: String,
    adapter: Option<String>,
    torch: Option<String>,
    parity: Vec<Parity>,
    loads: Vec<Load>,
    cases: Vec<Case>,
    /// Steps that the time was too short for.
    skipped: Vec<String>,
    /// Steps that failed, with the reason.
    failed: Vec<String>,
    /// Precisions that this GPU does not compute, since they are not faster.
    slow: Vec<String>,
    #[serde(skip)]
    folder: PathBuf,
}

impl Report {
    pub(crate) fn new(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        let date = time::OffsetDateTime::now_utc().date().to_string();
        let report = Self {
            date,
            adapter: None,
            torch: None,
            parity: Vec::new(),
            loads: Vec::new(),
            cases: Vec::new(),
            skipped: Vec::new(),
            failed: Vec::new(),
            slow: Vec::new(),
            folder: folder.to_owned(),
        };
        report.write()?;
        Ok(report)
    }

    pub(crate) fn adapter(&mut self, name: String) {
        self.adapter = Some(name);
    }

    pub(crate) fn torch(&mut self, version: &str) {
        self.torch = Some(version.to_owned());
    }

    pub(crate) fn load(&mut self, model: &str, precision: &str, seconds: f64) -> Result<()> {
        self.loads.push(Load { model: model.into(), precision: precision.into(), seconds });
        self.write()
    }

    pub(crate) fn parity(&mut self, parity: Parity) -> Result<()> {
        self.parity.push(parity);
        self.write()
    }

    pub(crate) fn case(&mut self, case: Case) -> Result<()> {
        self.cases.push(case);
        self.write()
    }

    pub(crate) fn skip(&mut self, what: String) -> Result<()> {
        self.skipped.push(what);
        self.write()
    }

    pub(crate) fn slow(&mut self, what: String) -> Result<()> {
        self.slow.push(what);
        self.write()
    }

    pub(crate) fn fail(&mut self, what: &str, error: &anyhow::Error) -> Result<()> {
        eprintln!("{what}: {error:#}");
        self.failed.push(format!("{what}: {error:#}"));
        self.write()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }

    fn write(&self) -> Result<()> {
        fs::write(self.folder.join("gpu.json"), serde_json::to_string_pretty(self)? + "\n")?;
        fs::write(self.folder.join("gpu.md"), self.markdown())?;
        Ok(())
    }

    /// The report as Markdown.
    pub(crate) fn markdown(&self) -> String {
        let mut text = format!("# PickScore on {}\n\n", self.adapter.as_deref().unwrap_or("no GPU"));
        let _ = write!(text, "Measured on {}", self.date);
        if let Some(torch) = &self.torch {
            let _ = write!(text, ", beside PyTorch {torch} in f16");
        }
        text += ". Times are medians of whole calls, from pixels in memory to embeddings.\n";
        text += &table(
            "Parity",
            "| model | precision | compared with | lowest cosine | largest difference of a score |",
            self.parity.iter().map(|Parity { model, precision, against, cosine, score }| {
                format!("| {model} | {precision} | {against} | {cosine:.6} | {score:.4} |")
            }),
        );
        text += &table(
            "Time",
            "| model | engine | batch | milliseconds | per second | TFLOP/s |",
            self.cases.iter().map(|Case { model, engine, batch, operations, milliseconds }| {
                let rate = *batch as f64 * 1e3 / milliseconds;
                let speed =
                    operations.map_or_else(String::new, |all| format!("{:.2}", all / milliseconds / 1e9));
                format!("| {model} | {engine} | {batch} | {milliseconds:.2} | {rate:.1} | {speed} |")
            }),
        );
        text += &table(
            "Loading from a file",
            "| model | precision | seconds |",
            self.loads.iter().map(|Load { model, precision, seconds }| {
                format!("| {model} | {precision} | {seconds:.1} |")
            }),
        );
        for (title, lines) in [
            ("Failed", &self.failed),
            ("Not measured: out of time", &self.skipped),
            ("Not measured: not faster than q8", &self.slow),
        ] {
            if !lines.is_empty() {
                let _ = write!(text, "\n## {title}\n\n");
                lines.iter().for_each(|line| text += &format!("- {line}\n"));
            }
        }
        text
    }
}

/// A section with a table; nothing if it has no rows.
fn table(title: &str, heading: &str, rows: impl Iterator<Item = String>) -> String {
    let rows: Vec<String> = rows.collect();
    if rows.is_empty() {
        return String::new();
    }
    let rule = "|---".repeat(heading.matches('|').count() - 1);
    format!("\n## {title}\n\n{heading}\n{rule}|\n{}\n", rows.join("\n"))
}
