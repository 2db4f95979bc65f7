//! Reads the rows of a Parquet file, one row group at a time.

use std::{collections::BTreeMap, ops::Range};

use parquet::file::reader::ChunkReader;

use crate::{
    columns::Columns,
    decoder::{GroupDecoder, Part},
    derive::Derived,
    error::DatasetError,
    limits,
    parquet_file::{ParquetFile, contained},
    row::Row,
    unpacked::unread,
};

/// The sizes from which a row group is read in parts.
#[derive(Debug, Clone, Copy)]
struct Parting {
    /// Maximum size of a row group that is read as a whole, in bytes.
    whole: u64,
    /// Approximate size of a part of a larger one, in bytes.
    part: u64,
}

const PARTING: Parting = Parting { whole: limits::GROUP_BYTES, part: limits::GROUP_BYTES / 4 };
/// Maximum number of parts of a file.
const PARTS: usize = 1 << 20;

/// A row group, or a part of one that is too large for memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowGroup {
    /// Number of rows.
    pub rows: u64,
    /// Uncompressed size of the columns that are read, in bytes.
    pub bytes: u64,
}

/// The result of [`Reader::read_sound`].
#[derive(Debug)]
pub struct SoundRows {
    /// The valid rows.
    pub rows: Vec<Row>,
    /// The number of each row in the file.
    pub numbers: Vec<u64>,
    /// The first fault of each other row.
    pub faults: Vec<DatasetError>,
}

/// Reads a Parquet file in the schema of Pick-a-Pic.
///
/// Memory holds the rows of one row group and the pages of one column.
#[derive(Debug)]
pub struct Reader<R> {
    pub(super) file: ParquetFile<R>,
    groups: Vec<RowGroup>,
    /// The position of each of `groups`.
    parts: Vec<Part>,
}

impl<R: ChunkReader + 'static> Reader<R> {
    /// Reads the footer of a file and checks its schema. `file` is its name in errors.
    ///
    /// # Errors
    ///
    /// If it is not a Parquet file, has another schema, or has row groups beyond the limits.
    pub fn open(file: impl Into<String>, source: R) -> Result<Self, DatasetError> {
        Self::open_in_parts(file.into(), source, PARTING)
    }

    fn open_in_parts(file: String, source: R, parting: Parting) -> Result<Self, DatasetError> {
        let mut reader =
            Self { file: ParquetFile::open(file, source)?, groups: Vec::new(), parts: Vec::new() };
        for group in 0..reader.file.metadata.num_row_groups() {
            reader.add(group, parting)?;
        }
        Ok(reader)
    }

    /// The missing columns that the reader derives from others. `num_example_per_prompt` and
    /// `ranking_id` are not among them, because they depend on all files of a dataset (see
    /// [`super::DatasetFiles`]): here they are 1 and 0.
    pub fn derived(&self) -> Vec<Derived> {
        self.file.layout.derived()
    }

    /// Number of rows.
    pub fn rows(&self) -> u64 {
        self.groups.iter().map(|group| group.rows).sum()
    }

    /// The row groups, in order. One with more than [`super::GROUP_BYTES`] is split into several
    /// parts, which count as row groups.
    pub fn row_groups(&self) -> &[RowGroup] {
        &self.groups
    }

    /// Reads the rows of a row group, in order.
    ///
    /// # Errors
    ///
    /// If the row group does not exist or is damaged, or a value is invalid.
    pub fn read_group(&self, index: usize, columns: Columns) -> Result<Vec<Row>, DatasetError> {
        Ok(self.group(index, columns, false)?.rows)
    }

    /// Reads the valid rows of a row group. An invalid value only refuses its row.
    ///
    /// # Errors
    ///
    /// If the row group does not exist or is damaged.
    pub fn read_sound(&self, index: usize, columns: Columns) -> Result<SoundRows, DatasetError> {
        self.group(index, columns, true)
    }

    /// Reads the prompts of a row group.
    #[cfg(not(target_family = "wasm"))]
    pub(super) fn captions(&self, index: usize) -> Result<Vec<String>, DatasetError> {
        let mut decoder = self.decoder(index, false)?;
        contained(&self.file.name, || decoder.captions())
    }

    fn decoder(&self, index: usize, lenient: bool) -> Result<GroupDecoder<'_, R>, DatasetError> {
        let (Some(group), Some(&part)) = (self.groups.get(index), self.parts.get(index)) else {
            let groups = self.groups.len();
            return Err(DatasetError::NoGroup { file: self.file.name.clone(), group: index, groups });
        };
        let first = self.groups[..index].iter().map(|group| group.rows).sum();
        Ok(GroupDecoder {
            file: &self.file,
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
        let mut rows = contained(&self.file.name, || decoder.rows(columns))?;
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

    /// The range of the file with the columns of a row group that are read; `None` if it is beyond
    /// the end of the file.
    pub(super) fn group_span(&self, group: usize) -> Option<Range<u64>> {
        let row_group = self.file.metadata.row_groups().get(self.parts.get(group)?.group)?;
        let mut span: Option<Range<u64>> = None;
        for (_, leaf) in self.file.layout.columns() {
            let chunk = row_group.columns().get(leaf.index)?;
            let start = chunk.dictionary_page_offset().unwrap_or_else(|| chunk.data_page_offset());
            let start = u64::try_from(start).ok()?;
            let end = start.checked_add(u64::try_from(chunk.compressed_size()).ok()?)?;
            (end <= self.file.source.len()).then_some(())?;
            let before = span.unwrap_or(start..end);
            span = Some(before.start.min(start)..before.end.max(end));
        }
        span
    }

    /// Adds a row group, in parts if it is large, after checking its limits and compressions.
    fn add(&mut self, group: usize, parting: Parting) -> Result<(), DatasetError> {
        let row_group = self.file.metadata.row_group(group);
        let too_large = |found: u64, unit, limit| {
            let file = self.file.name.clone();
            DatasetError::Group { file, group, found, unit, limit }
        };
        let rows = u64::try_from(row_group.num_rows()).unwrap_or(u64::MAX);
        if rows > limits::GROUP_ROWS {
            return Err(too_large(rows, "rows", limits::GROUP_ROWS));
        }
        let mut bytes = 0_u64;
        for (column, leaf) in self.file.layout.columns() {
            let chunk = row_group.columns().get(leaf.index);
            let in_browser = cfg!(target_family = "wasm");
            if let Some((found, advice)) = chunk.and_then(|chunk| unread(chunk.compression(), in_browser)) {
                let (file, column) = (self.file.name.clone(), column.name);
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

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

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
