//! What shape a CLIP model has, and where that is written: Hugging Face's `config.json` or open_clip's JSON.

mod error;
mod fields;
mod hugging_face;
mod open_clip;

use serde_json::Value;

pub use error::ConfigError;
use fields::Fields;

/// A CLIP model: two towers that meet in one space.
#[derive(Debug, Clone, PartialEq)]
pub struct ClipConfig {
    /// The tower that reads prompts.
    pub text: TextConfig,
    /// The tower that reads images.
    pub vision: VisionConfig,
    /// Width of the space both towers project into (1024 for PickScore).
    pub projection: usize,
}

/// The text tower.
#[derive(Debug, Clone, PartialEq)]
pub struct TextConfig {
    /// Its transformer.
    pub transformer: Transformer,
    /// Tokens per prompt (77).
    pub context: usize,
    /// Rows of the token embedding (49408).
    pub vocabulary: usize,
    /// Which position stands for the whole prompt.
    pub pooling: TextPooling,
}

/// The vision tower.
#[derive(Debug, Clone, PartialEq)]
pub struct VisionConfig {
    /// Its transformer.
    pub transformer: Transformer,
    /// Width and height of the images it reads (224).
    pub image_size: usize,
    /// Width and height of a patch (14).
    pub patch_size: usize,
}

impl ClipConfig {
    /// Reads `config.json` of Hugging Face or `open_clip_config.json` of open_clip.
    ///
    /// # Errors
    ///
    /// When it is neither, when a number is out of bounds, and when it asks for something that the towers do not
    /// compute; the error names the field.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ConfigError> {
        if bytes.len() > bounds::FILE {
            return Err(ConfigError::TooLong { found: bytes.len(), most: bounds::FILE });
        }
        let parsed = serde_json::from_slice::<Value>(bytes);
        let value = parsed.map_err(|error| ConfigError::NotJson { reason: error.to_string() })?;
        let file = Fields::of("the top level", &value)?.at_root();
        let config = if hugging_face::matches(&file) {
            hugging_face::read(&file)?
        } else if open_clip::matches(&file) {
            open_clip::read(&file)?
        } else {
            return Err(ConfigError::NotClip);
        };
        match config.parameter_count() {
            count if count > bounds::PARAMETERS => {
                Err(ConfigError::TooManyParameters { found: count, most: bounds::PARAMETERS })
            }
            _ => Ok(config),
        }
    }

    /// The model that open_clip calls by this name, for example `ViT-H-14` or `ViT-B-32-quickgelu`.
    ///
    /// # Errors
    ///
    /// When the name is not known; the error lists those that are.
    pub fn open_clip(name: &str) -> Result<Self, ConfigError> {
        open_clip::named(name)
    }

    /// How many numbers the model holds, the logit scale included (986,109,441 for PickScore).
    pub fn parameter_count(&self) -> u128 {
        let wide = |n: usize| n as u128;
        let (text, vision) = (&self.text, &self.vision);
        let (text_width, vision_width) = (wide(text.transformer.width), wide(vision.transformer.width));
        let patch = 3 * wide(vision.patch_size) * wide(vision.patch_size);
        let embeddings = (wide(text.vocabulary) + wide(text.context)) * text_width
            + (wide(vision.positions()) + 1 + patch) * vision_width;
        let norms = 2 * text_width + 4 * vision_width;
        let projections = wide(self.projection) * (text_width + vision_width);
        let blocks = text.transformer.parameter_count() + vision.transformer.parameter_count();
        embeddings + norms + projections + blocks + 1
    }
}

impl Transformer {
    fn parameter_count(&self) -> u128 {
        let (width, mlp) = (self.width as u128, self.mlp as u128);
        let attention = 4 * width * (width + 1);
        let norms = 4 * width;
        (attention + norms + mlp * (2 * width + 1) + width) * self.layers as u128
    }
}

/// What no CLIP model exceeds, so that a hostile configuration cannot ask for memory that nobody has.
mod bounds {
    /// Bytes of the file; open_clip's and Hugging Face's have a few thousand.
    pub(super) const FILE: usize = 1 << 20;
    pub(super) const WIDTH: u64 = 1 << 16;
    pub(super) const MLP: u64 = 1 << 18;
    pub(super) const LAYERS: u64 = 1 << 10;
    pub(super) const IMAGE: u64 = 1 << 12;
    /// A start token, an end token and one between.
    pub(super) const CONTEXT: (u64, u64) = (3, 1 << 14);
    pub(super) const VOCABULARY: u64 = 1 << 24;
    /// The largest CLIP published has 18 · 10⁹.
    pub(super) const PARAMETERS: u128 = 1 << 35;
}

impl VisionConfig {
    /// Patches along one side of an image; what is left over at the right and the bottom is not read.
    pub fn grid(&self) -> usize {
        self.image_size / self.patch_size
    }

    /// Positions of the transformer: the class token and the patches.
    pub fn positions(&self) -> usize {
        self.grid() * self.grid() + 1
    }
}

/// A stack of pre-norm transformer blocks.
#[derive(Debug, Clone, PartialEq)]
pub struct Transformer {
    /// Width of the residual stream.
    pub width: usize,
    /// Blocks.
    pub layers: usize,
    /// Attention heads; divides `width`.
    pub heads: usize,
    /// Width of the hidden layer of the MLP.
    pub mlp: usize,
    /// Activation of the MLP.
    pub activation: Activation,
    /// Epsilon of the layer norms.
    pub layer_norm_eps: f64,
}

/// Activation of an MLP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Activation {
    /// `x · Φ(x)`, exact (erf).
    Gelu,
    /// `x · sigmoid(1.702 x)`, as OpenAI's own CLIP models have.
    QuickGelu,
}

/// Which position of a prompt stands for the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextPooling {
    /// The first position of the highest id: what transformers does when a configuration says `eos_token_id: 2`, and open_clip always.
    HighestId,
    /// The first position of this id.
    FirstOf(u32),
}
