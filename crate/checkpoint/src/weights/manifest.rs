//! The manifest of a model in parts, for hosts with a file-size limit. `pickscore-shards.json`
//! lists the parts of each file and their hashes.
//!
//! ```json
//! { "format": "pickscore-shards", "version": 1,
//!   "files": [{ "name": "model.safetensors",
//!     "parts": [{ "path": "model.safetensors.000", "bytes": 25000000, "sha256": "…" }] }] }
//! ```

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    error::WeightError,
    shards::{MAX_LENGTH, is_plain_name},
};
use pickscore_common::hexadecimal::hexadecimal;

/// The file name of the manifest.
pub const MANIFEST: &str = "pickscore-shards.json";

/// Maximum size of a shard in bytes: a reader holds one in memory to check its hash.
pub const LARGEST_SHARD: u64 = 64 << 20;

/// Maximum number of parts of all files.
const MAX_PARTS: usize = 8192;

const FORMAT: &str = "pickscore-shards";
const VERSION: u32 = 1;

/// A parsed manifest.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    format: String,
    version: u32,
    /// The files of the model.
    pub files: Vec<LogicalFile>,
}

/// A file of the model.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LogicalFile {
    /// Its name.
    pub name: String,
    /// Its parts, in order.
    pub parts: Vec<Part>,
}

/// A part of a file, stored as a separate file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Part {
    /// The name of the part's file.
    pub path: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its SHA-256 in lowercase hexadecimal digits.
    pub sha256: String,
}

impl Manifest {
    /// Creates a manifest for written files.
    #[cfg(not(target_family = "wasm"))]
    pub(super) fn new(files: Vec<LogicalFile>) -> Self {
        Self { format: FORMAT.into(), version: VERSION, files }
    }

    /// Parses a manifest. `name` is used in errors.
    pub(super) fn parse(name: &str, json: &[u8]) -> Result<Self, WeightError> {
        let wrong = |reason: String| Err(WeightError::Manifest { file: name.into(), reason });
        if json.len() > MAX_LENGTH {
            return wrong(format!("it has more than {} MiB", MAX_LENGTH >> 20));
        }
        let manifest: Self = match serde_json::from_slice(json) {
            Ok(manifest) => manifest,
            Err(error) => return wrong(error.to_string()),
        };
        if manifest.format != FORMAT || manifest.version != VERSION {
            let (format, version) = (&manifest.format, manifest.version);
            return wrong(format!(
                "its format is {format:?}, version {version}; expected {FORMAT:?}, version {VERSION}"
            ));
        }
        let parts: usize = manifest.files.iter().map(|file| file.parts.len()).sum();
        if parts > MAX_PARTS {
            return wrong(format!("it lists {parts} parts; expected at most {MAX_PARTS}"));
        }
        for file in &manifest.files {
            if !is_plain_name(&file.name) || file.parts.is_empty() {
                return wrong(format!("its file {:?} has no plain name or no parts", file.name));
            }
            for Part { path, bytes, sha256 } in &file.parts {
                if !is_plain_name(path) {
                    return wrong(format!(
                        "it lists the file {path:?}; expected a plain file name in the same folder"
                    ));
                }
                if *bytes == 0 || *bytes > LARGEST_SHARD {
                    return wrong(format!(
                        "its part {path} has {bytes} bytes; expected 1 to {LARGEST_SHARD}"
                    ));
                }
                if sha256.len() != 64 || !sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                    return wrong(format!("its part {path} has no valid SHA-256"));
                }
            }
        }
        Ok(manifest)
    }

    /// The file with this name.
    pub(super) fn file(&self, name: &str) -> Option<&LogicalFile> {
        self.files.iter().find(|file| file.name == name)
    }
}

impl LogicalFile {
    /// Its length in bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.bytes).sum()
    }
}

impl Part {
    /// Checks the length and hash of a part's bytes; the error is a message.
    pub(super) fn check(&self, bytes: &[u8]) -> Result<(), String> {
        let (found, expected) = (bytes.len() as u64, self.bytes);
        if found > expected {
            return Err(format!("it has more than {expected} bytes"));
        }
        if found < expected {
            return Err(format!("it has {found} bytes; expected {expected}"));
        }
        if !hexadecimal(&Sha256::digest(bytes)).eq_ignore_ascii_case(&self.sha256) {
            return Err("its SHA-256 does not match the manifest".into());
        }
        Ok(())
    }
}
