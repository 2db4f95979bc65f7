//! A small model with a known answer: whether a device computes what it should.
//!
//! Shaders that a driver compiles wrongly give scores that look like scores. So before a model is
//! used on a device, a model of generated weights runs there, through the same loader and towers,
//! and its embeddings are held against transformers' (`tests/parity/reference/self_test.py` makes
//! them).

use serde::Deserialize;

use crate::towers::{ClipBuilder, Embedding, Kernels, TowerError};
use pickscore_checkpoint::config::ClipConfig;
use pickscore_checkpoint::weights::{Kind, Loader, Precision, StoredLayout, WeightError, parameters};
use pickscore_common::seeded::{hashes, uniform};
use pickscore_pixels::Pixels;
use pickscore_tokens::Tokens;

/// The configuration and what transformers computes with it, in f32.
#[derive(Deserialize)]
struct Expected {
    config: serde_json::Value,
    seed: u64,
    texts: Vec<Vec<f32>>,
    images: Vec<Vec<f32>>,
}

/// Why a device is not to be trusted.
#[derive(Debug, thiserror::Error)]
pub enum SelfTestError {
    /// It computed something else than it should.
    #[error(
        "the device computes wrongly: the self-test's {what} has a cosine of {found:.6} with the right one; expected at least {least}"
    )]
    Wrong {
        /// Which of the test's inputs.
        what: String,
        /// Cosine between what was computed and what is right.
        found: f32,
        /// What passes in this precision.
        least: f32,
    },
    /// It did not compute at all.
    #[error("the self-test failed: {0}")]
    Tower(#[from] TowerError),
    /// The built-in model is broken, which the library's own tests rule out.
    #[error("the self-test's model is broken: {0}")]
    Weights(#[from] WeightError),
    /// As [`SelfTestError::Weights`].
    #[error("the self-test's data is broken: {0}")]
    Data(String),
}

/// Runs the small model with these kernels, stored in this precision, as a model in use.
///
/// # Errors
///
/// When the device fails or computes something else than transformers.
pub async fn self_test(kernels: Kernels, precision: Precision) -> Result<(), SelfTestError> {
    let expected: Expected = serde_json::from_str(include_str!("expected.json"))
        .map_err(|error| SelfTestError::Data(error.to_string()))?;
    let config = ClipConfig::from_json(expected.config.to_string().as_bytes())
        .map_err(|error| SelfTestError::Data(error.to_string()))?;
    let (text, vision) = (config.text.clone(), config.vision.clone());
    let mut builder = ClipBuilder::new(config.clone(), kernels);
    let mut loader = Loader::new(&config, precision);
    let sink = &mut |parameter: &_, values| builder.accept(parameter, values);
    let layout = StoredLayout::new(&config, Precision::F32);
    loader.begin("the self-test's model", Some(layout.length()), true);
    loader.push(layout.header(), sink)?;
    for parameter in parameters(&config) {
        let count = parameter.shape.iter().product();
        let columns: usize = parameter.shape.iter().skip(1).product();
        let scale = if parameter.kind == Kind::Matrix { (3.0 / columns as f64).sqrt() as f32 } else { 0.3 };
        let is_norm = parameter.name.contains("norm") && parameter.name.ends_with("weight");
        let number = |z| match parameter.name.as_str() {
            "logit_scale" => 4.605_170_2,
            _ if is_norm => 1.0 + 0.2 * uniform(z),
            _ => scale * uniform(z),
        };
        let numbers: Vec<f32> = hashes(expected.seed, &parameter.name, 0).take(count).map(number).collect();
        loader.push(bytemuck::cast_slice(&numbers), sink)?;
    }
    loader.end()?;
    loader.finish("the self-test's model")?;
    let clip = builder.finish()?;

    let prompts: Vec<Tokens> = (0..expected.texts.len())
        .map(|index| prompt(expected.seed, index, text.context, text.vocabulary))
        .collect();
    let texts = clip.text(&prompts.iter().collect::<Vec<_>>()).await?;
    check("prompt", &texts, &expected.texts, precision)?;
    let images: Vec<Pixels> =
        (0..expected.images.len()).map(|index| image(expected.seed, index, vision.image_size)).collect();
    let images = clip.vision(&images.iter().collect::<Vec<_>>()).await?;
    check("image", &images, &expected.images, precision)
}

/// The start token, some words and the end token, which is also what follows.
fn prompt(seed: u64, index: usize, context: usize, vocabulary: usize) -> Tokens {
    let (start, end) = (vocabulary as u32 - 2, vocabulary as u32 - 1);
    let words = 5 + 20 * index;
    let mut ids = vec![start];
    let hashes = hashes(seed, &format!("prompt.{index}"), 0);
    ids.extend(hashes.take(words).map(|z| (z % u64::from(start)) as u32));
    ids.resize(context, end);
    Tokens { ids, length: words + 2, truncated: false }
}

/// Noise.
fn image(seed: u64, index: usize, size: usize) -> Pixels {
    let hashes = hashes(seed, &format!("image.{index}"), 0);
    Pixels { size, values: hashes.take(3 * size * size).map(uniform).collect() }
}

fn check(
    what: &str,
    found: &[Embedding],
    expected: &[Vec<f32>],
    precision: Precision,
) -> Result<(), SelfTestError> {
    // A wrong kernel is far off; these leave room for the rounding of any right one.
    let least = match precision {
        Precision::F32 => 0.9999,
        Precision::F16 => 0.999,
        Precision::Q8 => 0.995,
    };
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let cosine = found.cosine(&Embedding::normalised(expected.clone()));
        if cosine.is_nan() || cosine < least {
            return Err(SelfTestError::Wrong { what: format!("{what} {}", index + 1), found: cosine, least });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says so by failing")]

    use pollster::FutureExt as _;

    use super::*;

    #[test]
    fn the_cpu_passes_in_every_precision() {
        for precision in [Precision::F32, Precision::F16, Precision::Q8] {
            self_test(Kernels::Cpu, precision).block_on().unwrap();
        }
    }

    #[test]
    fn a_wrong_answer_is_refused() {
        let right = [vec![0.6, 0.8, 0.0]];
        for (wrong, passes) in [
            ([0.6, 0.8, 0.0], true),
            ([0.6, 0.8, 0.03], false),
            ([0.0, 0.0, 0.0], false),
            ([f32::NAN; 3], false),
        ] {
            let outcome = check("image", &[Embedding::normalised(wrong.to_vec())], &right, Precision::F32);
            assert_eq!(outcome.is_ok(), passes, "{wrong:?}: {outcome:?}");
        }
    }
}
