//! Datasets on disk: files, and folders in the layout of Hugging Face.

use std::{
    collections::{BTreeSet, HashMap},
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use pickscore_common::regular::open_regular;

use crate::{
    columns::Columns,
    derive::{Derived, add_derived},
    error::DatasetError,
    read::{Reader, SoundRows},
    row::Row,
};

/// Maximum number of files of a dataset. Pick-a-Pic v2 has fewer than a thousand.
const FILES: usize = 100_000;

/// A row group of a dataset, the unit of reading and shuffling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GroupId {
    /// The index of the file in [`DatasetFiles::files`].
    pub file: usize,
    /// The index of the row group in the file.
    pub group: usize,
    /// Number of rows.
    pub rows: u64,
    /// Uncompressed size of the columns that are read, in bytes.
    pub bytes: u64,
}

/// Parquet files that are read as one dataset.
#[derive(Debug)]
pub struct DatasetFiles {
    files: Vec<PathBuf>,
    groups: Vec<GroupId>,
    /// What is missing in each file, in the order of `files`.
    gaps: Vec<Gaps>,
    /// The number of rows of each prompt (by 128 bits of its SHA-256), if a file lacks it.
    prompts: HashMap<[u8; 16], i64>,
    derived: Vec<Derived>,
}

/// Missing columns of a file that are derived from all files.
#[derive(Debug, Clone, Copy)]
struct Gaps {
    examples: bool,
    rankings: bool,
    /// Number of rows of the files before it.
    first: u64,
}

impl DatasetFiles {
    /// Finds the files and reads their footers. If a file lacks `num_example_per_prompt`, the
    /// prompts of all files are read and counted.
    ///
    /// A path is a Parquet file, or a folder with files of the split, `{split}-*.parquet`, in it or
    /// in its folder `data`. If no file of a folder is named after a split, all its files are read.
    /// The files of a folder are sorted by name.
    ///
    /// # Errors
    ///
    /// If a path has no such file, or a file cannot be read or has another schema.
    pub fn open<P: AsRef<Path>>(paths: &[P], split: &str) -> Result<Self, DatasetError> {
        let mut files = Vec::new();
        for path in paths {
            let path = path.as_ref();
            if path.is_dir() { files.extend(of_folder(path, split)?) } else { files.push(path.to_path_buf()) }
        }
        if files.len() > FILES {
            let reason = format!("{} files; expected at most {FILES}", files.len());
            return Err(DatasetError::NoFiles { path: files[0].display().to_string(), reason });
        }
        let (mut groups, mut gaps, mut derived) = (Vec::new(), Vec::new(), Vec::<Derived>::new());
        let mut first = 0;
        for (file, path) in files.iter().enumerate() {
            let reader = open(path)?;
            let of_file = reader.row_groups().iter().enumerate();
            groups.extend(of_file.map(|(group, claimed)| GroupId {
                file,
                group,
                rows: claimed.rows,
                bytes: claimed.bytes,
            }));
            let lacks = |column: &str| reader.file.layout.leaf(column).is_none();
            let of_file =
                Gaps { examples: lacks("num_example_per_prompt"), rankings: lacks("ranking_id"), first };
            add_derived(&mut derived, reader.derived());
            if of_file.rankings {
                add_derived(&mut derived, [Derived::new("ranking_id", "by counting rows")]);
            }
            if of_file.examples {
                add_derived(&mut derived, [Derived::new("num_example_per_prompt", "by counting prompts")]);
            }
            gaps.push(of_file);
            first += reader.rows();
        }
        let mut found = Self { files, groups, gaps, prompts: HashMap::new(), derived };
        if found.gaps.iter().any(|gaps| gaps.examples) {
            found.count()?;
        }
        Ok(found)
    }

    /// Counts the rows of each prompt.
    fn count(&mut self) -> Result<(), DatasetError> {
        for path in &self.files {
            let reader = open(path)?;
            for group in 0..reader.row_groups().len() {
                for caption in reader.captions(group)? {
                    *self.prompts.entry(key(&caption)).or_insert(0) += 1;
                }
            }
        }
        Ok(())
    }

    /// The missing columns that are derived from others.
    pub fn derived(&self) -> &[Derived] {
        &self.derived
    }

    /// The files, in order.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// All row groups, in order.
    pub fn groups(&self) -> &[GroupId] {
        &self.groups
    }

    /// Number of rows.
    pub fn rows(&self) -> u64 {
        self.groups.iter().map(|group| group.rows).sum()
    }

    /// Reads the rows of a row group, with their images.
    ///
    /// # Errors
    ///
    /// As [`Reader::read_group`].
    pub fn read(&self, group: GroupId) -> Result<Vec<Row>, DatasetError> {
        self.read_columns(group, Columns::All)
    }

    /// Reads some columns of the rows of a row group. Each call opens the file, so that threads can
    /// read at the same time and only a few files are open.
    ///
    /// # Errors
    ///
    /// As [`Reader::read_group`].
    pub fn read_columns(&self, group: GroupId, columns: Columns) -> Result<Vec<Row>, DatasetError> {
        let found = self.read_sound(group, columns)?;
        found.faults.into_iter().next().map_or(Ok(found.rows), Err)
    }

    /// Reads the valid rows of a row group, with the number of each in the group. An invalid value
    /// only refuses its row.
    ///
    /// # Errors
    ///
    /// If the row group does not exist or is damaged.
    pub fn read_sound(&self, group: GroupId, columns: Columns) -> Result<SoundRows, DatasetError> {
        let Some(path) = self.files.get(group.file) else {
            let (group, groups) = (group.group, 0);
            return Err(DatasetError::NoGroup { file: "the dataset".into(), group, groups });
        };
        let reader = open(path)?;
        let mut found = reader.read_sound(group.group, columns)?;
        let before: u64 = reader.row_groups().iter().take(group.group).map(|group| group.rows).sum();
        let gaps = self.gaps.get(group.file);
        for (number, row) in found.numbers.iter_mut().zip(&mut found.rows) {
            if gaps.is_some_and(|gaps| gaps.examples) {
                // A file that was changed since may have a new prompt.
                row.num_example_per_prompt = self.prompts.get(&key(&row.caption)).copied().unwrap_or(1);
            }
            if let Some(gaps) = gaps.filter(|gaps| gaps.rankings) {
                row.ranking_id = i64::try_from(gaps.first + *number).unwrap_or(i64::MAX);
            }
            *number -= before;
        }
        Ok(found)
    }
}

/// The key of a prompt.
fn key(caption: &str) -> [u8; 16] {
    let hash: [u8; 32] = Sha256::digest(caption).into();
    let mut start = [0; 16];
    start.copy_from_slice(&hash[..16]);
    start
}

fn open(path: &Path) -> Result<Reader<File>, DatasetError> {
    let file = path.display().to_string();
    let source = open_regular(path).map_err(|error| unreadable(path, error))?;
    Reader::open(file, source)
}

pub(super) fn unreadable(path: &Path, source: io::Error) -> DatasetError {
    DatasetError::Read { file: path.display().to_string(), source }
}

/// The files of a split in a folder.
fn of_folder(folder: &Path, split: &str) -> Result<Vec<PathBuf>, DatasetError> {
    let inner = folder.join("data");
    let mut files = parquet_files(if inner.is_dir() { &inner } else { folder })?;
    let splits: BTreeSet<String> =
        files.iter().filter_map(|file| split_of(file)).map(str::to_owned).collect();
    if !splits.is_empty() {
        files.retain(|file| split_of(file) == Some(split));
    }
    if files.is_empty() {
        let path = folder.display().to_string();
        if !splits.is_empty() {
            let (split, splits) = (split.to_owned(), splits.into_iter().collect());
            return Err(DatasetError::NoSplit { path, split, splits });
        }
        let reason = format!(
            "expected Parquet files such as {split}-00000-of-00001.parquet in it or in its folder data"
        );
        return Err(DatasetError::NoFiles { path, reason });
    }
    files.sort();
    Ok(files)
}

fn parquet_files(folder: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, error))? {
        let path = entry.map_err(|error| unreadable(folder, error))?.path();
        if path.is_file() && path.extension().is_some_and(|ending| ending == "parquet") {
            files.push(path);
        }
    }
    Ok(files)
}

/// The split in the name of a file.
fn split_of(file: &Path) -> Option<&str> {
    let name = file.file_name()?.to_str()?.strip_suffix(".parquet")?;
    let split = name.split_once('-').map_or(name, |(split, _)| split);
    ["train", "validation", "test", "validation_unique", "test_unique"].contains(&split).then_some(split)
}
