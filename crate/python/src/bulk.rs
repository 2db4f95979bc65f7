//! Ranges of a dataset, for engines that distribute them: what `pickscore score --data` does in
//! one process.

use std::{
    collections::HashMap,
    ops::ControlFlow,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, mpsc::channel},
};

use pickscore_bulk::{BulkModel, Event, Input, Inputs, Job, Plan, Summary, Work, clean, identity, run};
use pickscore_dataset::table::{Layout, Table, TableColumns};
use pickscore_model::{PickScore, scorer::OpenOptions};
use pyo3::prelude::*;

use crate::{fault::Fault, options::open_options, pool::pool, wait};

/// A range of rows: plain values, so that it can be sent to another process.
///
/// The path and name of the table, what identifies its content, the folder of its images, the
/// columns of prompts and images, the first row and the one after the last, and the name of the
/// output file.
type Range = (PathBuf, String, String, PathBuf, Option<String>, Vec<String>, u64, u64, String);

/// The ranges of a dataset that have no scores yet.
#[pyclass(module = "pickscore._pickscore", frozen)]
pub(crate) struct DataPlan {
    /// Number of rows of all tables.
    #[pyo3(get)]
    rows: u64,
    /// Identifies the model.
    #[pyo3(get)]
    identity: String,
    #[pyo3(get)]
    ranges: Vec<Range>,
    out: PathBuf,
}

#[pymethods]
impl DataPlan {
    #[new]
    #[pyo3(signature = (model, data, out, *, device="auto", precision="auto", scorer="auto", head=None,
                        prompt_column=None, image_columns=Vec::new(), image_folder=None))]
    #[allow(clippy::too_many_arguments, reason = "named in Python")]
    fn new(
        py: Python<'_>,
        model: PathBuf,
        data: Vec<PathBuf>,
        out: PathBuf,
        device: &str,
        precision: &str,
        scorer: &str,
        head: Option<PathBuf>,
        prompt_column: Option<String>,
        image_columns: Vec<String>,
        image_folder: Option<PathBuf>,
    ) -> PyResult<Self> {
        let options = open_options(device, precision, scorer, head)?;
        let found = py.detach(move || -> Result<Self, Fault> {
            let needs_prompt = PickScore::check(&model, &options)?.scoring.scorer.reads_prompt();
            let columns = TableColumns { prompt: prompt_column, images: image_columns, needs_prompt };
            let inputs = Inputs::open(&data, &out, &columns, image_folder.as_deref())?;
            let identity = identity(&model, &options)?;
            let plan = Plan::new(&inputs, &[&identity])?;
            plan.refuse_others(&inputs, &out)?;
            std::fs::create_dir_all(&out).map_err(|error| {
                Fault::new("output", format!("{} cannot be created: {error}", out.display()))
            })?;
            let missing = plan.missing(&inputs, &out)?.into_iter();
            let range = |index: usize| {
                let job: Job = plan.jobs[index].clone();
                let input @ Input { path, name, folder, table, .. } = &inputs.tables[job.input];
                let Layout { prompt, images, .. } = table.layout().clone();
                Ok((
                    path.clone(),
                    name.clone(),
                    input.content()?.to_owned(),
                    folder.clone(),
                    prompt,
                    images,
                    job.rows.start,
                    job.rows.end,
                    job.name,
                ))
            };
            let ranges = missing.map(range).collect::<Result<_, pickscore_bulk::BulkError>>()?;
            Ok(Self { rows: inputs.rows(), identity, ranges, out })
        });
        Ok(found?)
    }

    /// Removes what killed processes have left, when all ranges have their files.
    fn finish(&self) {
        clean(&self.out);
    }
}

/// Scores ranges of a plan with a loaded model.
#[pyclass(module = "pickscore._pickscore", frozen)]
pub(crate) struct RangeScorer {
    models: Arc<Mutex<Vec<BulkModel>>>,
    out: PathBuf,
    /// The device, and the adapter if it is a GPU.
    #[pyo3(get)]
    device: String,
}

#[pymethods]
impl RangeScorer {
    #[new]
    #[pyo3(signature = (model, out, identity, *, device="auto", precision="auto", scorer="auto", head=None))]
    #[allow(clippy::too_many_arguments, reason = "named in Python")]
    fn new(
        py: Python<'_>,
        model: PathBuf,
        out: PathBuf,
        identity: String,
        device: &str,
        precision: &str,
        scorer: &str,
        head: Option<PathBuf>,
    ) -> PyResult<Self> {
        let options: OpenOptions = open_options(device, precision, scorer, head)?;
        let pool = pool()?;
        let opened = py.detach(|| pool.install(|| PickScore::open(&model, &options)));
        let scorer = opened.map_err(Fault::from)?;
        let info = scorer.info();
        let device = match &info.adapter {
            Some(adapter) => format!("{} {adapter}", info.device),
            None => info.device.to_owned(),
        };
        let name = info.model.clone();
        let models = Arc::new(Mutex::new(vec![BulkModel::new(scorer, name, identity)]));
        Ok(Self { models, out, device })
    }

    /// Scores ranges whose files are missing, and writes them. Returns the number of rows that were
    /// scored, and of those among them without a score.
    fn score(&self, py: Python<'_>, ranges: Vec<Range>) -> PyResult<(u64, u64)> {
        let (models, out, pool) = (Arc::clone(&self.models), self.out.clone(), pool()?);
        let (sender, mut receiver) = channel();
        wait::start(move || {
            let score = || -> Result<Summary, Fault> {
                let (inputs, plan) = opened(ranges)?;
                let work =
                    Work { inputs: &inputs, plan: &plan, out: &out, is_done: &|_| false, pool: Some(pool) };
                let mut models = models.lock().unwrap_or_else(PoisonError::into_inner);
                // The caller was interrupted if nobody receives.
                let told = &mut |event: Event| match sender.send(Ok(event)) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                };
                Ok(run(&mut models, &work, told)?)
            };
            let _ = sender.send(Err(score()));
        })?;
        loop {
            if let Err(result) = wait::next(py, &mut receiver)? {
                let Summary { scored, failed, .. } = result?;
                return Ok((scored, failed));
            }
        }
    }
}

/// Opens the tables of ranges, each once.
fn opened(ranges: Vec<Range>) -> Result<(Inputs, Plan), Fault> {
    let (mut inputs, mut jobs) = (Inputs { tables: Vec::new() }, Vec::new());
    let mut known = HashMap::new();
    for (path, name, content, folder, prompt, images, start, end, file) in ranges {
        let input = match known.get(&path) {
            Some(&input) => input,
            None => {
                let needs_prompt = prompt.is_some();
                let table = Table::open(&path, &TableColumns { prompt, images, needs_prompt })
                    .map_err(pickscore_bulk::BulkError::from)?;
                inputs.tables.push(Input::new(path.clone(), name, folder, table).with_content(content));
                known.insert(path, inputs.tables.len() - 1);
                inputs.tables.len() - 1
            }
        };
        jobs.push(Job { input, rows: start..end, name: file });
    }
    Ok((inputs, Plan::of(jobs)))
}
