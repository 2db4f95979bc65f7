//! The configuration of a model: CLIP's from Hugging Face's `config.json` or open_clip's JSON,
//! ImageReward's from this project's.

mod blip;
mod bounds;
mod clip;
mod error;
mod fields;
mod hugging_face;
mod inferred;
mod model;
mod open_clip;

pub use blip::{BertConfig, BlipConfig};
pub use clip::{Activation, ClipConfig, TextConfig, TextPooling, Transformer, VisionConfig};
pub use error::ConfigError;
pub(crate) use inferred::{add_encoder_settings, infer, is_blip};
pub use model::ModelConfig;

impl ClipConfig {
    /// Reads Hugging Face's `config.json` or open_clip's `open_clip_config.json`.
    ///
    /// # Errors
    ///
    /// Returns an error if the file is in neither format, a number is out of bounds, or the
    /// configuration requires an operation that the towers do not support. The error names the
    /// field.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ConfigError> {
        match ModelConfig::from_json(bytes)? {
            ModelConfig::Clip(config) => Ok(config),
            ModelConfig::Blip(_) => Err(ConfigError::NotClip),
        }
    }

    /// The configuration of an open_clip model by name, for example `ViT-H-14` or
    /// `ViT-B-32-quickgelu`.
    ///
    /// # Errors
    ///
    /// Returns an error that lists the known names if the name is unknown.
    pub fn open_clip(name: &str) -> Result<Self, ConfigError> {
        open_clip::named(name)
    }
}

/// The error for a file next to the weights that is a git-lfs pointer or a page rather than a JSON
/// object. Other files are left to their parsers.
pub(crate) fn not_an_object(bytes: &[u8]) -> Option<ConfigError> {
    if bytes.trim_ascii_start().first() == Some(&b'{') {
        return None;
    }
    let error = serde_json::from_slice::<serde::de::IgnoredAny>(bytes).err()?;
    Some(ConfigError::NotJson { reason: not_json(bytes, &error) })
}

/// Explains why a file is not JSON. Files that failed downloads leave behind get a message of their
/// own.
fn not_json(bytes: &[u8], error: &serde_json::Error) -> String {
    let start = bytes.trim_ascii_start();
    if start.starts_with(b"version https://git-lfs") {
        return "it is a git-lfs pointer; run `git lfs pull` in its repository, or download the file itself"
            .into();
    }
    if start.first() == Some(&b'<') {
        return "it is an HTML or XML page; the server answered with a page, perhaps because the address is wrong or \
                needs a login"
            .into();
    }
    error.to_string()
}
