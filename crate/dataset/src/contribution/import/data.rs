//! Reads a data file: converts its rows to records and images.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use sha2::{Digest as _, Sha256};

use super::{
    archive::{Archive, Entry, Halt},
    files::{Group, Kind, Place},
    inflate::Inflate,
    lines::{self, LineFeed, Next},
    sparse::{Missing, Sparse, Window},
};
use crate::{
    columns::{Columns, FILES, IMAGES},
    contribution::{
        fault::{EntryFault, FileFault, ImportFault},
        json_lines,
        row::{check_image, record_of},
    },
    error::CellFault,
    limits,
    read::Reader,
    row::Row,
};
use pickscore_common::hexadecimal::hexadecimal;
use pickscore_preferences::Record;

/// Maximum stored size of a row group, in bytes. Memory holds it, and up to twice as much unpacked.
const GROUP: u64 = 512 << 20;

/// The state of the importer that a data file needs.
pub(super) struct Context<'a> {
    pub(super) group: &'a Group,
    pub(super) archives: &'a BTreeMap<usize, Archive>,
    pub(super) files: &'a [Arc<Sparse>],
    pub(super) now: i64,
}

/// A data file that is being read.
#[derive(Debug)]
pub(super) struct Data {
    pub(super) group: usize,
    /// The index of the given file that contains it.
    file: usize,
    name: String,
    /// The folder of the contribution within its group. Paths of images are relative to it.
    root: String,
    pub(super) window: Window,
    state: State,
    /// The images of the line before, by their paths: in a round one of them often stays.
    recent: Vec<(String, Vec<u8>)>,
    pub(super) ready: VecDeque<(Record, [Option<Vec<u8>>; 2])>,
    pub(super) refused: Vec<ImportFault>,
}

#[derive(Debug)]
enum State {
    /// A Parquet file before its footer is read.
    Footer,
    Groups {
        reader: Reader<Window>,
        next: usize,
    },
    Lines {
        feed: LineFeed,
        row: u64,
    },
    /// A line whose images are being read.
    Images {
        feed: LineFeed,
        row: u64,
        record: Box<Record>,
        paths: [String; 2],
        images: Vec<Vec<u8>>,
    },
}

impl Data {
    pub(super) fn new(
        group: usize,
        file: usize,
        name: String,
        root: String,
        kind: Kind,
        window: Window,
    ) -> Self {
        let state = match kind {
            Kind::Parquet => State::Footer,
            Kind::Lines => State::Lines { feed: LineFeed::new(), row: 0 },
        };
        let (ready, refused) = (VecDeque::new(), Vec::new());
        Self { group, file, name, root, window, state, recent: Vec::new(), ready, refused }
    }

    /// Handles a given file that cannot be read. Returns the fault if this data file cannot be read
    /// any further.
    pub(super) fn lost(&mut self, file: usize, fault: FileFault) -> Option<FileFault> {
        if file == self.file {
            return Some(fault);
        }
        // The lost file is an image: only its line is refused.
        match std::mem::replace(&mut self.state, State::Footer) {
            State::Images { feed, row, paths, images, .. } => {
                self.refuse_image(row, images.len(), &paths, fault);
                self.state = State::Lines { feed, row: row + 1 };
                None
            }
            _ => Some(fault),
        }
    }

    /// Refuses a line because of one of its images.
    fn refuse_image(&mut self, row: u64, side: usize, paths: &[String; 2], fault: FileFault) {
        let (file, column, path) = (self.name.clone(), FILES[side], paths[side].clone());
        self.refused.push(ImportFault::Image { file, row, column, path, fault });
    }

    fn refuse_cell(&mut self, row: u64, fault: CellFault) {
        self.refused.push(fault.at(&self.name, row).into());
    }

    /// Does the next step; false at the end.
    pub(super) fn work(&mut self, context: &Context<'_>) -> Result<bool, (usize, Missing)> {
        match std::mem::replace(&mut self.state, State::Footer) {
            State::Footer => self.open(),
            State::Groups { reader, next } => self.read_group(reader, next, context.now),
            State::Lines { feed, row } => self.read_line(feed, row, context.now),
            State::Images { feed, row, record, paths, images } => {
                self.read_image(feed, row, record, paths, images, context)
            }
        }
    }

    /// Reads the footer of a Parquet file.
    fn open(&mut self) -> Result<bool, (usize, Missing)> {
        let opened = Reader::open(self.name.clone(), self.window.clone());
        if let Some(missing) = self.take_missing() {
            return Err((self.file, missing));
        }
        match opened {
            Ok(reader) => {
                self.state = State::Groups { reader, next: 0 };
                Ok(true)
            }
            Err(error) => {
                self.refused.push(error.into());
                Ok(false)
            }
        }
    }

    fn take_missing(&self) -> Option<Missing> {
        match &self.window {
            Window::Part { file, .. } => file.take_missing(),
            Window::Memory(_) => None,
        }
    }

    fn read_group(
        &mut self,
        reader: Reader<Window>,
        next: usize,
        now: i64,
    ) -> Result<bool, (usize, Missing)> {
        if next == reader.row_groups().len() {
            return Ok(false);
        }
        if let Some(span) = reader.group_span(next) {
            let length = span.end - span.start;
            if length > GROUP {
                let fault = FileFault::Group { found: length, group: next, most: GROUP };
                self.refused.push(ImportFault::File { file: self.name.clone(), fault });
                self.state = State::Groups { reader, next: next + 1 };
                return Ok(true);
            }
            if let Err(missing) = self.window.get(span) {
                self.state = State::Groups { reader, next };
                return Err((self.file, missing));
            }
        }
        let read = reader.read_sound(next, Columns::All);
        // A valid row group needs only the range that was fetched.
        let _ = self.take_missing();
        self.window.clear();
        match read {
            Err(error) => self.refused.push(error.into()),
            Ok(sound) => {
                self.refused.extend(sound.faults.into_iter().map(ImportFault::from));
                for (row, number) in sound.rows.into_iter().zip(sound.numbers) {
                    self.take_row(row, number, now);
                }
            }
        }
        self.state = State::Groups { reader, next: next + 1 };
        Ok(true)
    }

    /// Converts a row to a record, or refuses it.
    fn take_row(&mut self, mut row: Row, number: u64, now: i64) {
        let images = [0, 1].map(|at: usize| std::mem::take(&mut row.images[at].bytes));
        let record = record_of(&row, now).and_then(|record| {
            for ((column, shown), image) in IMAGES.into_iter().zip(&row.images).zip(&images) {
                check_image(column, &shown.uid, &Sha256::digest(image))?;
            }
            Ok(record)
        });
        match record {
            Err(fault) => self.refuse_cell(number, fault),
            Ok(record) => {
                let [first, second] = images;
                // The row has images 0 and 1, the record left and right.
                let images = if row.images[0].uid == record.left.image_uid {
                    [first, second]
                } else {
                    [second, first]
                };
                self.ready.push_back((record, images.map(Some)));
            }
        }
    }

    fn read_line(&mut self, mut feed: LineFeed, row: u64, now: i64) -> Result<bool, (usize, Missing)> {
        match feed.next(&self.window) {
            Err(missing) => {
                self.state = State::Lines { feed, row };
                return Err((self.file, missing));
            }
            Ok(Next::End) => return Ok(false),
            Ok(Next::More) => self.state = State::Lines { feed, row },
            Ok(Next::Long { length }) => {
                let expected = format!("at most {} in a line", lines::LONGEST);
                self.refuse_cell(row, CellFault::new("all", format!("{length} bytes and more"), expected));
                self.state = State::Lines { feed, row: row + 1 };
            }
            Ok(Next::Line(line)) => {
                self.state = match self.record_of_line(&line, row, now) {
                    None => State::Lines { feed, row: row + 1 },
                    Some((record, paths)) => {
                        State::Images { feed, row, record: Box::new(record), paths, images: Vec::new() }
                    }
                };
            }
        }
        Ok(true)
    }

    /// The record of a line and the paths of its images; `None` if it was refused or has no images.
    fn record_of_line(&mut self, line: &[u8], row: u64, now: i64) -> Option<(Record, [String; 2])> {
        if line.iter().all(u8::is_ascii_whitespace) {
            return None;
        }
        let read = json_lines::parse(&self.name, row, line).and_then(|(read, paths)| {
            Ok((record_of(&read, now).map_err(|fault| fault.at(&self.name, row))?, read, paths))
        });
        let (record, read, paths) = match read {
            Ok(read) => read,
            Err(error) => {
                self.refused.push(error.into());
                return None;
            }
        };
        match paths {
            [Some(first), Some(second)] => {
                // The line has images 0 and 1, the record left and right.
                let first_is_left = read.images[0].uid == record.left.image_uid;
                Some((record, if first_is_left { [first, second] } else { [second, first] }))
            }
            _ => {
                self.ready.push_back((record, [None, None]));
                None
            }
        }
    }

    /// Reads the next image of a line.
    fn read_image(
        &mut self,
        feed: LineFeed,
        row: u64,
        record: Box<Record>,
        paths: [String; 2],
        mut images: Vec<Vec<u8>>,
        context: &Context<'_>,
    ) -> Result<bool, (usize, Missing)> {
        let at = images.len();
        let path = format!("{}{}", self.root, paths[at]);
        let shown = if at == 0 { &record.left } else { &record.right };
        let recent = self.recent.iter().find(|(of, _)| *of == path).map(|(_, bytes)| bytes.clone());
        let found = match recent.map_or_else(|| whole(context, &path), Ok) {
            Err(Halt::Missing((file, missing))) => {
                self.state = State::Images { feed, row, record, paths, images };
                return Err((file, missing));
            }
            Err(Halt::Fault(fault)) => Err(fault),
            Ok(bytes) => match hexadecimal(&Sha256::digest(&bytes)) {
                found if found == shown.image_uid => Ok(bytes),
                found => Err(FileFault::Image { found, expected: shown.image_uid.clone() }),
            },
        };
        match found {
            Err(fault) => {
                self.refuse_image(row, at, &paths, fault);
                self.state = State::Lines { feed, row: row + 1 };
            }
            Ok(bytes) => {
                if self.recent.len() == 2 {
                    self.recent.remove(0);
                }
                self.recent.push((path, bytes.clone()));
                images.push(bytes);
                self.state = if images.len() < 2 {
                    State::Images { feed, row, record, paths, images }
                } else {
                    let mut images = images.into_iter();
                    self.ready.push_back((*record, [images.next(), images.next()]));
                    State::Lines { feed, row: row + 1 }
                };
            }
        }
        Ok(true)
    }
}

/// Why an image cannot be read: a missing range of a file, or a fault.
type Fetch = Halt<FileFault, (usize, Missing)>;

/// Reads the file of an image.
fn whole(context: &Context<'_>, path: &str) -> Result<Vec<u8>, Fetch> {
    let most = limits::IMAGE_BYTES as u64;
    let place = context.group.files.get(path).ok_or(Halt::Fault(FileFault::Unknown))?;
    let fits =
        |claimed: u64| (claimed <= most).then_some(()).ok_or(Halt::Fault(FileFault::Claim { claimed, most }));
    match place {
        Place::Whole(at) => {
            let file = &context.files[*at];
            fits(file.length())?;
            let bytes = file.get(0..file.length()).map_err(|missing| Halt::Missing((*at, missing)))?;
            file.clear();
            Ok(bytes.to_vec())
        }
        Place::Within(at, entry) => {
            fits(entry.length)?;
            fits(entry.packed)?;
            let archive = context.archives.get(at).ok_or(Halt::Fault(FileFault::Unknown))?;
            within(&context.files[*at], archive, entry).map_err(|halt| match halt {
                Halt::Missing(missing) => Halt::Missing((*at, missing)),
                Halt::Fault(fault) => Halt::Fault(fault.into()),
            })
        }
    }
}

fn within(file: &Sparse, archive: &Archive, entry: &Entry) -> Result<Vec<u8>, Halt<EntryFault>> {
    if !entry.likely.is_empty() {
        file.get(entry.likely.clone())?;
    }
    let packed = file.get(archive.range(entry)?)?;
    let bytes = if entry.is_deflated {
        let mut inflate = Inflate::new(entry.length as usize);
        inflate.push(&packed).and_then(|()| inflate.finish()).map_err(Halt::Fault)?
    } else {
        packed.to_vec()
    };
    file.clear();
    Ok(bytes)
}
