//! Writes a model anew: in another precision, and cut into shards that every static host takes.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    ops::ControlFlow,
    path::Path,
};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{ModelDirectory, Precision, StoredLayout, WeightError};
use pickscore_common::{hexadecimal::hexadecimal, progress::Progress};

/// The file that lists the shards of a model and their hashes.
pub const MANIFEST: &str = "pickscore-shards.json";

/// Largest shard: a browser holds one in memory until its hash is known to be right.
pub const LARGEST_SHARD: u64 = 64 << 20;

const WEIGHTS: &str = "model.safetensors";

/// What describes a model besides its weights; copied as it is.
pub const DESCRIPTIONS: [&str; 4] =
    ["config.json", "open_clip_config.json", "tokenizer.json", "preprocessor_config.json"];

#[derive(Serialize)]
struct Manifest {
    format: &'static str,
    version: u32,
    files: Vec<LogicalFile>,
}

#[derive(Serialize)]
struct LogicalFile {
    name: String,
    parts: Vec<Part>,
}

#[derive(Serialize)]
struct Part {
    path: String,
    bytes: u64,
    sha256: String,
}

/// Why a model could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// The model could not be read.
    #[error(transparent)]
    Weights(#[from] WeightError),
    /// The folder has something in it.
    #[error("{folder} is not empty; expected a new folder, so that nothing is overwritten")]
    NotEmpty {
        /// The folder.
        folder: String,
    },
    /// A file could not be written.
    #[error("{file} cannot be written: {reason}")]
    Write {
        /// The file.
        file: String,
        /// What the system says.
        reason: String,
    },
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Converted {
    /// Bytes of all files.
    pub bytes: u64,
    /// How many files there are.
    pub files: usize,
}

/// Writes a model into a new folder in a precision, cut into shards of at most `shard` bytes (at most [`LARGEST_SHARD`]) where that is given.
///
/// # Errors
///
/// See [`ConvertError`].
pub fn convert(
    directory: &ModelDirectory,
    precision: Precision,
    out: &Path,
    shard: Option<u64>,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Converted, ConvertError> {
    let wrong = |path: &Path| {
        let file = path.display().to_string();
        move |error: io::Error| ConvertError::Write { file, reason: error.to_string() }
    };
    if fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(ConvertError::NotEmpty { folder: out.display().to_string() });
    }
    fs::create_dir_all(out).map_err(wrong(out))?;
    write_weights(directory, precision, &out.join(WEIGHTS), progress)?;
    let mut names = vec![WEIGHTS];
    for name in DESCRIPTIONS {
        let source = directory.folder().join(name);
        if source.is_file() {
            fs::copy(source, out.join(name)).map_err(wrong(&out.join(name)))?;
            names.push(name);
        }
    }
    let size = |name: &str| fs::metadata(out.join(name)).map_or(0, |metadata| metadata.len());
    let bytes = names.iter().map(|name| size(name)).sum();
    let Some(shard) = shard else { return Ok(Converted { bytes, files: names.len() }) };
    let mut files = Vec::with_capacity(names.len());
    for name in names {
        let parts = cut(out, name, shard.clamp(1, LARGEST_SHARD)).map_err(wrong(&out.join(name)))?;
        files.push(LogicalFile { name: name.into(), parts });
    }
    let count = files.iter().map(|file| file.parts.len()).sum::<usize>() + 1;
    let manifest = Manifest { format: "pickscore-shards", version: 1, files };
    let path = out.join(MANIFEST);
    let json = serde_json::to_vec_pretty(&manifest).map_err(io::Error::from).map_err(wrong(&path))?;
    fs::write(&path, json).map_err(wrong(&path))?;
    Ok(Converted { bytes, files: count })
}

/// Writes the weights under a name that is given up for the real one when they are whole.
fn write_weights(
    directory: &ModelDirectory,
    precision: Precision,
    path: &Path,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<(), ConvertError> {
    let unfinished = path.with_extension("unfinished");
    let wrong = |error: io::Error| ConvertError::Write {
        file: unfinished.display().to_string(),
        reason: error.to_string(),
    };
    let layout = StoredLayout::new(directory.config(), precision);
    let mut file = File::create(&unfinished).map_err(wrong)?;
    file.write_all(layout.header()).map_err(wrong)?;
    let mut failure = None;
    let loaded = directory.load(precision, progress, &mut |parameter, values| {
        for (tensor, bytes) in layout.pieces(parameter, &values) {
            if failure.is_some() {
                return;
            }
            let written = file.seek(SeekFrom::Start(tensor.offset)).and_then(|_| file.write_all(bytes));
            failure = written.err();
        }
    });
    let finished = match failure {
        Some(error) => Err(wrong(error)),
        None => loaded.map_err(ConvertError::from).map(drop),
    };
    let finished =
        finished.and_then(|()| file.sync_all().and_then(|()| fs::rename(&unfinished, path)).map_err(wrong));
    if finished.is_err() {
        // What is left of a failure is of no use to anybody.
        let _ = fs::remove_file(&unfinished);
    }
    finished
}

/// Cuts a file into parts beside it, and removes it.
fn cut(folder: &Path, name: &str, size: u64) -> io::Result<Vec<Part>> {
    let mut file = File::open(folder.join(name))?;
    let mut parts = Vec::new();
    loop {
        let mut bytes = Vec::new();
        (&mut file).take(size).read_to_end(&mut bytes)?;
        if bytes.is_empty() && !parts.is_empty() {
            break;
        }
        let path = format!("{name}.{:03}", parts.len());
        fs::write(folder.join(&path), &bytes)?;
        let sha256 = hexadecimal(&Sha256::digest(&bytes));
        parts.push(Part { path, bytes: bytes.len() as u64, sha256 });
    }
    drop(file);
    fs::remove_file(folder.join(name))?;
    Ok(parts)
}
