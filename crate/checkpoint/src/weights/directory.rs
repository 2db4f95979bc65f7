//! A model on disk: a folder from Hugging Face or open_clip, or a weight file with its
//! configuration in the same folder.

use std::{
    fs::File,
    io::{self, Cursor, Read, Seek, SeekFrom},
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use pickscore_common::{
    progress::Progress,
    regular::{in_pieces, open_regular},
};
use pickscore_score::Scorer;
use pollster::block_on;
use sha2::{Digest as _, Sha256};

use super::{
    error::WeightError,
    find::{DESCRIPTIONS, Description, Folder, ModelFiles, describe, find, find_only_weights},
    foreign::SNIFF_LENGTH,
    header::Header,
    inspect::{FileHeader, InspectedFile, Inspection},
    loader::{Loaded, Loader, ParameterSink},
    manifest::{Manifest, Part},
    reader::{Reader, refused},
    sink::NamesOnly,
    torch::{PassedOver, TorchError},
    values::Precision,
};
use crate::config::{ClipConfig, ModelConfig};

/// Number of bytes read at a time.
const PIECE: usize = 4 << 20;
/// Number of bytes read at a time when only names and shapes are needed.
const HEADER_PIECE: usize = 64 << 10;
/// A model on disk, after reading its configuration and finding its weight files.
#[derive(Debug)]
pub struct ModelDirectory {
    name: String,
    disk: Disk,
    description: Description,
    /// Names of the weight files, in reading order.
    files: Vec<String>,
}

impl ModelDirectory {
    /// Opens a model. `path` is a folder, or its weight file, index or manifest; see
    /// [`find`](super::find()).
    ///
    /// # Errors
    ///
    /// Returns an error if there is no model, or its configuration is invalid.
    pub fn open(path: &Path) -> Result<Self, WeightError> {
        Self::open_as(path, None)
    }

    /// As [`ModelDirectory::open`], for a known scorer: it completes the configuration that is
    /// inferred from weights without one.
    ///
    /// # Errors
    ///
    /// As [`ModelDirectory::open`].
    pub fn open_as(path: &Path, scorer: Option<&Scorer>) -> Result<Self, WeightError> {
        let (disk, file) = Disk::open(path)?;
        let ModelFiles { description, weights: files, parts } =
            block_on(find(&disk, file.as_deref(), scorer))?;
        let named = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let name = named.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok(Self { name, disk: Disk { manifest: parts, ..disk }, description, files })
    }

    /// Opens a folder with a configuration but no weights, for a new model.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no configuration, or it is invalid.
    pub fn describe(folder: &Path) -> Result<Self, WeightError> {
        let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned();
        let disk = Disk { folder: folder.to_path_buf(), manifest: None };
        let description = block_on(describe(&disk))?.ok_or_else(|| {
            let reason = format!("expected {}", DESCRIPTIONS[0]);
            WeightError::NoModel { folder: folder.display().to_string(), reason }
        })?;
        Ok(Self { name, disk, description, files: Vec::new() })
    }

    /// Reads a file of the model, of at most `most` bytes.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read or is longer.
    pub fn read_file(&self, name: &str, most: u64) -> Result<Vec<u8>, WeightError> {
        let path = self.disk.folder.join(name);
        let (file, length) = self.disk.weights(name)?;
        if length > most {
            let reason = format!("it has {length} bytes; expected at most {most}");
            return Err(WeightError::Read { file: path.display().to_string(), reason });
        }
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes).map_err(|error| cannot_read(&path, &error))?;
        Ok(bytes)
    }

    /// The last component of the opened path.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Copies one of [`DESCRIPTIONS`] to another path. Returns whether the model has this file.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read or written.
    pub fn copy_file(&self, name: &str, to: &Path) -> io::Result<bool> {
        let Some((mut file, _)) = self.disk.open_file(name)? else { return Ok(false) };
        io::copy(&mut file, &mut File::create(to)?)?;
        Ok(true)
    }

    /// The model's configuration.
    pub fn config(&self) -> &ModelConfig {
        &self.description.config
    }

    /// The configuration of a CLIP model.
    ///
    /// # Errors
    ///
    /// Returns an error if it is another model.
    pub fn clip(&self) -> Result<&ClipConfig, WeightError> {
        match self.config() {
            ModelConfig::Clip(config) => Ok(config),
            ModelConfig::Blip(_) => Err(WeightError::NotClip { folder: self.disk.place() }),
        }
    }

    /// Names of the weight files within the folder.
    pub fn files(&self) -> &[String] {
        &self.files
    }

    /// The model's configuration, tokenizer and preprocessor.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// The SHA-256 of everything that is read of the model: its weights, configuration, tokenizer
    /// and preprocessor. All files are read.
    ///
    /// # Errors
    ///
    /// Returns an error if a file cannot be read.
    pub fn fingerprint(&self) -> Result<[u8; 32], WeightError> {
        let mut hash = Sha256::new();
        for name in DESCRIPTIONS.iter().copied().chain(self.files.iter().map(String::as_str)) {
            let wrong = |error| cannot_read(&self.disk.folder.join(name), &error);
            let Some((file, length)) = self.disk.open_file(name).map_err(wrong)? else { continue };
            hash.update(length.to_le_bytes());
            in_pieces(file, |piece| hash.update(piece)).map_err(wrong)?;
        }
        Ok(hash.finalize().into())
    }

    /// Streams the weights to `sink`, which receives each parameter once.
    ///
    /// Holds a buffer of 4 MB and the incomplete parameters.
    ///
    /// # Errors
    ///
    /// See [`WeightError`]. Returns [`WeightError::Cancelled`] if `progress` returns
    /// [`ControlFlow::Break`].
    pub fn load(
        &self,
        precision: Precision,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
        sink: &mut ParameterSink<'_>,
    ) -> Result<Loaded, WeightError> {
        let mut opened = Vec::with_capacity(self.files.len());
        for name in &self.files {
            let (file, length) = self.disk.weights(name)?;
            opened.push((name, file, length));
        }
        let total = opened.iter().map(|(.., length)| length).sum();
        let mut loaded = 0;
        let mut loader = Loader::new(self.config(), precision);
        let mut piece = vec![0; PIECE];
        let last = opened.len();
        for (index, (name, mut file, length)) in opened.into_iter().enumerate() {
            let path = self.disk.folder.join(name);
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
        loader.finish(&self.disk.folder.display().to_string())
    }

    /// Checks the names and shapes of the tensors in the weight files, reading only their headers.
    ///
    /// # Errors
    ///
    /// The same as [`ModelDirectory::load`], as far as headers show it.
    pub fn check(&self) -> Result<(), WeightError> {
        let mut loader = Loader::new(self.config(), Precision::F32);
        let headers = read_headers(&self.disk, &self.files)?;
        for (index, FileHeader { name, header, .. }) in headers.iter().enumerate() {
            let path = self.disk.folder.join(name);
            loader.accept_header(&path.display().to_string(), header, index + 1 == headers.len())?;
        }
        Ok(())
    }

    /// Describes the contents of the weight files, reading only their headers.
    ///
    /// # Errors
    ///
    /// Returns an error if a file cannot be read or contains no tensors. Errors that only affect
    /// loading are in [`Inspection::problem`].
    pub fn inspect(&self) -> Result<Inspection, WeightError> {
        Ok(Inspection::new(self.config(), &read_headers(&self.disk, &self.files)?))
    }
}

/// Lists the tensors of a file, or of the weight files of a folder, without a configuration. Every
/// tensor has the [`Role`](super::Role) `Unknown`.
///
/// # Errors
///
/// Returns an error if there are no weights, or a file cannot be read or contains no tensors.
pub fn list(path: &Path) -> Result<Vec<InspectedFile>, WeightError> {
    let (disk, file) = Disk::open(path)?;
    let (files, manifest) = block_on(find_only_weights(&disk, file.as_deref()))?;
    let disk = Disk { manifest, ..disk };
    Ok(read_headers(&disk, &files)?.iter().map(InspectedFile::without_roles).collect())
}

fn read_headers(disk: &Disk, files: &[String]) -> Result<Vec<FileHeader>, WeightError> {
    let read = |name: &String| {
        let (mut file, bytes) = disk.weights(name)?;
        let (header, passed_over) = read_header(disk, name, &mut *file, bytes)?;
        Ok(FileHeader { name: name.clone(), bytes, header, passed_over })
    };
    files.iter().map(read).collect()
}

/// Reads a file up to the values of its first tensor.
fn read_header(
    disk: &Disk,
    name: &str,
    file: &mut dyn Read,
    length: u64,
) -> Result<(Header, Vec<PassedOver>), WeightError> {
    let path = &disk.folder.join(name);
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
            if disk.is_cut_off_zip(name, length).map_err(|error| cannot_read(path, &error))? {
                let missing = ZIP_END.1 as u64;
                return Err(wrong(TorchError::CutOff { found: length, missing }.into()));
            }
            return Ok((header, passed_over));
        }
    }
}

/// The signature of the last record of a zip file, and its length without a comment.
const ZIP_END: (&[u8], usize) = (b"PK\x05\x06", 22);
/// Maximum length of the comment after that record.
const MAX_COMMENT_LENGTH: u64 = u16::MAX as u64;

/// A model's folder, with whole files or parts.
#[derive(Debug)]
struct Disk {
    folder: PathBuf,
    manifest: Option<Manifest>,
}

impl Disk {
    /// Opens a folder, or the folder of a file; then the name of the file is returned too.
    fn open(path: &Path) -> Result<(Self, Option<String>), WeightError> {
        let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => WeightError::NotHere { path: path.display().to_string() },
            _ => cannot_read(path, &error),
        })?;
        if metadata.is_dir() {
            return Ok((Self { folder: path.to_path_buf(), manifest: None }, None));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        Ok((Self { folder: folder.to_path_buf(), manifest: None }, name))
    }

    /// Opens a file and returns it with its length. Returns `None` if it does not exist.
    fn open_file(&self, name: &str) -> io::Result<Option<(Box<dyn Read>, u64)>> {
        if let Some(manifest) = &self.manifest {
            let Some(file) = manifest.file(name) else { return Ok(None) };
            let (folder, parts) = (self.folder.clone(), file.parts.clone().into_iter());
            return Ok(Some((Box::new(Parts { folder, parts, held: Cursor::default() }), file.bytes())));
        }
        match open_regular(&self.folder.join(name)) {
            Ok(file) => {
                let length = file.metadata()?.len();
                Ok(Some((Box::new(file), length)))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens a weight file, which must exist.
    fn weights(&self, name: &str) -> Result<(Box<dyn Read>, u64), WeightError> {
        let absent = || io::Error::new(io::ErrorKind::NotFound, "there is no such file");
        let opened = self.open_file(name).and_then(|found| found.ok_or_else(absent));
        opened.map_err(|error| cannot_read(&self.folder.join(name), &error))
    }

    /// Whether a file starts like a zip file but lacks the end record. The header alone does not
    /// show that, because it precedes the truncation. Parts have hashes instead.
    fn is_cut_off_zip(&self, name: &str, length: u64) -> io::Result<bool> {
        if self.manifest.is_some() {
            return Ok(false);
        }
        let mut file = open_regular(&self.folder.join(name))?;
        let mut start = Vec::new();
        file.by_ref().take(4).read_to_end(&mut start)?;
        if start != b"PK\x03\x04" {
            return Ok(false);
        }
        let mut end = Vec::new();
        file.seek(SeekFrom::Start(length.saturating_sub(MAX_COMMENT_LENGTH + ZIP_END.1 as u64)))?;
        file.take(MAX_COMMENT_LENGTH + ZIP_END.1 as u64).read_to_end(&mut end)?;
        let Some(last) = end.len().checked_sub(ZIP_END.1) else { return Ok(true) };
        Ok(!(0..=last).rev().any(|at| end[at..].starts_with(ZIP_END.0)))
    }
}

impl Folder for Disk {
    type Error = WeightError;

    fn place(&self) -> String {
        self.folder.display().to_string()
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    fn names(&self) -> Option<Vec<String>> {
        // If the folder cannot be read, opening its files returns the reason.
        let entries = std::fs::read_dir(&self.folder).ok()?;
        // Entries of unknown type are skipped.
        let files = entries.flatten().filter(|entry| entry.path().is_file());
        Some(files.filter_map(|entry| entry.file_name().into_string().ok()).collect())
    }

    async fn small(&self, name: &str, longest: u64) -> Result<Option<Vec<u8>>, WeightError> {
        let wrong = |error: io::Error| cannot_read(&self.folder.join(name), &error);
        let Some((file, _)) = self.open_file(name).map_err(wrong)? else { return Ok(None) };
        let mut bytes = Vec::new();
        file.take(longest).read_to_end(&mut bytes).map_err(wrong)?;
        Ok(Some(bytes))
    }

    async fn has(&self, name: &str) -> Result<bool, WeightError> {
        let opened = self.open_file(name);
        Ok(opened.map_err(|error| cannot_read(&self.folder.join(name), &error))?.is_some())
    }

    async fn check(&self, name: &str) -> Result<(), WeightError> {
        let path = self.folder.join(name);
        let (file, length) = self.weights(name)?;
        let mut first = Vec::new();
        let read = file.take(SNIFF_LENGTH as u64).read_to_end(&mut first);
        read.map_err(|error| cannot_read(&path, &error))?;
        match refused(&first, length) {
            Some(error) => Err(WeightError::of_file(&path.display().to_string(), error)),
            None => Ok(()),
        }
    }
}

/// Reads a file from its parts. The hash of each part is checked before its bytes are returned.
#[derive(Debug)]
struct Parts {
    folder: PathBuf,
    parts: std::vec::IntoIter<Part>,
    held: Cursor<Vec<u8>>,
}

impl Read for Parts {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.held.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            let Some(part) = self.parts.next() else { return Ok(0) };
            let path = self.folder.join(&part.path);
            let wrong = |reason: String| io::Error::other(format!("its part {} {reason}", part.path));
            let mut bytes = Vec::new();
            let read = open_regular(&path).and_then(|file| file.take(part.bytes + 1).read_to_end(&mut bytes));
            read.map_err(|error| wrong(format!("cannot be read: {error}")))?;
            part.check(&bytes).map_err(|reason| wrong(format!("is damaged: {reason}")))?;
            self.held = Cursor::new(bytes);
        }
    }
}

fn cannot_read(path: &Path, error: &io::Error) -> WeightError {
    WeightError::Read { file: path.display().to_string(), reason: error.to_string() }
}
