//! `pickscore taste apply`

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::Args;
use pollster::FutureExt as _;
use serde::Serialize;

use super::{
    super::{
        arguments::{ModelArguments, RunArguments, TableOrJson},
        fault::{self, Fault},
        images::{self, Wanted},
        load::{self, Decoded},
        output::Unread,
        text::{counted, none_of, printable},
    },
    fit::Accuracies,
};
use crate::{
    PickScore, score as ranking,
    scorer::{ImageCache, ImageFeatures, PromptFeatures},
    taste::{Judged, MOST_BYTES, Taste, TasteError},
};

#[derive(Debug, Args)]
pub(super) struct ApplyArguments {
    #[command(flatten)]
    model: ModelArguments,
    /// File that `taste fit` or the page has written.
    #[arg(long, value_name = "FILE")]
    taste: PathBuf,
    /// Prompt; not needed for scorers that read none.
    #[arg(long, value_name = "TEXT")]
    prompt: Option<String>,
    /// Image file, folder or pattern.
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<PathBuf>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = TableOrJson::Table)]
    format: TableOrJson,
    /// Stop at the first image that cannot be read instead of skipping it.
    #[arg(long)]
    strict: bool,
}

#[derive(Serialize)]
struct Answer<'a> {
    model: &'a str,
    scorer: &'static str,
    taste: &'a str,
    /// How well the taste was measured to work.
    measured: Measured,
    prompt: Option<&'a str>,
    images: Vec<Image>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Unread>,
}

#[derive(Serialize)]
struct Measured {
    /// Number of choices that the taste was fitted to.
    choices: u64,
    /// Number of choices that it was tested on.
    tested: usize,
    /// Whether it is measurably better than the base scorer.
    offered: bool,
    accuracy: Option<Accuracies>,
}

impl From<&Taste> for Measured {
    fn from(Taste { choices, accuracy, .. }: &Taste) -> Self {
        Self {
            choices: *choices,
            tested: accuracy.map_or(0, |accuracy| accuracy.tested),
            offered: accuracy.is_some_and(|accuracy| accuracy.is_better()),
            accuracy: accuracy.as_ref().map(Accuracies::from),
        }
    }
}

#[derive(Serialize)]
struct Image {
    path: String,
    /// The score by the taste, in logits.
    score: f64,
    /// The standard deviation of the score from the mean score of these images.
    deviation: f64,
    rank: usize,
    /// The base scorer's score.
    base: f64,
    base_rank: usize,
    /// How much more than people this person likes it, compared with the other images: the score
    /// less the base score, both from the mean of these images, and the base scores as widely
    /// spread as the scores.
    difference: f64,
    /// The standard deviation of the difference.
    difference_deviation: f64,
}

/// An image that was read.
struct Scored {
    path: String,
    base: f64,
    embedding: Vec<f32>,
}

/// What is asked for, by `taste apply` or `score --taste`.
pub(in super::super) struct Asked<'a> {
    pub(in super::super) model: &'a Path,
    pub(in super::super) run: &'a RunArguments,
    pub(in super::super) taste: &'a Path,
    pub(in super::super) prompt: Option<&'a str>,
    pub(in super::super) images: &'a [PathBuf],
    pub(in super::super) format: TableOrJson,
    pub(in super::super) strict: bool,
}

pub(super) fn run(arguments: &ApplyArguments) -> Result<(), Fault> {
    let ApplyArguments { model, taste, prompt, images, format, strict } = arguments;
    score(&Asked {
        model: &model.model,
        run: &model.run,
        taste,
        prompt: prompt.as_deref(),
        images,
        format: *format,
        strict: *strict,
    })
}

/// Scores images by a taste, and prints the result.
pub(in super::super) fn score(asked: &Asked<'_>) -> Result<(), Fault> {
    let options = asked.run.options()?;
    // Report wrong arguments before loading gigabytes.
    let taste = read(asked.taste)?;
    let scoring = PickScore::recognise(asked.model, &options)?;
    let prompt = asked.prompt.filter(|_| scoring.scorer.reads_prompt());
    if scoring.scorer.reads_prompt() && prompt.is_none() {
        return Err(Fault::Usage { reason: "there is no prompt; give --prompt TEXT".into() });
    }
    let measured = Measured::from(&taste);
    if !measured.offered {
        let name = printable(&taste.name);
        fault::report(&format!("warning: {name} is not measurably better than its base scorer"));
    }
    let listed = images::list(asked.images, Wanted::Pixels)?;
    listed.report_unread(asked.strict)?;
    let scorer = load::open_as(asked.model, &options, asked.run.threads)?;
    taste
        .check_scorer(scoring.scorer.name, &scorer.info().identity)
        .map_err(|error| refused(asked.taste, &error))?;
    let features = match prompt {
        Some(prompt) => scorer.prompt_features(&[prompt]).block_on()?.remove(0),
        None => PromptFeatures::None,
    };
    let given = listed.files.len() + listed.unread.len();
    let mut errors = listed.unread;
    let mut scored: Vec<Scored> = Vec::new();
    let mut cache = ImageCache::default();
    let processor = scorer.processor();
    let decode = |encoded: Vec<u8>| Decoded::new(&encoded, processor);
    let mut compute = |decoded: &[Decoded]| load::features(&scorer, &mut cache, decoded);
    load::each_file(&listed.files, scorer.batch(), asked.strict, &decode, &mut compute, &mut |outcome| {
        let path = outcome.path.display().to_string();
        match outcome.result {
            Err(error) => errors.push(Unread { path, error }),
            Ok(image) => {
                let base = scorer.score_features(&[(&features, &image)]).block_on()?[0].into();
                if let ImageFeatures::Embedding(embedding) = image {
                    scored.push(Scored { path, base, embedding: embedding.into_values() });
                }
            }
        }
        Ok(())
    })?;
    if let Some(image) = scored.iter().find(|image| image.embedding.len() != taste.weights.len()) {
        let (found, expected) = (image.embedding.len(), taste.weights.len());
        let reason =
            format!("the taste has {expected} weights, but the model's embeddings {found} dimensions");
        return Err(Fault::Input { path: asked.taste.display().to_string(), reason });
    }
    let answer = Answer {
        model: &scorer.info().model,
        scorer: scorer.scoring().scorer.name,
        taste: &taste.name,
        measured,
        prompt,
        images: judged(&taste, &scored)?,
        errors,
    };
    let mut out = io::stdout().lock();
    if asked.format == TableOrJson::Json {
        serde_json::to_writer_pretty(&mut out, &answer)?;
        writeln!(out)?;
    } else if !answer.images.is_empty() {
        answer.write(&mut out)?;
    }
    if scored.is_empty() {
        return Err(Fault::Nothing { reason: none_of(given, "image", "scored") });
    }
    Ok(())
}

/// Reads a taste.
fn read(path: &Path) -> Result<Taste, Fault> {
    let wrong = |reason| Fault::Input { path: path.display().to_string(), reason };
    let bytes = images::read_text(path, MOST_BYTES as u64).map_err(wrong)?;
    Taste::from_json(&bytes).map_err(|error| refused(path, &error))
}

fn refused(path: &Path, error: &crate::taste::TasteFileError) -> Fault {
    Fault::Input { path: path.display().to_string(), reason: error.to_string() }
}

/// The images with their scores by the taste.
fn judged(taste: &Taste, scored: &[Scored]) -> Result<Vec<Image>, TasteError> {
    let images: Vec<(f64, &[f32])> =
        scored.iter().map(|image| (image.base, image.embedding.as_slice())).collect();
    let judged = taste.judge(&images)?;
    let ranks =
        |of: Vec<f64>| ranking::ranks(&of.into_iter().map(|score| score as f32).collect::<Vec<f32>>());
    let rank = ranks(judged.iter().map(|image| image.score).collect());
    let base_rank = ranks(scored.iter().map(|image| image.base).collect());
    let image = |(at, (image, of)): (usize, (&Scored, Judged))| {
        let Judged { score, deviation, difference, difference_deviation } = of;
        let (rank, base_rank, base) = (rank[at], base_rank[at], image.base);
        let path = image.path.clone();
        Image { path, score, deviation, rank, base, base_rank, difference, difference_deviation }
    };
    Ok(scored.iter().zip(judged).enumerate().map(image).collect())
}

impl Answer<'_> {
    fn write(&self, out: &mut impl Write) -> Result<(), Fault> {
        writeln!(out, "rank     score       ±  base rank  difference  image")?;
        let mut best: Vec<&Image> = self.images.iter().collect();
        best.sort_by_key(|image| image.rank);
        for Image { path, score, deviation, rank, base_rank, difference, .. } in best {
            let path = printable(path);
            writeln!(
                out,
                "{rank:4}  {score:8.3}  {deviation:6.3}  {base_rank:9}  {difference:+10.3}  {path}"
            )?;
        }
        writeln!(out, "\n{}: {}", printable(self.taste), self.measured.written())?;
        Ok(())
    }
}

impl Measured {
    fn written(&self) -> String {
        let choices = counted(self.choices as usize, "choice");
        let Some(accuracy) = &self.accuracy else {
            return format!("learned from {choices}; accuracy not measured");
        };
        let percent = |value: f64, [low, high]: [f64; 2]| {
            format!("{:.1} % ({:.1} to {:.1})", value * 100.0, low * 100.0, high * 100.0)
        };
        format!(
            "learned from {choices}; accuracy {}, base scorer {}, on {} of them",
            percent(accuracy.taste, accuracy.taste_interval),
            percent(accuracy.base, accuracy.base_interval),
            self.tested,
        )
    }
}
