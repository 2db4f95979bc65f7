//! The folder of the merged dataset. It is written under a temporary name and renamed at the end.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::error::MergeError;

/// A folder that becomes the dataset, or is removed if the merge fails.
#[derive(Debug)]
pub(super) struct Target {
    out: PathBuf,
    partial: PathBuf,
}

/// A file that marks the temporary folder of a merge, which may be removed.
const MARK: &str = ".pickscore-merge";

impl Target {
    pub(super) fn create(out: &Path) -> Result<Self, MergeError> {
        let exists = || MergeError::Exists { out: out.display().to_string() };
        match fs::read_dir(out) {
            Ok(mut entries) => {
                if entries.next().is_some() {
                    return Err(exists());
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Err(exists()),
            Err(error) => return Err(failed(out, error)),
        }
        let Some(name) = out.file_name() else { return Err(exists()) };
        let mut name = name.to_owned();
        name.push(".partial");
        let partial = out.with_file_name(name);
        if partial.join(MARK).exists() {
            // An interrupted merge has left it.
            fs::remove_dir_all(&partial).map_err(|error| failed(&partial, error))?;
        }
        if partial.exists() {
            return Err(MergeError::Exists { out: partial.display().to_string() });
        }
        let target = Self { out: out.to_path_buf(), partial };
        fs::create_dir_all(target.data()).map_err(|error| failed(&target.partial, error))?;
        let mark = target.partial.join(MARK);
        fs::write(&mark, "").map_err(|error| failed(&mark, error))?;
        let scratch = target.scratch();
        fs::create_dir_all(&scratch).map_err(|error| failed(&scratch, error))?;
        Ok(target)
    }

    /// The temporary folder of the dataset.
    pub(super) fn folder(&self) -> &Path {
        &self.partial
    }

    /// The folder of its Parquet files.
    pub(super) fn data(&self) -> PathBuf {
        self.partial.join("data")
    }

    /// The folder of temporary files.
    pub(super) fn scratch(&self) -> PathBuf {
        self.partial.join(".scratch")
    }

    /// Renames the folder to its final name.
    pub(super) fn finish(self) -> Result<(), MergeError> {
        let scratch = self.scratch();
        fs::remove_dir_all(&scratch).map_err(|error| failed(&scratch, error))?;
        let mark = self.partial.join(MARK);
        fs::remove_file(&mark).map_err(|error| failed(&mark, error))?;
        if self.out.exists() {
            fs::remove_dir(&self.out).map_err(|error| failed(&self.out, error))?;
        }
        fs::rename(&self.partial, &self.out).map_err(|error| failed(&self.out, error))
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // After `finish` the folder does not exist. If it cannot be removed here, the next merge
        // removes it.
        let _ = fs::remove_dir_all(&self.partial);
    }
}

/// An error of the system about a path.
pub(super) fn failed(path: &Path, source: io::Error) -> MergeError {
    MergeError::Disk { path: path.display().to_string(), source }
}
