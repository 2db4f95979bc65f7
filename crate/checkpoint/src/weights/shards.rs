//! The index of a checkpoint that is cut into several files (`model.safetensors.index.json`).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::WeightError;

/// Longest index that is read.
const LONGEST: usize = 16 << 20;
/// Most files a checkpoint is cut into.
const MOST: usize = 4096;

/// The files of a sharded checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardIndex {
    /// File names without folders, in the order to read them in.
    pub files: Vec<String>,
    /// Which file each tensor is in.
    pub tensors: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Json {
    weight_map: BTreeMap<String, String>,
}

impl ShardIndex {
    /// Reads an index; `name` is for messages.
    ///
    /// # Errors
    ///
    /// When it is not JSON of the format, or names a file outside the index's own folder.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self, WeightError> {
        let wrong = |reason: String| WeightError::Index { file: name.into(), reason };
        if bytes.len() > LONGEST {
            return Err(wrong(format!("it is {} bytes long, expected at most {LONGEST}", bytes.len())));
        }
        let parsed = serde_json::from_slice::<Json>(bytes);
        let tensors = parsed.map_err(|error| wrong(error.to_string()))?.weight_map;
        let files: BTreeSet<&String> = tensors.values().collect();
        if files.is_empty() {
            return Err(wrong("its `weight_map` names no tensor".into()));
        }
        if files.len() > MOST {
            return Err(wrong(format!("it names {} files, expected at most {MOST}", files.len())));
        }
        let climbs = |file: &str| {
            file.is_empty()
                || file == "."
                || file == ".."
                || file.contains(['/', '\\', ':', '\0'])
                || file.len() > 255
        };
        if let Some(file) = files.iter().find(|file| climbs(file)) {
            return Err(wrong(format!("it names the file {file:?}, expected a plain file name beside it")));
        }
        let files = files.into_iter().cloned().collect();
        Ok(Self { files, tensors })
    }
}
