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

use super::{DatasetError, Row, group::GroupDecoder, limits, schema::Layout};

/// Which columns to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Columns {
    /// All.
    All,
    /// All but the encoded images, which are nearly all of a file.
    WithoutImages,
}

/// What a row group claims.
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
}

impl<R: ChunkReader + 'static> Reader<R> {
    /// Reads the file's footer and checks its schema. `file` is what errors call it.
    ///
    /// # Errors
    ///
    /// When it is no Parquet file, has another schema, or row groups beyond the limits.
    pub fn open(file: impl Into<String>, source: R) -> Result<Self, DatasetError> {
        let file = file.into();
        let metadata = contained(&file, || footer(&file, &source))?;
        let layout = Layout::of(&file, metadata.file_metadata().schema_descr())?;
        let mut reader = Self { file, source: Arc::new(source), metadata, layout, groups: Vec::new() };
        let count = reader.metadata.num_row_groups();
        reader.groups = (0..count).map(|group| reader.claimed(group)).collect::<Result<_, _>>()?;
        Ok(reader)
    }

    /// How many rows the file has.
    pub fn rows(&self) -> u64 {
        self.groups.iter().map(|group| group.rows).sum()
    }

    /// The row groups, in order.
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

    fn group(&self, index: usize, columns: Columns, lenient: bool) -> Result<SoundRows, DatasetError> {
        let Some(group) = self.groups.get(index) else {
            let groups = self.groups.len();
            return Err(DatasetError::NoGroup { file: self.file.clone(), group: index, groups });
        };
        let first = self.groups[..index].iter().map(|group| group.rows).sum();
        let mut decoder = GroupDecoder {
            reader: self,
            group: index,
            rows: group.rows as usize,
            first,
            left: limits::GROUP_BYTES,
            uncompressed: limits::GROUP_BYTES,
            lenient,
            faults: BTreeMap::new(),
        };
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
        let row_group = self.metadata.row_groups().get(group)?;
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

    /// What a row group claims, where that is within the limits and the file.
    fn claimed(&self, group: usize) -> Result<RowGroup, DatasetError> {
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
        for (_, leaf) in self.layout.columns() {
            let size = row_group.columns().get(leaf.index).map_or(-1, |chunk| chunk.uncompressed_size());
            bytes = bytes.saturating_add(u64::try_from(size).unwrap_or(u64::MAX));
        }
        if bytes > limits::GROUP_BYTES {
            return Err(too_large(bytes, "bytes", limits::GROUP_BYTES));
        }
        Ok(RowGroup { rows, bytes })
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
