//! Writes a model in another precision, or split into shards for hosts with a file-size limit.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    ops::ControlFlow,
    path::Path,
};

use sha2::{Digest as _, Sha256};

use super::{
    directory::ModelDirectory,
    error::WeightError,
    find::DESCRIPTIONS,
    manifest::{LARGEST_SHARD, LogicalFile, MANIFEST, Manifest, Part},
    stored::StoredLayout,
    values::Precision,
};
use pickscore_common::{hexadecimal::hexadecimal, progress::Progress};

const WEIGHTS: &str = "model.safetensors";

/// An error that prevents writing a model.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// The model could not be read.
    #[error(transparent)]
    Weights(#[from] WeightError),
    /// The output folder is not empty.
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
        /// The operating system's message.
        reason: String,
    },
}

/// The size of a written model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Converted {
    /// Total size of all files in bytes.
    pub bytes: u64,
    /// Number of files.
    pub files: usize,
}

/// Writes a model to a new or empty folder in the given precision, with its head and, in its
/// configuration, the name of its `scorer`. With `shard`, the files are split into shards of at
/// most that many bytes (at most [`LARGEST_SHARD`]).
///
/// # Errors
///
/// See [`ConvertError`].
pub fn convert(
    directory: &ModelDirectory,
    precision: Precision,
    scorer: Option<&str>,
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
    for name in DESCRIPTIONS.into_iter().chain(directory.description().heads.iter().map(String::as_str)) {
        if directory.copy_file(name, &out.join(name)).map_err(wrong(&out.join(name)))? {
            names.push(name);
        }
    }
    let config = &directory.description().config_json;
    let is_read = |name: &&str| fs::read(out.join(name)).is_ok_and(|bytes| bytes == *config);
    let read = names.iter().copied().filter(|name| DESCRIPTIONS[..2].contains(name)).find(is_read);
    if read.is_none() || scorer.is_some() {
        let name = read.unwrap_or(DESCRIPTIONS[0]);
        fs::write(out.join(name), with_scorer(config, scorer)).map_err(wrong(&out.join(name)))?;
        if read.is_none() && !names.contains(&name) {
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
    let manifest = Manifest::new(files);
    let path = out.join(MANIFEST);
    let json = serde_json::to_vec_pretty(&manifest).map_err(io::Error::from).map_err(wrong(&path))?;
    fs::write(&path, json).map_err(wrong(&path))?;
    Ok(Converted { bytes, files: count })
}

/// A configuration that names a scorer.
fn with_scorer(config: &[u8], scorer: Option<&str>) -> Vec<u8> {
    let Ok(mut json) = serde_json::from_slice::<serde_json::Value>(config) else { return config.to_vec() };
    if let (Some(scorer), Some(object)) = (scorer, json.as_object_mut()) {
        object.insert("scorer".into(), scorer.into());
    }
    serde_json::to_vec_pretty(&json).unwrap_or_else(|_| config.to_vec())
}

/// Writes the weights to a temporary name and renames the file when it is complete.
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
        // The incomplete file is useless; an error of removing it is less important than the first
        // one.
        let _ = fs::remove_file(&unfinished);
    }
    finished
}

/// Splits a file into parts in the same folder, and removes it.
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
