//! Writes rows to a Parquet file in the schema of Pick-a-Pic.

use std::{fmt, io::Write, sync::Arc};

use parquet::{
    basic::Compression,
    data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type},
    errors::ParquetError,
    file::{
        properties::{EnabledStatistics, WriterProperties},
        writer::{SerializedColumnWriter, SerializedFileWriter},
    },
    schema::types::ColumnPath,
};

use crate::{
    columns::{COLUMNS, Cell, Column, IMAGES, KIND, RECORD_VERSION},
    error::DatasetError,
    limits::{self, Place},
    row::Row,
    schema,
};

/// Number of images per batch. The library only ends a page (at a megabyte) between batches.
const AT_ONCE: usize = 4;

/// Options for writing a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteOptions {
    /// A row group ends when its images have this many bytes.
    pub group_bytes: u64,
    /// A row group ends when it has this many rows.
    pub group_rows: u64,
    /// Whether to write the column `pickscore_kind`. Without it a row with a kind is an error.
    pub kind: bool,
    /// Whether to write the columns of [`super::Collected`]. Without them a collected row is an
    /// error.
    pub collected: bool,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self { group_bytes: 32 << 20, group_rows: 1000, kind: false, collected: false }
    }
}

/// Writes a Parquet file in the schema of Pick-a-Pic.
///
/// Memory holds one row group. The file is only readable after [`Writer::finish`].
pub struct Writer<W: Write + Send> {
    file: SerializedFileWriter<W>,
    options: WriteOptions,
    rows: Vec<Row>,
    bytes: u64,
    written: u64,
}

impl<W: Write + Send> fmt::Debug for Writer<W> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Writer").field("options", &self.options).field("rows", &self.rows()).finish()
    }
}

impl<W: Write + Send> Writer<W> {
    /// Starts a file.
    ///
    /// # Errors
    ///
    /// If `sink` cannot be written.
    pub fn create(sink: W, options: WriteOptions) -> Result<Self, DatasetError> {
        let properties = IMAGES.into_iter().fold(
            WriterProperties::builder()
                .set_created_by(concat!("pickscore ", env!("CARGO_PKG_VERSION")).into())
                .set_compression(Compression::SNAPPY),
            |properties, image| {
                // Images are compressed and differ: dictionaries and statistics only take space.
                let column = ColumnPath::from(image);
                properties
                    .set_column_dictionary_enabled(column.clone(), false)
                    .set_column_statistics_enabled(column, EnabledStatistics::None)
            },
        );
        let schema = schema::schema(options.kind, options.collected)?;
        let file = SerializedFileWriter::new(sink, schema, Arc::new(properties.build()))?;
        Ok(Self { file, options, rows: Vec::new(), bytes: 0, written: 0 })
    }

    /// Number of rows so far.
    pub fn rows(&self) -> u64 {
        self.written + self.rows.len() as u64
    }

    /// Adds a row.
    ///
    /// # Errors
    ///
    /// If the row is invalid or `sink` cannot be written.
    pub fn write(&mut self, row: &Row) -> Result<(), DatasetError> {
        self.push(row.clone())
    }

    /// Adds a row without copying its images.
    ///
    /// # Errors
    ///
    /// As [`Writer::write`].
    pub fn push(&mut self, row: Row) -> Result<(), DatasetError> {
        let place = Place { file: "the new file", row: self.rows() };
        place.row(&row)?;
        self.push_checked(row)
    }

    /// Adds a row that was checked before.
    pub(crate) fn push_checked(&mut self, row: Row) -> Result<(), DatasetError> {
        let place = Place { file: "the new file", row: self.rows() };
        if let Some(kind) = row.kind.as_ref().filter(|_| !self.options.kind) {
            return Err(place.wrong(
                KIND,
                format!("\"{kind}\""),
                "nothing, since the column was not asked for",
            ));
        }
        if let Some(collected) = row.collected.as_ref().filter(|_| !self.options.collected) {
            let found = format!("a row of version {}", collected.record_version);
            return Err(place.wrong(RECORD_VERSION, found, "none, since the columns were not asked for"));
        }
        let bytes = row.images.iter().map(|image| image.bytes.len() as u64).sum::<u64>();
        // A row group must not exceed the limit of readers.
        let limit = self.options.group_bytes.min(limits::GROUP_BYTES / 2);
        if !self.rows.is_empty() && self.bytes + bytes > limit {
            self.flush()?;
        }
        self.rows.push(row);
        self.bytes += bytes;
        let rows = self.options.group_rows.clamp(1, limits::GROUP_ROWS);
        if self.bytes >= limit || self.rows.len() as u64 >= rows {
            self.flush()?;
        }
        Ok(())
    }

    /// Ends the file and returns its sink.
    ///
    /// # Errors
    ///
    /// If `sink` cannot be written.
    pub fn finish(mut self) -> Result<W, DatasetError> {
        self.flush()?;
        Ok(self.file.into_inner()?)
    }

    fn flush(&mut self) -> Result<(), DatasetError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut rows = std::mem::take(&mut self.rows);
        self.written += rows.len() as u64;
        self.bytes = 0;
        let mut group = self.file.next_row_group()?;
        let WriteOptions { kind, collected, .. } = self.options;
        let columns = COLUMNS.iter().filter(|column| column.is_written(kind, collected));
        for column in columns {
            let mut writer = group
                .next_column()?
                .ok_or_else(|| ParquetError::General(format!("there is no column for `{}`", column.name)))?;
            write_column(&mut writer, column, &mut rows)?;
            writer.close()?;
        }
        group.close()?;
        Ok(())
    }
}

fn write_column(
    writer: &mut SerializedColumnWriter<'_>,
    column: &Column,
    rows: &mut [Row],
) -> Result<(), ParquetError> {
    match column.cell {
        Cell::Bool(get, _) => values::<BoolType>(writer, rows, get),
        Cell::Integer(get, _) | Cell::Time(get, _) => values::<Int64Type>(writer, rows, get),
        Cell::Real(get, _) => values::<DoubleType>(writer, rows, get),
        Cell::Text(get, _) => {
            values::<ByteArrayType>(writer, rows, |row| column.text(get(row)).map(ByteArray::from))
        }
        Cell::Image(side) => images(writer, rows, side),
    }
}

fn values<T: DataType>(
    writer: &mut SerializedColumnWriter<'_>,
    rows: &[Row],
    of: impl Fn(&Row) -> Option<T::T>,
) -> Result<(), ParquetError> {
    let values: Vec<Option<T::T>> = rows.iter().map(of).collect();
    let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
    let values: Vec<T::T> = values.into_iter().flatten().collect();
    writer.typed::<T>().write_batch(&values, Some(&levels), None)?;
    Ok(())
}

/// Moves the bytes of the images out of the rows, so that memory holds them only once.
fn images(
    writer: &mut SerializedColumnWriter<'_>,
    rows: &mut [Row],
    side: usize,
) -> Result<(), ParquetError> {
    for rows in rows.chunks_mut(AT_ONCE) {
        let values: Vec<ByteArray> =
            rows.iter_mut().map(|row| ByteArray::from(std::mem::take(&mut row.images[side].bytes))).collect();
        writer.typed::<ByteArrayType>().write_batch(&values, Some(&vec![1; values.len()]), None)?;
    }
    Ok(())
}
