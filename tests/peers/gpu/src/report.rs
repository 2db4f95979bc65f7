//! The report: one JSON file and one Markdown file, written after every step.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use pickscore::{towers::Bounds, weights::Precision};
use serde::Serialize;

use crate::block::Block;

/// The time of some images, or of a prompt.
#[derive(Serialize)]
pub(crate) struct Case {
    model: String,
    /// A precision of PickScore, or PyTorch with its data type.
    engine: String,
    /// `None` for a prompt.
    images: Option<usize>,
    /// Images that the engine computes at a time.
    batch: usize,
    /// Floating-point operations of all images, if they are counted.
    operations: Option<f64>,
    /// Median of the runs.
    pub(crate) milliseconds: f64,
    pub(crate) fastest: f64,
    pub(crate) slowest: f64,
    pub(crate) runs: usize,
}

impl Case {
    /// A case that has not been timed, with the operations of one image.
    pub(crate) fn new(
        model: &str,
        engine: &str,
        images: usize,
        batch: usize,
        operations: Option<f64>,
    ) -> Self {
        Self {
            model: model.into(),
            engine: engine.into(),
            images: Some(images),
            batch,
            operations: operations.map(|one| one * images as f64),
            milliseconds: 0.0,
            fastest: 0.0,
            slowest: 0.0,
            runs: 0,
        }
    }

    /// A prompt that has not been timed.
    pub(crate) fn prompt(model: &str, engine: &str) -> Self {
        Self { images: None, ..Self::new(model, engine, 1, 1, None) }
    }

    pub(crate) fn name(&self) -> String {
        format!("{} in {}, {}", self.model, self.engine, self.inputs())
    }

    fn inputs(&self) -> String {
        match self.images {
            None => "a prompt".into(),
            Some(images) if images > self.batch => format!("{images}, {} at a time", self.batch),
            Some(images) => images.to_string(),
        }
    }

    fn row(&self) -> String {
        let Self { model, engine, operations, milliseconds, fastest, slowest, runs, .. } = self;
        let rate = self.images.unwrap_or(1) as f64 * 1e3 / milliseconds;
        let speed = operations.map_or_else(String::new, |all| format!("{:.3}", all / milliseconds / 1e9));
        let inputs = self.inputs();
        format!(
            "| {model} | {engine} | {inputs} | {milliseconds:.2} | {fastest:.2} to {slowest:.2} | {runs} | \
             {rate:.1} | {speed} |"
        )
    }
}

/// The distance of a model's results from the expected ones.
#[derive(Serialize)]
pub(crate) struct Parity {
    model: String,
    precision: &'static str,
    /// Where the expected results come from.
    against: String,
    /// Lowest cosine similarity of an embedding.
    cosine: f64,
    /// Largest difference of a score, at the logit scale of 100.
    score: f64,
    passed: bool,
}

/// The lowest cosine and the largest difference that the tests of small models allow
/// (tests/parity/README.md).
fn allowed(precision: Precision) -> (f64, Option<f64>) {
    match precision {
        Precision::F32 => (0.99999, Some(0.002)),
        Precision::F16 => (0.99999, Some(0.05)),
        Precision::Q8 | Precision::Q8Fast => (0.998, None),
    }
}

impl Parity {
    pub(crate) fn new(model: &str, precision: Precision, against: &str, cosine: f64, score: f64) -> Self {
        let (lowest, largest) = allowed(precision);
        let passed = cosine >= lowest && largest.is_none_or(|largest| score <= largest);
        Self {
            model: model.into(),
            precision: precision.name(),
            against: against.into(),
            cosine,
            score,
            passed,
        }
    }

    fn row(&self) -> String {
        let Self { model, precision, against, cosine, score, passed } = self;
        let verdict = if *passed { "yes" } else { "**no**" };
        format!("| {model} | {precision} | {against} | {cosine:.8} | {score:.4} | {verdict} |")
    }
}

/// The time of loading a model.
#[derive(Serialize)]
struct Load {
    model: String,
    precision: String,
    seconds: f64,
    /// The tiles of products that it chose.
    tuning: String,
}

#[derive(Serialize)]
pub(crate) struct Report {
    date: String,
    version: &'static str,
    system: String,
    options: Vec<String>,
    /// `false` if the run was interrupted.
    complete: bool,
    adapter: Option<String>,
    emulated: bool,
    torch: Option<String>,
    parity: Vec<Parity>,
    loads: Vec<Load>,
    cases: Vec<Case>,
    blocks: Vec<Block>,
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
        fs::create_dir_all(folder).with_context(|| format!("{} is no folder for --out", folder.display()))?;
        Ok(Self {
            date: time::OffsetDateTime::now_utc().date().to_string(),
            version: env!("CARGO_PKG_VERSION"),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            options: std::env::args().skip(1).collect(),
            complete: false,
            adapter: None,
            emulated: false,
            torch: None,
            parity: Vec::new(),
            loads: Vec::new(),
            cases: Vec::new(),
            blocks: Vec::new(),
            skipped: Vec::new(),
            failed: Vec::new(),
            slow: Vec::new(),
            folder: folder.to_owned(),
        })
    }

    pub(crate) fn adapter(&mut self, name: String, emulated: bool) {
        (self.adapter, self.emulated) = (Some(name), emulated);
    }

    pub(crate) fn torch(&mut self, title: &str) {
        self.torch = Some(title.to_owned());
    }

    pub(crate) fn load(&mut self, model: &str, precision: &str, seconds: f64, tuning: String) -> Result<()> {
        self.loads.push(Load { model: model.into(), precision: precision.into(), seconds, tuning });
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

    pub(crate) fn block(&mut self, title: String, bounds: Bounds) -> Result<()> {
        self.blocks.push(Block::new(title, bounds));
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

    /// Whether no time was measured.
    pub(crate) fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }

    /// States that nothing was interrupted, and where the files are.
    pub(crate) fn finish(mut self) -> Result<()> {
        self.complete = true;
        self.write()?;
        let folder = fs::canonicalize(&self.folder)?;
        eprintln!("Written to {0}/gpu.md and {0}/gpu.json", folder.display());
        Ok(())
    }

    /// Writes both files, once there is something to write, so that an earlier report is not
    /// replaced by nothing.
    fn write(&self) -> Result<()> {
        if self.parity.is_empty() {
            return Ok(());
        }
        for (name, text) in
            [("gpu.json", serde_json::to_string_pretty(self)? + "\n"), ("gpu.md", self.markdown())]
        {
            let path = self.folder.join(name);
            let unfinished = path.with_extension("unfinished");
            let written = fs::write(&unfinished, text).and_then(|()| fs::rename(&unfinished, &path));
            written.with_context(|| format!("{} cannot be written", path.display()))?;
        }
        Ok(())
    }

    /// The report as Markdown.
    pub(crate) fn markdown(&self) -> String {
        let mut text = format!("# PickScore on {}\n\n", self.adapter.as_deref().unwrap_or("no GPU"));
        let Self { date, version, system, .. } = self;
        let _ = write!(text, "Measured on {date} with version {version} on {system}");
        if let Some(torch) = &self.torch {
            let _ = write!(text, ", beside PyTorch {torch}");
        }
        if !self.options.is_empty() {
            let _ = write!(text, ". Options: `{}`", self.options.join(" "));
        }
        text += ".\n";
        if self.emulated {
            text += "\n**This GPU is emulated on the CPU: its times say nothing about a GPU.**\n";
        }
        text += &table(
            "Parity\n\nFour prompts and four images, with random weights; scores are 100 × cosine similarity.",
            "| model | precision | compared with | lowest cosine | largest difference of a score | within bounds |",
            self.parity.iter().map(Parity::row),
        );
        text += &table(
            "Time\n\nMedians of whole calls, from pixels or tokens in memory to embeddings.",
            "| model | engine | images | milliseconds | fastest to slowest | runs | per second | TFLOP/s |",
            self.cases.iter().map(Case::row),
        );
        if !self.blocks.is_empty() {
            text += "\n## What limits the steps of a block\n\nEach step is compared with two peaks of this \
                     GPU, which small kernels reach that only multiply or only copy. *limit* is the peak \
                     that the step comes closest to, if it reaches 60 % of it, or *launch* if the step takes \
                     less than four launches. In matrices of f16, the shares of f16 count both terms of an \
                     input; TFLOP/s above count one.\n";
        }
        self.blocks.iter().for_each(|block| text += &block.markdown());
        text += &table(
            "Loading from a file, with the tiles that it chose by measuring",
            "| model | precision | seconds | tiles |",
            self.loads.iter().map(|Load { model, precision, seconds, tuning }| {
                format!("| {model} | {precision} | {seconds:.1} | {tuning} |")
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
pub(crate) fn table(title: &str, heading: &str, rows: impl Iterator<Item = String>) -> String {
    let rows: Vec<String> = rows.collect();
    if rows.is_empty() {
        return String::new();
    }
    let rule = "|---".repeat(heading.matches('|').count() - 1);
    format!("\n## {title}\n\n{heading}\n{rule}|\n{}\n", rows.join("\n"))
}
