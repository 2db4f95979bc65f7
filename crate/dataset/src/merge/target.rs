//! Where the merged data set is made, and put in its place when it is whole.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::MergeError;

/// A folder that becomes the data set, or nothing.
#[derive(Debug)]
pub(super) struct Target {
    out: PathBuf,
    partial: PathBuf,
}

/// What says that a folder is one of ours and may be removed.
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
            Err(error) => return Err(failed(out, &error)),
        }
        let Some(name) = out.file_name() else { return Err(exists()) };
        let mut name = name.to_owned();
        name.push(".partial");
        let partial = out.with_file_name(name);
        if partial.join(MARK).exists() {
            // What a merge left that was killed.
            fs::remove_dir_all(&partial).map_err(|error| failed(&partial, &error))?;
        }
        if partial.exists() {
            return Err(MergeError::Exists { out: partial.display().to_string() });
        }
        let target = Self { out: out.to_path_buf(), partial };
        fs::create_dir_all(target.data()).map_err(|error| failed(&target.partial, &error))?;
        let mark = target.partial.join(MARK);
        fs::write(&mark, "").map_err(|error| failed(&mark, &error))?;
        let scratch = target.scratch();
        fs::create_dir_all(&scratch).map_err(|error| failed(&scratch, &error))?;
        Ok(target)
    }

    /// The folder of the data set in the making.
    pub(super) fn folder(&self) -> &Path {
        &self.partial
    }

    /// Its Parquet files.
    pub(super) fn data(&self) -> PathBuf {
        self.partial.join("data")
    }

    /// Files that are gone in the end.
    pub(super) fn scratch(&self) -> PathBuf {
        self.partial.join(".scratch")
    }

    /// Puts the data set in its place.
    pub(super) fn finish(self) -> Result<(), MergeError> {
        let scratch = self.scratch();
        fs::remove_dir_all(&scratch).map_err(|error| failed(&scratch, &error))?;
        let mark = self.partial.join(MARK);
        fs::remove_file(&mark).map_err(|error| failed(&mark, &error))?;
        if self.out.exists() {
            fs::remove_dir(&self.out).map_err(|error| failed(&self.out, &error))?;
        }
        fs::rename(&self.partial, &self.out).map_err(|error| failed(&self.out, &error))
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // After `finish` there is nothing of that name. What cannot be removed has the mark, and goes with the next merge.
        let _ = fs::remove_dir_all(&self.partial);
    }
}

/// What the system says about a path.
pub(super) fn failed(path: &Path, error: &io::Error) -> MergeError {
    MergeError::Disk { path: path.display().to_string(), reason: error.to_string() }
}
