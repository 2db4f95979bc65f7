//! The output of `pickscore score`.

use std::io::{self, Write};

use clap::ValueEnum;
use serde::Serialize;

use super::{fault::Fault, text::printable};
use crate::score::{self, Scorer};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Human-readable table, best image first.
    Table,
    /// One JSON document, in input order.
    Json,
    /// One JSON object per line, written as soon as it is ready; without probability and rank.
    Jsonl,
    /// Comma-separated values with a header, in input order.
    Csv,
}

/// Results that are written at once.
pub(super) trait Document: Serialize {
    /// Whether there is no score.
    fn is_empty(&self) -> bool;

    fn write_csv(&self, out: &mut impl Write) -> Result<(), Fault>;

    fn write_table(&self, out: &mut impl Write) -> Result<(), Fault>;

    /// Writes the results, except as [`Format::Jsonl`], which was written line by line. Without a
    /// score, only [`Format::Json`] is written, which lists the errors.
    fn write(&self, format: Format) -> Result<(), Fault> {
        let mut out = io::stdout().lock();
        match format {
            Format::Json => {
                serde_json::to_writer_pretty(&mut out, self)?;
                writeln!(out)?;
            }
            Format::Csv if !self.is_empty() => self.write_csv(&mut out)?,
            Format::Table if !self.is_empty() => self.write_table(&mut out)?,
            Format::Jsonl | Format::Csv | Format::Table => {}
        }
        Ok(())
    }
}

/// One image's result for one prompt.
#[derive(Debug, Serialize)]
pub(super) struct Image {
    pub(super) path: String,
    pub(super) score: f32,
    /// `None` for scorers without probabilities.
    pub(super) probability: Option<f32>,
    pub(super) rank: usize,
}

/// An image that could not be read.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Unread {
    pub(super) path: String,
    pub(super) error: String,
}

impl Unread {
    /// A new value, written at once if results are streamed.
    pub(super) fn told(path: String, error: String, at_once: bool) -> Result<Self, Fault> {
        let unread = Self { path, error };
        if at_once {
            line(&serde_json::to_value(&unread)?)?;
        }
        Ok(unread)
    }
}

/// The results of one prompt.
#[derive(Debug, Serialize)]
pub(super) struct Prompt {
    /// `None` for scorers that read no prompt.
    pub(super) prompt: Option<String>,
    pub(super) images: Vec<Image>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) verdict: Option<&'static str>,
}

/// The whole output. The fields of a single prompt are at the top level; several prompts are a
/// list.
#[derive(Debug, Serialize)]
pub(super) struct Answer<'a> {
    pub(super) model: &'a str,
    pub(super) scorer: &'static str,
    pub(super) device: &'a str,
    pub(super) precision: &'static str,
    #[serde(flatten)]
    pub(super) results: Results,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) errors: Vec<Unread>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Results {
    One(Prompt),
    Several { prompts: Vec<Prompt> },
    Pairs { pairs: Vec<Pair> },
}

/// One pair's result.
#[derive(Debug, Serialize)]
pub(super) struct Pair {
    pub(super) prompt: String,
    pub(super) path: String,
    pub(super) score: f32,
}

impl Prompt {
    /// The results of a prompt from its scores, in the order of `paths`.
    pub(super) fn new(
        scorer: &Scorer,
        prompt: Option<&str>,
        paths: &[String],
        scores: &[f32],
        tie_threshold: Option<f32>,
    ) -> Self {
        let probabilities = score::probabilities(scores);
        let ranks = score::ranks(scores);
        let images = paths.iter().zip(scores).zip(probabilities.iter().zip(&ranks));
        let images = images.map(|((path, &score), (&probability, &rank))| Image {
            path: path.clone(),
            score,
            probability: scorer.has_probabilities().then_some(probability),
            rank,
        });
        let verdict = match (tie_threshold, scores) {
            (Some(threshold), &[left, right]) => Some(score::Label::of([left, right], threshold).name()),
            _ => None,
        };
        Self { prompt: prompt.map(str::to_owned), images: images.collect(), verdict }
    }
}

impl Document for Answer<'_> {
    fn is_empty(&self) -> bool {
        match &self.results {
            Results::One(prompt) => prompt.images.is_empty(),
            Results::Several { prompts } => prompts.iter().all(|prompt| prompt.images.is_empty()),
            Results::Pairs { pairs } => pairs.is_empty(),
        }
    }

    fn write_csv(&self, out: &mut impl Write) -> Result<(), Fault> {
        let mut out = csv::Writer::from_writer(out);
        match &self.results {
            Results::Pairs { pairs } => {
                out.write_record(["prompt", "path", "score"])?;
                for pair in pairs {
                    out.write_record([&pair.prompt, &pair.path, &pair.score.to_string()])?;
                }
            }
            Results::One(prompt) => write_csv_prompts(&mut out, std::slice::from_ref(prompt))?,
            Results::Several { prompts } => write_csv_prompts(&mut out, prompts)?,
        }
        Ok(out.flush()?)
    }

    fn write_table(&self, out: &mut impl Write) -> Result<(), Fault> {
        let (prompts, titled) = match &self.results {
            Results::One(prompt) => (std::slice::from_ref(prompt), false),
            Results::Several { prompts } => (prompts.as_slice(), true),
            Results::Pairs { pairs } => {
                writeln!(out, "   score  image  (prompt)")?;
                for Pair { prompt, path, score } in pairs {
                    writeln!(out, "{score:8.3}  {}  ({})", printable(path), printable(prompt))?;
                }
                return Ok(());
            }
        };
        for (index, prompt) in prompts.iter().enumerate() {
            if titled {
                let gap = if index > 0 { "\n" } else { "" };
                writeln!(out, "{gap}{}", printable(prompt.prompt.as_deref().unwrap_or_default()))?;
            }
            let has_probabilities = prompt.images.iter().any(|image| image.probability.is_some());
            let header = if has_probabilities { "  probability" } else { "" };
            writeln!(out, "rank     score{header}  image")?;
            let mut best: Vec<&Image> = prompt.images.iter().collect();
            best.sort_by_key(|image| image.rank);
            for Image { path, score, probability, rank } in best {
                let probability = probability.map(|probability| format!("  {:10.2}%", probability * 100.0));
                let probability = probability.unwrap_or_default();
                writeln!(out, "{rank:4}  {score:8.3}{probability}  {}", printable(path))?;
            }
            match prompt.verdict {
                Some("tie") => writeln!(out, "verdict: a tie")?,
                Some(verdict) => writeln!(out, "verdict: the {verdict} image")?,
                None => {}
            }
        }
        Ok(())
    }
}

fn write_csv_prompts(out: &mut csv::Writer<impl Write>, prompts: &[Prompt]) -> Result<(), Fault> {
    out.write_record(["prompt", "path", "score", "probability", "rank"])?;
    for prompt in prompts {
        for Image { path, score, probability, rank } in &prompt.images {
            let probability = probability.map(|probability| probability.to_string()).unwrap_or_default();
            let numbers = [score.to_string(), probability, rank.to_string()];
            let text = prompt.prompt.as_deref().unwrap_or_default();
            out.write_record([text, path, &numbers[0], &numbers[1], &numbers[2]])?;
        }
    }
    Ok(())
}

/// Writes one line of JSON and flushes it.
pub(super) fn line(value: &impl Serialize) -> Result<(), Fault> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, value)?;
    writeln!(out)?;
    Ok(out.flush()?)
}
