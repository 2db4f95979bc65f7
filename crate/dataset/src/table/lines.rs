//! Tables in text: JSON Lines, CSV and TSV. Their images are paths.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, BufRead, BufReader, Read as _, Seek as _, SeekFrom},
    ops::Range,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};

use super::{Layout, TableColumns, TableImage, TableRow};
use crate::{error::DatasetError, files::unreadable, limits::TEXT_BYTES};
use pickscore_common::regular::open_regular;

/// Rows between two known positions in a file.
const STRIDE: u64 = 256;
/// Maximum length of a row in bytes.
const LONGEST: usize = 4 * TEXT_BYTES;
/// Number of rows whose keys are the columns of JSON Lines.
const SAMPLED: usize = 100;

/// A text format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    JsonLines,
    /// Values with a delimiter, after a header.
    Delimited(u8),
}

impl Format {
    /// The format of a file, judging by its name.
    pub(super) fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            "csv" => Some(Self::Delimited(b',')),
            "tsv" => Some(Self::Delimited(b'\t')),
            _ => None,
        }
    }
}

/// A text file with its columns and the positions of some rows.
#[derive(Debug)]
pub(super) struct Lines {
    path: PathBuf,
    format: Format,
    /// The position of every [`STRIDE`]th row, in bytes.
    positions: Vec<u64>,
    rows: u64,
    /// The names in the header of delimited values.
    header: Vec<String>,
    layout: Layout,
    /// The first `ranking_id` that is no whole number of 64 bits.
    unused_id: Option<String>,
}

impl Lines {
    pub(super) fn open(
        path: &Path,
        format: Format,
        columns: &TableColumns,
    ) -> Result<(Self, Layout), DatasetError> {
        let mut lines = Self {
            path: path.to_owned(),
            format,
            positions: Vec::new(),
            rows: 0,
            header: Vec::new(),
            layout: Layout::empty(),
            unused_id: None,
        };
        let names = match format {
            Format::JsonLines => lines.count_objects(),
            Format::Delimited(delimiter) => lines.count_records(delimiter),
        };
        let names = names.map_err(|error| unreadable(path, error))?;
        // An empty file has no columns, and no rows that would need them.
        if lines.rows > 0 || !names.is_empty() {
            let layout = columns.layout(&path.display().to_string(), &names);
            lines.layout = layout.map_err(|error| lines.separated().unwrap_or(error))?;
        }
        if lines.layout.has_ranking_id && lines.unused_id.is_some() {
            lines.layout.unused_id = lines.unused_id.take();
            lines.layout.has_ranking_id = false;
        }
        let layout = lines.layout.clone();
        Ok((lines, layout))
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    fn reader(&self) -> io::Result<BufReader<File>> {
        Ok(BufReader::with_capacity(1 << 16, open_regular(&self.path)?))
    }

    fn note(&mut self, position: u64) {
        if self.rows.is_multiple_of(STRIDE) {
            self.positions.push(position);
        }
        self.rows += 1;
    }

    /// Finds the rows of JSON Lines. Returns the keys of the first ones.
    fn count_objects(&mut self) -> io::Result<Vec<String>> {
        let mut reader = self.reader()?;
        let mut position = begin(&mut reader)?;
        let (mut names, mut sampled) = (BTreeSet::new(), 0);
        while let Some(Line { bytes, length, .. }) = line(&mut reader)? {
            if !bytes.trim_ascii().is_empty() {
                self.note(position);
                if sampled < SAMPLED
                    && let Ok(object) = serde_json::from_slice::<Map<String, Value>>(&bytes)
                {
                    let id = object.get(TableColumns::RANKING_ID).filter(|id| !id.is_null());
                    if let Some(id) = id.filter(|id| id.as_i64().is_none()) {
                        self.unused_id.get_or_insert_with(|| shown(&id.to_string()));
                    }
                    names.extend(object.into_iter().map(|(name, _)| name));
                    sampled += 1;
                }
            }
            position += length;
        }
        Ok(names.into_iter().collect())
    }

    /// Finds the rows of delimited values. Returns the names in the header.
    fn count_records(&mut self, delimiter: u8) -> io::Result<Vec<String>> {
        let mut reader = self.reader()?;
        let start = begin(&mut reader)?;
        let mut reader = delimited(delimiter).from_reader(reader);
        let mut record = csv::ByteRecord::new();
        let (mut is_header, mut id) = (true, None);
        loop {
            let position = reader.position().byte() + start;
            if !reader.read_byte_record(&mut record).map_err(io_error)? {
                break;
            }
            if std::mem::take(&mut is_header) {
                let names = record.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned());
                self.header = names.collect();
                id = self.header.iter().position(|name| name == TableColumns::RANKING_ID);
            } else {
                let field = id.and_then(|id| record.get(id)).unwrap_or_default().trim_ascii();
                let number = std::str::from_utf8(field).map(str::parse::<i64>);
                if !field.is_empty() && !matches!(number, Ok(Ok(_))) {
                    self.unused_id.get_or_insert_with(|| shown(&String::from_utf8_lossy(field)));
                }
                self.note(position);
            }
        }
        Ok(self.header.clone())
    }

    /// The error for a header that looks like one of another separator.
    fn separated(&self) -> Option<DatasetError> {
        const SEPARATORS: [(u8, &str); 4] =
            [(b',', "commas"), (b';', "semicolons"), (b'\t', "tabs"), (b'|', "vertical bars")];
        let Format::Delimited(delimiter) = self.format else { return None };
        let [only] = &self.header[..] else { return None };
        let named = |wanted| SEPARATORS.into_iter().find(|(byte, _)| *byte == wanted);
        let mut others = SEPARATORS.into_iter().filter(|(byte, _)| *byte != delimiter);
        let (_, found) = others.find(|(byte, _)| only.as_bytes().contains(byte))?;
        let (_, expected) = named(delimiter)?;
        Some(DatasetError::Separator { file: self.path.display().to_string(), found, expected })
    }

    pub(super) fn read(&self, rows: Range<u64>) -> Result<Vec<TableRow>, DatasetError> {
        self.read_rows(rows).map_err(|error| unreadable(&self.path, error))
    }

    fn read_rows(&self, rows: Range<u64>) -> io::Result<Vec<TableRow>> {
        let rows = rows.start..rows.end.min(self.rows);
        let mut found = Vec::new();
        if rows.is_empty() {
            return Ok(found);
        }
        let stride = rows.start / STRIDE;
        let at = usize::try_from(stride).ok().and_then(|stride| self.positions.get(stride));
        let position = *at.ok_or_else(|| io::Error::other("it has changed"))?;
        let mut reader = self.reader()?;
        reader.seek(SeekFrom::Start(position))?;
        let mut skip = rows.start - stride * STRIDE;
        let mut wanted = rows.end - rows.start;
        let mut take = |row: &mut dyn FnMut() -> TableRow| {
            if skip > 0 {
                skip -= 1;
            } else {
                found.push(row());
                wanted -= 1;
            }
            wanted > 0
        };
        match self.format {
            Format::JsonLines => {
                while let Some(line) = line(&mut reader)? {
                    if !line.bytes.trim_ascii().is_empty() && !take(&mut || self.of_json(&line)) {
                        break;
                    }
                }
            }
            Format::Delimited(delimiter) => {
                let mut reader = delimited(delimiter).from_reader(reader);
                let mut record = csv::ByteRecord::new();
                while reader.read_byte_record(&mut record).map_err(io_error)? {
                    if !take(&mut || self.of_record(&record)) {
                        break;
                    }
                }
            }
        }
        Ok(found)
    }

    fn of_json(&self, line: &Line) -> TableRow {
        if line.is_cut {
            let reason = format!("the row has more than {LONGEST} bytes");
            return TableRow::unreadable(&reason, self.layout.images.len());
        }
        let Ok(object) = serde_json::from_slice::<Map<String, Value>>(&line.bytes) else {
            return TableRow::unreadable("the row is not a JSON object", self.layout.images.len());
        };
        let text = |name: &str| match object.get(name) {
            Some(Value::String(text)) => Ok(text.clone()),
            None | Some(Value::Null) => Err(nothing_in(name)),
            Some(_) => Err(format!("`{name}` is not a text")),
        };
        let ranking_id = object.get(TableColumns::RANKING_ID).filter(|_| self.layout.has_ranking_id);
        self.row(ranking_id.and_then(Value::as_i64), &text)
    }

    fn of_record(&self, record: &csv::ByteRecord) -> TableRow {
        let (fields, expected) = (record.len(), self.header.len());
        if fields != expected {
            let fields = if fields == 1 { "1 field".into() } else { format!("{fields} fields") };
            let reason = format!("the row has {fields}; expected {expected}, as in the header");
            return TableRow::unreadable(&reason, self.layout.images.len());
        }
        let text = |name: &str| {
            let column = self.header.iter().position(|header| header == name);
            let field = column.and_then(|column| record.get(column)).unwrap_or_default();
            match std::str::from_utf8(field) {
                _ if field.len() > LONGEST => Err(format!("`{name}` has more than {LONGEST} bytes")),
                Ok("") => Err(nothing_in(name)),
                Ok(text) => Ok(text.to_owned()),
                Err(_) => Err(format!("`{name}` is not UTF-8")),
            }
        };
        let ranking_id = if self.layout.has_ranking_id { text(TableColumns::RANKING_ID).ok() } else { None };
        self.row(ranking_id.and_then(|text| text.trim().parse().ok()), &text)
    }

    fn row(&self, ranking_id: Option<i64>, text: &dyn Fn(&str) -> Result<String, String>) -> TableRow {
        let prompt = match &self.layout.prompt {
            Some(name) => text(name),
            None => Err("the table has no prompts".into()),
        };
        let images = self.layout.images.iter().map(|name| text(name).map(TableImage::Path)).collect();
        TableRow { ranking_id, prompt, images }
    }
}

/// Skips a byte-order mark, which is not part of the first name or row. Returns its length.
fn begin(reader: &mut BufReader<File>) -> io::Result<u64> {
    let start = reader.fill_buf()?;
    let first = start.split(|&byte| byte == b'\n').next().unwrap_or_default();
    // UTF-16 has a mark of its own, or every other byte is 0.
    if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") || first.contains(&0) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the file is not UTF-8"));
    }
    let mark = if start.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    reader.consume(mark);
    Ok(mark as u64)
}

/// The start of a value, for a message.
fn shown(value: &str) -> String {
    let start: String = value.trim_matches('"').chars().take(40).collect();
    format!("`{start}`")
}

fn nothing_in(name: &str) -> String {
    format!("the row has nothing in `{name}`")
}

fn delimited(delimiter: u8) -> csv::ReaderBuilder {
    let mut builder = csv::ReaderBuilder::new();
    builder.delimiter(delimiter).has_headers(false).flexible(true);
    builder
}

fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// A line of a text file.
struct Line {
    /// Its bytes, at most [`LONGEST`].
    bytes: Vec<u8>,
    /// Its length in the file.
    length: u64,
    /// Whether it is longer than `bytes`.
    is_cut: bool,
}

/// Reads a line; `None` at the end.
fn line(reader: &mut BufReader<File>) -> io::Result<Option<Line>> {
    let mut bytes = Vec::new();
    let mut length = reader.by_ref().take(LONGEST as u64).read_until(b'\n', &mut bytes)? as u64;
    if length == 0 {
        return Ok(None);
    }
    let is_cut = length == LONGEST as u64 && bytes.last() != Some(&b'\n');
    if is_cut {
        length += reader.skip_until(b'\n')? as u64;
    }
    Ok(Some(Line { bytes, length, is_cut }))
}
