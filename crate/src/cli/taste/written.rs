//! A file that is written whole or not at all.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process,
};

use super::super::fault::Fault;

/// Refuses a file that cannot be written, before minutes are spent on what it is to hold.
pub(super) fn check(path: &Path) -> Result<(), Fault> {
    let checked = || {
        if path.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        if is_special(path) {
            return Ok(());
        }
        if fs::metadata(path).is_ok_and(|found| found.permissions().readonly()) {
            return Err(io::Error::from(io::ErrorKind::PermissionDenied));
        }
        let beside = beside(path);
        fs::write(&beside, "")?;
        fs::remove_file(beside)
    };
    checked().map_err(|error| fault(path, &error))
}

/// Writes a file beside the one that is wanted and renames it.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Fault> {
    let written = if is_special(path) {
        fs::write(path, text)
    } else {
        let beside = beside(path);
        let renamed = fs::write(&beside, text).and_then(|()| fs::rename(&beside, target(path)));
        if renamed.is_err() {
            // Nothing more can be done if this fails too.
            fs::remove_file(&beside).ok();
        }
        renamed
    };
    written.map_err(|error| fault(path, &error))
}

/// Whether it is a device or a pipe, in whose place no file may be put.
fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// What a link leads to.
fn target(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// A name in the same folder.
fn beside(path: &Path) -> PathBuf {
    let target = target(path);
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.{}.part", process::id()))
}

fn fault(path: &Path, error: &io::Error) -> Fault {
    let reason = format!("the file cannot be written: {error}");
    Fault::Input { path: path.display().to_string(), reason }
}
