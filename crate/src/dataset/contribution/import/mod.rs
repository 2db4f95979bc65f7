//! Reading contributions back: what is not as it should be is refused by file, row and column, and everything else is kept.
//!
//! The importer asks for ranges of bytes and gives records; it knows no file system. So it reads a file of any size a row group at a time, on a page's main
//! thread as in a worker.

mod archive;
mod data;
mod inflate;
mod lines;
mod refusal;
mod sparse;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

pub use refusal::Refusal;

use self::{
    archive::{Archive, Entry, Halt},
    data::Data,
    inflate::Inflate,
    sparse::{Missing, Sparse, Window},
};
use super::manifest;
use crate::preference::Record;

/// Refusals that are listed; others are counted.
const LISTED: usize = 1000;
/// Most bytes of a packed file that is unpacked in memory.
const UNPACKED: u64 = 256 << 20;
/// Most bytes of a manifest.
const MANIFEST: u64 = 16 << 20;
/// Packed bytes that are fetched at a time.
const PIECE: u64 = 1 << 20;

/// What to do next.
#[derive(Debug)]
pub enum ImportStep {
    /// Fetch a range of a file and [`Importer::give`] it.
    Need {
        /// Which file, by its place in the list.
        file: usize,
        /// The first byte.
        start: u64,
        /// How many bytes.
        length: u64,
    },
    /// A record with its images, left and right. Formats without images have none.
    Record(Box<Record>, [Option<Vec<u8>>; 2]),
    /// All is read.
    Done,
}

/// What a path is by its ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Parquet,
    Lines,
}

/// A file that is there, in a zip or beside others.
#[derive(Debug, Clone)]
enum Place {
    /// One of the files that were given.
    Whole(usize),
    /// A file of a zip among them.
    Within(usize, Box<Entry>),
}

/// Files that belong together: a zip's, or all that were given beside zips.
#[derive(Debug, Default)]
struct Group {
    /// What comes before the paths in messages.
    name: String,
    files: BTreeMap<String, Place>,
}

/// Something that is still to be read.
#[derive(Debug)]
enum Task {
    /// A zip's directory.
    Zip(usize),
    /// A manifest, by its group and path.
    Manifest(usize, String),
    /// Data, by their group and path.
    Data(usize, String, Kind),
}

/// What is being read.
#[derive(Debug)]
enum Doing {
    Nothing,
    Inflating { task: Task, inflate: Inflate, at: u64, end: u64, file: usize },
    Data(Box<Data>),
}

/// Reads contributions.
///
/// ```text
/// new(paths and lengths of files)
/// loop { step(): fetch what it needs and give() it, keep a record, or end }
/// refused()
/// ```
#[derive(Debug)]
pub struct Importer {
    names: Vec<String>,
    files: Vec<Arc<Sparse>>,
    archives: BTreeMap<usize, Archive>,
    groups: Vec<Group>,
    tasks: VecDeque<Task>,
    doing: Doing,
    ready: VecDeque<(Record, [Option<Vec<u8>>; 2])>,
    /// What was asked for last.
    needed: Option<(usize, u64, u64)>,
    refused: Vec<Refusal>,
    refused_count: u64,
    now: i64,
}

impl Importer {
    /// Of files by their paths and lengths: zips, Parquet and JSON Lines, or all files of a folder. `now` is the time in milliseconds since 1970.
    pub fn new(files: Vec<(String, u64)>, now: i64) -> Self {
        let mut importer = Self {
            names: files.iter().map(|(name, _)| name.clone()).collect(),
            files: files.iter().map(|&(_, length)| Arc::new(Sparse::new(length))).collect(),
            archives: BTreeMap::new(),
            groups: vec![Group::default()],
            tasks: VecDeque::new(),
            doing: Doing::Nothing,
            ready: VecDeque::new(),
            needed: None,
            refused: Vec::new(),
            refused_count: 0,
            now,
        };
        for (at, name) in importer.names.clone().into_iter().enumerate() {
            if ends(&name, ".zip") {
                importer.tasks.push_back(Task::Zip(at));
            } else if importer.groups[0].files.insert(name.clone(), Place::Whole(at)).is_some() {
                importer.refuse(Refusal::file(&name, "was given twice; the last is taken"));
            }
        }
        importer.plan(0);
        if importer.tasks.is_empty() {
            let name = importer.names.first().cloned().unwrap_or_else(|| "the list of files".into());
            importer
                .refuse(Refusal::file(&name, "holds no contribution: expected a zip, Parquet or JSON Lines"));
        }
        importer
    }

    /// Puts a group's data among the tasks, after its manifests: one of a version to come keeps its data from being read.
    fn plan(&mut self, group: usize) {
        let paths: Vec<String> = self.groups[group].files.keys().cloned().collect();
        let name_of = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
        for path in paths.iter().filter(|path| name_of(path) == "contribution.json") {
            self.tasks.push_back(Task::Manifest(group, path.clone()));
        }
        for path in paths {
            let kind = match () {
                () if name_of(&path).starts_with('.') || path.contains("__MACOSX/") => continue,
                () if ends(&path, ".parquet") => Kind::Parquet,
                () if ends(&path, ".jsonl") || ends(&path, ".ndjson") => Kind::Lines,
                () => continue,
            };
            self.tasks.push_back(Task::Data(group, path, kind));
        }
    }

    /// What to do next.
    pub fn step(&mut self) -> ImportStep {
        loop {
            if let Some((record, images)) = self.ready.pop_front() {
                return ImportStep::Record(Box::new(record), images);
            }
            match self.work() {
                Ok(true) => {}
                Ok(false) => return ImportStep::Done,
                Err((file, Missing(range))) => {
                    let (start, length) = (range.start, range.end - range.start);
                    self.needed = Some((file, start, length));
                    return ImportStep::Need { file, start, length };
                }
            }
        }
    }

    /// Takes the bytes that were needed. Fewer than asked for mean that the file has become shorter: it is given up.
    pub fn give(&mut self, bytes: Vec<u8>) {
        let Some((file, start, length)) = self.needed.take() else { return };
        if bytes.len() as u64 == length {
            self.files[file].add(start, bytes);
        } else {
            self.fail(file, &format!("it gave {} of {length} bytes", bytes.len()));
        }
    }

    /// Says that what was needed cannot be read.
    pub fn give_up(&mut self, reason: &str) {
        if let Some((file, ..)) = self.needed.take() {
            self.fail(file, reason);
        }
    }

    fn fail(&mut self, file: usize, reason: &str) {
        if let Doing::Data(data) = &mut self.doing
            && data.lost(file, reason)
        {
            return;
        }
        let name = self.names[file].clone();
        self.refuse(Refusal::file(&name, format!("cannot be read: {reason}")));
        self.files[file].clear();
        self.doing = Doing::Nothing;
        let groups = &self.groups;
        let is_of = |group: usize, path: &String| match groups[group].files.get(path) {
            Some(Place::Whole(at) | Place::Within(at, _)) => *at == file,
            None => false,
        };
        self.tasks.retain(|task| match task {
            Task::Zip(at) => *at != file,
            Task::Manifest(group, path) | Task::Data(group, path, _) => !is_of(*group, path),
        });
    }

    /// What was not imported, the first thousand of it.
    pub fn refused(&self) -> &[Refusal] {
        &self.refused
    }

    /// How much was not imported.
    pub fn refused_count(&self) -> u64 {
        self.refused_count
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.refused_count += 1;
        if self.refused.len() < LISTED {
            self.refused.push(refusal);
        }
    }

    /// Does the next piece of work; false when there is none.
    fn work(&mut self) -> Result<bool, (usize, Missing)> {
        match std::mem::replace(&mut self.doing, Doing::Nothing) {
            Doing::Nothing => {}
            Doing::Inflating { task, mut inflate, at, end, file } => {
                let next = end.min(at + PIECE);
                let piece = match self.files[file].get(at..next) {
                    Ok(piece) => piece,
                    Err(missing) => {
                        self.doing = Doing::Inflating { task, inflate, at, end, file };
                        return Err((file, missing));
                    }
                };
                let pushed = inflate.push(&piece);
                drop(piece);
                self.files[file].clear();
                match pushed {
                    Err(reason) => self.refuse_task(&task, &reason),
                    Ok(()) if next < end => {
                        self.doing = Doing::Inflating { task, inflate, at: next, end, file };
                    }
                    Ok(()) => match inflate.finish() {
                        Ok(bytes) => self.begin(task, Window::Memory(bytes.into())),
                        Err(reason) => self.refuse_task(&task, &reason),
                    },
                }
                return Ok(true);
            }
            Doing::Data(mut data) => {
                let context = data::Context {
                    group: &self.groups[data.group],
                    archives: &self.archives,
                    files: &self.files,
                    now: self.now,
                };
                let worked = data.work(&context);
                for refusal in std::mem::take(&mut data.refused) {
                    self.refuse(refusal);
                }
                self.ready.extend(std::mem::take(&mut data.ready));
                match worked {
                    Err(missing) => {
                        self.doing = Doing::Data(data);
                        return Err(missing);
                    }
                    Ok(true) => self.doing = Doing::Data(data),
                    Ok(false) => data.window.clear(),
                }
                return Ok(true);
            }
        }
        let Some(task) = self.tasks.pop_front() else { return Ok(false) };
        let done = match &task {
            Task::Zip(at) => self.open_zip(*at),
            Task::Manifest(group, path) | Task::Data(group, path, _) => {
                let (group, path) = (*group, path.clone());
                return self.open(task, group, &path);
            }
        };
        done.map(|()| true).map_err(|missing| {
            let Task::Zip(at) = task else { return (0, missing) };
            self.tasks.push_front(task);
            (at, missing)
        })
    }

    fn open_zip(&mut self, at: usize) -> Result<(), Missing> {
        let name = self.names[at].clone();
        match Archive::open(&self.files[at]) {
            Err(Halt::Missing(missing)) => return Err(missing),
            Err(Halt::Damaged(reason)) => {
                self.refuse(Refusal::file(&name, format!("cannot be read: {reason}")))
            }
            Ok((archive, entries, refused)) => {
                self.archives.insert(at, archive);
                for (path, reason) in refused {
                    self.refuse(Refusal::file(&format!("{name}/{path}"), reason));
                }
                let place = |entry: Entry| (entry.path.clone(), Place::Within(at, Box::new(entry)));
                let files = entries.into_iter().map(place).collect();
                self.groups.push(Group { name: format!("{name}/"), files });
                let before = self.tasks.len();
                self.plan(self.groups.len() - 1);
                if self.tasks.len() == before {
                    self.refuse(Refusal::file(
                        &name,
                        "holds no contribution: expected Parquet or JSON Lines in it",
                    ));
                }
            }
        }
        self.files[at].clear();
        Ok(())
    }

    /// Opens a file of data or a manifest: where it is packed, unpacks it first.
    fn open(&mut self, task: Task, group: usize, path: &str) -> Result<bool, (usize, Missing)> {
        let most = if matches!(task, Task::Manifest(..)) { MANIFEST } else { UNPACKED };
        let Some(place) = self.groups[group].files.get(path).cloned() else { return Ok(true) };
        let window = match place {
            Place::Whole(at) => {
                let file = self.files[at].clone();
                let range = 0..file.length();
                Window::Part { file, range }
            }
            Place::Within(at, entry) => {
                let range = match self.archives.get(&at).map(|archive| archive.range(&entry)) {
                    Some(Ok(range)) => range,
                    Some(Err(Halt::Missing(missing))) => {
                        self.tasks.push_front(task);
                        return Err((at, missing));
                    }
                    Some(Err(Halt::Damaged(reason))) => {
                        self.refuse_task(&task, &reason);
                        return Ok(true);
                    }
                    None => return Ok(true),
                };
                if entry.is_deflated {
                    if entry.length > most {
                        let reason =
                            format!("claims {} bytes when unpacked; expected at most {most}", entry.length);
                        self.refuse_task(&task, &reason);
                    } else {
                        let inflate = Inflate::new(entry.length as usize);
                        let (start, end) = (range.start, range.end);
                        self.doing = Doing::Inflating { task, inflate, at: start, end, file: at };
                    }
                    return Ok(true);
                }
                Window::Part { file: self.files[at].clone(), range }
            }
        };
        if let Task::Manifest(..) = task {
            if window.length() > most {
                let reason = format!("has {} bytes; expected at most {most}", window.length());
                self.refuse_task(&task, &reason);
                return Ok(true);
            }
            if let Err(missing) = window.get(0..window.length()) {
                let file = self.file_of(group, path);
                self.tasks.push_front(task);
                return Err((file, missing));
            }
        }
        self.begin(task, window);
        Ok(true)
    }

    /// Which of the given files a path is in.
    fn file_of(&self, group: usize, path: &str) -> usize {
        match self.groups[group].files.get(path) {
            Some(Place::Whole(at) | Place::Within(at, _)) => *at,
            None => 0,
        }
    }

    /// Begins to read what is at hand.
    fn begin(&mut self, task: Task, window: Window) {
        match task {
            Task::Zip(_) => {}
            Task::Manifest(group, path) => {
                let name = format!("{}{path}", self.groups[group].name);
                let bytes = window.get(0..window.length());
                let checked = bytes.map_err(|_| "cannot be read".to_owned());
                if let Err(reason) = checked.and_then(|bytes| manifest::check(&bytes)) {
                    self.refuse(Refusal::file(&name, reason));
                    let root = root(&path).to_owned();
                    // Its data may mean something else in that version.
                    self.tasks.retain(|task| {
                        !matches!(task, Task::Data(of, path, _) if *of == group && path.starts_with(&root))
                    });
                }
                window.clear();
            }
            Task::Data(group, path, kind) => {
                let file = self.file_of(group, &path);
                let name = format!("{}{path}", self.groups[group].name);
                let root = root(root(&path).trim_end_matches('/')).to_owned();
                self.doing = Doing::Data(Box::new(Data::new(group, file, name, root, kind, window)));
            }
        }
    }

    fn refuse_task(&mut self, task: &Task, reason: &str) {
        if let Task::Manifest(group, path) | Task::Data(group, path, _) = task {
            let name = format!("{}{path}", self.groups[*group].name);
            self.refuse(Refusal::file(&name, reason));
        }
    }
}

/// A path's folder, with the slash at its end; nothing where it has none.
fn root(path: &str) -> &str {
    path.rfind('/').map_or("", |at| &path[..=at])
}

fn ends(path: &str, ending: &str) -> bool {
    let start = path.len().saturating_sub(ending.len());
    path.get(start..).is_some_and(|end| end.eq_ignore_ascii_case(ending))
}
