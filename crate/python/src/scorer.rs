//! The class `Scorer`.

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf, absolute},
    process,
    sync::{Arc, mpsc::channel},
};

use pickscore_common::progress::Progress;
use pickscore_model::{PickScore, towers::Model};
use pyo3::{prelude::*, types::PyType};

use crate::{
    arguments::{Errors, Report, Text, texts},
    arrow::{self, Table},
    fault::Fault,
    image::Images,
    numpy,
    options::open_options,
    pipeline::{self, Outcome},
    pool::pool,
    table::{self, Rows},
    wait,
    warning::{CutOff, warn},
    work::{ImageEmbeddings, Item, Scores, embed_prompts, readable},
};

/// Prompts per batch. More are not faster.
const PROMPTS: usize = 32;

/// Scores images with a model.
///
/// `model` is a folder with a model in Hugging Face's or its authors' layout, or a file of weights.
/// Code inside a checkpoint is never run. `device` is `"auto"`, `"gpu"` or `"cpu"`; `precision` is
/// `"auto"`, `"f32"`, `"f16"`, `"q8"` or, faster and less accurate, `"q8-fast"`; a GPU on which
/// that is not faster computes `"q8"`. `scorer` is recognised by the model's files unless it is
/// given; `head` is the file of an aesthetic scorer's head that is not next to its model.
/// `progress` is called with the numbers of bytes read and in all.
///
/// A scorer may be used by several threads at once. Pickled, it becomes its arguments, and is
/// loaded again where it is unpickled. The environment variable `RAYON_NUM_THREADS` limits its
/// threads.
///
/// An image is a path, the bytes of an image file, a PIL image, or a uint8 array `[height, width,
/// 3]`. Errors are raised as `PickScoreError`. Where a method takes `errors`, `"nan"` gives NaN for
/// an image or prompt that cannot be read, instead of raising. `progress` is called with the number
/// of finished inputs, and of all of them if it is known.
///
/// A `PickScoreWarning` says that the scorer was assumed from the model's name, or that prompts are
/// longer than the model reads and were cut off.
///
/// >>> from pickscore import Scorer
/// >>> scorer = Scorer("www/public/models/pickscore-tiny", device="cpu")
/// >>> scorer.info.scorer
/// 'pickscore'
#[pyclass(module = "pickscore", frozen)]
pub(crate) struct Scorer {
    scorer: Arc<PickScore>,
    given: Given,
    /// The process that loaded the model.
    process: u32,
}

/// The arguments of a scorer.
#[derive(Clone)]
struct Given {
    model: PathBuf,
    device: String,
    precision: String,
    scorer: String,
    head: Option<PathBuf>,
}

/// What a scorer is and how it computes.
#[pyclass(module = "pickscore", frozen, get_all)]
pub(crate) struct Info {
    /// The model's name: the last part of its path.
    model: String,
    /// The name of the scorer.
    scorer: &'static str,
    /// Whether the scorer was guessed from the name of a file or folder.
    is_guess: bool,
    /// Whether scores depend on the prompt.
    reads_prompt: bool,
    /// Length of the embeddings; None if the scorer has none.
    embedding: Option<usize>,
    /// "cpu" or "gpu".
    device: &'static str,
    /// The name of the GPU; None on the CPU.
    adapter: Option<String>,
    /// The precision of the weights in memory.
    precision: &'static str,
    /// Number of parameters.
    parameters: u64,
}

#[pymethods]
impl Info {
    fn __repr__(&self) -> String {
        let Self { model, scorer, device, precision, .. } = self;
        format!("Info(model={model:?}, scorer={scorer:?}, device={device:?}, precision={precision:?})")
    }
}

#[pymethods]
impl Scorer {
    #[new]
    #[pyo3(signature = (model, device="auto", precision="auto", scorer="auto", head=None, *, progress=None))]
    fn new(
        py: Python<'_>,
        model: PathBuf,
        device: &str,
        precision: &str,
        scorer: &str,
        head: Option<PathBuf>,
        progress: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let options = open_options(device, precision, scorer, head.clone())?;
        let whole = |path: &Path| absolute(path).unwrap_or_else(|_| path.to_owned());
        let given = Given {
            model: whole(&model),
            device: device.into(),
            precision: precision.into(),
            scorer: scorer.into(),
            head: head.as_deref().map(whole),
        };
        let pool = pool()?;
        let (sender, mut events) = channel();
        wait::start(move || {
            let opened = pool.install(|| {
                PickScore::open_with_progress(&model, &options, &mut |progress| {
                    match sender.send(Event::Progress(progress)) {
                        Ok(()) => ControlFlow::Continue(()),
                        // The caller was interrupted.
                        Err(_) => ControlFlow::Break(()),
                    }
                })
            });
            let _ = sender.send(Event::Opened(opened.map(Arc::new).map_err(Fault::from)));
        })?;
        let report = Report::new(progress.as_ref());
        loop {
            match wait::next(py, &mut events)? {
                Event::Progress(Progress { loaded, total, .. }) => report.call(loaded, total)?,
                Event::Opened(scorer) => {
                    let scorer = scorer?;
                    if let Some(assumption) = scorer.scoring().assumption("scorer=…") {
                        warn(py, &assumption)?;
                    }
                    return Ok(Self { scorer, given, process: process::id() });
                }
            }
        }
    }

    /// What the scorer is and how it computes.
    #[getter]
    fn info(&self) -> Info {
        let (info, scoring) = (self.scorer.info(), self.scorer.scoring());
        Info {
            model: info.model.clone(),
            scorer: scoring.scorer.name,
            is_guess: scoring.is_guess,
            reads_prompt: scoring.scorer.reads_prompt(),
            embedding: self.projection(),
            device: info.device,
            adapter: info.adapter.clone(),
            precision: info.precision.name(),
            parameters: info.parameters,
        }
    }

    /// Scores images for a prompt: float32 `[n]`, in the given order.
    ///
    /// The prompt may be None for a scorer that reads none.
    ///
    /// >>> from pickscore import Scorer
    /// >>> scorer = Scorer("www/public/models/pickscore-tiny", device="cpu")
    /// >>> folder = "www/public/samples/noto/"
    /// >>> fox, wolf = scorer.score("a fox", [folder + "fox.png", folder + "wolf.png"])
    /// >>> bool(fox > wolf)
    /// True
    #[pyo3(signature = (prompt, images, *, errors="raise", progress=None))]
    fn score<'py>(
        &self,
        py: Python<'py>,
        prompt: Option<&str>,
        images: &Bound<'py, PyAny>,
        errors: &str,
        progress: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let prompt: Arc<str> = match prompt {
            Some(prompt) => prompt.into(),
            None if self.reads_prompt() => {
                let name = self.scorer.scoring().scorer.name;
                return Err(Fault::argument(format!("{name} needs a prompt")).into());
            }
            None => "".into(),
        };
        readable(&self.scorer, &prompt, &CutOff::default())?;
        let total = images.len().ok();
        let mut images = self.images(py, images)?;
        let mut next = || {
            let Some(image) = images.next().transpose()? else { return Ok(None) };
            Ok(Some(Item { prompt: Ok(Arc::clone(&prompt)), image }))
        };
        self.scores(py, &mut next, (errors, progress, total))
    }

    /// Scores pairs of a prompt and an image: float32 `[n]`, in the given order.
    ///
    /// Prompts and image files that come again are computed once.
    ///
    /// >>> from pickscore import Scorer
    /// >>> scorer = Scorer("www/public/models/pickscore-tiny", device="cpu")
    /// >>> fox = "www/public/samples/noto/fox.png"
    /// >>> scorer.score_pairs(["a fox", "an apple"], [fox, fox]).shape
    /// (2,)
    #[pyo3(signature = (prompts, images, *, errors="raise", progress=None))]
    fn score_pairs<'py>(
        &self,
        py: Python<'py>,
        prompts: &Bound<'py, PyAny>,
        images: &Bound<'py, PyAny>,
        errors: &str,
        progress: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let total = images.len().ok();
        let (mut prompts, mut images) = (texts(prompts)?, self.images(py, images)?);
        let mut count = 0;
        let mut next = || {
            let (prompt, image) = (prompts.next().transpose()?, images.next().transpose()?);
            count += 1;
            match (prompt, image) {
                (Some(prompt), Some(image)) => Ok(Some(Item { prompt, image })),
                (None, None) => Ok(None),
                (prompt, _) => {
                    let (more, fewer) =
                        if prompt.is_some() { ("prompts", "images") } else { ("images", "prompts") };
                    let message =
                        format!("there are more {more} than {fewer}, of which there are {}", count - 1);
                    Err(Fault::argument(message).into())
                }
            }
        };
        self.scores(py, &mut next, (errors, progress, total))
    }

    /// Embeds prompts: float32 `[n, d]`, of unit length.
    ///
    /// >>> from pickscore import Scorer
    /// >>> scorer = Scorer("www/public/models/pickscore-tiny", device="cpu")
    /// >>> scorer.embed_text(["a fox", "an apple"]).shape == (2, scorer.info.embedding)
    /// True
    #[pyo3(signature = (prompts, *, errors="raise", progress=None))]
    fn embed_text<'py>(
        &self,
        py: Python<'py>,
        prompts: &Bound<'py, PyAny>,
        errors: &str,
        progress: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let total = prompts.len().ok();
        let mut prompts = texts(prompts)?;
        let scorer = Arc::clone(&self.scorer);
        let cut_off = CutOff::default();
        let noted = cut_off.clone();
        let work = move |batch: Vec<Outcome<Text>>| embed_prompts(&scorer, batch, &noted);
        let mut next = || prompts.next().transpose();
        let embedded = self.embeddings(py, PROMPTS, &mut next, work, (errors, progress, total))?;
        cut_off.warn(py)?;
        Ok(embedded)
    }

    /// Embeds images: float32 `[n, d]`, of unit length.
    ///
    /// >>> from pickscore import Scorer
    /// >>> scorer = Scorer("www/public/models/pickscore-tiny", device="cpu")
    /// >>> scorer.embed_images(["www/public/samples/noto/fox.png"]).dtype
    /// dtype('float32')
    #[pyo3(signature = (images, *, errors="raise", progress=None))]
    fn embed_images<'py>(
        &self,
        py: Python<'py>,
        images: &Bound<'py, PyAny>,
        errors: &str,
        progress: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let total = images.len().ok();
        let mut images = self.images(py, images)?;
        let mut embeddings = ImageEmbeddings::new(Arc::clone(&self.scorer));
        let work = move |batch| embeddings.run(batch);
        let mut next = || images.next().transpose();
        self.embeddings(py, self.scorer.batch(), &mut next, work, (errors, progress, total))
    }

    /// Scores the rows of a table with a column of prompts and one of images.
    ///
    /// `table` is anything with the Arrow C stream interface, such as a table of pyarrow, a data
    /// frame of Polars or a relation of DuckDB. `image` is a column of the bytes of image files, of
    /// their paths, or of Hugging Face's structs of both. The result has a row for each row, in the
    /// same order, with the columns `score` and `error`. A row that cannot be scored has no score
    /// but a reason. Prompts and image files that come again are computed once. The table is read
    /// batch by batch, so it may be larger than the memory.
    ///
    /// >>> import pyarrow
    /// >>> from pickscore import Scorer
    /// >>> scorer = Scorer("www/public/models/pickscore-tiny", device="cpu")
    /// >>> files = ["www/public/samples/noto/fox.png", "no/such/file.png"]
    /// >>> table = pyarrow.table({"caption": ["a fox", "a fox"], "jpg_0": files})
    /// >>> scores = pyarrow.table(scorer.score_table(table))
    /// >>> scores.column_names, scores["score"].null_count
    /// (['score', 'error'], 1)
    #[pyo3(signature = (table, prompt="caption", image="jpg_0", *, progress=None))]
    fn score_table(
        &self,
        py: Python<'_>,
        table: &Bound<'_, PyAny>,
        prompt: &str,
        image: &str,
        progress: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Table> {
        self.check_process()?;
        let total = table.len().ok();
        let prompt = self.reads_prompt().then_some(prompt);
        let mut rows = Rows::new(arrow::reader(table)?, prompt, image)?;
        let report = Report::new(progress.as_ref());
        let mut found: Vec<Outcome<f32>> = Vec::new();
        let cut_off = CutOff::default();
        let mut work = Scores::new(Arc::clone(&self.scorer), cut_off.clone());
        let mut next = || rows.next(py);
        let mut batches = batches(self.scorer.batch(), &mut next);
        pipeline::run(py, &mut batches, move |batch| work.run(batch), &mut |batch| {
            found.extend(batch);
            report.call(found.len() as u64, total.map(|total| total as u64))
        })?;
        cut_off.warn(py)?;
        Ok(table::scores(&found)?)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> (Bound<'py, PyType>, impl IntoPyObject<'py>) {
        let Given { model, device, precision, scorer, head } = self.given.clone();
        (py.get_type::<Self>(), (model, device, precision, scorer, head))
    }

    fn __repr__(&self) -> String {
        let info = self.scorer.info();
        let (name, precision) = (self.scorer.scoring().scorer.name, info.precision.name());
        format!(
            "Scorer({:?}, device={:?}, precision={precision:?}, scorer={name:?})",
            self.given.model, info.device
        )
    }
}

/// A message of the thread that loads a model.
enum Event {
    Progress(Progress),
    Opened(Outcome<Arc<PickScore>>),
}

/// What callers say about errors and progress, and the number of inputs if it is known.
type Call<'a, 'py> = (&'a str, Option<Bound<'py, PyAny>>, Option<usize>);

impl Scorer {
    fn reads_prompt(&self) -> bool {
        self.scorer.scoring().scorer.reads_prompt()
    }

    /// Length of the embeddings.
    fn projection(&self) -> Option<usize> {
        match self.scorer.model() {
            Model::Clip(clip) => Some(clip.config().projection),
            Model::Blip(_) => None,
        }
    }

    /// The images of an iterable object.
    fn images<'py>(
        &self,
        py: Python<'py>,
        images: &Bound<'py, PyAny>,
    ) -> PyResult<impl Iterator<Item = PyResult<Outcome<crate::image::Source>>> + use<'py>> {
        let taken = Images::new(py, self.scorer.processor())?;
        if taken.is_one(images)? {
            return Err(Fault::argument("images is one image; expected a list of images").into());
        }
        Ok(images.try_iter()?.map(move |image| taken.take(&image?)))
    }

    /// Checks that the model can be used in this process.
    fn check_process(&self) -> Result<(), Fault> {
        if self.scorer.info().device == "gpu" && self.process != process::id() {
            let message =
                "the process was forked after the model was loaded onto a GPU; load it in this process";
            return Err(Fault::new("device-lost", message));
        }
        Ok(())
    }

    /// Scores items: float32 `[n]`
    fn scores<'py>(
        &self,
        py: Python<'py>,
        next: &mut dyn FnMut() -> PyResult<Option<Item>>,
        (errors, progress, total): Call<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.check_process()?;
        let (errors, report) = (Errors::named(errors)?, Report::new(progress.as_ref()));
        let mut found: Vec<f32> = Vec::new();
        let cut_off = CutOff::default();
        let mut work = Scores::new(Arc::clone(&self.scorer), cut_off.clone());
        pipeline::run(
            py,
            &mut batches(self.scorer.batch(), next),
            move |batch| work.run(batch),
            &mut |batch| {
                for outcome in batch {
                    let score = errors.take(outcome, found.len(), || f32::NAN)?;
                    found.push(score);
                }
                report.call(found.len() as u64, total.map(|total| total as u64))
            },
        )?;
        cut_off.warn(py)?;
        numpy::array(py, &found, &[found.len()])
    }

    /// Embeds inputs: float32 `[n, d]`
    fn embeddings<'py, I: Send + 'static>(
        &self,
        py: Python<'py>,
        size: usize,
        next: &mut dyn FnMut() -> PyResult<Option<I>>,
        work: impl FnMut(Vec<I>) -> Result<Vec<Outcome<Vec<f32>>>, Fault> + Send + 'static,
        (errors, progress, total): Call<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.check_process()?;
        let (errors, report) = (Errors::named(errors)?, Report::new(progress.as_ref()));
        let Some(width) = self.projection() else {
            let name = self.scorer.scoring().scorer.name;
            let message = format!("{name} reads prompt and image together; it has no embeddings");
            return Err(Fault::new("no-embedding", message).into());
        };
        let (mut found, mut count) = (Vec::<f32>::new(), 0);
        pipeline::run(py, &mut batches(size, next), work, &mut |batch| {
            for outcome in batch {
                found.extend(errors.take(outcome, count, || vec![f32::NAN; width])?);
                count += 1;
            }
            report.call(count as u64, total.map(|total| total as u64))
        })?;
        numpy::array(py, &found, &[count, width])
    }
}

/// Batches of inputs that come one by one.
fn batches<I>(
    size: usize,
    next: &mut dyn FnMut() -> PyResult<Option<I>>,
) -> impl FnMut() -> PyResult<Option<Vec<I>>> {
    move || {
        let mut batch = Vec::new();
        while batch.len() < size
            && let Some(input) = next()?
        {
            batch.push(input);
        }
        Ok((!batch.is_empty()).then_some(batch))
    }
}
