//! A self-test of a device: a small model with known embeddings.
//!
//! A driver that miscompiles a shader still returns plausible scores. So before a device is used, a
//! model with generated weights runs on it, through the same loader and towers. Its embeddings are
//! compared with those of Hugging Face transformers, computed by
//! `tests/parity/reference/self_test.py`.

use serde::Deserialize;

use crate::towers::{Embedding, Kernels, ModelBuilder, TowerError};
use pickscore_checkpoint::config::ClipConfig;
use pickscore_checkpoint::weights::{Kind, Loader, Precision, StoredLayout, WeightError, parameters};
use pickscore_common::seeded::{hashes, uniform};
use pickscore_pixels::Pixels;
use pickscore_tokens::Tokens;

/// The configuration and the embeddings that transformers computes in f32.
#[derive(Deserialize)]
struct Expected {
    config: serde_json::Value,
    seed: u64,
    texts: Vec<Vec<f32>>,
    images: Vec<Vec<f32>>,
}

/// Why a device failed the self-test.
#[derive(Debug, thiserror::Error)]
pub enum SelfTestError {
    /// An embedding is wrong.
    #[error(
        "the device returns wrong results: {what} of the self-test has a cosine similarity of {found:.6} to the \
         expected embedding; expected at least {least}"
    )]
    Wrong {
        /// The input, such as `"prompt 1"`.
        what: String,
        /// Cosine similarity to the expected embedding.
        found: f32,
        /// Smallest accepted value in this precision.
        least: f32,
    },
    /// The device failed.
    #[error("the self-test failed: {0}")]
    Tower(#[from] TowerError),
    /// The built-in model is broken, which the tests of this crate rule out.
    #[error("the self-test's model is broken: {0}")]
    Weights(#[from] WeightError),
    /// As [`SelfTestError::Weights`].
    #[error("the self-test's data is broken: {0}")]
    Data(String),
}

/// Runs the self-test with the given kernels and precision.
///
/// # Errors
///
/// Fails if the device fails or its embeddings differ from the expected ones.
pub async fn self_test(kernels: Kernels, precision: Precision) -> Result<(), SelfTestError> {
    let expected: Expected = serde_json::from_str(include_str!("expected.json"))
        .map_err(|error| SelfTestError::Data(error.to_string()))?;
    let config = ClipConfig::from_json(expected.config.to_string().as_bytes())
        .map_err(|error| SelfTestError::Data(error.to_string()))?;
    let (text, vision) = (config.text.clone(), config.vision.clone());
    let mut builder = ModelBuilder::new(&config, kernels);
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
    let clip = builder.finish()?.into_clip()?;

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

/// A prompt of random tokens between start and end token, padded with the end token.
fn prompt(seed: u64, index: usize, context: usize, vocabulary: usize) -> Tokens {
    let (start, end) = (vocabulary as u32 - 2, vocabulary as u32 - 1);
    let words = 5 + 20 * index;
    let mut ids = vec![start];
    let hashes = hashes(seed, &format!("prompt.{index}"), 0);
    ids.extend(hashes.take(words).map(|z| (z % u64::from(start)) as u32));
    ids.resize(context, end);
    Tokens { ids, length: words + 2, truncated: false }
}

/// An image of noise.
fn image(seed: u64, index: usize, size: usize) -> Pixels {
    let hashes = hashes(seed, &format!("image.{index}"), 0);
    Pixels { size, values: hashes.take(3 * size * size).map(uniform).collect() }
}

/// Compares embeddings with the expected ones.
fn check(
    what: &str,
    found: &[Embedding],
    expected: &[Vec<f32>],
    precision: Precision,
) -> Result<(), SelfTestError> {
    // A wrong kernel is far off; these bounds allow for the rounding errors of a correct one.
    let least = match precision {
        Precision::F32 => 0.9999,
        Precision::F16 => 0.999,
        Precision::Q8 | Precision::Q8Fast => 0.995,
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
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use pollster::FutureExt as _;

    use super::*;

    #[test]
    fn the_cpu_passes_in_every_precision() {
        for precision in Precision::ALL {
            self_test(Kernels::Cpu(precision.into()), precision).block_on().unwrap();
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
