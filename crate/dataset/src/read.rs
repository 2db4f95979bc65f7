//! Rows of a Parquet file, one row group at a time.

use std::{
    collections::BTreeMap,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use parquet::{
    errors::ParquetError,
    file::{
        metadata::{ParquetMetaData, ParquetMetaDataReader},
        reader::ChunkReader,
    },
};

use super::{DatasetError, Derived, Row, group::GroupDecoder, limits, schema::Layout, unpacked::unread};

/// Which columns to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Columns {
    /// All.
    All,
    /// All but the encoded images, which are nearly all of a file.
    WithoutImages,
}

/// When a row group is read in parts.
#[derive(Debug, Clone, Copy)]
struct Parting {
    /// Most bytes of one that is read whole.
    whole: u64,
    /// About so many bytes has each part of a larger one.
    part: u64,
}

const PARTING: Parting = Parting { whole: limits::GROUP_BYTES, part: limits::GROUP_BYTES / 4 };
/// Most parts of a file.
const PARTS: usize = 1 << 20;

/// What a row group claims, or a part of one that is too large to be held in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowGroup {
    /// How many rows it has.
    pub rows: u64,
    /// How many bytes the columns that are read take when uncompressed.
    pub bytes: u64,
}

/// What [`Reader::read_sound`] finds.
#[derive(Debug)]
pub struct SoundRows {
    /// The rows that the schema allows.
    pub rows: Vec<Row>,
    /// The file's number of each.
    pub numbers: Vec<u64>,
    /// What is wrong with the others: for each its first fault.
    pub faults: Vec<DatasetError>,
}

/// A Parquet file in Pick-a-Pic's schema.
///
/// Reading a row group takes memory for its rows and for one column's pages, never for another row group.
#[derive(Debug)]
pub struct Reader<R> {
    pub(super) file: String,
    pub(super) source: Arc<R>,
    pub(super) metadata: ParquetMetaData,
    pub(super) layout: Layout,
    groups: Vec<RowGroup>,
    /// Where each of `groups` is.
    parts: Vec<Part>,
}

/// A row group of the file, or a part of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    /// The file's row group.
    pub(super) group: usize,
    /// Rows of it that come before.
    pub(super) skip: u64,
}

impl<R: ChunkReader + 'static> Reader<R> {
    /// Reads the file's footer and checks its schema. `file` is what errors call it.
    ///
    /// # Errors
    ///
    /// When it is no Parquet file, has another schema, or row groups beyond the limits.
    pub fn open(file: impl Into<String>, source: R) -> Result<Self, DatasetError> {
        Self::open_in_parts(file.into(), source, PARTING)
    }

    fn open_in_parts(file: String, source: R, parting: Parting) -> Result<Self, DatasetError> {
        let metadata = contained(&file, || footer(&file, &source))?;
        let layout = Layout::of(&file, metadata.file_metadata().schema_descr())?;
        let (groups, parts) = (Vec::new(), Vec::new());
        let mut reader = Self { file, source: Arc::new(source), metadata, layout, groups, parts };
        for group in 0..reader.metadata.num_row_groups() {
            reader.add(group, parting)?;
        }
        Ok(reader)
    }

    /// What columns the file lacks and the reader makes from others. `num_example_per_prompt` and `ranking_id` are not among them: who
    /// reads all files of a data set counts (as [`super::DatasetFiles`] does); here they are 1 and 0.
    pub fn derived(&self) -> Vec<Derived> {
        self.layout.derived()
    }

    /// How many rows the file has.
    pub fn rows(&self) -> u64 {
        self.groups.iter().map(|group| group.rows).sum()
    }

    /// The row groups, in order; one with more than [`super::GROUP_BYTES`] in several parts, each of which is read as if it were a row
    /// group.
    pub fn row_groups(&self) -> &[RowGroup] {
        &self.groups
    }

    /// A row group's rows, in order.
    ///
    /// # Errors
    ///
    /// When there is no such row group, when it is damaged, and when a value is not what the schema allows.
    pub fn read_group(&self, index: usize, columns: Columns) -> Result<Vec<Row>, DatasetError> {
        Ok(self.group(index, columns, false)?.rows)
    }

    /// A row group's rows that the schema allows, and what is wrong with each other one: a bad value costs its row alone.
    ///
    /// # Errors
    ///
    /// When there is no such row group, and when it is damaged.
    pub fn read_sound(&self, index: usize, columns: Columns) -> Result<SoundRows, DatasetError> {
        self.group(index, columns, true)
    }

    /// A row group's prompts.
    pub(super) fn captions(&self, index: usize) -> Result<Vec<String>, DatasetError> {
        let mut decoder = self.decoder(index, false)?;
        contained(&self.file, || decoder.captions())
    }

    fn decoder(&self, index: usize, lenient: bool) -> Result<GroupDecoder<'_, R>, DatasetError> {
        let (Some(group), Some(&part)) = (self.groups.get(index), self.parts.get(index)) else {
            let groups = self.groups.len();
            return Err(DatasetError::NoGroup { file: self.file.clone(), group: index, groups });
        };
        let first = self.groups[..index].iter().map(|group| group.rows).sum();
        Ok(GroupDecoder {
            reader: self,
            part,
            rows: group.rows as usize,
            first,
            left: limits::GROUP_BYTES,
            uncompressed: limits::GROUP_BYTES,
            lenient,
            faults: BTreeMap::new(),
        })
    }

    fn group(&self, index: usize, columns: Columns, lenient: bool) -> Result<SoundRows, DatasetError> {
        let mut decoder = self.decoder(index, lenient)?;
        let first = decoder.first;
        let mut rows = contained(&self.file, || decoder.rows(columns))?;
        let faults = decoder.faults;
        let numbers =
            (0..rows.len()).filter(|at| !faults.contains_key(at)).map(|at| first + at as u64).collect();
        let mut at = 0;
        rows.retain(|_| {
            at += 1;
            !faults.contains_key(&(at - 1))
        });
        Ok(SoundRows { rows, numbers, faults: faults.into_values().collect() })
    }

    /// Where the columns of a row group that are read lie in the file, where the file is that long.
    pub(super) fn group_span(&self, group: usize) -> Option<Range<u64>> {
        let row_group = self.metadata.row_groups().get(self.parts.get(group)?.group)?;
        let mut span: Option<Range<u64>> = None;
        for (_, leaf) in self.layout.columns() {
            let chunk = row_group.columns().get(leaf.index)?;
            let start = chunk.dictionary_page_offset().unwrap_or_else(|| chunk.data_page_offset());
            let start = u64::try_from(start).ok()?;
            let end = start.checked_add(u64::try_from(chunk.compressed_size()).ok()?)?;
            (end <= self.source.len()).then_some(())?;
            let before = span.unwrap_or(start..end);
            span = Some(before.start.min(start)..before.end.max(end));
        }
        span
    }

    /// Adds a row group, in parts where it is large, if what it claims is within the limits and its columns can be unpacked.
    fn add(&mut self, group: usize, parting: Parting) -> Result<(), DatasetError> {
        let row_group = self.metadata.row_group(group);
        let too_large = |found: u64, unit, limit| {
            let file = self.file.clone();
            DatasetError::Group { file, group, found, unit, limit }
        };
        let rows = u64::try_from(row_group.num_rows()).unwrap_or(u64::MAX);
        if rows > limits::GROUP_ROWS {
            return Err(too_large(rows, "rows", limits::GROUP_ROWS));
        }
        let mut bytes = 0_u64;
        for (column, leaf) in self.layout.columns() {
            let chunk = row_group.columns().get(leaf.index);
            let in_browser = cfg!(target_family = "wasm");
            if let Some((found, advice)) = chunk.and_then(|chunk| unread(chunk.compression(), in_browser)) {
                let (file, column) = (self.file.clone(), column.name);
                return Err(DatasetError::Compression { file, column, found, advice });
            }
            let size = chunk.map_or(-1, |chunk| chunk.uncompressed_size());
            bytes = bytes.saturating_add(u64::try_from(size).unwrap_or(u64::MAX));
        }
        let parts = if bytes > parting.whole { bytes.div_ceil(parting.part) } else { 1 };
        if parts > rows.max(1) || self.parts.len() as u64 + parts > PARTS as u64 {
            return Err(too_large(bytes, "bytes", limits::GROUP_BYTES));
        }
        let of_each = rows.div_ceil(parts);
        let mut skip = 0;
        loop {
            let count = of_each.min(rows - skip);
            self.groups.push(RowGroup { rows: count, bytes: bytes / parts });
            self.parts.push(Part { group, skip });
            skip += count;
            if skip >= rows {
                return Ok(());
            }
        }
    }
}

/// The file's own description, after a look at how long it claims to be.
fn footer<R: ChunkReader>(file: &str, source: &R) -> Result<ParquetMetaData, DatasetError> {
    let damaged = |reason: String| DatasetError::Damaged { file: file.into(), reason };
    let length = source.len();
    // The length of the footer and `PAR1`, after `PAR1` at the start.
    let Some(start) = length.checked_sub(8).filter(|_| length >= 12) else {
        return Err(damaged(format!("it has {length} bytes; expected at least 12")));
    };
    let end = source.get_bytes(start, 8).map_err(|error| damaged(said(&error)))?;
    if end[4..] != *b"PAR1" {
        return Err(damaged("it does not end in PAR1".into()));
    }
    let footer = u64::from(u32::from_le_bytes([end[0], end[1], end[2], end[3]]));
    let limit = limits::FOOTER_BYTES.min(length - 12);
    if footer > limit {
        return Err(damaged(format!("its footer claims {footer} bytes; expected at most {limit}")));
    }
    ParquetMetaDataReader::new().parse_and_finish(source).map_err(|error| damaged(said(&error)))
}

/// Runs the library's decoder. It is written to return errors, but slices and asserts on what a file says. `pages.rs` and `values.rs` refuse what is
/// known to make it panic; a panic that they do not know of becomes an error here, except on wasm, where panics abort.
fn contained<T>(file: &str, work: impl FnOnce() -> Result<T, DatasetError>) -> Result<T, DatasetError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let reason = "its decoder stopped; the file is damaged".into();
        Err(DatasetError::Damaged { file: file.into(), reason })
    })
}

/// What the library says, without its prefix.
pub(super) fn said(error: &ParquetError) -> String {
    let text = error.to_string();
    text.strip_prefix("Parquet error: ").unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::Columns;

    #[test]
    fn parts_of_a_row_group_are_its_rows() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/dataset/fixtures");
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let bytes = bytes::Bytes::from(fs::read(&path).unwrap());
            let read = |parting| {
                let reader = Reader::open_in_parts("a file".into(), bytes.clone(), parting).unwrap();
                let groups = 0..reader.row_groups().len();
                let rows = groups.clone().map(|group| reader.read_group(group, Columns::All).unwrap());
                (groups.len(), rows.flatten().collect::<Vec<_>>())
            };
            let (whole, expected) = read(PARTING);
            for part in [1500, 3000] {
                let (parts, found) = read(Parting { whole: 1500, part });
                assert!(parts > whole, "{}", path.display());
                assert_eq!(found, expected, "{}", path.display());
            }
        }
    }
}
