//! Reads contributions step by step: requests bytes and returns records.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use sha2::{Digest as _, Sha256};

use super::{
    archive::{Archive, Entry, Halt, Limits},
    data::{self, Data},
    files::{Group, Kind, Place, ends, is_image_of, root},
    inflate::Inflate,
    refusal::Refusal,
    sparse::{Missing, Sparse, Window},
    tasks::{Task, Tasks, What},
};
use crate::contribution::{
    fault::{EntryFault, FileFault, ImportFault},
    manifest::{self, MANIFEST, Manifest, ManifestError, SUMS, read_sums},
};
use pickscore_common::hexadecimal::hexadecimal;
use pickscore_preferences::Record;

/// Maximum number of refusals in the list; the others are only counted.
const LISTED: usize = 1000;
/// Limits of a zip.
const ZIP: Limits = Limits { files: 200_000, directory: 32 << 20 };
/// Maximum unpacked size of a file that is unpacked in memory, in bytes.
const UNPACKED: u64 = 256 << 20;
/// Number of packed bytes that are fetched at a time.
const PIECE: u64 = 1 << 20;
/// Number of bytes that are fetched at a time for a checksum.
const SUMMED: u64 = 4 << 20;

/// What to do next.
#[derive(Debug)]
pub enum ImportStep {
    /// Fetch a range of a file and [`Importer::give`] it.
    Need {
        /// The index of the file in the list.
        file: usize,
        /// The first byte.
        start: u64,
        /// Number of bytes.
        length: u64,
        /// Whether it is for a checksum.
        checks: bool,
    },
    /// A record with its left and right image, which are `None` in formats without images.
    Record(Box<Record>, [Option<Vec<u8>>; 2]),
    /// The end of the import.
    Done,
}

/// The current work.
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
    /// The requested file, start and length.
    needed: Option<(usize, u64, u64)>,
    refused: Vec<Refusal>,
    refused_count: u64,
    now: i64,
}

impl Importer {
    /// Starts an import of files, given by path and length: zips, Parquet and JSON Lines, or all
    /// files of a folder. `now` is the time in milliseconds since 1970.
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
                importer.refuse_file(name, FileFault::GivenTwice);
            }
        }
        let has_zips = !importer.tasks.is_empty();
        if !importer.plan(0) && !has_zips {
            let name = importer.names.first().cloned().unwrap_or_else(|| "the list of files".into());
            importer.refuse_file(name, FileFault::NoContribution);
        }
        importer
    }

    /// Adds tasks for the checksums, manifests and data files of a group; false if it has neither a
    /// manifest nor data.
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

    /// Gives the requested bytes. If there are fewer, the file has become shorter and is refused.
    pub fn give(&mut self, bytes: Vec<u8>) {
        let Some((file, start, length)) = self.needed.take() else { return };
        if bytes.len() as u64 == length {
            self.files[file].add(start, bytes);
        } else {
            self.fail(file, FileFault::Shorter { found: bytes.len(), expected: length });
        }
    }

    /// Reports that the requested bytes cannot be read.
    pub fn give_up(&mut self, reason: &str) {
        if let Some((file, ..)) = self.needed.take() {
            self.fail(file, FileFault::Unreadable(reason.into()));
        }
    }

    fn fail(&mut self, file: usize, fault: FileFault) {
        let fault = match &mut self.doing {
            Doing::Data(data) => match data.lost(file, fault) {
                None => return,
                Some(fault) => fault,
            },
            _ => fault,
        };
        self.refuse_file(self.names[file].clone(), fault);
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
        self.tasks.retain(stays);
    }

    /// The first thousand refusals.
    pub fn refused(&self) -> &[Refusal] {
        &self.refused
    }

    /// Number of all refusals.
    pub fn refused_count(&self) -> u64 {
        self.refused_count
    }

    fn refuse(&mut self, fault: ImportFault) {
        self.refused_count += 1;
        if self.refused.len() < LISTED {
            self.refused.push(fault.into());
        }
    }

    fn refuse_file(&mut self, file: String, fault: FileFault) {
        self.refuse(ImportFault::File { file, fault });
    }

    /// Does the next step; false at the end.
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
                    Err(fault) => self.refuse_task(&task, fault.into()),
                    Ok(()) if next < end => {
                        self.doing = Doing::Inflating { task, inflate, at: next, end, file };
                    }
                    Ok(()) => match inflate.finish() {
                        Ok(bytes) => self.begin(task, Window::Memory(bytes.into())),
                        Err(fault) => self.refuse_task(&task, fault.into()),
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
                for fault in std::mem::take(&mut data.refused) {
                    self.refuse(fault);
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
        match Archive::open(&self.files[at], &ZIP) {
            Err(Halt::Missing(missing)) => return Err(missing),
            Err(Halt::Fault(fault)) => self.refuse_file(name, FileFault::Zip(fault)),
            Ok((archive, entries, refused)) => {
                self.archives.insert(at, archive);
                for (path, fault) in refused {
                    self.refuse_file(format!("{name}/{path}"), fault.into());
                }
                let place = |entry: Entry| (entry.path.clone(), Place::Within(at, Box::new(entry)));
                let files = entries.into_iter().map(place).collect();
                self.groups.push(Group { name: format!("{name}/"), files, ..Group::default() });
                let group = self.groups.len() - 1;
                if !self.plan(group) {
                    self.refuse_file(name, FileFault::NoContributionWithin);
                }
            }
        }
        self.files[at].clear();
        Ok(())
    }

    /// Opens a file, after unpacking it if it is compressed.
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
                    Some(Err(Halt::Fault(fault))) => {
                        self.refuse_task(&task, fault.into());
                        return Ok(true);
                    }
                    None => return Ok(true),
                };
                if entry.is_deflated {
                    if entry.length > most {
                        self.refuse_task(&task, EntryFault::TooLong { length: entry.length, most }.into());
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
                self.refuse_task(&task, FileFault::Size { found: window.length(), most });
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

    /// The index of the given file that a task reads.
    fn file_of(&self, task: &Task) -> usize {
        match task {
            Task::Zip(at) => *at,
            Task::Of(group, path, _) => match self.groups[*group].files.get(path) {
                Some(Place::Whole(at) | Place::Within(at, _)) => *at,
                None => 0,
            },
        }
    }

    /// Starts to read a file.
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

    /// Reads the checksums of a contribution.
    fn take_sums(&mut self, group: usize, path: &str, bytes: &[u8]) {
        let root = root(path);
        match read_sums(bytes) {
            Err(fault) => self.refuse_manifest(group, path, fault),
            Ok(sums) => {
                for (listed, sum) in sums {
                    let path = format!("{root}{listed}");
                    if !is_image_of(&path, &sum) && !self.expect(group, &path, sum, SUMS) {
                        let name = format!("{}{path}", self.groups[group].name);
                        self.refuse_file(name, FileFault::NotThere { listed_in: SUMS });
                    }
                }
            }
        }
    }

    /// Reads the manifest of a contribution.
    fn take_manifest(&mut self, group: usize, path: &str, bytes: &[u8]) {
        let root = root(path);
        match Manifest::read(bytes) {
            Err(fault) => {
                self.refuse_manifest(group, path, fault);
                // In another version, the data may have another meaning.
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

    fn refuse_manifest(&mut self, group: usize, path: &str, fault: ManifestError) {
        self.refuse(ImportFault::Manifest { file: format!("{}{path}", self.groups[group].name), fault });
    }

    /// Adds an expected checksum; false if there is no such file.
    fn expect(&mut self, group: usize, path: &str, sum: String, listed_in: &'static str) -> bool {
        let noted = self.groups[group].expect(path, sum, listed_in);
        if noted == Some(true) {
            self.tasks.add(Task::Of(group, path.to_owned(), What::Check));
        }
        noted.is_some()
    }

    /// Compares the checksum of a file with the expected ones. On a mismatch the file is refused.
    fn compare(&mut self, task: &Task, sum: &[u8]) {
        let Task::Of(group, path, _) = task else { return };
        if let Err(fault) = self.groups[*group].compare(path, hexadecimal(sum)) {
            self.refuse_task(task, fault);
        }
    }

    /// The name of a task's file in messages.
    fn name_of(&self, task: &Task) -> String {
        match task {
            Task::Zip(at) => self.names[*at].clone(),
            Task::Of(group, path, _) => format!("{}{path}", self.groups[*group].name),
        }
    }

    fn refuse_task(&mut self, task: &Task, fault: FileFault) {
        self.refuse_file(self.name_of(task), fault);
        if let Task::Of(group, path, What::Check) = task {
            self.groups[*group].refused.insert(path.clone());
        }
    }
}
