//! Data sets on disk: files, and folders as Hugging Face lays them out.

use std::{
    collections::HashMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use super::{Columns, DatasetError, Derived, Reader, Row, derive::add_derived};

/// Most files of a data set. Pick-a-Pic v2 has fewer than a thousand.
const FILES: usize = 100_000;

/// A row group of a data set: what is read, shuffled and dropped as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GroupId {
    /// Which of [`DatasetFiles::files`].
    pub file: usize,
    /// Which row group of it.
    pub group: usize,
    /// How many rows it has.
    pub rows: u64,
    /// How many bytes the columns that are read take when uncompressed.
    pub bytes: u64,
}

/// Parquet files that are read as one data set.
#[derive(Debug)]
pub struct DatasetFiles {
    files: Vec<PathBuf>,
    groups: Vec<GroupId>,
    /// What each file leaves to this: in the order of `files`.
    gaps: Vec<Gaps>,
    /// How many rows have each prompt (by 128 bits of its SHA-256), where a file does not say it.
    prompts: HashMap<[u8; 16], i64>,
    derived: Vec<Derived>,
}

/// Columns of a file that only a look at all files can fill.
#[derive(Debug, Clone, Copy)]
struct Gaps {
    examples: bool,
    rankings: bool,
    /// Rows of the files before it.
    first: u64,
}

impl DatasetFiles {
    /// Finds the files and reads each one's footer; where one lacks `num_example_per_prompt`, also every file's prompts, to count them.
    ///
    /// A path is a Parquet file, or a folder with files of the split, `{split}-*.parquet`, in it or in its folder `data`; a folder where
    /// no file is named after any split is taken whole. Files of a folder come in the order of their names.
    ///
    /// # Errors
    ///
    /// When a path holds nothing of the kind, and when a file cannot be read or has another schema.
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
            let lacks = |column: &str| reader.layout.leaf(column).is_none();
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

    /// Counts prompts.
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

    /// Columns that files lack and that are made from others.
    pub fn derived(&self) -> &[Derived] {
        &self.derived
    }

    /// The files, in order.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Every row group, in order.
    pub fn groups(&self) -> &[GroupId] {
        &self.groups
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.groups.iter().map(|group| group.rows).sum()
    }

    /// A row group's rows, with their images.
    ///
    /// # Errors
    ///
    /// As [`Reader::read_group`].
    pub fn read(&self, group: GroupId) -> Result<Vec<Row>, DatasetError> {
        self.read_columns(group, Columns::All)
    }

    /// A row group's rows. The file is opened anew, so that threads may read at once and no data set runs out of open files.
    ///
    /// # Errors
    ///
    /// As [`Reader::read_group`].
    pub fn read_columns(&self, group: GroupId, columns: Columns) -> Result<Vec<Row>, DatasetError> {
        let Some(path) = self.files.get(group.file) else {
            let (group, groups) = (group.group, 0);
            return Err(DatasetError::NoGroup { file: "the data set".into(), group, groups });
        };
        let reader = open(path)?;
        let mut rows = reader.read_group(group.group, columns)?;
        let Some(gaps) = self.gaps.get(group.file).filter(|gaps| gaps.examples || gaps.rankings) else {
            return Ok(rows);
        };
        let before: u64 = reader.row_groups().iter().take(group.group).map(|group| group.rows).sum();
        for (at, row) in (gaps.first + before..).zip(&mut rows) {
            if gaps.examples {
                // A file that has changed since may have a prompt that was not counted.
                row.num_example_per_prompt = self.prompts.get(&key(&row.caption)).copied().unwrap_or(1);
            }
            if gaps.rankings {
                row.ranking_id = i64::try_from(at).unwrap_or(i64::MAX);
            }
        }
        Ok(rows)
    }
}

/// What a prompt is counted by.
fn key(caption: &str) -> [u8; 16] {
    let hash: [u8; 32] = Sha256::digest(caption).into();
    let mut start = [0; 16];
    start.copy_from_slice(&hash[..16]);
    start
}

fn open(path: &Path) -> Result<Reader<File>, DatasetError> {
    let file = path.display().to_string();
    let source = File::open(path).map_err(|error| unreadable(path, &error))?;
    Reader::open(file, source)
}

fn unreadable(path: &Path, error: &io::Error) -> DatasetError {
    DatasetError::Read { file: path.display().to_string(), reason: error.to_string() }
}

/// The files of a split in a folder.
fn of_folder(folder: &Path, split: &str) -> Result<Vec<PathBuf>, DatasetError> {
    let inner = folder.join("data");
    let mut files = parquet_files(if inner.is_dir() { &inner } else { folder })?;
    if files.iter().any(|file| split_of(file).is_some()) {
        files.retain(|file| split_of(file) == Some(split));
    }
    if files.is_empty() {
        let reason = format!("looked for {split}-*.parquet and *.parquet, in it and in its folder data");
        return Err(DatasetError::NoFiles { path: folder.display().to_string(), reason });
    }
    files.sort();
    Ok(files)
}

fn parquet_files(folder: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, &error))? {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        if path.is_file() && path.extension().is_some_and(|ending| ending == "parquet") {
            files.push(path);
        }
    }
    Ok(files)
}

/// The split that a file is named after.
fn split_of(file: &Path) -> Option<&str> {
    let name = file.file_name()?.to_str()?.strip_suffix(".parquet")?;
    let split = name.split_once('-').map_or(name, |(split, _)| split);
    ["train", "validation", "test", "validation_unique", "test_unique"].contains(&split).then_some(split)
}
