//! A model for scoring, of any architecture.

use super::{blip::Blip, clip::Clip, error::TowerError};

/// A model for scoring.
#[derive(Debug)]
pub enum Model {
    /// Embeds prompts and images apart.
    Clip(Clip),
    /// Scores pairs of a prompt and an image.
    Blip(Blip),
}

impl Model {
    /// The CLIP model.
    ///
    /// # Errors
    ///
    /// Fails if it is another model.
    pub fn into_clip(self) -> Result<Clip, TowerError> {
        match self {
            Self::Clip(clip) => Ok(clip),
            Self::Blip(_) => Err(TowerError::NotClip),
        }
    }
}
