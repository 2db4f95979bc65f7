//! ImageReward's encoders.

use std::time::Instant;

use anyhow::{Result, bail};
use pickscore_generate::pixels;
use pickscore_model::towers::Blip;
use pickscore_tokens::Tokens;
use pollster::FutureExt as _;

use crate::{SEED, milliseconds};

/// Positions of a prompt, and ids of BERT's special tokens.
const POSITIONS: usize = 35;
const START: u32 = 101;
const END: u32 = 102;
/// The ids that words are taken from.
const WORDS: std::ops::Range<usize> = 1996..29_996;

/// A prompt of this many words, padded with zeros.
fn tokens(index: usize, words: usize) -> Tokens {
    let body = (0..words).map(|at| (WORDS.start + (at * 7919 + index * 104_729) % WORDS.len()) as u32);
    let mut ids: Vec<u32> = std::iter::once(START).chain(body).chain([END]).collect();
    ids.resize(POSITIONS, 0);
    Tokens { ids, length: words + 2, truncated: false }
}

/// The time of a case, or the reward of the first prompt and image. Images are computed in batches
/// of the size that the scorer recommends.
pub(crate) fn answer(blip: &Blip, batch: usize, case: &str, count: usize) -> Result<f64> {
    let (prompts, images) = match case {
        "images" => (1, count),
        "prompts" => (count, 1),
        "short" | "score" => (1, 1),
        other => bail!("ImageReward has no case called {other}"),
    };
    let words = if case == "short" { 18 } else { POSITIONS - 2 };
    let prompts: Vec<_> = (0..prompts).map(|at| tokens(at, words)).collect();
    let images: Vec<_> = (0..images).map(|at| pixels(SEED, at, blip.config().vision.image_size)).collect();
    let start = Instant::now();
    let mut rewards = Vec::new();
    for images in images.iter().collect::<Vec<_>>().chunks(batch) {
        let images = blip.encode(images).block_on()?;
        let pairs = prompts.iter().flat_map(|prompt| (0..images.len()).map(move |image| (prompt, image)));
        let images: Vec<_> = images.iter().collect();
        rewards.extend(blip.rewards(&images, &pairs.collect::<Vec<_>>()).block_on()?);
    }
    Ok(if case == "score" { f64::from(rewards[0]) } else { milliseconds(start) })
}
