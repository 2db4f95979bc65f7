//! Decodes a column of a row group, after checking its pages.

use std::collections::BTreeMap;

use parquet::{
    column::reader::ColumnReaderImpl,
    data_type::DataType,
    errors::ParquetError,
    file::{reader::ChunkReader, serialized_reader::SerializedPageReader},
};

#[cfg(not(target_family = "wasm"))]
use crate::lz4::Lz4Pages;
use crate::{
    error::{ColumnDamage, Damage, DatasetError},
    limits::{self, Place},
    pages::{self, Chunk, PageFault},
    parquet_file::ParquetFile,
    schema::Leaf,
    values::SoundPages,
};

/// Number of values that are decoded at once. It is small because each may be an image.
const BATCH: usize = 64;
/// The supported encodings.
const ENCODINGS: &str = "plain, dictionary, RLE, delta or BYTE_STREAM_SPLIT encoding";

/// A row group of the file, or a range of its rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    /// The index of the row group.
    pub(super) group: usize,
    /// Number of its rows before the range.
    pub(super) skip: u64,
}

/// Receives the values of a column: the index of the row, and the value or `None` for null.
pub(super) type Take<'t, D, V> = dyn FnMut(&mut D, usize, Option<V>) -> Result<(), DatasetError> + 't;

/// Decodes the columns of a row group or of a part of it.
pub(super) struct GroupDecoder<'a, R> {
    pub(super) file: &'a ParquetFile<R>,
    pub(super) part: Part,
    pub(super) rows: usize,
    /// The number of its first row in the file.
    pub(super) first: u64,
    /// Remaining bytes for texts and images. Pages can be much smaller: a dictionary can repeat a
    /// value for every row.
    pub(super) left: u64,
    /// Remaining uncompressed bytes that pages may claim.
    pub(super) uncompressed: u64,
    /// Whether an invalid value only refuses its row instead of failing.
    pub(super) lenient: bool,
    /// The first fault of each refused row.
    pub(super) faults: BTreeMap<usize, DatasetError>,
}

impl<R: ChunkReader + 'static> GroupDecoder<'_, R> {
    /// Returns a result of a row. In lenient mode, an invalid value is recorded and gives `None`.
    pub(super) fn noted<T>(
        &mut self,
        at: usize,
        result: Result<T, DatasetError>,
    ) -> Result<Option<T>, DatasetError> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(fault @ DatasetError::Cell { .. }) if self.lenient => {
                self.faults.entry(at).or_insert(fault);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    pub(super) fn place(&self, at: usize) -> Place<'_> {
        Place { file: &self.file.name, row: self.first + at as u64 }
    }

    pub(super) fn spend(&mut self, bytes: usize) -> Result<(), DatasetError> {
        match self.left.checked_sub(bytes as u64) {
            Some(left) => self.left = left,
            None => {
                let (file, group, limit) = (self.file.name.clone(), self.part.group, limits::GROUP_BYTES);
                let found = limit - self.left + bytes as u64;
                return Err(DatasetError::Group { file, group, found, unit: "bytes", limit });
            }
        }
        Ok(())
    }

    /// Passes every value of a column to `take`, in order.
    pub(super) fn column<T: DataType>(
        &mut self,
        name: &'static str,
        leaf: Leaf,
        take: &mut Take<'_, Self, T::T>,
    ) -> Result<(), DatasetError> {
        let (file, Part { group, skip }) = (self.file, self.part);
        let damaged = |source| Damage::Column { column: name, group, source }.of(&file.name);
        let wrong = |error: ParquetError| damaged(error.into());
        let row_group = file.metadata.row_group(group);
        let chunk = row_group.columns().get(leaf.index).ok_or_else(|| damaged(ColumnDamage::Missing))?;
        let start = chunk.dictionary_page_offset().unwrap_or_else(|| chunk.data_page_offset());
        let range = u64::try_from(start).ok().zip(u64::try_from(chunk.compressed_size()).ok());
        let range = range.and_then(|(start, length)| Some((start, start.checked_add(length)?)));
        let Some((start, end)) = range.filter(|&(_, end)| end <= file.source.len()) else {
            return Err(damaged(ColumnDamage::Beyond { claimed: chunk.compressed_size(), start }));
        };
        let all = u64::try_from(row_group.num_rows()).unwrap_or_default();
        let wanted = skip..skip + self.rows as u64;
        let claim = Chunk { start, end, compression: chunk.compression(), values: all, wanted };
        let before = pages::check(&*file.source, &claim, &mut self.uncompressed);
        let before = before.map_err(|fault| match fault {
            PageFault::Encoding { .. } => {
                let (file, found) = (file.name.clone(), fault.to_string());
                DatasetError::Storage { file, column: name, found, expected: ENCODINGS }
            }
            fault => damaged(fault.into()),
        })?;
        let descriptor = chunk.column_descr_ptr();
        let sound = SoundPages {
            pages: (),
            kind: chunk.column_type(),
            present: leaf.present,
            width: usize::try_from(descriptor.type_length()).unwrap_or_default(),
            limit: self.left.min(limits::PAGE_BYTES),
            skip: before.pages,
            dictionary_first: before.has_dictionary,
        };
        let pages = match chunk.compression() {
            #[cfg(not(target_family = "wasm"))]
            parquet::basic::Compression::LZ4 => {
                sound.over(Lz4Pages { source: file.source.clone(), at: start, end })
            }
            _ => {
                let pages = SerializedPageReader::new(file.source.clone(), chunk, all as usize, None);
                sound.over(pages.map_err(wrong)?)
            }
        };
        let mut values = ColumnReaderImpl::<T>::new(descriptor, pages);
        let mut unwanted = (skip - before.values) as usize;
        while unwanted > 0 {
            let read = values.read_records(BATCH.min(unwanted), Some(&mut Vec::new()), None, &mut Vec::new());
            match read.map_err(wrong)? {
                (0, ..) => return Err(damaged(ColumnDamage::Before { row: skip })),
                (read, ..) => unwanted -= read,
            }
        }
        let (mut at, rows) = (0, self.rows);
        let (mut found, mut levels) = (Vec::new(), Vec::new());
        while at < rows {
            found.clear();
            levels.clear();
            let wanted = BATCH.min(rows - at);
            let (read, ..) =
                values.read_records(wanted, Some(&mut levels), None, &mut found).map_err(wrong)?;
            if read == 0 {
                return Err(damaged(ColumnDamage::Ends { read: at, rows }));
            }
            let mut present = found.drain(..);
            for offset in 0..read {
                // A column that cannot be null has no definition levels.
                let is_there = leaf.present == 0 || levels.get(offset) == Some(&leaf.present);
                let value = if is_there { present.next() } else { None };
                let taken = take(self, at + offset, value);
                self.noted(at + offset, taken)?;
            }
            drop(present);
            at += read;
        }
        Ok(())
    }
}
