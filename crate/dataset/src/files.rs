//! Data sets on disk: files, and folders as Hugging Face lays them out.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use super::{Columns, DatasetError, Reader, Row};

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
}

impl DatasetFiles {
    /// Finds the files and reads each one's footer.
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
        let mut groups = Vec::new();
        for (file, path) in files.iter().enumerate() {
            let reader = open(path)?;
            let of_file = reader.row_groups().iter().enumerate();
            groups.extend(of_file.map(|(group, claimed)| GroupId {
                file,
                group,
                rows: claimed.rows,
                bytes: claimed.bytes,
            }));
        }
        Ok(Self { files, groups })
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
        open(path)?.read_group(group.group, columns)
    }
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
