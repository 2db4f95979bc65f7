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
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use sha2::{Digest as _, Sha256};

pub use refusal::Refusal;

use self::{
    archive::{Archive, Entry, Halt},
    data::Data,
    inflate::Inflate,
    sparse::{Missing, Sparse, Window},
};
use super::manifest::{self, MANIFEST, Manifest, SUMS, read_sums};
use pickscore_common::hexadecimal::hexadecimal;
use pickscore_preferences::Record;

/// Refusals that are listed; others are counted.
const LISTED: usize = 1000;
/// Most bytes of a packed file that is unpacked in memory.
const UNPACKED: u64 = 256 << 20;
/// Packed bytes that are fetched at a time.
const PIECE: u64 = 1 << 20;
/// Bytes that are fetched at a time to be summed.
const SUMMED: u64 = 4 << 20;

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
        /// Whether it is for a sum, before any data are read.
        checks: bool,
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
    /// The sums that files should have by their paths, each with where that is written.
    sums: BTreeMap<String, Vec<(String, &'static str)>>,
    /// Files, and folders with the slash at their end, whose data are not read.
    refused: BTreeSet<String>,
}

impl Group {
    /// Whether a file, or a folder that it is in, was refused.
    fn is_refused(&self, path: &str) -> bool {
        let mut folders = path.match_indices('/').map(|(at, _)| &path[..=at]);
        self.refused.contains(path)
            || self.refused.contains("")
            || folders.any(|folder| self.refused.contains(folder))
    }
}

/// Something that is still to be read.
#[derive(Debug)]
enum Task {
    /// A zip's directory.
    Zip(usize),
    /// Sums, a manifest, a file to sum, data: by their group and path.
    Of(usize, String, What),
}

/// What to do with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Sums,
    Manifest,
    Check,
    Data(Kind),
}

/// What is to be done, in the order in which it is done: sums are known before they are compared, and all is compared before any data are read.
#[derive(Debug, Default)]
struct Tasks([VecDeque<Task>; 5]);

impl Tasks {
    fn of(&mut self, task: &Task) -> &mut VecDeque<Task> {
        let at = match task {
            Task::Zip(_) => 0,
            Task::Of(_, _, What::Sums) => 1,
            Task::Of(_, _, What::Manifest) => 2,
            Task::Of(_, _, What::Check) => 3,
            Task::Of(_, _, What::Data(_)) => 4,
        };
        &mut self.0[at]
    }

    fn add(&mut self, task: Task) {
        self.of(&task).push_back(task);
    }

    /// Puts one back that has to wait.
    fn again(&mut self, task: Task) {
        self.of(&task).push_front(task);
    }

    fn next(&mut self) -> Option<Task> {
        self.0.iter_mut().find_map(VecDeque::pop_front)
    }
}

/// What is being read.
#[derive(Debug)]
enum Doing {
    Nothing,
    Inflating { task: Task, inflate: Inflate, at: u64, end: u64, file: usize },
    Summing { task: Task, window: Window, hash: Sha256, at: u64 },
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
    tasks: Tasks,
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
            tasks: Tasks::default(),
            doing: Doing::Nothing,
            ready: VecDeque::new(),
            needed: None,
            refused: Vec::new(),
            refused_count: 0,
            now,
        };
        for (at, name) in importer.names.clone().into_iter().enumerate() {
            if ends(&name, ".zip") {
                importer.tasks.add(Task::Zip(at));
            } else if importer.groups[0].files.insert(name.clone(), Place::Whole(at)).is_some() {
                importer.refuse(Refusal::file(&name, "was given twice; the last is taken"));
            }
        }
        let has_zips = importer.tasks.0.iter().any(|tasks| !tasks.is_empty());
        if !importer.plan(0) && !has_zips {
            let name = importer.names.first().cloned().unwrap_or_else(|| "the list of files".into());
            importer
                .refuse(Refusal::file(&name, "holds no contribution: expected a zip, Parquet or JSON Lines"));
        }
        importer
    }

    /// Puts a group's sums, manifests and data among the tasks; false where there are none but sums.
    fn plan(&mut self, group: usize) -> bool {
        let mut found = false;
        let paths: Vec<String> = self.groups[group].files.keys().cloned().collect();
        for path in paths {
            let name = path.rsplit('/').next().unwrap_or(&path);
            let what = match name {
                SUMS => What::Sums,
                MANIFEST => What::Manifest,
                name if name.starts_with('.') || path.contains("__MACOSX/") => continue,
                name if ends(name, ".parquet") => What::Data(Kind::Parquet),
                name if ends(name, ".jsonl") || ends(name, ".ndjson") => What::Data(Kind::Lines),
                _ => continue,
            };
            self.tasks.add(Task::Of(group, path, what));
            found |= what != What::Sums;
        }
        found
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
                    return ImportStep::Need { file, start, length, checks: self.is_checking() };
                }
            }
        }
    }

    fn is_checking(&self) -> bool {
        match &self.doing {
            Doing::Summing { .. } => true,
            Doing::Inflating { task, .. } => matches!(task, Task::Of(_, _, What::Check)),
            Doing::Nothing | Doing::Data(_) => false,
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
        let stays = |task: &Task| match task {
            Task::Zip(at) => *at != file,
            Task::Of(group, path, _) => !is_of(*group, path),
        };
        self.tasks.0.iter_mut().for_each(|tasks| tasks.retain(stays));
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
            Doing::Summing { task, window, mut hash, at } => {
                let next = window.length().min(at + SUMMED);
                match window.get(at..next) {
                    Err(missing) => {
                        let file = self.file_of(&task);
                        self.doing = Doing::Summing { task, window, hash, at };
                        return Err((file, missing));
                    }
                    Ok(piece) => hash.update(&piece),
                }
                window.clear();
                if next < window.length() {
                    self.doing = Doing::Summing { task, window, hash, at: next };
                } else {
                    self.compare(&task, &hash.finalize());
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
        let Some(task) = self.tasks.next() else { return Ok(false) };
        match &task {
            Task::Zip(at) => {
                let at = *at;
                self.open_zip(at).map(|()| true).map_err(|missing| {
                    self.tasks.again(task);
                    (at, missing)
                })
            }
            Task::Of(group, path, what) => {
                let (group, path, what) = (*group, path.clone(), *what);
                self.open(task, group, &path, what)
            }
        }
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
                self.groups.push(Group { name: format!("{name}/"), files, ..Group::default() });
                let group = self.groups.len() - 1;
                if !self.plan(group) {
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

    /// Opens a file: where it is packed, unpacks it first.
    fn open(&mut self, task: Task, group: usize, path: &str, what: What) -> Result<bool, (usize, Missing)> {
        if matches!(what, What::Data(_)) && self.groups[group].is_refused(path) {
            return Ok(true);
        }
        let is_text = matches!(what, What::Sums | What::Manifest);
        let most = if is_text { manifest::TEXT } else { UNPACKED };
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
                        self.tasks.again(task);
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
        if is_text {
            if window.length() > most {
                let reason = format!("has {} bytes; expected at most {most}", window.length());
                self.refuse_task(&task, &reason);
                return Ok(true);
            }
            if let Err(missing) = window.get(0..window.length()) {
                let file = self.file_of(&task);
                self.tasks.again(task);
                return Err((file, missing));
            }
        }
        self.begin(task, window);
        Ok(true)
    }

    /// Which of the given files something is in.
    fn file_of(&self, task: &Task) -> usize {
        match task {
            Task::Zip(at) => *at,
            Task::Of(group, path, _) => match self.groups[*group].files.get(path) {
                Some(Place::Whole(at) | Place::Within(at, _)) => *at,
                None => 0,
            },
        }
    }

    /// Begins to read what is at hand.
    fn begin(&mut self, task: Task, window: Window) {
        let Task::Of(group, path, what) = &task else { return };
        let (group, name) = (*group, self.name_of(&task));
        match what {
            What::Sums | What::Manifest => {
                let bytes = window.get(0..window.length()).unwrap_or_default();
                if *what == What::Sums {
                    self.take_sums(group, path, &bytes);
                } else {
                    self.compare(&task, &Sha256::digest(&bytes));
                    self.take_manifest(group, path, &bytes);
                }
                window.clear();
            }
            What::Check => self.doing = Doing::Summing { task, window, hash: Sha256::new(), at: 0 },
            What::Data(kind) => {
                let file = self.file_of(&task);
                let root = root(root(path).trim_end_matches('/')).to_owned();
                self.doing = Doing::Data(Box::new(Data::new(group, file, name, root, *kind, window)));
            }
        }
    }

    /// Takes the sums of a contribution's files.
    fn take_sums(&mut self, group: usize, path: &str, bytes: &[u8]) {
        let root = root(path);
        match read_sums(bytes) {
            Err(reason) => self.refuse(Refusal::about(&format!("{}{path}", self.groups[group].name), reason)),
            Ok(sums) => {
                for (listed, sum) in sums {
                    let path = format!("{root}{listed}");
                    if !is_image_of(&path, &sum) && !self.expect(group, &path, sum, SUMS) {
                        let name = format!("{}{path}", self.groups[group].name);
                        self.refuse(Refusal::file(&name, format!("is not there; {SUMS} lists it")));
                    }
                }
            }
        }
    }

    /// Takes what a contribution says of its files.
    fn take_manifest(&mut self, group: usize, path: &str, bytes: &[u8]) {
        let root = root(path);
        match Manifest::read(bytes) {
            Err(error) => {
                self.refuse(Refusal::about(&format!("{}{path}", self.groups[group].name), error));
                // Its data may mean something else in that version.
                self.groups[group].refused.insert(root.to_owned());
            }
            Ok(manifest) => {
                for listed in
                    manifest.files.into_iter().filter(|listed| !is_image_of(&listed.path, &listed.sha256))
                {
                    self.expect(group, &format!("{root}{}", listed.path), listed.sha256, MANIFEST);
                }
            }
        }
    }

    /// Notes which sum a file should have; false where there is no such file.
    fn expect(&mut self, group: usize, path: &str, sum: String, listed_in: &'static str) -> bool {
        let is_manifest = path.rsplit('/').next() == Some(MANIFEST);
        let Group { files, sums, .. } = &mut self.groups[group];
        if !files.contains_key(path) {
            return false;
        }
        let expected = sums.entry(path.to_owned()).or_default();
        // A manifest is compared when it is read.
        if expected.is_empty() && !is_manifest {
            self.tasks.add(Task::Of(group, path.to_owned(), What::Check));
        }
        expected.push((sum, listed_in));
        true
    }

    /// Compares a file's sum with those that it should have; where it has another, it is named, and what it holds is not read.
    fn compare(&mut self, task: &Task, sum: &[u8]) {
        let Task::Of(group, path, _) = task else { return };
        let found = hexadecimal(sum);
        let expected = self.groups[*group].sums.get(path).into_iter().flatten();
        let Some((expected, listed_in)) =
            expected.into_iter().find(|(sum, _)| !found.eq_ignore_ascii_case(sum))
        else {
            return;
        };
        let reason = format!("has the SHA-256 sum {found}; {listed_in} says {expected:.64}");
        self.refuse_task(task, &reason);
    }

    /// What messages call the file of a task.
    fn name_of(&self, task: &Task) -> String {
        match task {
            Task::Zip(at) => self.names[*at].clone(),
            Task::Of(group, path, _) => format!("{}{path}", self.groups[*group].name),
        }
    }

    fn refuse_task(&mut self, task: &Task, reason: &str) {
        let name = self.name_of(task);
        self.refuse(Refusal::file(&name, reason));
        if let Task::Of(group, path, What::Check) = task {
            self.groups[*group].refused.insert(path.clone());
        }
    }
}

/// Whether a file's sum is its name, as images' are: then whatever reads it compares them.
fn is_image_of(path: &str, sum: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_data = [".parquet", ".jsonl", ".ndjson"].iter().any(|ending| ends(name, ending));
    !is_data && name.split('.').next().is_some_and(|stem| stem.eq_ignore_ascii_case(sum))
}

/// A path's folder, with the slash at its end; nothing where it has none.
fn root(path: &str) -> &str {
    path.rfind('/').map_or("", |at| &path[..=at])
}

fn ends(path: &str, ending: &str) -> bool {
    let start = path.len().saturating_sub(ending.len());
    path.get(start..).is_some_and(|end| end.eq_ignore_ascii_case(ending))
}
