//! The configuration of any model.

use serde_json::Value;

use super::{
    blip,
    blip::BlipConfig,
    bounds,
    clip::{ClipConfig, VisionConfig},
    error::ConfigError,
    fields::Fields,
    hugging_face, not_json, open_clip,
};

/// The shape of a model.
#[derive(Debug, Clone, PartialEq)]
pub enum ModelConfig {
    /// A CLIP model: two towers that embed prompts and images apart.
    Clip(ClipConfig),
    /// ImageReward: a text encoder that reads the image.
    Blip(BlipConfig),
}

impl ModelConfig {
    /// Reads Hugging Face's `config.json`, open_clip's `open_clip_config.json`, or the
    /// configuration that this project writes for ImageReward.
    ///
    /// # Errors
    ///
    /// Returns an error if the file is in none of these formats, a number is out of bounds, or the
    /// configuration requires an operation that the towers do not support. The error names the
    /// field.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ConfigError> {
        if bytes.len() > bounds::FILE {
            return Err(ConfigError::TooLong { found: bytes.len(), most: bounds::FILE });
        }
        let parsed = serde_json::from_slice::<Value>(bytes);
        let value = parsed.map_err(|error| ConfigError::NotJson { reason: not_json(bytes, &error) })?;
        let file = Fields::of("the top level", &value)?.at_root();
        let config = if blip::matches(&file) {
            Self::Blip(blip::read(&file)?)
        } else if hugging_face::matches(&file) {
            Self::Clip(hugging_face::read(&file)?)
        } else if open_clip::matches(&file) {
            Self::Clip(open_clip::read(&file)?)
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

    /// Number of parameters.
    pub fn parameter_count(&self) -> u128 {
        match self {
            Self::Clip(config) => config.parameter_count(),
            Self::Blip(config) => config.parameter_count(),
        }
    }

    /// The shape of the vision tower or image encoder.
    pub fn vision(&self) -> &VisionConfig {
        match self {
            Self::Clip(config) => &config.vision,
            Self::Blip(config) => &config.vision,
        }
    }

    /// Tokens per prompt.
    pub fn context(&self) -> usize {
        match self {
            Self::Clip(config) => config.text.context,
            Self::Blip(_) => BlipConfig::CONTEXT,
        }
    }

    /// Rows of the token embedding.
    pub fn vocabulary(&self) -> usize {
        match self {
            Self::Clip(config) => config.text.vocabulary,
            Self::Blip(config) => config.text.vocabulary,
        }
    }

    /// Width of the embeddings; `None` for a model that has none.
    pub fn projection(&self) -> Option<usize> {
        match self {
            Self::Clip(config) => Some(config.projection),
            Self::Blip(_) => None,
        }
    }
}

impl From<ClipConfig> for ModelConfig {
    fn from(config: ClipConfig) -> Self {
        Self::Clip(config)
    }
}

impl From<&ClipConfig> for ModelConfig {
    fn from(config: &ClipConfig) -> Self {
        Self::Clip(config.clone())
    }
}

impl From<&ModelConfig> for ModelConfig {
    fn from(config: &ModelConfig) -> Self {
        config.clone()
    }
}
