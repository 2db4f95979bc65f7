//! A model on disk: Hugging Face's or open_clip's folder, or a safetensors or PyTorch file with its configuration beside it.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use pickscore_common::progress::Progress;

use super::{
    Header, InspectedFile, Inspection, Loaded, Loader, ParameterSink, PassedOver, Precision, Reader,
    ShardIndex, TorchError, WeightError, inspect::FileHeader, is_index, reader::NamesOnly, weights_among,
};
use crate::config::{ClipConfig, ConfigError};

/// Bytes that are read at a time.
const PIECE: usize = 4 << 20;
/// Bytes that are read at a time where only names and shapes are wanted.
const HEADER_PIECE: usize = 64 << 10;
/// Longest `config.json` that is read; a longer one is refused by its parser.
const LONGEST_CONFIG: u64 = (1 << 20) + 1;
/// Longest `tokenizer.json`; CLIP's has 2 MB.
const LONGEST_JSON: u64 = 64 << 20;

const CONFIGS: [&str; 2] = ["config.json", "open_clip_config.json"];

/// A model on disk whose configuration has been read and whose weights have been found.
#[derive(Debug)]
pub struct ModelDirectory {
    name: String,
    folder: PathBuf,
    config: ClipConfig,
    /// File names within the folder, in the order to read them in.
    files: Vec<String>,
}

impl ModelDirectory {
    /// Finds a model: a folder with `config.json` and the weights under one of [`WEIGHT_NAMES`](super::WEIGHT_NAMES), or as its only file of tensors; or one
    /// safetensors or PyTorch file, or the index of several, with the configuration beside it.
    ///
    /// # Errors
    ///
    /// When there is none, and when its configuration is wrong.
    pub fn open(path: &Path) -> Result<Self, WeightError> {
        let (folder, files) = find(path)?;
        let config = read_config(&folder)?;
        let named = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let name = named.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok(Self { name, folder, config, files })
    }

    /// A folder with a configuration and no weights: what a model is to become.
    ///
    /// # Errors
    ///
    /// When there is no configuration, or it is wrong.
    pub fn describe(folder: &Path) -> Result<Self, WeightError> {
        let config = read_config(folder)?;
        let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned();
        Ok(Self { name, folder: folder.to_path_buf(), config, files: Vec::new() })
    }

    /// The last part of the path that was opened.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The folder that its files lie in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The model's shape.
    pub fn config(&self) -> &ClipConfig {
        &self.config
    }

    /// The weight files within the folder.
    pub fn files(&self) -> &[String] {
        &self.files
    }

    /// `tokenizer.json`, where the folder has one.
    ///
    /// # Errors
    ///
    /// When it is there and cannot be read.
    pub fn tokenizer_json(&self) -> Result<Option<Vec<u8>>, WeightError> {
        read_if_there(&self.folder.join("tokenizer.json"), LONGEST_JSON)
    }

    /// `preprocessor_config.json`, where the folder has one; else `open_clip_config.json`, which says the same.
    ///
    /// # Errors
    ///
    /// When it is there and cannot be read.
    pub fn preprocessor_json(&self) -> Result<Option<Vec<u8>>, WeightError> {
        let found = read_if_there(&self.folder.join("preprocessor_config.json"), LONGEST_CONFIG)?;
        found.map_or_else(
            || read_if_there(&self.folder.join(CONFIGS[1]), LONGEST_CONFIG),
            |json| Ok(Some(json)),
        )
    }

    /// Streams the weights into `sink`, which gets each parameter of the model once.
    ///
    /// Holds one piece of 4 MB, and the parameters that are not complete.
    ///
    /// # Errors
    ///
    /// See [`WeightError`]; [`WeightError::Cancelled`] when `progress` broke off.
    pub fn load(
        &self,
        precision: Precision,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
        sink: &mut ParameterSink<'_>,
    ) -> Result<Loaded, WeightError> {
        let mut opened = Vec::with_capacity(self.files.len());
        for name in &self.files {
            let (file, length) = open_file(&self.folder.join(name))?;
            opened.push((name, file, length));
        }
        let total = opened.iter().map(|(.., length)| length).sum();
        let mut loaded = 0;
        let mut loader = Loader::new(&self.config, precision);
        let mut piece = vec![0; PIECE];
        let last = opened.len();
        for (index, (name, mut file, length)) in opened.into_iter().enumerate() {
            let path = self.folder.join(name);
            loader.begin(&path.display().to_string(), Some(length), index + 1 == last);
            loop {
                let count = match file.read(&mut piece) {
                    Ok(0) => break,
                    Ok(count) => count,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => return Err(cannot_read(&path, &error)),
                };
                loader.push(&piece[..count], sink)?;
                loaded += count as u64;
                if progress(Progress { stage: "weights", loaded, total: Some(total) }).is_break() {
                    return Err(WeightError::Cancelled);
                }
            }
            loader.end()?;
        }
        loader.finish(&self.folder.display().to_string())
    }

    /// What the weight files hold, from their headers.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or holds no tensors. What only stops the weights from being loaded is in [`Inspection::problem`].
    pub fn inspect(&self) -> Result<Inspection, WeightError> {
        Ok(Inspection::new(&self.config, &read_headers(&self.folder, &self.files)?))
    }
}

/// Lists the tensors of a file, or of the weight files of a folder, without a configuration to hold them against: then no tensor has a
/// [`Role`](super::Role).
///
/// # Errors
///
/// When there are no weights, or a file cannot be read or holds no tensors.
pub fn list(path: &Path) -> Result<Vec<InspectedFile>, WeightError> {
    let (folder, files) = find(path)?;
    Ok(read_headers(&folder, &files)?.iter().map(InspectedFile::without_roles).collect())
}

fn read_headers(folder: &Path, files: &[String]) -> Result<Vec<FileHeader>, WeightError> {
    let read = |name: &String| {
        let path = folder.join(name);
        let (file, bytes) = open_file(&path)?;
        let (header, passed_over) = read_header(&path, file, bytes)?;
        Ok(FileHeader { name: name.clone(), bytes, header, passed_over })
    };
    files.iter().map(read).collect()
}

/// Reads a file up to its first number.
fn read_header(path: &Path, mut file: File, length: u64) -> Result<(Header, Vec<PassedOver>), WeightError> {
    let wrong = |error| WeightError::of_file(&path.display().to_string(), error);
    let mut reader = Reader::new(Some(length));
    let mut piece = vec![0; HEADER_PIECE];
    loop {
        let count = match file.read(&mut piece) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(cannot_read(path, &error)),
        };
        if count == 0 {
            let header = reader.finish().map_err(wrong)?;
            return Ok((header, Vec::new()));
        }
        reader.push(&piece[..count], &mut NamesOnly).map_err(wrong)?;
        if let Some(header) = reader.header() {
            let (header, passed_over) = (header.clone(), reader.passed_over().to_vec());
            if is_cut_off_zip(&mut file, length).map_err(|error| cannot_read(path, &error))? {
                let missing = ZIP_END.1 as u64;
                return Err(wrong(TorchError::CutOff { found: length, missing }.into()));
            }
            return Ok((header, passed_over));
        }
    }
}

/// How the last record of every zip begins, and its length without a comment.
const ZIP_END: (&[u8], usize) = (b"PK\x05\x06", 22);
/// Longest comment after that record.
const LONGEST_COMMENT: u64 = u16::MAX as u64;

/// Whether a file begins as a zip and has no end of one. A header alone does not tell: it comes before
/// everything that a cut takes away.
fn is_cut_off_zip(file: &mut File, length: u64) -> io::Result<bool> {
    let mut start = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.by_ref().take(4).read_to_end(&mut start)?;
    if start != b"PK\x03\x04" {
        return Ok(false);
    }
    let mut end = Vec::new();
    file.seek(SeekFrom::Start(length.saturating_sub(LONGEST_COMMENT + ZIP_END.1 as u64)))?;
    file.by_ref().take(LONGEST_COMMENT + ZIP_END.1 as u64).read_to_end(&mut end)?;
    let Some(last) = end.len().checked_sub(ZIP_END.1) else { return Ok(true) };
    Ok(!(0..=last).rev().any(|at| end[at..].starts_with(ZIP_END.0)))
}

/// The folder of a path and the weight files in it.
fn find(path: &Path) -> Result<(PathBuf, Vec<String>), WeightError> {
    let metadata = std::fs::metadata(path).map_err(|error| cannot_read(path, &error))?;
    if metadata.is_dir() {
        return Ok((path.to_path_buf(), find_files(path)?));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok((folder.to_path_buf(), files_of(folder, &name)?))
}

/// The files behind one named file.
fn files_of(folder: &Path, file: &str) -> Result<Vec<String>, WeightError> {
    if is_index(file) { shards(folder, file) } else { Ok(vec![file.into()]) }
}

/// The weight files of a folder.
fn find_files(folder: &Path) -> Result<Vec<String>, WeightError> {
    let entries = std::fs::read_dir(folder).map_err(|error| cannot_read(folder, &error))?;
    // A file whose type cannot be told is not one of the model's.
    let is_file = |entry: &std::fs::DirEntry| entry.path().is_file();
    let names: Vec<String> =
        entries.flatten().filter(is_file).filter_map(|entry| entry.file_name().into_string().ok()).collect();
    match weights_among(&names.iter().map(String::as_str).collect::<Vec<_>>()) {
        Some(name) => files_of(folder, name),
        None => {
            let reason = "expected model.safetensors, model.safetensors.index.json or open_clip_model.safetensors, \
                          pytorch_model.bin, pytorch_model.bin.index.json or open_clip_pytorch_model.bin, or a single \
                          safetensors or PyTorch file of any name";
            let reason = reason.to_owned();
            Err(WeightError::NoModel { folder: folder.display().to_string(), reason })
        }
    }
}

fn shards(folder: &Path, index: &str) -> Result<Vec<String>, WeightError> {
    let path = folder.join(index);
    let json = read_if_there(&path, LONGEST_JSON)?.unwrap_or_default();
    Ok(ShardIndex::parse(&path.display().to_string(), &json)?.files)
}

/// Hugging Face's configuration, or open_clip's where that one is absent or another model's.
fn read_config(folder: &Path) -> Result<ClipConfig, WeightError> {
    let mut first = None;
    for name in CONFIGS {
        let path = folder.join(name);
        let Some(json) = read_if_there(&path, LONGEST_CONFIG)? else { continue };
        match ClipConfig::from_json(&json) {
            Ok(config) => return Ok(config),
            Err(error) => {
                let no_clip = error == ConfigError::NotClip;
                let error = WeightError::Config { file: path.display().to_string(), error: Box::new(error) };
                first.get_or_insert(error);
                if !no_clip {
                    break;
                }
            }
        }
    }
    let reason = format!("expected {} or {} beside the weights", CONFIGS[0], CONFIGS[1]);
    Err(first.unwrap_or(WeightError::NoModel { folder: folder.display().to_string(), reason }))
}

fn read_if_there(path: &Path, longest: u64) -> Result<Option<Vec<u8>>, WeightError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cannot_read(path, &error)),
    };
    let mut bytes = Vec::new();
    file.take(longest).read_to_end(&mut bytes).map_err(|error| cannot_read(path, &error))?;
    Ok(Some(bytes))
}

fn open_file(path: &Path) -> Result<(File, u64), WeightError> {
    let file = File::open(path).map_err(|error| cannot_read(path, &error))?;
    let length = file.metadata().map_err(|error| cannot_read(path, &error))?.len();
    Ok((file, length))
}

fn cannot_read(path: &Path, error: &io::Error) -> WeightError {
    WeightError::Read { file: path.display().to_string(), reason: error.to_string() }
}
