//! Generates the numbers.

use pickscore_common::seeded::{hashes, uniform};
use pickscore_pixels::Pixels;
use pickscore_tokens::Tokens;

/// How a tensor's numbers are generated, depending on its name.
enum Recipe {
    Constant(f32),
    /// base + scale · u
    Around(f32, f32),
    /// scale · u, with outliers.
    Matrix(f32),
}

const GAINS: [(&str, f64); 11] = [
    ("q_proj", 1.2),
    ("k_proj", 1.2),
    ("in_proj_weight", 1.1),
    ("out_proj", 0.7),
    ("fc2", 0.7),
    ("c_proj", 0.7),
    ("self.query", 1.2),
    ("self.key", 1.2),
    ("qkv", 1.1),
    ("attn.proj", 0.7),
    ("output.dense", 0.7),
];

fn recipe(name: &str, shape: &[usize]) -> Recipe {
    let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    if name.ends_with("logit_scale") {
        Recipe::Constant(4.605_170_2)
    } else if has(&["norm", "Norm", "ln_"]) && name.ends_with("weight") {
        Recipe::Around(1.0, 0.2)
    } else if shape.len() == 1 && !name.contains("class_embedding") {
        Recipe::Around(0.0, 0.05)
    } else if has(&["position", "pos_embed"]) {
        Recipe::Around(0.0, 0.3)
    } else if has(&["class_embedding", "token_embedding", "cls_token", "word_embeddings"]) {
        Recipe::Around(0.0, 0.7)
    } else {
        let transposed = name.ends_with("visual.proj") || name.ends_with("text_projection");
        let inputs: usize = if transposed { shape[0] } else { shape[1..].iter().product() };
        let gain = GAINS.iter().find(|(part, _)| name.contains(part)).map_or(1.0, |(_, gain)| *gain);
        Recipe::Matrix((gain * (3.0 / inputs as f64).sqrt()) as f32)
    }
}

/// Numbers `start..start + target.len()` of a tensor, by its name in the checkpoint.
pub fn weights(seed: u64, name: &str, shape: &[usize], start: usize, target: &mut [f32]) {
    let recipe = recipe(name, shape);
    for (target, z) in target.iter_mut().zip(hashes(seed, name, start as u64)) {
        let u = uniform(z);
        *target = match recipe {
            Recipe::Constant(value) => value,
            Recipe::Around(0.0, scale) => scale * u,
            Recipe::Around(base, scale) => base + scale * u,
            Recipe::Matrix(scale) => scale * if z & 255 == 0 { 4.0 * u } else { u },
        };
    }
}

/// Numbers in −1..1 for any name, used as features that do not come from a model.
pub fn features(seed: u64, name: &str, count: usize) -> Vec<f32> {
    hashes(seed, name, 0).take(count).map(uniform).collect()
}

/// `[3, size, size]`: large areas of colour with grain.
pub fn pixels(seed: u64, index: usize, size: usize) -> Pixels {
    let field: Vec<f32> = hashes(seed, &format!("field.{index}"), 0).take(3 * 64).map(uniform).collect();
    let mut grain = hashes(seed, &format!("grain.{index}"), 0).map(uniform);
    let mut values = Vec::with_capacity(3 * size * size);
    for channel in 0..3 {
        for y in 0..size {
            for x in 0..size {
                let field = field[channel * 64 + y * 8 / size * 8 + x * 8 / size];
                values.push(1.5 * field + 0.5 * grain.next().unwrap_or_default());
            }
        }
    }
    Pixels { size, values }
}

/// A prompt as ids: the start token, a few random tokens, and end tokens as padding.
pub fn prompt(seed: u64, index: usize, context: usize, vocabulary: usize) -> Tokens {
    let mut numbers = hashes(seed, &format!("prompt.{index}"), 0);
    let words = 1 + numbers.next().unwrap_or_default() as usize % (context - 2);
    let (start, end) = (vocabulary as u32 - 2, vocabulary as u32 - 1);
    let mut ids = vec![start];
    ids.extend(numbers.take(words).map(|z| (z % (vocabulary as u64 - 2)) as u32));
    ids.truncate(context - 1);
    let length = ids.len() + 1;
    ids.resize(context, end);
    Tokens { ids, length, truncated: false }
}
