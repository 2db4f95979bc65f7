//! The tables to score.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap, HashSet},
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use pickscore_common::{hexadecimal::hexadecimal, regular::in_pieces};
use pickscore_dataset::table::{Table, TableColumns};
use sha2::{Digest as _, Sha256};
use walkdir::WalkDir;

use crate::{
    error::BulkError,
    results::{Named, Noted, is_result, names_in, one_each, stem},
    shard, states,
};

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
    /// The hash of the file's content, once it is known.
    read: OnceLock<Sha256>,
    /// What [`Input::content`] gives.
    content: OnceLock<String>,
    /// What [`Input::identity`] gives.
    identity: OnceLock<String>,
    /// What [`Input::resolved_folder`] gives.
    resolved: OnceLock<String>,
}

/// Tables that are scored into one folder.
#[derive(Debug)]
pub struct Inputs {
    /// The tables, in order.
    pub tables: Vec<Input>,
}

/// A file that was found.
#[derive(Debug)]
struct Found {
    path: PathBuf,
    name: String,
}

impl Inputs {
    /// Opens files, and the tables in folders, in order of their names. Files and folders whose
    /// names start with a dot are left out, and so are the folder `out` and files that this crate
    /// has written. A file that is given twice, also through links, is taken once.
    ///
    /// `images` is the folder that the paths of images are relative to; by default the folder of
    /// each table.
    ///
    /// # Errors
    ///
    /// If a file cannot be read or lacks a column, a folder has no tables, or the tables do not fit
    /// together.
    pub fn open(
        paths: &[PathBuf],
        out: &Path,
        columns: &TableColumns,
        images: Option<&Path>,
    ) -> Result<Self, BulkError> {
        let mut found: Vec<Found> = Vec::new();
        let mut places: HashMap<PathBuf, usize> = HashMap::new();
        for path in paths {
            let files = if path.is_dir() {
                tables_in(path, out)?
            } else {
                let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
                vec![Found { path: path.clone(), name }]
            };
            for file in files {
                let real = fs::canonicalize(&file.path).unwrap_or_else(|_| file.path.clone());
                match places.get(&real) {
                    // The name does not depend on the order.
                    Some(&place) if file.rank() < found[place].rank() => found[place] = file,
                    Some(_) => {}
                    None => {
                        places.insert(real, found.len());
                        found.push(file);
                    }
                }
            }
        }
        let longer = distinct_names(&found);
        let mut tables: Vec<Input> = Vec::new();
        for Found { path, name } in found {
            let table = Table::open(&path, columns)?;
            let of_table = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = images.or(of_table).unwrap_or(Path::new(".")).to_owned();
            tables.push(Input::new(path, name, folder, table));
        }
        fit_together(&tables)?;
        name_apart(&mut tables, longer, out)?;
        Ok(Self { tables })
    }

    /// Number of rows.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|input| input.table.rows()).sum()
    }

    /// Number of images per row.
    pub fn images_per_row(&self) -> usize {
        let mut counts = self.tables.iter().map(|input| input.table.layout().images.len());
        counts.find(|&count| count > 0).unwrap_or(1)
    }

    /// The tables whose column `ranking_id` is not used, and what it has.
    pub fn unused_ids(&self) -> impl Iterator<Item = (&str, &str)> {
        let unused = |input: &Input| input.table.layout().unused_id.is_some();
        let found = self.tables.iter().filter(move |input| unused(input));
        found
            .map(|input| (input.name.as_str(), input.table.layout().unused_id.as_deref().unwrap_or_default()))
    }
}

impl Found {
    /// The least of several ways to a file gives its name: no link, and with the most folders.
    fn rank(&self) -> (bool, Reverse<usize>, &str, &Path) {
        (self.path.is_symlink(), Reverse(self.name.matches('/').count()), &self.name, &self.path)
    }

    /// The parts of its path from the root.
    fn parts(&self) -> Vec<String> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        let whole = folder.join(self.path.file_name().unwrap_or_default());
        let normal = whole.components().filter(|part| matches!(part, std::path::Component::Normal(_)));
        normal.map(|part| part.as_os_str().to_string_lossy().into_owned()).collect()
    }
}

/// For files that share a name, names with as many folders as tell them apart, by place.
fn distinct_names(files: &[Found]) -> BTreeMap<usize, String> {
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    files.iter().enumerate().for_each(|(at, file)| groups.entry(&file.name).or_default().push(at));
    let taken: HashSet<&str> = groups.keys().copied().collect();
    let mut longer = BTreeMap::new();
    for (name, group) in groups.iter().filter(|(_, group)| group.len() > 1) {
        let parts: Vec<Vec<String>> = group.iter().map(|&at| files[at].parts()).collect();
        let longest = parts.iter().map(Vec::len).max().unwrap_or_default();
        let last = |parts: &Vec<String>, count: usize| parts[parts.len().saturating_sub(count)..].join("/");
        for count in name.matches('/').count() + 2..=longest.max(2) {
            let names: Vec<String> = parts.iter().map(|parts| last(parts, count)).collect();
            let distinct: HashSet<&str> = names.iter().map(String::as_str).collect();
            if distinct.len() == names.len() && distinct.is_disjoint(&taken) || count >= longest {
                longer.extend(group.iter().copied().zip(names));
                break;
            }
        }
    }
    longer
}

/// Gives tables that share a name longer ones. If the folder has scores of one of them under the
/// short name, from before the others were there, it keeps that.
fn name_apart(tables: &mut [Input], longer: BTreeMap<usize, String>, out: &Path) -> Result<(), BulkError> {
    let mut groups: BTreeMap<String, Vec<(String, usize)>> = BTreeMap::new();
    for (at, name) in longer {
        groups.entry(tables[at].name.clone()).or_default().push((name, at));
    }
    for (short, mut group) in groups {
        group.sort();
        let known = known_as(&short, out);
        let mut keeps = None;
        for (_, at) in &group {
            let table = &tables[*at];
            let (content, folder) = (table.content()?, table.resolved_folder());
            let is_known = |(known, of): &(String, Option<String>)| {
                known == content && of.as_deref().is_none_or(|of| of == folder)
            };
            if known.iter().any(is_known) {
                keeps = Some(*at);
                break;
            }
        }
        for (name, at) in group.into_iter().filter(|(_, at)| Some(*at) != keeps) {
            tables[at].name = name;
        }
    }
    Ok(())
}

/// The contents, and the folders of images, of which a folder has scores under a name.
fn known_as(name: &str, out: &Path) -> Vec<(String, Option<String>)> {
    let (names, stem) = (names_in(out), stem(name));
    let noted = |file: &String| {
        let noted = Noted::read(&out.join(file))?;
        (noted.get(shard::INPUT) == Some(name)).then_some(())?;
        Some((noted.get(shard::CONTENT)?.to_owned(), noted.get(states::FOLDER).map(str::to_owned)))
    };
    one_each(&names, &|parts: &Named<'_>| parts.stem == stem).filter_map(noted).collect()
}

/// Tables of one output have the same number of images per row, and the same kind of key.
fn fit_together(tables: &[Input]) -> Result<(), BulkError> {
    let mut tables = tables.iter().filter(|input| input.table.rows() > 0);
    let Some(first) = tables.next() else { return Ok(()) };
    for other in tables {
        let named = |input: &Input| input.path.display().to_string();
        let (layout, expected) = (other.table.layout(), first.table.layout());
        if layout.images.len() != expected.images.len() {
            let is_one = expected.images.len() == 1;
            let (one, two) = if is_one { (first, other) } else { (other, first) };
            return Err(BulkError::Mixed { one: named(one), two: named(two) });
        }
        if layout.has_ranking_id != expected.has_ranking_id {
            let (with, without) = if expected.has_ranking_id { (first, other) } else { (other, first) };
            return Err(BulkError::MixedKeys { with: named(with), without: named(without) });
        }
    }
    Ok(())
}

impl Input {
    /// A table; the fields say what the arguments are.
    pub fn new(path: PathBuf, name: String, folder: PathBuf, table: Table) -> Self {
        let (read, content, identity, resolved) = Default::default();
        Self { path, name, folder, table, read, content, identity, resolved }
    }

    /// The hash of the file. The first call reads the whole file.
    fn read(&self) -> Result<&Sha256, BulkError> {
        if let Some(known) = self.read.get() {
            return Ok(known);
        }
        let mut hash = Sha256::new();
        let file = File::open(&self.path);
        let read = file.and_then(|file| in_pieces(file, |piece| hash.update(piece)));
        read.map_err(|error| BulkError::read(&self.path, error))?;
        Ok(self.read.get_or_init(|| hash))
    }

    /// A text that identifies the file's content.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn content(&self) -> Result<&str, BulkError> {
        if let Some(known) = self.content.get() {
            return Ok(known);
        }
        let hash = self.read()?.clone();
        Ok(self.content.get_or_init(|| hexadecimal(&hash.finalize())))
    }

    /// The table, of which another process has found [`Self::content`].
    #[must_use]
    pub fn with_content(self, content: String) -> Self {
        Self { content: content.into(), ..self }
    }

    /// A text that identifies what is scored: the file's content, its name, and the columns.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn identity(&self) -> Result<&str, BulkError> {
        let mut hash = self.read()?.clone();
        let layout = self.table.layout();
        let prompt = layout.prompt.iter();
        for text in std::iter::once(&self.name).chain(prompt).chain(&layout.images) {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        }
        Ok(self.identity.get_or_init(|| hexadecimal(&hash.finalize())))
    }

    /// The columns that are read, as text.
    pub(crate) fn columns(&self) -> String {
        let layout = self.table.layout();
        let names: Vec<String> =
            layout.prompt.iter().chain(&layout.images).map(|name| format!("`{name}`")).collect();
        names.join(", ")
    }

    /// The folder of the images from the root, without links.
    pub(crate) fn resolved_folder(&self) -> &str {
        self.resolved.get_or_init(|| {
            let resolved = fs::canonicalize(&self.folder).or_else(|_| std::path::absolute(&self.folder));
            resolved.unwrap_or_else(|_| self.folder.clone()).display().to_string()
        })
    }
}

/// The tables in a folder and below it, with their paths within it.
fn tables_in(folder: &Path, out: &Path) -> Result<Vec<Found>, BulkError> {
    let out = fs::canonicalize(out).ok();
    let is_out = |path: &Path| out.is_some() && fs::canonicalize(path).ok() == out;
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
        if path.is_file() && Table::is_named(&path) && !is_result(&path) {
            let within = path.strip_prefix(folder).unwrap_or(&path);
            let parts: Vec<_> = within.iter().map(|part| part.to_string_lossy()).collect();
            let name = parts.join("/");
            found.push(Found { path, name });
        }
    }
    if found.is_empty() {
        return Err(BulkError::NoTables { path: folder.display().to_string() });
    }
    Ok(found)
}
