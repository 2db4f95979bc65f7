//! The shape of ImageReward: BLIP's image encoder, its text encoder with cross-attention, and
//! fully connected layers that turn the first token into a score.
//!
//! Source: `ImageReward.py` and `models/BLIP/` of THUDM/ImageReward.

use serde_json::{Value, json};

use super::{
    bounds,
    clip::{Transformer, VisionConfig},
    error::ConfigError,
    fields::Fields,
    hugging_face::{Defaults, transformer, vision_tower},
};

/// `model_type` of the configuration that this project writes; the authors publish none.
pub(super) const MODEL_TYPE: &str = "image_reward";

/// The shape of ImageReward's model.
#[derive(Debug, Clone, PartialEq)]
pub struct BlipConfig {
    /// The shape of the image encoder.
    pub vision: VisionConfig,
    /// The shape of the text encoder.
    pub text: BertConfig,
}

/// The shape of the text encoder.
#[derive(Debug, Clone, PartialEq)]
pub struct BertConfig {
    /// The transformer; its blocks are followed, not preceded, by layer norms.
    pub transformer: Transformer,
    /// Rows of the position embedding (512).
    pub positions: usize,
    /// Rows of the token embedding (30524).
    pub vocabulary: usize,
}

impl BlipConfig {
    /// Outputs of the layers on the first token; the last is the score.
    pub const HEAD: [usize; 5] = [1024, 128, 64, 16, 1];
    /// Tokens per prompt, of which the first is `[CLS]`.
    pub const CONTEXT: usize = 35;

    /// Number of parameters that are used (446,206,689 for ImageReward).
    pub fn parameter_count(&self) -> u128 {
        let wide = |n: usize| n as u128;
        let (vision, text) = (&self.vision, &self.text);
        let (width, text_width) = (wide(vision.transformer.width), wide(text.transformer.width));
        let patch = 3 * wide(vision.patch_size) * wide(vision.patch_size);
        let vision_embeddings = (wide(vision.positions()) + 1 + patch + 1) * width;
        let text_embeddings = (wide(text.vocabulary) + wide(text.positions)) * text_width;
        let norms = 2 * width + 2 * text_width;
        let cross = (2 * text_width * (text_width + 1) + 2 * text_width * (width + 1) + 2 * text_width)
            * wide(text.transformer.layers);
        let blocks = vision.transformer.parameter_count() + text.transformer.parameter_count();
        let mut inputs = text_width;
        let mut head = 0;
        for outputs in Self::HEAD.map(wide) {
            head += outputs * (inputs + 1);
            inputs = outputs;
        }
        vision_embeddings + text_embeddings + norms + cross + blocks + head
    }
}

/// Whether a configuration is in this project's format for ImageReward.
pub(super) fn matches(file: &Fields<'_>) -> bool {
    file.get("model_type").is_some_and(|kind| kind == MODEL_TYPE)
}

/// Reads a configuration that [`write`] has written.
pub(super) fn read(file: &Fields<'_>) -> Result<BlipConfig, ConfigError> {
    let section = |name: &'static str| {
        let missing = || ConfigError::Missing { field: name.into(), expected: "an object" };
        file.section(name)?.ok_or_else(missing)
    };
    let (vision, text) = (section("vision_config")?, section("text_config")?);
    let least = BlipConfig::CONTEXT as u64;
    Ok(BlipConfig {
        vision: vision_tower(&vision)?,
        text: BertConfig {
            transformer: transformer(&text, &Defaults { width: 768, heads: 12, mlp: 3072 })?,
            positions: text.count("max_position_embeddings", 512, least, bounds::CONTEXT.1)?,
            vocabulary: text.count("vocab_size", 30524, 1, bounds::VOCABULARY)?,
        },
    })
}

/// The sizes that the tensors of a checkpoint show.
pub(super) struct Sizes {
    pub(super) width: usize,
    pub(super) layers: usize,
    pub(super) mlp: usize,
    pub(super) patch: usize,
    pub(super) image: usize,
    pub(super) text_width: usize,
    pub(super) text_layers: usize,
    pub(super) text_mlp: usize,
    pub(super) positions: usize,
    pub(super) vocabulary: usize,
}

/// A configuration in this project's format. The heads of both encoders are 64 wide at every
/// published size; the epsilons are those of timm and of `bert-base-uncased`.
pub(super) fn write(sizes: &Sizes) -> Option<Value> {
    let heads = |width: usize| width.is_multiple_of(64).then_some(width / 64);
    Some(json!({
        "model_type": MODEL_TYPE,
        "vision_config": {
            "hidden_size": sizes.width,
            "intermediate_size": sizes.mlp,
            "num_hidden_layers": sizes.layers,
            "num_attention_heads": heads(sizes.width)?,
            "image_size": sizes.image,
            "patch_size": sizes.patch,
            "hidden_act": "gelu",
            "layer_norm_eps": 1e-6,
        },
        "text_config": {
            "hidden_size": sizes.text_width,
            "intermediate_size": sizes.text_mlp,
            "num_hidden_layers": sizes.text_layers,
            "num_attention_heads": heads(sizes.text_width)?,
            "max_position_embeddings": sizes.positions,
            "vocab_size": sizes.vocabulary,
            "hidden_act": "gelu",
            "layer_norm_eps": 1e-12,
        },
    }))
}
