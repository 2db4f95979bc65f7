//! What results look like.

use std::io::{self, Write};

use serde::Serialize;

use super::{arguments::Format, fault::Fault, score::line};
use crate::{score, weights::Precision};

/// One image's result for one prompt.
#[derive(Debug, Serialize)]
pub(super) struct Image {
    pub(super) path: String,
    pub(super) score: f32,
    pub(super) probability: f32,
    pub(super) rank: usize,
}

/// An image that could not be read.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Unread {
    pub(super) path: String,
    pub(super) error: String,
}

impl Unread {
    /// Also writes it, where each result is written as soon as it is known.
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
    pub(super) prompt: String,
    pub(super) images: Vec<Image>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) verdict: Option<&'static str>,
}

/// The whole answer. With one prompt its fields stand at the top level, with several in a list.
#[derive(Debug, Serialize)]
pub(super) struct Answer<'a> {
    pub(super) model: &'a str,
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

/// How a precision is written on the command line.
pub(super) fn precision_name(precision: Precision) -> &'static str {
    match precision {
        Precision::F32 => "f32",
        Precision::F16 => "f16",
        Precision::Q8 => "q8",
    }
}

impl Prompt {
    /// Puts one prompt's scores, in the order of `paths`, together.
    pub(super) fn new(prompt: &str, paths: &[String], scores: &[f32], tie_threshold: Option<f32>) -> Self {
        let (probabilities, ranks) = (score::probabilities(scores), score::ranks(scores));
        let images = paths.iter().zip(scores).zip(probabilities.iter().zip(&ranks));
        let images = images.map(|((path, &score), (&probability, &rank))| Image {
            path: path.clone(),
            score,
            probability,
            rank,
        });
        let verdict = match (tie_threshold, scores) {
            (Some(threshold), &[left, right]) => Some(score::Label::of([left, right], threshold).name()),
            _ => None,
        };
        Self { prompt: prompt.into(), images: images.collect(), verdict }
    }
}

impl Answer<'_> {
    /// Writes everything at once. [`Format::Jsonl`] has been written line by line before.
    pub(super) fn write(&self, format: Format) -> Result<(), Fault> {
        let mut out = io::stdout().lock();
        match format {
            Format::Jsonl => {}
            Format::Json => {
                serde_json::to_writer_pretty(&mut out, self)?;
                writeln!(out)?;
            }
            Format::Csv => self.write_csv(out)?,
            Format::Table => self.write_table(&mut out)?,
        }
        Ok(())
    }

    fn write_csv(&self, out: impl Write) -> Result<(), Fault> {
        let mut out = csv::Writer::from_writer(out);
        match &self.results {
            Results::Pairs { pairs } => {
                out.write_record(["prompt", "path", "score"])?;
                for pair in pairs {
                    out.write_record([&pair.prompt, &pair.path, &pair.score.to_string()])?;
                }
            }
            Results::One(prompt) => Self::write_csv_prompts(&mut out, std::slice::from_ref(prompt))?,
            Results::Several { prompts } => Self::write_csv_prompts(&mut out, prompts)?,
        }
        Ok(out.flush()?)
    }

    fn write_csv_prompts(out: &mut csv::Writer<impl Write>, prompts: &[Prompt]) -> Result<(), Fault> {
        out.write_record(["prompt", "path", "score", "probability", "rank"])?;
        for prompt in prompts {
            for Image { path, score, probability, rank } in &prompt.images {
                let numbers = [score.to_string(), probability.to_string(), rank.to_string()];
                out.write_record([&prompt.prompt, path, &numbers[0], &numbers[1], &numbers[2]])?;
            }
        }
        Ok(())
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
                writeln!(out, "{gap}{}", printable(&prompt.prompt))?;
            }
            writeln!(out, "rank     score  probability  image")?;
            let mut best: Vec<&Image> = prompt.images.iter().collect();
            best.sort_by_key(|image| image.rank);
            for Image { path, score, probability, rank } in best {
                writeln!(out, "{rank:4}  {score:8.3}  {:10.2}%  {}", probability * 100.0, printable(path))?;
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

/// A name or prompt as a terminal may show it: without control characters, which could move the cursor.
pub(super) fn printable(text: &str) -> String {
    let shown = |letter: char| match letter {
        '\n' | '\r' | '\t' => ' ',
        letter if letter.is_control() => '\u{fffd}',
        letter => letter,
    };
    text.chars().map(shown).collect()
}
