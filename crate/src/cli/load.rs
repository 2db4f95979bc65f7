//! Opens the model and runs images through it, with progress on a terminal.

use std::{
    collections::HashSet,
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use pollster::FutureExt as _;

use super::{
    arguments::{ModelArguments, RunArguments},
    fault::{self, Fault},
    images,
};
use crate::{
    PickScore,
    scorer::{ImageCache, ScoreError},
    towers::Embedding,
};

/// Opens the model that was asked for.
pub(super) fn open(arguments: &ModelArguments) -> Result<PickScore, Fault> {
    open_at(&arguments.model, &arguments.run)
}

/// Opens a model.
pub(super) fn open_at(model: &Path, arguments: &RunArguments) -> Result<PickScore, Fault> {
    threads(arguments.threads);
    let bar = bar("{msg} {wide_bar} {bytes}/{total_bytes}");
    bar.set_message("Loading the model");
    let scorer = PickScore::open(model, &arguments.options(), &mut |progress| {
        bar.set_length(progress.total.unwrap_or(progress.loaded));
        bar.set_position(progress.loaded);
        ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    let scorer = scorer?;
    if let Some(first) = scorer.info().unexpected.first() {
        let count = scorer.info().unexpected.len();
        fault::report(&format!(
            "warning: {count} of the file's tensors are not the model's, the first is `{first}`"
        ));
    }
    Ok(scorer)
}

/// Has the CPU path run on so many threads.
pub(super) fn threads(threads: Option<u16>) {
    #[cfg(feature = "parallel")]
    if let Some(threads) = threads {
        // Fails only where a pool exists already, which nothing has made before.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build_global();
    }
    #[cfg(not(feature = "parallel"))]
    let _ = threads;
}

/// What became of a file.
pub(super) struct Outcome {
    pub(super) path: PathBuf,
    pub(super) embedding: Result<Embedding, String>,
}

/// Runs files through the vision tower, a batch at a time, in order. What cannot be read is reported and, where `strict`, ends it.
pub(super) fn embed_files(
    scorer: &PickScore,
    files: &[PathBuf],
    strict: bool,
    take: &mut dyn FnMut(Outcome) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let bar = bar("{msg} {wide_bar} {pos}/{len} ({eta} left)");
    bar.set_message("Images");
    bar.set_length(files.len() as u64);
    let mut cache = ImageCache::default();
    for batch in files.chunks(scorer.batch()) {
        let read: Vec<Result<Vec<u8>, String>> = batch.iter().map(|path| read(path)).collect();
        let encoded: Vec<&[u8]> = read.iter().filter_map(|bytes| bytes.as_deref().ok()).collect();
        let embedded = scorer.embed_images_with(&mut cache, &encoded).block_on()?;
        let mut embedded = embedded.into_iter();
        for (path, bytes) in batch.iter().zip(&read) {
            let embedding = match bytes {
                Err(reason) => Err(reason.clone()),
                Ok(_) => match embedded.next() {
                    Some(Ok(embedding)) => Ok(embedding),
                    Some(Err(error)) => Err(error.to_string()),
                    None => continue,
                },
            };
            if let Err(reason) = &embedding {
                let fault = Fault::Input { path: path.display().to_string(), reason: reason.clone() };
                if strict {
                    bar.finish_and_clear();
                    return Err(fault);
                }
                bar.suspend(|| fault::report(&fault));
            }
            let outcome = Outcome { path: path.clone(), embedding };
            // A line of results on a terminal would land in the bar.
            bar.suspend(|| take(outcome))?;
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// A file's bytes, or why they cannot be read.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, String> {
    images::read(path).map_err(|error| format!("it cannot be read: {error}"))
}

/// Embeddings of prompts. Says which of them are longer than the model reads.
pub(super) fn embed_texts(scorer: &PickScore, texts: &[String]) -> Result<Vec<Embedding>, Fault> {
    /// More are counted instead of listed.
    const LISTED: usize = 3;
    let (mut truncated, mut seen) = (Vec::new(), HashSet::new());
    for text in texts {
        if seen.insert(text) && scorer.tokens(text).map_err(Fault::from)?.truncated {
            truncated.push(text);
        }
    }
    for text in truncated.iter().take(LISTED) {
        let start: String = text.chars().take(40).collect();
        fault::report(&format!(
            "warning: the prompt \"{start}…\" is longer than the model reads; its end is left out"
        ));
    }
    if let Some(more) = truncated.len().checked_sub(LISTED).filter(|&more| more > 0) {
        fault::report(&format!(
            "warning: {more} more prompts are longer than the model reads; their ends are left out"
        ));
    }
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    scorer.embed_texts(&texts).block_on().map_err(|error: ScoreError| error.into())
}

/// A bar on standard error, drawn only where that is a terminal.
pub(super) fn bar(template: &str) -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
