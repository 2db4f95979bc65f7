//! The towers of a CLIP model.

use std::time::Instant;

use anyhow::{Result, bail};
use pickscore_checkpoint::config::TextConfig;
use pickscore_generate::pixels;
use pickscore_model::towers::Clip;
use pickscore_pixels::Pixels;
use pickscore_score::score;
use pickscore_tokens::Tokens;
use pollster::FutureExt as _;

use crate::{SEED, joined, milliseconds};

/// A prompt of this many words, padded to the context with end tokens.
fn tokens(index: usize, words: usize, text: &TextConfig) -> Tokens {
    let vocabulary = text.vocabulary as u32;
    let body = (0..words).map(|at| ((at * 7919 + index * 104_729) % (text.vocabulary - 2)) as u32);
    let mut ids: Vec<u32> = std::iter::once(vocabulary - 2).chain(body).collect();
    ids.resize(text.context, vocabulary - 1);
    Tokens { ids, length: words + 2, truncated: false }
}

/// The scores of the first `count` prompts for as many images, in the order `[prompts, images]`.
pub(crate) fn scores(clip: &Clip, count: usize) -> Result<String> {
    let (prompts, images) = inputs(clip, "text", count);
    let texts = clip.text(&prompts.iter().collect::<Vec<_>>()).block_on()?;
    let images = clip.vision(&images.iter().collect::<Vec<_>>()).block_on()?;
    let of = |text| images.iter().map(move |image| score(clip.logit_scale(), text, image));
    Ok(joined(&texts.iter().flat_map(of).collect::<Vec<_>>()))
}

/// The prompts and images of a case.
fn inputs(clip: &Clip, case: &str, count: usize) -> (Vec<Tokens>, Vec<Pixels>) {
    let (text, vision) = (&clip.config().text, &clip.config().vision);
    let words = if case == "short" { 18 } else { text.context - 2 };
    let prompts = (0..count).map(|at| tokens(at, words, text)).collect();
    let images = (0..count).map(|at| pixels(SEED, at, vision.image_size)).collect();
    (prompts, images)
}

/// The time of a case. Images are computed in batches of the size that the scorer recommends.
pub(crate) fn answer(clip: &Clip, batch: usize, case: &str, count: usize) -> Result<f64> {
    let (prompts, images) = inputs(clip, case, count);
    let (prompts, images): (Vec<_>, Vec<_>) = (prompts.iter().collect(), images.iter().collect());
    let start = Instant::now();
    match case {
        "text" | "short" => drop(clip.text(&prompts).block_on()?),
        "vision" => {
            for images in images.chunks(batch) {
                drop(clip.vision(images).block_on()?);
            }
        }
        other => bail!("CLIP has no case called {other}"),
    }
    Ok(milliseconds(start))
}
