//! `pickscore score --data`: datasets of any size.

use std::{
    fs,
    io::{self, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::Args;
use indicatif::{HumanCount, HumanDuration, ProgressBar};
use serde::Serialize;

use super::{
    arguments::ModelsArguments,
    fault::{self, Fault},
    interrupted, load,
    models::{self, Checked},
    output::Format,
    text::counted,
};
use crate::{
    bulk::{self, BulkError, BulkModel, Event, Inputs, Plan, Summary, Turn, Work},
    dataset::table::TableColumns,
    scorer::{DeviceChoice, OpenOptions, PrecisionChoice},
    weights::Precision,
};

/// Memory that is left for images and for other programs, in bytes.
const SPARE: u64 = 2 << 30;
/// Memory of a GPU that is assumed, in bytes: wgpu does not tell it.
const GPU: u64 = 8 << 30;
/// Time between two lines of progress if standard error is no terminal.
const LINES: Duration = Duration::from_secs(60);

/// A dataset to score instead of image files.
#[derive(Debug, Args)]
#[command(next_help_heading = "Datasets")]
pub(super) struct DataArguments {
    /// Score the rows of Parquet, JSON Lines, CSV or TSV files, or of folders of them.
    ///
    /// A row has a prompt and one or two images: encoded (Parquet), or paths.
    #[arg(long, value_name = "FILE|DIR", num_args = 1..,
          conflicts_with_all = ["prompts", "prompt_from", "pairs", "images", "tie_threshold", "strict"])]
    data: Vec<PathBuf>,
    /// Folder for the scores: a Parquet file per file of --data and range of rows.
    ///
    /// Run the command again after an interruption: only what is missing is scored.
    ///
    /// Several processes, also on different machines, can share the folder and the work.
    #[arg(long, value_name = "DIR", requires = "data")]
    out: Option<PathBuf>,
    /// Column of prompts [default: caption, prompt or text].
    #[arg(long, value_name = "NAME", requires = "data")]
    prompt_column: Option<String>,
    /// Column of images, given twice for pairs [default: jpg_0 and jpg_1, or image].
    #[arg(long = "image-column", value_name = "NAME", requires = "data")]
    image_columns: Vec<String>,
    /// Folder that the paths of images are relative to [default: the folder of each file].
    ///
    /// Paths that lead out of it are refused.
    #[arg(long, value_name = "DIR", requires = "data")]
    image_folder: Option<PathBuf>,
    /// Score ranges of rows again if some of their rows have no score.
    #[arg(long, requires = "data")]
    retry_failed: bool,
    /// Load one model at a time, even if all fit into memory.
    #[arg(long, requires = "data")]
    in_turns: bool,
}

impl DataArguments {
    pub(super) fn are_given(&self) -> bool {
        !self.data.is_empty()
    }
}

/// The output.
#[derive(Serialize)]
struct Answer<'a> {
    out: String,
    models: &'a [String],
    rows: u64,
    /// Rows that this run scored.
    scored: u64,
    /// Rows among them with an image that has no score.
    failed: u64,
    /// Files that this run wrote.
    files: u64,
}

/// What is scored, and with which models.
struct Task<'a> {
    models: &'a ModelsArguments,
    options: &'a [OpenOptions],
    names: Vec<String>,
    scorers: Vec<&'static str>,
    identities: Vec<String>,
    inputs: Inputs,
    out: &'a Path,
}

pub(super) fn run(
    arguments: &DataArguments,
    given: &ModelsArguments,
    options: &[OpenOptions],
    format: Format,
) -> Result<(), Fault> {
    if let Format::Jsonl | Format::Csv = format {
        let reason = "with --data, scores are written as Parquet; --format is table or json".into();
        return Err(Fault::Usage { reason });
    }
    if arguments.image_columns.len() > 2 {
        let given = arguments.image_columns.len();
        let reason = format!("--image-column was given {given} times; give it once or twice");
        return Err(Fault::Usage { reason });
    }
    let Some(out) = arguments.out.as_deref() else {
        return Err(Fault::Usage {
            reason:
                "--data needs a folder for the scores: pickscore score --model DIR --data FILE|DIR --out DIR"
                    .into(),
        });
    };
    let checked = models::check(&given.models, options, &[])?;
    let columns = TableColumns {
        prompt: arguments.prompt_column.clone(),
        images: arguments.image_columns.clone(),
        needs_prompt: checked.iter().any(|model| model.scorer.reads_prompt()),
    };
    load::set_threads(given.run.threads);
    interrupted::watch();
    let spinner = load::bar("{spinner} {msg}");
    spinner.set_message("Reading the dataset");
    let inputs = Inputs::open(&arguments.data, out, &columns, arguments.image_folder.as_deref())?;
    spinner.set_message("Reading the models");
    let identities = given.models.iter().zip(options).map(|(model, options)| bulk::identity(model, options));
    let identities = identities.collect::<Result<_, _>>()?;
    let names = checked.iter().map(|model| model.name.clone()).collect();
    let scorers = checked.iter().map(|model| model.scorer.name).collect();
    let task = Task { models: given, options, names, scorers, identities, inputs, out };
    let plan = task.plan()?;
    plan.refuse_others(&task.inputs, out)?;
    fs::create_dir_all(out).map_err(|error| Fault::Input {
        path: out.display().to_string(),
        reason: format!("the folder cannot be created: {error}"),
    })?;
    if arguments.retry_failed {
        plan.remove_failed(out)?;
    }
    plan.missing(&task.inputs, out)?;
    spinner.finish_and_clear();
    for (file, found) in task.inputs.unused_ids() {
        fault::report(&format!(
            "{file}: the column ranking_id is ignored, because it has {found}; rows are named by file and row"
        ));
    }
    let is_together = given.models.len() == 1 || (!arguments.in_turns && fit(&checked, options));
    let summary = if is_together { task.together(&plan)? } else { task.in_turns(&plan)? };
    interrupted::is_over();
    // Another call with other models or columns may have written meanwhile.
    plan.refuse_others(&task.inputs, out)?;
    answer(&task, &plan, summary, format)
}

impl Task<'_> {
    /// The ranges for all models. With several, their names are part of the output.
    fn plan(&self) -> Result<Plan, Fault> {
        let models: Vec<String> = match &self.identities[..] {
            [only] => vec![only.clone()],
            several => several.iter().zip(&self.names).map(|(one, name)| format!("{one} {name}\n")).collect(),
        };
        Ok(Plan::new(&self.inputs, &models.iter().map(String::as_str).collect::<Vec<_>>())?)
    }

    /// Loads models, by place.
    fn load(&self, places: &[usize]) -> Result<Vec<BulkModel>, Fault> {
        let load = |&place: &usize| {
            let (model, options) = (&self.models.models[place], &self.options[place]);
            let scorer = load::open_as(model, options, self.models.run.threads)?;
            let (name, identity) = (self.names[place].clone(), self.identities[place].clone());
            Ok(BulkModel::new(scorer, name, identity))
        };
        places.iter().map(load).collect()
    }

    /// All models score each range.
    fn together(&self, plan: &Plan) -> Result<Summary, Fault> {
        let work = Work { inputs: &self.inputs, plan, out: self.out, is_done: &|_| false, pool: None };
        let places: Vec<usize> = (0..self.names.len()).collect();
        self.score(&places, &work, "Rows")
    }

    /// One model after the other scores the whole dataset.
    fn in_turns(&self, plan: &Plan) -> Result<Summary, Fault> {
        let is_done = |index: usize| plan.is_complete(index, &self.inputs, self.out).unwrap_or_default();
        let mut all = Summary::default();
        let mut plans = Vec::new();
        for (place, identity) in self.identities.iter().enumerate() {
            let folder = bulk::turn_folder(self.out, place);
            let plan = Plan::new(&self.inputs, &[identity])?;
            let work =
                Work { inputs: &self.inputs, plan: &plan, out: &folder, is_done: &is_done, pool: None };
            let summary = self.score(&[place], &work, &self.names[place])?;
            all.scored = all.scored.max(summary.scored);
            all.failed = all.failed.max(summary.failed);
            all.first_failure = all.first_failure.or(summary.first_failure);
            plans.push(plan);
        }
        let turns = self.names.iter().zip(&self.scorers).zip(&plans);
        let turns = turns.map(|((name, scorer), plan)| Turn { name, scorer, plan });
        let turns: Vec<Turn<'_>> = turns.collect();
        let bar = load::bar("{msg} {wide_bar} {pos}/{len}");
        bar.set_message("Writing");
        bar.set_length(plan.jobs.len() as u64);
        let files = bulk::combine(&turns, &self.inputs, plan, self.out, &mut || {
            bar.inc(1);
            interrupted::orderly()
        });
        bar.finish_and_clear();
        all.files = in_order(files)?;
        Ok(all)
    }

    /// Scores with the models of these places. Models are loaded only if something is missing.
    fn score(&self, places: &[usize], work: &Work<'_>, title: &str) -> Result<Summary, Fault> {
        if work.rows_left()? == 0 {
            bulk::clean(work.out);
            return Ok(Summary { rows: self.inputs.rows(), ..Summary::default() });
        }
        let mut models = self.load(places)?;
        let mut progress = Progress::new(title, self.inputs.rows());
        let summary = bulk::run(&mut models, work, &mut |event| {
            progress.take(event);
            interrupted::orderly()
        });
        progress.bar.finish_and_clear();
        let summary = in_order(summary)?;
        interrupted::is_over();
        bulk::clean(work.out);
        if summary.truncated > 0 {
            let were = if summary.truncated == 1 { "prompt was" } else { "prompts were" };
            let count = HumanCount(summary.truncated);
            fault::report(&format!("warning: {count} {were} longer than the model reads and cut off"));
        }
        Ok(summary)
    }
}

/// A result, unless the command was interrupted: then it ends here.
fn in_order<T>(result: Result<T, BulkError>) -> Result<T, BulkError> {
    match result {
        Err(BulkError::Cancelled) => interrupted::leave(),
        result => result,
    }
}

/// Shows how far the scoring is.
struct Progress {
    bar: ProgressBar,
    rows: u64,
    done: u64,
    scored: u64,
    start: Option<Instant>,
    said: Instant,
    has_waited: bool,
}

impl Progress {
    fn new(title: &str, rows: u64) -> Self {
        let bar = load::bar("{msg} {wide_bar} {human_pos}/{human_len} ({per_sec}, {eta} left)");
        bar.set_message(title.to_owned());
        bar.set_length(rows);
        Self { bar, rows, done: 0, scored: 0, start: None, said: Instant::now(), has_waited: false }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Found(rows) => {
                self.done += rows;
                self.bar.inc(rows);
                // What was there before says nothing about the speed.
                if self.start.is_none() {
                    self.bar.reset_eta();
                }
            }
            Event::Scored(rows) => {
                // The first piece includes what the device prepares.
                self.start.get_or_insert_with(Instant::now);
                (self.done, self.scored) = (self.done + rows, self.scored + rows);
                self.bar.inc(rows);
            }
            Event::Written => {}
            Event::Waiting(ranges) => {
                if !std::mem::replace(&mut self.has_waited, true) {
                    let ranges = counted(ranges, "range");
                    self.bar.suspend(|| {
                        fault::report(&format!(
                            "waiting for {ranges} of rows that other processes are scoring"
                        ));
                    });
                }
            }
        }
        if !io::stderr().is_terminal() && self.said.elapsed() >= LINES {
            self.said = Instant::now();
            self.say();
        }
    }

    /// A line for logs.
    fn say(&self) {
        let Some(start) = self.start else { return };
        let rate = self.scored as f64 / start.elapsed().as_secs_f64().max(1e-3);
        let left = Duration::try_from_secs_f64(self.rows.saturating_sub(self.done) as f64 / rate.max(1e-9));
        let left = left.map_or("long".into(), |left| HumanDuration(left).to_string());
        let (done, rows) = (HumanCount(self.done), HumanCount(self.rows));
        fault::report(&format!("{done} of {rows} rows, {rate:.1} rows/s, {left} left"));
    }
}

/// Whether models fit into memory together.
fn fit(models: &[Checked], options: &[OpenOptions]) -> bool {
    let bytes = |(model, options): (&Checked, &OpenOptions)| {
        let each = match options.precision {
            PrecisionChoice::Exactly(Precision::Q8 | Precision::Q8Fast) => 9,
            PrecisionChoice::Exactly(Precision::F16) => 16,
            PrecisionChoice::Auto | PrecisionChoice::Exactly(Precision::F32) => 32,
        };
        model.parameters.saturating_mul(each) / 8
    };
    let needed = models.iter().zip(options).map(bytes).fold(0, u64::saturating_add);
    let on_gpu = options.iter().any(|options| options.device != DeviceChoice::Cpu);
    let available = available_memory().map_or(GPU, |bytes| bytes.saturating_sub(SPARE));
    needed <= if on_gpu { available.min(GPU) } else { available }
}

/// The memory that programs can still take, in bytes; `None` if the system does not tell.
fn available_memory() -> Option<u64> {
    let told = fs::read_to_string("/proc/meminfo").ok()?;
    let line = told.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

fn answer(task: &Task<'_>, plan: &Plan, summary: Summary, format: Format) -> Result<(), Fault> {
    let out = task.out.display().to_string();
    let Summary { scored, failed, unscored, files, first_failure, .. } = summary;
    let rows = task.inputs.rows();
    // Of this run and of others. Models that took turns failed at different rows.
    let is_known = scored == rows && task.names.len() == 1;
    let (all_failed, all_unscored) =
        if is_known { (failed, unscored) } else { plan.without_scores(task.out) };
    let failed = if scored == rows { all_failed } else { failed };
    let others = all_failed.saturating_sub(failed);
    let have = |count: u64| if count == 1 { "row has" } else { "rows have" };
    let has_none = rows > 0 && all_unscored == rows;
    if let Some(failure) = first_failure.as_ref().filter(|_| !has_none) {
        let (have, failed) = (have(failed), HumanCount(failed));
        fault::report(&format!("{failed} {have} no score, see the columns of errors; first {failure}"));
    }
    if others > 0 && !has_none {
        let (have, others) = (have(others), HumanCount(others));
        fault::report(&format!(
            "{others} {have} no score from another run; --retry-failed scores such rows again"
        ));
    }
    let mut to = io::stdout().lock();
    if format == Format::Json {
        let answer = Answer { out, models: &task.names, rows, scored, failed, files };
        serde_json::to_writer_pretty(&mut to, &answer)?;
        writeln!(to)?;
        return if has_none { Err(no_scores(rows, first_failure)) } else { Ok(()) };
    }
    if has_none {
        return Err(no_scores(rows, first_failure));
    }
    let whole = rows - all_failed.min(rows);
    let noun = if rows == 1 { "row" } else { "rows" };
    let (count, new) = (HumanCount(rows), HumanCount(scored));
    match (rows, scored) {
        (0, _) => writeln!(to, "The dataset has no rows.")?,
        (1, 0) if whole == rows => writeln!(to, "The only row has its scores in {out}.")?,
        (_, 0) if whole == rows => writeln!(to, "All {count} rows have their scores in {out}.")?,
        (_, 0) => {
            let have = if whole == 1 { "has its" } else { "have their" };
            writeln!(to, "{} of {count} {noun} {have} scores in {out}.", HumanCount(whole))?;
        }
        _ => {
            let files = counted(files as usize, "file");
            writeln!(to, "Scored {new} of {count} {noun} into {files} in {out}.")?;
        }
    }
    Ok(())
}

/// The error if no row has any score.
fn no_scores(rows: u64, first_failure: Option<String>) -> Fault {
    let (count, noun) = (HumanCount(rows), if rows == 1 { "row has" } else { "rows have" });
    let more = match first_failure {
        Some(failure) => format!("first {failure}"),
        None => "--retry-failed scores them again".into(),
    };
    Fault::Nothing { reason: format!("0 of {count} {noun} a score, see the columns of errors; {more}") }
}
