//! The tables to score.

use std::{
    collections::HashSet,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use pickscore_common::{hexadecimal::hexadecimal, regular::in_pieces};
use pickscore_dataset::table::{Table, TableColumns};
use sha2::{Digest as _, Sha256};
use walkdir::WalkDir;

use crate::error::BulkError;

/// A table, and where its images are.
#[derive(Debug)]
pub struct Input {
    /// The file.
    pub path: PathBuf,
    /// Its name in the column `file` of the output: its path within the folder that was given, or
    /// its file name.
    pub name: String,
    /// The folder that paths of images are relative to, and that they must not leave.
    pub folder: PathBuf,
    /// Its rows.
    pub table: Table,
    /// What [`Input::identity`] gives, once it is known.
    identity: OnceLock<String>,
}

/// Tables that are scored into one folder.
#[derive(Debug)]
pub struct Inputs {
    /// The tables, in order.
    pub tables: Vec<Input>,
}

impl Inputs {
    /// Opens files, and the tables in folders, in order of their names. Files and folders whose
    /// names start with a dot are left out, and so is the folder `out`.
    ///
    /// `images` is the folder that the paths of images are relative to; by default the folder of
    /// each table.
    ///
    /// # Errors
    ///
    /// If a file cannot be read or lacks a column, or a folder has no tables.
    pub fn open(
        paths: &[PathBuf],
        out: &Path,
        columns: &TableColumns,
        images: Option<&Path>,
    ) -> Result<Self, BulkError> {
        let mut files: Vec<(PathBuf, String)> = Vec::new();
        for path in paths {
            if path.is_dir() {
                files.extend(tables_in(path, out)?);
            } else {
                let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
                files.push((path.clone(), name));
            }
        }
        let mut names = HashSet::new();
        let mut tables: Vec<Input> = Vec::new();
        for (path, name) in files {
            // Files of equal names in different folders are told apart by their paths.
            let name = if names.insert(name.clone()) { name } else { path.display().to_string() };
            names.insert(name.clone());
            let table = Table::open(&path, columns)?;
            let of_table = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = images.or(of_table).unwrap_or(Path::new(".")).to_owned();
            let count = |input: &Input| input.table.layout().images.len();
            if let Some(first) = tables.first()
                && count(first) != table.layout().images.len()
            {
                let (first, this) = (first.path.display().to_string(), path.display().to_string());
                let (one, two) = if count(&tables[0]) == 1 { (first, this) } else { (this, first) };
                return Err(BulkError::Mixed { one, two });
            }
            tables.push(Input::new(path, name, folder, table));
        }
        Ok(Self { tables })
    }

    /// Number of rows.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|input| input.table.rows()).sum()
    }

    /// Number of images per row.
    pub fn images_per_row(&self) -> usize {
        self.tables.first().map_or(1, |input| input.table.layout().images.len())
    }
}

impl Input {
    /// A table; the fields say what the arguments are.
    pub fn new(path: PathBuf, name: String, folder: PathBuf, table: Table) -> Self {
        Self { path, name, folder, table, identity: OnceLock::new() }
    }

    /// A text that identifies what is scored: the file's content, its name, and the columns. The
    /// first call reads the whole file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn identity(&self) -> Result<&str, BulkError> {
        if let Some(known) = self.identity.get() {
            return Ok(known);
        }
        let mut hash = Sha256::new();
        let file = File::open(&self.path);
        let read = file.and_then(|file| in_pieces(file, |piece| hash.update(piece)));
        read.map_err(|error| BulkError::read(&self.path, error))?;
        let layout = self.table.layout();
        let prompt = layout.prompt.iter();
        for text in std::iter::once(&self.name).chain(prompt).chain(&layout.images) {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        }
        Ok(self.identity.get_or_init(|| hexadecimal(&hash.finalize())))
    }
}

/// The tables in a folder and below it, with their paths within it.
fn tables_in(folder: &Path, out: &Path) -> Result<Vec<(PathBuf, String)>, BulkError> {
    let out = std::path::absolute(out).unwrap_or_else(|_| out.to_owned());
    let is_out = |path: &Path| std::path::absolute(path).is_ok_and(|path| path == out);
    let is_hidden =
        |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let mut found = Vec::new();
    let walk = WalkDir::new(folder).sort_by_file_name().into_iter();
    let walk = walk.filter_entry(|entry| {
        entry.depth() == 0 || !(is_hidden(entry.path()) || entry.path().is_dir() && is_out(entry.path()))
    });
    for entry in walk {
        let entry = entry.map_err(|error| {
            let path = error.path().unwrap_or(folder).to_owned();
            let source = error.into_io_error();
            BulkError::read(&path, source.unwrap_or_else(|| io::Error::other("the folder contains itself")))
        })?;
        let path = entry.into_path();
        if path.is_file() && Table::is_named(&path) {
            let within = path.strip_prefix(folder).unwrap_or(&path);
            let parts: Vec<_> = within.iter().map(|part| part.to_string_lossy()).collect();
            let name = parts.join("/");
            found.push((path, name));
        }
    }
    if found.is_empty() {
        return Err(BulkError::NoTables { path: folder.display().to_string() });
    }
    Ok(found)
}
