//! `pickscore evaluate`

use std::{
    collections::{HashMap, HashSet},
    fs,
    io::{self, Write},
    ops::ControlFlow,
    path::PathBuf,
};

use clap::{Args, ValueEnum};
use indicatif::ProgressBar;
use pollster::FutureExt as _;

use super::{
    arguments::RunArguments,
    choices::{self, Choices, Naming, RankArgument},
    fault::{self, Fault},
    load,
};
use crate::{
    PickScore,
    dataset::{DatasetFiles, Derived, Row},
    evaluate::{
        Bootstrap, Humans, Judged, RankOptions, Ranking, Report, RetrievalRow, interval_plot, rank,
        retrieval::{Pair, Trials, retrieval},
        scorer_means::{Scored, correlate},
    },
    progress::Progress,
    score::Label,
    scorer::ImageCache,
    towers::Embedding,
};

/// Pairs that are scored at once: enough to fill batches, few enough to see progress.
const PAIRS: usize = 64;
/// Embeddings that are kept for images and prompts that come again, 4 KB each. Those that do mostly come soon.
const KEPT: usize = 50_000;
/// Faults of pairs that are told one by one.
const TOLD: usize = 10;

/// Models against preferences, and people against each other.
#[derive(Debug, Args)]
pub(super) struct EvaluateArguments {
    /// A model directory or safetensors file; may be given several times. Without one only what people chose is looked at.
    #[arg(long = "model", value_name = "DIR|FILE")]
    models: Vec<PathBuf>,
    /// What the models are called in the report, in their order; their folders' names unless given.
    #[arg(long = "name", value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    run: RunArguments,
    /// Pairs to judge models by: Parquet files in Pick-a-Pic's schema, or Hugging Face folders, whose split `--split` is read.
    #[arg(long = "data", value_name = "FILE|DIR", required = true, num_args = 1..)]
    data: Vec<PathBuf>,
    /// Which split of a folder.
    #[arg(long, value_name = "NAME", default_value = "test")]
    split: String,
    /// Other pairs, on which each model's tie threshold is chosen; of a folder the split `validation` is read.
    #[arg(long = "validation", value_name = "FILE|DIR", num_args = 1..)]
    validation: Vec<PathBuf>,
    /// Call a pair a tie where its probabilities are at most this far apart (0 to 1), instead of choosing that on `--validation`.
    #[arg(long, value_name = "T", conflicts_with = "validation")]
    threshold: Option<f64>,
    /// Also ask how often an image finds its own prompt among 100: rows whose first image fits their prompt and no other row's.
    #[arg(long, value_name = "FILE|DIR")]
    retrieval: Option<PathBuf>,
    /// Rank what people chose between, by Bradley–Terry with ties and by Elo, and correlate each model's mean scores with that.
    #[arg(long, value_enum, value_name = "WHAT")]
    rank: Option<RankArgument>,
    /// For `--rank templates`: a CSV with the columns `image` (an image's uid) and `template`.
    #[arg(long, value_name = "FILE", requires = "rank")]
    templates: Option<PathBuf>,
    /// Draw the ranking with its intervals to this file, as SVG.
    #[arg(long, value_name = "FILE", requires = "rank")]
    plot: Option<PathBuf>,
    /// Random orders that Elo ratings are averaged over.
    #[arg(long, value_name = "N", default_value_t = RankOptions::default().orders as u32, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    orders: u32,
    /// The deviation of the ranking's prior, in nats; 0 for none, which needs a data set where nothing won or lost everything.
    #[arg(long, value_name = "DEVIATION", default_value_t = RankOptions::default().prior.unwrap_or_default())]
    prior: f64,
    /// Data sets that are drawn for the 95 % intervals.
    #[arg(long, value_name = "N", default_value_t = Bootstrap::default().resamples as u32, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    resamples: u32,
    /// What they are drawn from.
    #[arg(long, value_name = "N", default_value_t = Bootstrap::default().seed)]
    seed: u64,
    /// Write the report as JSON to this file too.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// How the report is written.
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    format: ReportFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// For people.
    Table,
    /// One document, with reliability diagrams.
    Json,
    /// For a README.
    Markdown,
}

pub(super) fn run(arguments: &EvaluateArguments) -> Result<(), Fault> {
    if let Some(threshold) = arguments.threshold.filter(|threshold| !(0.0..=1.0).contains(threshold)) {
        return Err(Fault::Usage { reason: format!("--threshold is {threshold}; expected 0 to 1") });
    }
    if arguments.models.is_empty() && !(arguments.validation.is_empty() && arguments.retrieval.is_none()) {
        let reason = "--validation and --retrieval are for models; give --model".into();
        return Err(Fault::Usage { reason });
    }
    if !arguments.names.is_empty() && arguments.names.len() != arguments.models.len() {
        let (names, models) = (arguments.names.len(), arguments.models.len());
        return Err(Fault::Usage { reason: format!("{names} names for {models} models; expected one each") });
    }
    // What can be seen to be wrong is said before a gigabyte is loaded.
    let naming = arguments.rank.map(|rank| Naming::new(rank, arguments.templates.as_ref())).transpose()?;
    let data = DatasetFiles::open(&arguments.data, &arguments.split)?;
    let validation = match &arguments.validation[..] {
        [] => None,
        paths => Some(DatasetFiles::open(paths, "validation")?),
    };
    let named = arguments.retrieval.as_ref().map(|path| DatasetFiles::open(&[path], "test")).transpose()?;
    let mut said: Vec<&[Derived]> = Vec::new();
    for files in [Some(&data), validation.as_ref(), named.as_ref()].into_iter().flatten() {
        // What is true of several is said once.
        if !said.contains(&files.derived()) {
            fault::report_derived(files.derived());
            said.push(files.derived());
        }
    }
    let given = arguments.threshold;
    let bootstrap = Bootstrap { resamples: arguments.resamples as usize, seed: arguments.seed };
    let choices = Choices::read(&data, naming.as_ref())?;
    let options = rank_options(arguments, naming.as_ref());
    let ranking = naming.is_some().then(|| ranking(&choices, &options)).transpose()?;
    let nothing = || Fault::Nothing {
        reason: format!("none of the {} pairs has a label and images that can be read", data.rows()),
    };
    let mut report: Option<Report> = None;
    for (index, model) in arguments.models.iter().enumerate() {
        let scorer = load::open_at(model, &arguments.run)?;
        let validated =
            validation.as_ref().map(|files| judge(&scorer, files, "Validation", None)).transpose()?;
        let validated = validated.map(|found| found.pairs).unwrap_or_default();
        let found = judge(&scorer, &data, "Pairs", naming.as_ref())?;
        let report = match &mut report {
            Some(report) => report,
            none => none.insert(
                Report::new(&found.pairs, validated.len(), found.left_out, given, &bootstrap)
                    .ok_or_else(nothing)?,
            ),
        };
        let name = arguments.names.get(index).unwrap_or(&scorer.info().model);
        report.add(name, &found.pairs, &validated, given, &bootstrap).ok_or_else(nothing)?;
        // Scores of images compare within a prompt only, as do the ranks of images: there is no mean to correlate.
        if !matches!(naming, None | Some(Naming::Images)) {
            let bar = ranking_bar();
            let found =
                correlate(&choices.ranked, &found.scored, &options, &mut |progress| show(&bar, progress));
            bar.finish_and_clear();
            match found? {
                Some(correlation) => report.add_correlation(correlation),
                None => fault::report(&format!(
                    "{name}: fewer than three are ranked and scored, or all alike; there is no correlation"
                )),
            }
        }
        if let Some(named) = &named {
            report.add_retrieval(retrieve(&scorer, named, arguments.seed, &bootstrap)?);
        }
    }
    let mut report = match report {
        Some(report) => report,
        None => without_models(&choices, &data, given, &bootstrap).ok_or_else(nothing)?,
    };
    report.humans = Humans::of(&choices.images, &bootstrap);
    if let (Some(path), Some(ranking)) = (&arguments.plot, &ranking) {
        interval_plot::plot(ranking, path)?;
    }
    report.ranking = ranking;
    if let Some(path) = &arguments.out {
        let unwritten = |error: io::Error| Fault::Input {
            path: path.display().to_string(),
            reason: format!("it cannot be written: {error}"),
        };
        let mut document = serde_json::to_vec_pretty(&report)?;
        document.push(b'\n');
        fs::write(path, document).map_err(unwritten)?;
    }
    let mut out = io::stdout().lock();
    match arguments.format {
        ReportFormat::Table => out.write_all(report.table().as_bytes())?,
        ReportFormat::Markdown => out.write_all(report.markdown().as_bytes())?,
        ReportFormat::Json => {
            serde_json::to_writer_pretty(&mut out, &report)?;
            writeln!(out)?;
        }
    }
    Ok(())
}

fn rank_options(arguments: &EvaluateArguments, naming: Option<&Naming>) -> RankOptions {
    RankOptions {
        prior: (arguments.prior != 0.0).then_some(arguments.prior),
        unit: naming.map(Naming::unit).unwrap_or_default(),
        resamples: arguments.resamples as usize,
        orders: arguments.orders as usize,
        seed: arguments.seed,
        ..RankOptions::default()
    }
}

fn ranking(choices: &Choices, options: &RankOptions) -> Result<Ranking, Fault> {
    let bar = ranking_bar();
    let found = rank(&choices.ranked, options, &mut |progress| show(&bar, progress));
    bar.finish_and_clear();
    Ok(found?)
}

fn ranking_bar() -> ProgressBar {
    let bar = load::bar("{msg} {wide_bar} {pos}/{len} ({eta} left)");
    bar.set_message("Ranking");
    bar
}

fn show(bar: &ProgressBar, progress: Progress) -> ControlFlow<()> {
    bar.set_length(progress.total.unwrap_or(progress.loaded));
    bar.set_position(progress.loaded);
    ControlFlow::Continue(())
}

/// The report of no model: what one that knows nothing would get.
fn without_models(
    choices: &Choices,
    data: &DatasetFiles,
    given: Option<f64>,
    bootstrap: &Bootstrap,
) -> Option<Report> {
    let mut prompts: HashMap<&str, usize> = HashMap::new();
    let mut pairs = Vec::with_capacity(choices.images.len());
    for choice in &choices.images {
        let next = prompts.len();
        let prompt = *prompts.entry(&choice.prompt).or_insert(next);
        let label = match choice.verdict {
            Label::Left => [1.0, 0.0],
            Label::Tie => [0.5, 0.5],
            Label::Right => [0.0, 1.0],
        };
        pairs.push(Judged { label, scores: [0.0; 2], kind: None, prompt });
    }
    Report::new(&pairs, 0, data.rows() as usize - pairs.len(), given, bootstrap)
}

/// How often the first image of a row finds the row's prompt.
fn retrieve(
    scorer: &PickScore,
    files: &DatasetFiles,
    seed: u64,
    bootstrap: &Bootstrap,
) -> Result<RetrievalRow, Fault> {
    let mut pairs = Vec::new();
    let mut prompts: HashMap<String, usize> = HashMap::new();
    for &group in files.groups() {
        for rows in files.read(group)?.chunks(PAIRS) {
            let captions: Vec<&str> = rows.iter().map(|row| row.caption.as_str()).collect();
            let images: Vec<&[u8]> = rows.iter().map(|row| row.images[0].bytes.as_slice()).collect();
            let texts = scorer.embed_texts(&captions).block_on()?;
            let images = scorer.embed_images(&images).block_on()?;
            for ((row, text), image) in rows.iter().zip(texts).zip(images) {
                let next = prompts.len();
                let prompt = *prompts.entry(row.caption.clone()).or_insert(next);
                match image {
                    Ok(image) => pairs.push(Pair { text, image, prompt }.swapped()),
                    Err(error) => {
                        fault::report(&format!(
                            "the image of ranking {} is left out: {error}",
                            row.ranking_id
                        ));
                    }
                }
            }
        }
    }
    let mut trials = Trials { seed, ..Trials::default() };
    trials.candidates = trials.candidates.min(prompts.len());
    let top = |top: usize| {
        let nothing = || Fault::Nothing { reason: "retrieval needs rows with different prompts".into() };
        retrieval(&pairs, &Trials { top, ..trials }, bootstrap).ok_or_else(nothing)
    };
    Ok(RetrievalRow { images: pairs.len(), candidates: trials.candidates, top_1: top(1)?, top_5: top(5)? })
}

/// A data set as a scorer sees it.
#[derive(Default)]
struct Found {
    pairs: Vec<Judged>,
    /// Pairs without a label, or with a prompt or image that cannot be read.
    left_out: usize,
    /// Those of them that could not be read.
    unread: usize,
    prompts: HashMap<String, usize>,
    /// Every image of every prompt once, as what it is ranked as.
    scored: Vec<Scored>,
    seen: HashSet<(usize, String)>,
}

impl Found {
    fn keep_scores(&mut self, naming: &Naming, row: &Row, prompt: usize, scores: [f32; 2]) {
        for (image, score) in row.images.iter().zip(scores) {
            let uid = choices::uid(image);
            let item = naming.name(image, &uid);
            if self.seen.insert((prompt, uid)) && !item.is_empty() {
                self.scored.push(Scored { item, prompt: row.caption.clone(), score: score.into() });
            }
        }
    }
}

/// Scores every labelled pair, one row group in memory at a time.
fn judge(
    scorer: &PickScore,
    files: &DatasetFiles,
    title: &'static str,
    naming: Option<&Naming>,
) -> Result<Found, Fault> {
    let bar = load::bar("{msg} {wide_bar} {pos}/{len} ({eta} left)");
    bar.set_message(title);
    bar.set_length(files.rows());
    let mut found = Found::default();
    let mut kept = Kept::default();
    for &group in files.groups() {
        let rows = files.read(group)?;
        let (labelled, unlabelled): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.label.is_some());
        found.left_out += unlabelled.len();
        bar.inc(unlabelled.len() as u64);
        for rows in labelled.chunks(PAIRS) {
            score(scorer, rows, &mut kept, &mut found, naming, &bar)?;
            bar.inc(rows.len() as u64);
        }
    }
    bar.finish_and_clear();
    if found.unread > TOLD {
        fault::report(&format!("{} pairs could not be read, the first {TOLD} as said above", found.unread));
    }
    Ok(found)
}

/// Embeddings of what may come again. In Pick-a-Pic a winner stays for the next pair, and a prompt has about ten.
#[derive(Default)]
struct Kept {
    images: ImageCache,
    prompts: HashMap<String, Result<Embedding, String>>,
}

fn score(
    scorer: &PickScore,
    rows: &[&Row],
    kept: &mut Kept,
    found: &mut Found,
    naming: Option<&Naming>,
    bar: &ProgressBar,
) -> Result<(), Fault> {
    if kept.images.len() > KEPT {
        kept.images = ImageCache::default();
    }
    if kept.prompts.len() > KEPT {
        kept.prompts.clear();
    }
    let unseen: Vec<&str> = rows
        .iter()
        .map(|row| row.caption.as_str())
        .filter(|caption| !kept.prompts.contains_key(*caption))
        .collect();
    // An empty prompt has no embedding and must not stop the others.
    let (readable, empty): (Vec<&str>, Vec<&str>) =
        unseen.into_iter().partition(|caption| scorer.tokens(caption).is_ok());
    for caption in empty {
        let reason = scorer.tokens(caption).err().map(|error| error.to_string());
        kept.prompts.insert(caption.into(), Err(reason.unwrap_or_default()));
    }
    let embedded = scorer.embed_texts(&readable).block_on()?;
    kept.prompts.extend(readable.into_iter().map(str::to_owned).zip(embedded.into_iter().map(Ok)));
    let encoded: Vec<&[u8]> =
        rows.iter().flat_map(|row| &row.images).map(|image| image.bytes.as_slice()).collect();
    let images = scorer.embed_images_with(&mut kept.images, &encoded).block_on()?;
    for (row, images) in rows.iter().zip(images.chunks(2)) {
        let (Some(label), [left, right]) = (row.label, images) else { continue };
        let outcome = match (kept.prompts.get(&row.caption), left, right) {
            (Some(Ok(prompt)), Ok(left), Ok(right)) => {
                Ok([left, right].map(|image| scorer.score_of(prompt, image)))
            }
            (Some(Err(reason)), ..) => Err(reason.clone()),
            (_, Err(error), _) => Err(format!("its image `jpg_0`: {error}")),
            (_, _, Err(error)) => Err(format!("its image `jpg_1`: {error}")),
            (None, ..) => Err("its prompt has no embedding".into()),
        };
        match outcome {
            Ok(scores) => {
                let next = found.prompts.len();
                let prompt = *found.prompts.entry(row.caption.clone()).or_insert(next);
                found.pairs.push(Judged { label, scores, kind: row.kind.clone(), prompt });
                if let Some(naming) = naming {
                    found.keep_scores(naming, row, prompt, scores);
                }
            }
            Err(reason) => {
                (found.unread, found.left_out) = (found.unread + 1, found.left_out + 1);
                if found.unread <= TOLD {
                    let said = format!("the pair of ranking {} is left out: {reason}", row.ranking_id);
                    bar.suspend(|| fault::report(&said));
                }
            }
        }
    }
    Ok(())
}
