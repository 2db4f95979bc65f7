//! A model on disk: Hugging Face's or open_clip's folder, or a safetensors file with its configuration beside it.

use std::{
    fs::File,
    io::{self, Read},
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use pickscore_common::progress::Progress;

use super::{Header, Inspection, Loaded, Loader, ParameterSink, Precision, ShardIndex, WeightError, header};
use crate::config::{ClipConfig, ConfigError};

/// Bytes that are read at a time.
const PIECE: usize = 4 << 20;
/// Longest `config.json` that is read; a longer one is refused by its parser.
const LONGEST_CONFIG: u64 = (1 << 20) + 1;
/// Longest `tokenizer.json`; CLIP's has 2 MB.
const LONGEST_JSON: u64 = 64 << 20;

const CONFIGS: [&str; 2] = ["config.json", "open_clip_config.json"];
const WEIGHTS: [&str; 2] = ["model.safetensors", "open_clip_model.safetensors"];
const INDEX: &str = "model.safetensors.index.json";
const PICKLES: [&str; 3] =
    ["pytorch_model.bin", "open_clip_pytorch_model.bin", "pytorch_model.bin.index.json"];

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
    /// Finds a model: a folder with `config.json` and `model.safetensors`, its sharded index or open_clip's files; or one safetensors
    /// file or index, with the configuration beside it.
    ///
    /// # Errors
    ///
    /// When there is none, when its configuration is wrong, and when its weights are a PyTorch pickle: then the error holds the command
    /// that converts them.
    pub fn open(path: &Path) -> Result<Self, WeightError> {
        let metadata = std::fs::metadata(path).map_err(|error| cannot_read(path, &error))?;
        let (folder, file) = if metadata.is_dir() {
            (path.to_path_buf(), None)
        } else {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            (folder.unwrap_or(Path::new(".")).to_path_buf(), name)
        };
        let files = match file {
            Some(file) => files_of(&folder, &file)?,
            None => find_files(&folder)?,
        };
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
    /// When a file cannot be read or is no safetensors file. What only stops the weights from being loaded is in
    /// [`Inspection::problem`].
    pub fn inspect(&self) -> Result<Inspection, WeightError> {
        let mut headers = Vec::with_capacity(self.files.len());
        for name in &self.files {
            let path = self.folder.join(name);
            let (mut file, length) = open_file(&path)?;
            headers.push((name.clone(), length, read_header(&path, &mut file, length)?));
        }
        Ok(Inspection::new(&self.config, &headers))
    }
}

fn read_header(path: &Path, file: &mut File, length: u64) -> Result<Header, WeightError> {
    let wrong = |error| WeightError::Header { file: path.display().to_string(), error: Box::new(error) };
    if length < header::PREFIX as u64 {
        return Err(wrong(header::HeaderError::TooShort { found: length }));
    }
    let mut prefix = [0; header::PREFIX];
    file.read_exact(&mut prefix).map_err(|error| cannot_read(path, &error))?;
    let mut json = vec![0; Header::json_length(prefix, Some(length)).map_err(wrong)?];
    file.read_exact(&mut json).map_err(|error| cannot_read(path, &error))?;
    Header::parse(&json, Some(length)).map_err(wrong)
}

/// The files behind one named file.
fn files_of(folder: &Path, file: &str) -> Result<Vec<String>, WeightError> {
    if file.ends_with(".safetensors.index.json") {
        return shards(folder, file);
    }
    if [".bin", ".pt", ".pth", ".ckpt"].iter().any(|ending| file.ends_with(ending)) {
        return Err(pickle(&folder.join(file)));
    }
    Ok(vec![file.into()])
}

/// The weight files of a folder.
fn find_files(folder: &Path) -> Result<Vec<String>, WeightError> {
    if let Some(name) = WEIGHTS.iter().find(|name| folder.join(name).is_file()) {
        return Ok(vec![(*name).into()]);
    }
    if folder.join(INDEX).is_file() {
        return shards(folder, INDEX);
    }
    if let Some(name) = PICKLES.iter().find(|name| folder.join(name).is_file()) {
        return Err(pickle(&folder.join(name)));
    }
    let expected = format!("expected {}, {INDEX} or {}", WEIGHTS[0], WEIGHTS[1]);
    Err(WeightError::NoModel { folder: folder.display().to_string(), reason: expected })
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

/// Pickles are programs; running one, even in a small interpreter, is what safetensors was made to avoid.
fn pickle(path: &Path) -> WeightError {
    let folder = path.parent().unwrap_or(Path::new("."));
    let (from, to) = (quoted(path), quoted(&folder.join(WEIGHTS[0])));
    let program = "import sys, torch; from safetensors.torch import save_file; \
                   w = torch.load(sys.argv[1], map_location=\"cpu\", weights_only=True); w = w.get(\"state_dict\", w); \
                   save_file({k: v.clone().contiguous() for k, v in w.items() if torch.is_tensor(v)}, sys.argv[2])";
    let command = format!("python -c '{program}' {from} {to}");
    WeightError::Pickle { file: path.display().to_string(), command }
}

/// A path as a shell reads it.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', "'\\''"))
}
