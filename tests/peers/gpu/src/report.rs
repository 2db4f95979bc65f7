//! The report: one JSON file and one Markdown file, written after every step.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use pickscore::towers::{Arithmetic, Bounds, StepBound};
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

/// A step of a block, compared with the GPU's peaks.
#[derive(Serialize)]
struct Step {
    name: String,
    milliseconds: f64,
    /// Part of the time of all steps.
    share: f64,
    /// What it multiplies, and its part of the peak of that.
    arithmetic: Option<(&'static str, f64)>,
    /// Its part of the peak of copying.
    memory: f64,
    bound: &'static str,
}

/// The steps of a block.
#[derive(Serialize)]
struct Block {
    title: String,
    /// Peaks of multiplications and additions, in GFLOP/s.
    peaks: Vec<(&'static str, f64)>,
    /// Peak of copying, in GB/s.
    memory: f64,
    /// Milliseconds of a launch that does next to nothing.
    launch: f64,
    steps: Vec<Step>,
}

fn name(arithmetic: Arithmetic) -> &'static str {
    match arithmetic {
        Arithmetic::F32 => "f32",
        Arithmetic::Matrices => "matrices of f16",
        Arithmetic::Bytes => "bytes",
    }
}

impl Block {
    fn new(title: String, Bounds { peaks, memory, launch, steps }: Bounds) -> Self {
        let all: f64 = steps.iter().map(|step| step.milliseconds).sum();
        let step = |step: StepBound| {
            let arithmetic = step.arithmetic.and_then(|(kind, speed)| {
                let (_, peak) = peaks.iter().find(|(known, _)| *known == kind)?;
                Some((name(kind), speed / peak))
            });
            let memory = step.memory / memory;
            let part = arithmetic.map_or(0.0, |(_, part)| part);
            let bound = match part.max(memory) {
                // Neither is near its peak.
                ..0.4 if step.milliseconds < 4.0 * launch => "launch",
                ..0.4 => "neither",
                _ if part > memory => "arithmetic",
                _ => "memory",
            };
            let (milliseconds, name) = (step.milliseconds, step.name);
            Step { name, milliseconds, share: milliseconds / all, arithmetic, memory, bound }
        };
        let steps = steps.into_iter().map(step).collect();
        let peaks = peaks.iter().map(|(kind, speed)| (name(*kind), *speed)).collect();
        Self { title, peaks, memory, launch, steps }
    }

    fn markdown(&self) -> String {
        let Self { title, peaks, memory, launch, steps } = self;
        let peaks: Vec<String> =
            peaks.iter().map(|(kind, speed)| format!("{speed:.0} GFLOP/s in {kind}")).collect();
        let percent = |part: f64| format!("{:.0} %", 100.0 * part);
        let rows = steps.iter().map(|step| {
            let Step { name, milliseconds, share, arithmetic, memory, bound } = step;
            let arithmetic =
                arithmetic.map_or_else(String::new, |(kind, part)| format!("{} of {kind}", percent(part)));
            let [share, memory] = [*share, *memory].map(percent);
            format!("| {name} | {milliseconds:.3} | {share} | {arithmetic} | {memory} | {bound} |")
        });
        let peaks =
            format!("Peaks: {}, {memory:.0} GB/s copying; a launch takes {launch:.3} ms.", peaks.join(", "));
        let heading = "| step | milliseconds | share | of its arithmetic's peak | of memory's | bound |";
        table(&format!("A block of {title}\n\n{peaks}"), heading, rows)
    }
}

/// The time of loading a model.
#[derive(Serialize)]
struct Load {
    model: String,
    precision: String,
    seconds: f64,
    /// How products are divided, which loading measures.
    tuning: String,
}

#[derive(Serialize)]
pub(crate) struct Report {
    date: String,
    adapter: Option<String>,
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
        fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        let date = time::OffsetDateTime::now_utc().date().to_string();
        let report = Self {
            date,
            adapter: None,
            torch: None,
            parity: Vec::new(),
            loads: Vec::new(),
            cases: Vec::new(),
            blocks: Vec::new(),
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

    pub(crate) fn bounds(&mut self, title: String, bounds: Bounds) -> Result<()> {
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
        self.blocks.iter().for_each(|block| text += &block.markdown());
        text += &table(
            "Loading from a file, and how products are divided, which it measures",
            "| model | precision | seconds | tuning |",
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
fn table(title: &str, heading: &str, rows: impl Iterator<Item = String>) -> String {
    let rows: Vec<String> = rows.collect();
    if rows.is_empty() {
        return String::new();
    }
    let rule = "|---".repeat(heading.matches('|').count() - 1);
    format!("\n## {title}\n\n{heading}\n{rule}|\n{}\n", rows.join("\n"))
}
