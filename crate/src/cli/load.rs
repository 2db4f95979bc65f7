//! Opens a model and embeds images and prompts, with progress bars.

use std::{
    collections::HashSet,
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use pollster::FutureExt as _;

use super::{
    arguments::ModelArguments,
    fault::{self, Fault},
    images,
    text::counted,
};
use crate::{
    PickScore,
    progress::Progress,
    scorer::{ImageCache, LISTED_PROMPTS, OpenOptions, PerImage, ScoreError, cut_off},
    towers::Embedding,
};

/// Opens the model that the arguments name.
pub(super) fn open(arguments: &ModelArguments) -> Result<PickScore, Fault> {
    open_as(&arguments.model, &arguments.run.options()?, arguments.run.threads)
}

/// Opens a model with these options.
pub(super) fn open_as(model: &Path, options: &OpenOptions, threads: Option<u16>) -> Result<PickScore, Fault> {
    set_threads(threads);
    let bar = bar("{msg} {wide_bar} {bytes}/{total_bytes}");
    bar.set_message("Loading model");
    let scorer = PickScore::open_with_progress(model, options, &mut |progress| {
        bar.set_length(progress.total.unwrap_or(progress.loaded));
        bar.set_position(progress.loaded);
        ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    let scorer = scorer?;
    if let Some(assumption) = scorer.scoring().assumption("--scorer") {
        fault::report(&assumption);
    }
    if let Some(first) = scorer.info().unexpected.first() {
        let count = counted(scorer.info().unexpected.len(), "tensor");
        let first: String = first.chars().take(100).collect();
        fault::report(&format!("warning: ignored {count} that the model does not use, such as `{first}`"));
    }
    Ok(scorer)
}

/// Sets the number of CPU threads.
pub(super) fn set_threads(threads: Option<u16>) {
    #[cfg(feature = "parallel")]
    if let Some(threads) = threads {
        // Fails only if a pool exists already, and nothing creates one earlier.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build_global();
    }
    #[cfg(not(feature = "parallel"))]
    let _ = threads;
}

/// The result for one file.
pub(super) struct Outcome<T> {
    pub(super) path: PathBuf,
    pub(super) result: Result<T, String>,
}

/// Computes something of a batch of encoded images.
type Compute<'a, T> = dyn FnMut(&[&[u8]]) -> Result<PerImage<T>, Fault> + 'a;

/// Embeds image files in order. An unreadable image is reported; if `strict`, it is an error.
pub(super) fn embed_files(
    scorer: &PickScore,
    files: &[PathBuf],
    strict: bool,
    take: &mut dyn FnMut(Outcome<Embedding>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut cache = ImageCache::default();
    let mut embed = |encoded: &[&[u8]]| Ok(scorer.embed_images_with(&mut cache, encoded).block_on()?);
    each_file(files, scorer.batch(), strict, &mut embed, take)
}

/// Computes something of image files in order, a batch of `size` at a time. An unreadable image is
/// reported; if `strict`, it is an error.
pub(super) fn each_file<T>(
    files: &[PathBuf],
    size: usize,
    strict: bool,
    compute: &mut Compute<'_, T>,
    take: &mut dyn FnMut(Outcome<T>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let bar = bar("{msg} {wide_bar} {pos}/{len} ({eta} left)");
    bar.set_message("Images");
    bar.set_length(files.len() as u64);
    for batch in files.chunks(size) {
        let read: Vec<Result<Vec<u8>, String>> = batch.iter().map(|path| read(path)).collect();
        let encoded: Vec<&[u8]> = read.iter().filter_map(|bytes| bytes.as_deref().ok()).collect();
        let mut computed = compute(&encoded)?.into_iter();
        for (path, bytes) in batch.iter().zip(&read) {
            let result = match bytes {
                Err(reason) => Err(reason.clone()),
                Ok(_) => match computed.next() {
                    Some(Ok(result)) => Ok(result),
                    Some(Err(error)) => Err(error.to_string()),
                    None => continue,
                },
            };
            if let Err(reason) = &result {
                let fault = Fault::Input { path: path.display().to_string(), reason: reason.clone() };
                if strict {
                    bar.finish_and_clear();
                    return Err(fault);
                }
                bar.suspend(|| fault::report(&fault));
            }
            let outcome = Outcome { path: path.clone(), result };
            // A line of results must not be written into the progress bar.
            bar.suspend(|| take(outcome))?;
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// Reads a file, or says why it cannot be read.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, String> {
    images::read(path).map_err(|error| format!("the file cannot be read: {error}"))
}

/// Embeds prompts. Warns of prompts that are longer than the model's context.
pub(super) fn embed_texts(scorer: &PickScore, texts: &[String]) -> Result<Vec<Embedding>, Fault> {
    warn_of_truncated(scorer, texts, &mut HashSet::new())?;
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    scorer.embed_texts(&texts).block_on().map_err(|error: ScoreError| error.into())
}

/// Warns of prompts that are longer than the model's context, except those that were `said` for
/// another model.
///
/// # Errors
///
/// If a prompt is empty.
pub(super) fn warn_of_truncated(
    scorer: &PickScore,
    texts: &[String],
    said: &mut HashSet<String>,
) -> Result<(), Fault> {
    let (mut truncated, mut seen) = (Vec::new(), HashSet::new());
    for text in texts {
        if seen.insert(text) && scorer.tokens(text).map_err(Fault::from)?.truncated && !said.contains(text) {
            truncated.push(text);
        }
    }
    let more = truncated.len().saturating_sub(LISTED_PROMPTS);
    for notice in cut_off(truncated.iter().map(|text| text.as_str()), more) {
        fault::report(&format!("warning: {notice}"));
    }
    said.extend(truncated.into_iter().cloned());
    Ok(())
}

/// A progress bar on standard error, drawn only if that is a terminal.
pub(super) fn bar(template: &str) -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// The progress of a ranking.
pub(super) fn ranking_bar() -> ProgressBar {
    let bar = bar("{msg} {wide_bar} {pos}/{len} ({eta} left)");
    bar.set_message("Ranking");
    bar
}

/// Shows progress.
pub(super) fn show(bar: &ProgressBar, progress: Progress) -> ControlFlow<()> {
    bar.set_length(progress.total.unwrap_or(progress.loaded));
    bar.set_position(progress.loaded);
    ControlFlow::Continue(())
}
