//! The towers of a CLIP model.

use std::time::Instant;

use anyhow::{Result, bail};
use pickscore::{config::TextConfig, score::score, tokens::Tokens, towers::Clip};
use pickscore_generate::pixels;
use pollster::FutureExt as _;

use crate::{SEED, milliseconds};

/// A prompt of this many words, padded to the context with end tokens.
fn tokens(index: usize, words: usize, text: &TextConfig) -> Tokens {
    let vocabulary = text.vocabulary as u32;
    let body = (0..words).map(|at| ((at * 7919 + index * 104_729) % (text.vocabulary - 2)) as u32);
    let mut ids: Vec<u32> = std::iter::once(vocabulary - 2).chain(body).collect();
    ids.resize(text.context, vocabulary - 1);
    Tokens { ids, length: words + 2, truncated: false }
}

/// The time of a case, or the score. Images are computed in batches of the size that the scorer
/// recommends.
pub(crate) fn answer(clip: &Clip, batch: usize, case: &str, count: usize) -> Result<f64> {
    let (text, vision) = (&clip.config().text, &clip.config().vision);
    let words = if case == "short" { 18 } else { text.context - 2 };
    let prompts: Vec<_> = (0..count).map(|at| tokens(at, words, text)).collect();
    let images: Vec<_> = (0..count).map(|at| pixels(SEED, at, vision.image_size)).collect();
    let (prompts, images): (Vec<_>, Vec<_>) = (prompts.iter().collect(), images.iter().collect());
    let start = Instant::now();
    match case {
        "text" | "short" => drop(clip.text(&prompts).block_on()?),
        "vision" => {
            for images in images.chunks(batch) {
                drop(clip.vision(images).block_on()?);
            }
        }
        "score" => {
            let (texts, images) = (clip.text(&prompts).block_on()?, clip.vision(&images).block_on()?);
            return Ok(f64::from(score(clip.logit_scale(), &texts[0], &images[0])));
        }
        other => bail!("CLIP has no case called {other}"),
    }
    Ok(milliseconds(start))
}
