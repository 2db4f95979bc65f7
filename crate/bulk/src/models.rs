//! The models that score, and what identifies them.

use std::path::Path;

use pickscore_checkpoint::weights::{MAX_HEAD_LENGTH, ModelDirectory};
use pickscore_common::{hexadecimal::hexadecimal, regular::read_regular};
use pickscore_model::{
    PickScore,
    scorer::{OpenOptions, PrecisionChoice, ScoreCache, ScoreError},
};
use pickscore_pixels::Limits;
use sha2::{Digest as _, Sha256};

use crate::error::BulkError;

/// Changes when the same files give other scores.
const VERSION: u32 = 1;

/// A loaded model with its name in the output.
#[derive(Debug)]
pub struct BulkModel {
    /// The model.
    pub scorer: PickScore,
    /// The name before its columns, if there are several models.
    pub name: String,
    /// What [`identity`] gives for it.
    pub identity: String,
    /// Results for prompts and images that may occur again.
    pub(crate) cache: ScoreCache,
}

impl BulkModel {
    /// A model, its name, and what [`identity`] gives for it.
    pub fn new(scorer: PickScore, name: String, identity: String) -> Self {
        Self { scorer, name, identity, cache: ScoreCache::default() }
    }
}

/// A text that identifies a model and how it scores: all of its files that are read, its head, the
/// scorer and precision that were asked for. The files are read through.
///
/// The device is not part of it, so that machines with and without a GPU can share the work.
///
/// # Errors
///
/// If a file cannot be read.
pub fn identity(model: &Path, options: &OpenOptions) -> Result<String, BulkError> {
    let directory = ModelDirectory::open_as(model, options.scorer).map_err(ScoreError::from)?;
    let recognised = PickScore::recognise(model, options)?;
    let mut hash = Sha256::new();
    hash.update(VERSION.to_le_bytes());
    hash.update(directory.fingerprint().map_err(ScoreError::from)?);
    hash.update(recognised.scorer.name);
    let precision = match options.precision {
        PrecisionChoice::Auto => "auto".into(),
        PrecisionChoice::Exactly(precision) => format!("{precision:?}"),
    };
    hash.update([0]);
    hash.update(precision);
    // The limit only decides which images fail: scores under another one are the same.
    hash.update(Limits::default().max_pixels.to_le_bytes());
    let read =
        |path: &Path| read_regular(path, MAX_HEAD_LENGTH).map_err(|error| BulkError::read(path, error));
    match &options.head {
        Some(head) => hash.update(read(head)?),
        None => {
            // All heads beside the model, of which one is chosen.
            for head in &directory.description().heads {
                let bytes = directory.read_file(head, MAX_HEAD_LENGTH);
                hash.update(bytes.map_err(ScoreError::from)?);
            }
        }
    }
    Ok(hexadecimal(&hash.finalize()))
}
