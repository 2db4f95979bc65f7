//! One file of data: its rows become records, with their images.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use sha2::{Digest as _, Sha256};

use super::{
    Archive, Entry, Group, Halt, Inflate, Kind, Missing, Place, Refusal, Sparse, Window,
    lines::{LineFeed, Next},
};
use crate::{
    Columns, Reader, Row,
    contribution::json_lines,
    contribution::row::{other_image, record_of},
    limits,
    limits::Place as RowPlace,
};
use pickscore_preferences::Record;

/// Most bytes of a row group as it is stored: that much is held, and twice that much when it is unpacked.
const GROUP: u64 = 512 << 20;

/// What the importer knows that a file of data needs.
pub(super) struct Context<'a> {
    pub(super) group: &'a Group,
    pub(super) archives: &'a BTreeMap<usize, Archive>,
    pub(super) files: &'a [Arc<Sparse>],
    pub(super) now: i64,
}

/// A file of data that is being read.
#[derive(Debug)]
pub(super) struct Data {
    pub(super) group: usize,
    /// Which of the given files it is in.
    file: usize,
    name: String,
    /// The contribution's folder within its group: paths of images begin there.
    root: String,
    pub(super) window: Window,
    state: State,
    /// The images of the line before by their paths: in a round one of them often stays.
    recent: Vec<(String, Vec<u8>)>,
    pub(super) ready: VecDeque<(Record, [Option<Vec<u8>>; 2])>,
    pub(super) refused: Vec<Refusal>,
}

#[derive(Debug)]
enum State {
    /// Parquet whose footer is to be read.
    Footer,
    Groups {
        reader: Reader<Window>,
        next: usize,
    },
    Lines {
        feed: LineFeed,
        row: u64,
    },
    /// A line whose images are to be read.
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

    /// Takes notice that a given file cannot be read; false where that ends this one too.
    pub(super) fn lost(&mut self, file: usize, reason: &str) -> bool {
        if file == self.file {
            return false;
        }
        // Then it was an image beside this file: its line is lost, and no other.
        if let State::Images { feed, row, paths, images, .. } =
            std::mem::replace(&mut self.state, State::Footer)
        {
            let (column, path) = (json_lines::FILES[images.len()], &paths[images.len()]);
            let reason = format!("{path:.200?}, which cannot be read: {reason}");
            self.refused.push(Refusal::cell(&self.name, row, column, &reason));
            self.state = State::Lines { feed, row: row + 1 };
            return true;
        }
        false
    }

    /// Does the next piece of work; false when there is none.
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

    /// Parquet: the end of the file has its own description.
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
                let reason = format!("has {length} bytes in row group {next}; expected at most {GROUP}");
                self.refused.push(Refusal::file(&self.name, reason));
                self.state = State::Groups { reader, next: next + 1 };
                return Ok(true);
            }
            if let Err(missing) = self.window.get(span) {
                self.state = State::Groups { reader, next };
                return Err((self.file, missing));
            }
        }
        let read = reader.read_sound(next, Columns::All);
        // Something outside of what was fetched is damage: nothing that is sound needs it.
        let _ = self.take_missing();
        self.window.clear();
        match read {
            Err(error) => self.refused.push(error.into()),
            Ok(sound) => {
                self.refused.extend(sound.faults.into_iter().map(Refusal::from));
                for (row, number) in sound.rows.into_iter().zip(sound.numbers) {
                    self.take_row(row, number, now);
                }
            }
        }
        self.state = State::Groups { reader, next: next + 1 };
        Ok(true)
    }

    /// A row with its images becomes a record, or is refused.
    fn take_row(&mut self, mut row: Row, number: u64, now: i64) {
        let images = [0, 1].map(|at: usize| std::mem::take(&mut row.images[at].bytes));
        match record_of(&row, now) {
            Err((column, reason)) => self.refused.push(Refusal::cell(&self.name, number, column, &reason)),
            Ok(record) => {
                for (at, column) in ["jpg_0", "jpg_1"].into_iter().enumerate() {
                    if let Some(reason) = other_image(&row.images[at].uid, &Sha256::digest(&images[at])) {
                        self.refused.push(Refusal::cell(&self.name, number, column, &reason));
                        return;
                    }
                }
                let [first, second] = images;
                // Images are left and right, rows 0 and 1.
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
                let reason =
                    format!("{length} bytes and more; expected at most {} in a line", super::lines::LONGEST);
                self.refused.push(Refusal::cell(&self.name, row, "all", &reason));
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

    /// The record of a line and the paths of its images; nothing where it was refused or has none.
    fn record_of_line(&mut self, line: &[u8], row: u64, now: i64) -> Option<(Record, [String; 2])> {
        if line.iter().all(u8::is_ascii_whitespace) {
            return None;
        }
        let parsed: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_slice(line);
        let map = match parsed {
            Ok(map) => map,
            Err(error) => {
                let message = format!("row {row} of {} is no JSON object: {error}", self.name);
                self.refused.push(Refusal { file: self.name.clone(), row: Some(row), column: None, message });
                return None;
            }
        };
        let name = self.name.clone();
        let (read, paths) = match json_lines::read(&RowPlace { file: &name, row }, &map) {
            Ok(read) => read,
            Err(error) => {
                self.refused.push(error.into());
                return None;
            }
        };
        let record = match record_of(&read, now) {
            Ok(record) => record,
            Err((column, reason)) => {
                self.refused.push(Refusal::cell(&name, row, column, &reason));
                return None;
            }
        };
        match paths {
            [Some(first), Some(second)] => {
                // The paths go by image 0 and 1, the images by left and right.
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
            Err(Fetch::Missing(file, missing)) => {
                self.state = State::Images { feed, row, record, paths, images };
                return Err((file, missing));
            }
            Err(Fetch::Refused(reason)) => Err(reason),
            Ok(bytes) => match other_image(&shown.image_uid, &Sha256::digest(&bytes)) {
                Some(reason) => Err(reason),
                None => Ok(bytes),
            },
        };
        match found {
            Err(reason) => {
                let column = json_lines::FILES[at];
                let reason = format!("{:.200?}, which {reason}", paths[at]);
                self.refused.push(Refusal::cell(&self.name, row, column, &reason));
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

enum Fetch {
    Missing(usize, Missing),
    Refused(String),
}

/// All of an image's file.
fn whole(context: &Context<'_>, path: &str) -> Result<Vec<u8>, Fetch> {
    let limit = limits::IMAGE_BYTES as u64;
    let place = context.group.files.get(path);
    let place = place.ok_or_else(|| Fetch::Refused("is no file of the contribution".into()))?;
    let fits = |length: u64| {
        let reason = || Fetch::Refused(format!("claims {length} bytes; expected at most {limit}"));
        (length <= limit).then_some(()).ok_or_else(reason)
    };
    match place {
        Place::Whole(at) => {
            let file = &context.files[*at];
            fits(file.length())?;
            let bytes = file.get(0..file.length()).map_err(|missing| Fetch::Missing(*at, missing))?;
            file.clear();
            Ok(bytes.to_vec())
        }
        Place::Within(at, entry) => within(context, *at, entry, fits),
    }
}

fn within(
    context: &Context<'_>,
    at: usize,
    entry: &Entry,
    fits: impl Fn(u64) -> Result<(), Fetch>,
) -> Result<Vec<u8>, Fetch> {
    fits(entry.length)?;
    fits(entry.packed)?;
    let archive = context.archives.get(&at).ok_or_else(|| Fetch::Refused("is gone".into()))?;
    if !entry.likely.is_empty() {
        context.files[at].get(entry.likely.clone()).map_err(|missing| Fetch::Missing(at, missing))?;
    }
    let range = archive.range(entry).map_err(|halt| match halt {
        Halt::Missing(missing) => Fetch::Missing(at, missing),
        Halt::Damaged(reason) => Fetch::Refused(reason),
    })?;
    let file = &context.files[at];
    let packed = file.get(range).map_err(|missing| Fetch::Missing(at, missing))?;
    let bytes = if entry.is_deflated {
        let mut inflate = Inflate::new(entry.length as usize);
        inflate.push(&packed).map_err(Fetch::Refused)?;
        inflate.finish().map_err(Fetch::Refused)?
    } else {
        packed.to_vec()
    };
    file.clear();
    Ok(bytes)
}
