//! Opens a model and embeds images and prompts, with progress bars.

use std::{
    collections::HashSet,
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use pollster::FutureExt as _;
use rayon::prelude::*;

use super::{
    arguments::ModelArguments,
    fault::{self, Fault},
    text::counted,
};
use crate::{
    PickScore,
    files::{self, ahead},
    pixels::{PixelError, Pixels, Processor},
    progress::Progress,
    scorer::{
        ImageCache, ImageFeatures, LISTED_PROMPTS, OpenOptions, PerImage, PrecisionChoice, ScoreError,
        cut_off,
    },
    towers::Embedding,
    weights::Precision,
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
    if options.precision == PrecisionChoice::Exactly(Precision::Q8Fast)
        && scorer.info().precision == Precision::Q8
    {
        fault::report(&"on this GPU q8-fast is not faster than q8, which is more accurate and used instead");
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

/// An image file as a scorer reads it.
pub(super) struct Decoded {
    hash: [u8; 32],
    pixels: Result<Pixels, PixelError>,
}

impl Decoded {
    /// Hashes, decodes and prepares an encoded image.
    pub(super) fn new(encoded: &[u8], processor: &Processor) -> Self {
        Self { hash: ImageCache::key(encoded), pixels: processor.pixels(encoded) }
    }
}

/// The features of a batch of decoded images. Identical files are computed once, and kept in
/// `cache` between calls.
pub(super) fn features(
    scorer: &PickScore,
    cache: &mut ImageCache,
    decoded: &[Decoded],
) -> Result<PerImage<ImageFeatures>, Fault> {
    let readable = decoded.iter().filter_map(|image| Some((image.hash, image.pixels.as_ref().ok()?)));
    let readable: Vec<_> = readable.collect();
    let computed = scorer.pixel_features_with(cache, &readable).block_on();
    let mut computed = computed.map_err(ScoreError::from)?.into_iter();
    let feature = |image: &Decoded| match &image.pixels {
        Ok(_) => computed.next().map(Ok),
        Err(error) => Some(Err(error.clone())),
    };
    Ok(decoded.iter().filter_map(feature).collect())
}

/// The embeddings of a batch of decoded images, as [`features`].
pub(super) fn embeddings(
    scorer: &PickScore,
    cache: &mut ImageCache,
    decoded: &[Decoded],
) -> Result<PerImage<Embedding>, Fault> {
    Ok(scorer.embeddings(features(scorer, cache, decoded)?)?)
}

/// Embeds image files in order. An unreadable image is reported; if `strict`, it is an error.
pub(super) fn embed_files(
    scorer: &PickScore,
    files: &[PathBuf],
    strict: bool,
    take: &mut dyn FnMut(Outcome<Embedding>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut cache = ImageCache::default();
    let processor = scorer.processor();
    let decode = |encoded: Vec<u8>| Decoded::new(&encoded, processor);
    let mut embed = |decoded: &[Decoded]| embeddings(scorer, &mut cache, decoded);
    each_file(files, scorer.batch(), strict, &decode, &mut embed, take)
}

/// Computes something of a batch of prepared images.
type Compute<'a, P, T> = dyn FnMut(&[P]) -> Result<PerImage<T>, Fault> + 'a;

/// Computes something of image files in order, a batch of `size` at a time. While a batch is
/// computed, the next is read and prepared on all cores. An unreadable image is reported; if
/// `strict`, it is an error.
pub(super) fn each_file<P: Send, T>(
    files: &[PathBuf],
    size: usize,
    strict: bool,
    prepare: &(dyn Fn(Vec<u8>) -> P + Sync),
    compute: &mut Compute<'_, P, T>,
    take: &mut dyn FnMut(Outcome<T>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let bar = bar("{msg} {wide_bar} {pos}/{len} ({eta} left)");
    bar.set_message("Images");
    bar.set_length(files.len() as u64);
    let read = |path: &PathBuf| files::read(path).map(prepare).map_err(|error| error.to_string());
    let read = |batch: &[PathBuf]| -> (Vec<PathBuf>, Vec<Result<P, String>>) {
        (batch.to_vec(), batch.par_iter().map(read).collect())
    };
    let computed = ahead(files.chunks(size), read, |(paths, prepared)| {
        let (mut images, mut reasons) = (Vec::with_capacity(paths.len()), Vec::with_capacity(paths.len()));
        for prepared in prepared {
            reasons.push(prepared.map(|image| images.push(image)).err());
        }
        let mut computed = compute(&images)?.into_iter();
        for (path, reason) in paths.into_iter().zip(reasons) {
            let result = match reason {
                Some(reason) => Err(reason),
                None => match computed.next() {
                    Some(result) => result.map_err(|error| error.to_string()),
                    None => continue,
                },
            };
            if let Err(reason) = &result {
                let fault = Fault::Input { path: path.display().to_string(), reason: reason.clone() };
                if strict {
                    return Err(fault);
                }
                bar.suspend(|| fault::report(&fault));
            }
            // A line of results must not be written into the progress bar.
            bar.suspend(|| take(Outcome { path, result }))?;
            bar.inc(1);
        }
        Ok(())
    });
    bar.finish_and_clear();
    computed
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
