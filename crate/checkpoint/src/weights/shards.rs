//! The index of a sharded checkpoint (`model.safetensors.index.json`).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::error::WeightError;

/// Maximum size of an index in bytes.
pub(super) const MAX_LENGTH: usize = 16 << 20;
/// Maximum number of files of a checkpoint.
const MAX_FILES: usize = 4096;

/// The files of a sharded checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardIndex {
    /// File names without folders, in reading order.
    pub files: Vec<String>,
    /// Tensor name → file name.
    pub tensors: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Json {
    weight_map: BTreeMap<String, String>,
}

impl ShardIndex {
    /// Parses an index. `name` is used in errors.
    ///
    /// # Errors
    ///
    /// Returns an error if the JSON is invalid, or names a file outside of the index's folder.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self, WeightError> {
        let wrong = |reason: String| WeightError::Index { file: name.into(), reason };
        if bytes.len() > MAX_LENGTH {
            return Err(wrong(format!("it is {} bytes long, expected at most {MAX_LENGTH}", bytes.len())));
        }
        let parsed = serde_json::from_slice::<Json>(bytes);
        let tensors = parsed.map_err(|error| wrong(error.to_string()))?.weight_map;
        let files: BTreeSet<&String> = tensors.values().collect();
        if files.is_empty() {
            return Err(wrong("its `weight_map` lists no tensors".into()));
        }
        if files.len() > MAX_FILES {
            return Err(wrong(format!("it lists {} files, expected at most {MAX_FILES}", files.len())));
        }
        if let Some(file) = files.iter().find(|file| !is_plain_name(file)) {
            return Err(wrong(format!(
                "it lists the file {file:?}, expected a plain file name in the same folder"
            )));
        }
        let files = files.into_iter().cloned().collect();
        Ok(Self { files, tensors })
    }
}

/// Whether a name is a plain file name, which cannot refer to another folder.
pub(super) fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && name != "."
        && name != ".."
        && !name.contains(['/', '\\', ':', '\0'])
        && name.len() <= 255
}
