//! `pickscore evaluate`

use std::{
    collections::{HashMap, HashSet},
    fs,
    io::{self, Write},
    path::PathBuf,
};

use clap::{Args, ValueEnum};
use pollster::FutureExt as _;

use super::{
    arguments::RunArguments,
    choices::{Choices, Naming, RankArgument},
    fault::{self, Fault},
    judge::{Found, PAIRS, judge, judge_stored},
    load::{self, ranking_bar, show},
    model_distances::{DistanceOptions, Distances},
    models,
    skipped::Skipped,
    stored_scores::StoredScores,
    text::counted,
};
use crate::{
    PickScore,
    dataset::{Columns, DatasetFiles, Derived, SoundRows},
    evaluate::{
        Bootstrap, Concordance, Humans, Judged, RankOptions, Ranking, Report, RetrievalRow, WithoutTies,
        concordance, interval_plot, rank,
        retrieval::{Pair, Trials, retrieval},
        scorer_means::{Correlation, Scored, correlate},
    },
    score::{Label, Scorer},
};

/// Measure how well models predict preferences, and rank models or images by people's choices.
#[derive(Debug, Args)]
pub(super) struct EvaluateArguments {
    /// Model directory or weights file; repeatable.
    ///
    /// Several models run one after the other and are compared on the same pairs.
    ///
    /// Without a model, the report only describes people's choices.
    #[arg(long = "model", value_name = "DIR|FILE")]
    models: Vec<PathBuf>,
    /// Folder with the scores that `score --data` wrote for --data; repeatable.
    ///
    /// Each model in it is compared as if it was given with --model, without loading it.
    #[arg(long = "scores", value_name = "DIR")]
    scores: Vec<PathBuf>,
    /// Name for a --model in the report; repeatable [default: its folder's name].
    #[arg(long = "name", value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    run: RunArguments,
    #[command(flatten)]
    distance: DistanceOptions,
    /// Preference pairs: Parquet files in Pick-a-Pic's schema, or dataset folders.
    ///
    /// A `user_id` of 0 means that the person is unknown.
    #[arg(long = "data", value_name = "FILE|DIR", required = true, num_args = 1..)]
    data: Vec<PathBuf>,
    /// Split to read from dataset folders.
    #[arg(long, value_name = "NAME", default_value = "test")]
    split: String,
    /// Pairs for choosing each model's tie threshold (split `validation` of folders).
    #[arg(long = "validation", value_name = "FILE|DIR", num_args = 1..)]
    validation: Vec<PathBuf>,
    /// Predict a tie if the probabilities differ by at most T (0 to 1).
    #[arg(long, value_name = "T", conflicts_with = "validation")]
    threshold: Option<f64>,
    /// Also report the accuracy on pairs that are not ties, in a table apart.
    ///
    /// Other evaluations report it; it does not compare with the paper's, in which ties count.
    #[arg(long)]
    without_ties: bool,
    /// Rows for retrieval: how often an image's own prompt scores highest among 100.
    ///
    /// The first image of each row must match the row's prompt and no other row's.
    #[arg(long, value_name = "FILE|DIR")]
    retrieval: Option<PathBuf>,
    /// Rank models, images or templates (Bradley–Terry with ties, and Elo).
    ///
    /// With --model, the report correlates each model's mean scores with the ranking.
    #[arg(long, value_enum, value_name = "WHAT")]
    rank: Option<RankArgument>,
    /// CSV with the columns `image` (uid) and `template`, for --rank templates.
    #[arg(long, value_name = "FILE", requires = "rank")]
    templates: Option<PathBuf>,
    /// Write a plot of the ranking and its intervals to this SVG file.
    #[arg(long, value_name = "FILE", requires = "rank")]
    plot: Option<PathBuf>,
    /// Number of random orders to average Elo ratings over.
    #[arg(long, value_name = "N", default_value_t = RankOptions::default().orders as u32, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    orders: u32,
    /// Standard deviation of the ranking's prior in nats; 0 means no prior.
    ///
    /// Without a prior, no item may have won or lost all of its comparisons.
    #[arg(long, value_name = "NATS", default_value_t = RankOptions::default().prior.unwrap_or_default())]
    prior: f64,
    /// Number of bootstrap resamples for the 95 % intervals.
    #[arg(long, value_name = "N", default_value_t = Bootstrap::default().resamples as u32, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    resamples: u32,
    /// Random seed.
    #[arg(long, value_name = "N", default_value_t = Bootstrap::default().seed)]
    seed: u64,
    /// Also write the report to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    format: ReportFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// Human-readable table.
    Table,
    /// One JSON document, with reliability diagrams.
    Json,
    /// Markdown table, for example for a README.
    Markdown,
}

pub(super) fn run(arguments: &EvaluateArguments) -> Result<(), Fault> {
    if let Some(threshold) = arguments.threshold.filter(|threshold| !(0.0..=1.0).contains(threshold)) {
        return Err(Fault::Usage { reason: format!("--threshold is {threshold}; expected 0 to 1") });
    }
    if arguments.models.is_empty() && (!arguments.validation.is_empty() || arguments.retrieval.is_some()) {
        let reason = "--validation and --retrieval need a model; give --model".into();
        return Err(Fault::Usage { reason });
    }
    if arguments.models.is_empty() && arguments.scores.is_empty() && arguments.without_ties {
        let reason = "--without-ties needs a model or scores; give --model or --scores".into();
        return Err(Fault::Usage { reason });
    }
    if !arguments.names.is_empty() && arguments.names.len() != arguments.models.len() {
        let (names, models) = (arguments.names.len(), arguments.models.len());
        return Err(Fault::Usage {
            reason: format!(
                "--name was given {} for {}; give one name per model",
                counted(names, "time"),
                counted(models, "model")
            ),
        });
    }
    let run_options = arguments.run.options_of(arguments.models.len())?;
    // Report wrong arguments before loading gigabytes.
    let naming = arguments.rank.map(|rank| Naming::new(rank, arguments.templates.as_ref())).transpose()?;
    let distances = Distances::new(&arguments.distance, naming.as_ref())?;
    let checked = models::check(&arguments.models, &run_options, &arguments.names)?;
    let options_of_encoder = arguments.run.options_of_encoder();
    if let Some(distances) = &distances {
        distances.check(&options_of_encoder)?;
    }
    let data = DatasetFiles::open(&arguments.data, &arguments.split).map_err(Fault::of_split)?;
    let validation = match &arguments.validation[..] {
        [] => None,
        paths => Some(DatasetFiles::open(paths, "validation")?),
    };
    let named = arguments.retrieval.as_ref().map(|path| DatasetFiles::open(&[path], "test")).transpose()?;
    let mut derived: Vec<&[Derived]> = Vec::new();
    for files in [Some(&data), validation.as_ref(), named.as_ref()].into_iter().flatten() {
        // A fact about several models is reported once.
        if !derived.contains(&files.derived()) {
            fault::report_derived(files.derived());
            derived.push(files.derived());
        }
    }
    let given = arguments.threshold;
    let bootstrap = Bootstrap { resamples: arguments.resamples as usize, seed: arguments.seed };
    // A fact about several models is reported once.
    let mut said = HashSet::new();
    let choices = Choices::read(&data, naming.as_ref(), &mut said)?;
    let options = rank_options(arguments, naming.as_ref());
    let ranking = naming.is_some().then(|| ranking(&choices, &options)).transpose()?;
    let nothing = || Fault::Nothing {
        reason: match data.rows() {
            1 => "the pair has no label, or an image that cannot be read".into(),
            0 => "the dataset has no rows".into(),
            rows => format!("none of the {rows} pairs has a label and readable images"),
        },
    };
    let mut results: Vec<Judgement> = Vec::new();
    for (index, model) in arguments.models.iter().enumerate() {
        let scorer = load::open_as(model, &run_options[index], arguments.run.threads)?;
        let validated =
            validation.as_ref().map(|files| judge(&scorer, files, "Validation", None)).transpose()?;
        if let Some(found) = &validated {
            found.skipped.report(&mut said);
        }
        let found = judge(&scorer, &data, "Pairs", naming.as_ref())?;
        found.skipped.report(&mut said);
        let mut result = Judgement::new(checked[index].name.clone(), scorer.scoring().scorer, found);
        result.validated = validated.map(|found| found.pairs).unwrap_or_default();
        let mut result = result.correlated(&choices, naming.as_ref(), &options)?;
        match &named {
            Some(named) if scorer.scoring().scorer.reads_prompt() => {
                result.retrieval = Some(retrieve(&scorer, named, arguments.seed, &bootstrap, &mut said)?);
            }
            Some(_) => fault::report(&format!("{}: no retrieval, because it reads no prompt", result.name)),
            None => {}
        }
        results.push(result);
    }
    for folder in &arguments.scores {
        let stored = StoredScores::open(folder)?;
        for model in &stored.models {
            let scores = stored.read(model)?;
            let found = judge_stored((model, &scores), &data, "Pairs", naming.as_ref())?;
            found.skipped.report(&mut said);
            let result = Judgement::new(model.name.clone(), model.scorer, found);
            results.push(result.correlated(&choices, naming.as_ref(), &options)?);
        }
    }
    let names: Vec<String> = results.iter().map(|result| result.name.clone()).collect();
    results.iter_mut().zip(models::unique(&names)).for_each(|(result, name)| result.name = name);
    keep_common(&mut results);
    let mut report = match &results[..] {
        [] => without_models(&choices, &data, given, &bootstrap).ok_or_else(nothing)?,
        [first, ..] => {
            let left_out = data.rows() as usize - first.pairs.len();
            Report::new(&first.pairs, first.validated.len(), left_out, given, &bootstrap)
                .ok_or_else(nothing)?
        }
    };
    if arguments.without_ties {
        let scorers: Vec<(&str, &[Judged])> =
            results.iter().map(|result| (result.name.as_str(), result.pairs.as_slice())).collect();
        report.without_ties = WithoutTies::new(&scorers, &choices.opinions, &bootstrap);
    }
    report.agreement = agreement(&results, &bootstrap);
    for result in results {
        let Judgement { name, has_probabilities, pairs, validated, .. } = &result;
        report.add(name, *has_probabilities, pairs, validated, given, &bootstrap).ok_or_else(nothing)?;
        result.correlation.into_iter().for_each(|found| report.add_correlation(found));
        result.retrieval.into_iter().for_each(|found| report.add_retrieval(found));
    }
    if let (Some(distances), Some(naming)) = (&distances, &naming) {
        let run = (&options_of_encoder, arguments.run.threads);
        report.distance = distances.correlate(run, (&data, naming), (&choices, &options), &mut said)?;
    }
    report.humans = Humans::of(&choices.opinions, &bootstrap);
    if let (Some(path), Some(ranking)) = (&arguments.plot, &ranking) {
        interval_plot::plot(ranking, path)?;
    }
    report.ranking = ranking;
    if let Some(path) = &arguments.out {
        let unwritten = |error: io::Error| Fault::Input {
            path: path.display().to_string(),
            reason: format!("the file cannot be written: {error}"),
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

/// What was measured with one model.
struct Judgement {
    name: String,
    has_probabilities: bool,
    validated: Vec<Judged>,
    pairs: Vec<Judged>,
    /// The number of each pair's row in the dataset.
    places: Vec<u64>,
    /// Each image of each prompt once, by the name that is ranked.
    scored: Vec<Scored>,
    correlation: Option<Correlation>,
    retrieval: Option<RetrievalRow>,
}

impl Judgement {
    fn new(name: String, scorer: &Scorer, found: Found) -> Self {
        Self {
            has_probabilities: scorer.has_probabilities(),
            validated: Vec::new(),
            pairs: found.pairs,
            places: found.places,
            scored: found.scored,
            correlation: None,
            retrieval: None,
            name,
        }
    }

    /// Adds the correlation of mean scores with the ranking. Scores of images compare within a
    /// prompt only, as do the ranks of images: there is no mean to correlate.
    fn correlated(
        mut self,
        choices: &Choices,
        naming: Option<&Naming>,
        options: &RankOptions,
    ) -> Result<Self, Fault> {
        let scored = std::mem::take(&mut self.scored);
        if matches!(naming, None | Some(Naming::Images)) {
            return Ok(self);
        }
        let bar = ranking_bar();
        let correlated = correlate(&choices.ranked, &scored, options, &mut |progress| show(&bar, progress));
        bar.finish_and_clear();
        self.correlation = correlated?;
        if self.correlation.is_none() {
            fault::report(&format!(
                "{}: no correlation, because fewer than three items are both ranked and scored, or all are alike",
                self.name
            ));
        }
        Ok(self)
    }
}

/// Leaves only the pairs that every model scored, so that all rows are about the same pairs.
fn keep_common(results: &mut [Judgement]) {
    let models = results.len();
    if models < 2 {
        return;
    }
    let mut times: HashMap<u64, usize> = HashMap::new();
    results.iter().flat_map(|result| &result.places).for_each(|&place| *times.entry(place).or_default() += 1);
    for result in results {
        let is_common = |place: &u64| times.get(place) == Some(&models);
        let mut kept = result.places.iter().map(is_common);
        result.pairs.retain(|_| kept.next().unwrap_or_default());
        result.places.retain(is_common);
    }
}

/// The agreement of every two models on the pairs.
fn agreement(results: &[Judgement], bootstrap: &Bootstrap) -> Vec<Concordance> {
    let mut found = Vec::new();
    for (index, one) in results.iter().enumerate() {
        for other in &results[index + 1..] {
            let kendall = concordance::of_pairs(&one.pairs, &other.pairs, bootstrap);
            let scorers = [one.name.clone(), other.name.clone()];
            found.extend(kendall.map(|kendall| Concordance { scorers, kendall }));
        }
    }
    found
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

/// The report without a model: the accuracy of guessing.
fn without_models(
    choices: &Choices,
    data: &DatasetFiles,
    given: Option<f64>,
    bootstrap: &Bootstrap,
) -> Option<Report> {
    let judged = |(prompt, verdict): (u32, Label)| {
        let label = match verdict {
            Label::Left => [1.0, 0.0],
            Label::Tie => [0.5, 0.5],
            Label::Right => [0.0, 1.0],
        };
        Judged { label, scores: [0.0; 2], kind: None, prompt: prompt as usize }
    };
    let pairs: Vec<Judged> = choices.opinions.labels().map(judged).collect();
    Report::new(&pairs, 0, data.rows() as usize - pairs.len(), given, bootstrap)
}

/// Measures how often the first image of a row retrieves the row's prompt.
fn retrieve(
    scorer: &PickScore,
    files: &DatasetFiles,
    seed: u64,
    bootstrap: &Bootstrap,
    said: &mut HashSet<String>,
) -> Result<RetrievalRow, Fault> {
    let mut pairs = Vec::new();
    let mut skipped = Skipped::new("row");
    let mut prompts: HashMap<String, usize> = HashMap::new();
    for &group in files.groups() {
        let SoundRows { rows, faults, .. } = files.read_sound(group, Columns::All)?;
        faults.iter().for_each(|fault| skipped.add(None, fault.to_string()));
        for rows in rows.chunks(PAIRS) {
            let captions: Vec<&str> = rows.iter().map(|row| row.caption.as_str()).collect();
            let images: Vec<&[u8]> = rows.iter().map(|row| row.images[0].bytes.as_slice()).collect();
            let texts = scorer.embed_texts(&captions).block_on()?;
            let images = scorer.embed_images(&images).block_on()?;
            for ((row, text), image) in rows.iter().zip(texts).zip(images) {
                let next = prompts.len();
                let prompt = *prompts.entry(row.caption.clone()).or_insert(next);
                match image {
                    Ok(image) => pairs.push(Pair { text, image, prompt }.swapped()),
                    Err(error) => skipped.add(Some(row.ranking_id), format!("image `jpg_0`: {error}")),
                }
            }
        }
    }
    skipped.report(said);
    let mut trials = Trials { seed, ..Trials::default() };
    trials.candidates = trials.candidates.min(prompts.len());
    let top = |top: usize| {
        let nothing = || Fault::Nothing { reason: "--retrieval needs rows with different prompts".into() };
        retrieval(&pairs, &Trials { top, ..trials }, bootstrap).ok_or_else(nothing)
    };
    Ok(RetrievalRow { images: pairs.len(), candidates: trials.candidates, top_1: top(1)?, top_5: top(5)? })
}
