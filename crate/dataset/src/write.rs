//! Rows into a Parquet file that trainers of Pick-a-Pic read.

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

use super::{
    DatasetError, Row,
    limits::{self, Place},
    schema::{self, COLUMNS, KIND},
};

/// Images that are handed over at once: pages are closed between such batches, at a megabyte.
const IMAGES: usize = 4;

/// How to write a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteOptions {
    /// A row group is closed when its images have this many bytes.
    pub group_bytes: u64,
    /// A row group is closed when it has this many rows.
    pub group_rows: u64,
    /// Whether there is a column `pickscore_kind`. Without it a row with a kind is refused.
    pub kind: bool,
    /// Whether there are the columns of [`super::Collected`]. Without them a row that was collected is refused.
    pub collected: bool,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self { group_bytes: 32 << 20, group_rows: 1000, kind: false, collected: false }
    }
}

/// Writes a Parquet file in Pick-a-Pic's schema.
///
/// Holds one row group in memory. Without [`Writer::finish`] there is no file that can be read.
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
    /// When `sink` cannot be written.
    pub fn create(sink: W, options: WriteOptions) -> Result<Self, DatasetError> {
        let properties = ["jpg_0", "jpg_1"].into_iter().fold(
            WriterProperties::builder()
                .set_created_by(concat!("pickscore ", env!("CARGO_PKG_VERSION")).into())
                .set_compression(Compression::SNAPPY),
            |properties, image| {
                // Images are compressed and different: a dictionary of them, or the smallest and largest one, only take space.
                let column = ColumnPath::from(image);
                properties
                    .set_column_dictionary_enabled(column.clone(), false)
                    .set_column_statistics_enabled(column, EnabledStatistics::None)
            },
        );
        let schema = schema::schema(options.kind, options.collected).map_err(unwritten)?;
        let file =
            SerializedFileWriter::new(sink, schema, Arc::new(properties.build())).map_err(unwritten)?;
        Ok(Self { file, options, rows: Vec::new(), bytes: 0, written: 0 })
    }

    /// How many rows it was given.
    pub fn rows(&self) -> u64 {
        self.written + self.rows.len() as u64
    }

    /// Adds a row.
    ///
    /// # Errors
    ///
    /// When the row is not what [`super::Reader`] would read again, or `sink` cannot be written.
    pub fn write(&mut self, row: &Row) -> Result<(), DatasetError> {
        self.push(row.clone())
    }

    /// Adds a row without a copy of its images.
    ///
    /// # Errors
    ///
    /// As [`Writer::write`].
    pub fn push(&mut self, row: Row) -> Result<(), DatasetError> {
        let place = Place { file: "the new file", row: self.rows() };
        place.row(&row)?;
        if let Some(kind) = row.kind.as_ref().filter(|_| !self.options.kind) {
            return Err(place.wrong(
                KIND,
                format!("\"{kind}\""),
                "nothing, since the column was not asked for",
            ));
        }
        if let Some(collected) = row.collected.as_ref().filter(|_| !self.options.collected) {
            let found = format!("a row of version {}", collected.record_version);
            return Err(place.wrong(
                schema::RECORD_VERSION,
                found,
                "none, since the columns were not asked for",
            ));
        }
        let bytes = row.images.iter().map(|image| image.bytes.len() as u64).sum::<u64>();
        // What a reader holds at once has a limit, which one large row must not step over.
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

    /// Ends the file and gives its sink back.
    ///
    /// # Errors
    ///
    /// When `sink` cannot be written.
    pub fn finish(mut self) -> Result<W, DatasetError> {
        self.flush()?;
        self.file.into_inner().map_err(unwritten)
    }

    fn flush(&mut self) -> Result<(), DatasetError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut rows = std::mem::take(&mut self.rows);
        self.written += rows.len() as u64;
        self.bytes = 0;
        let mut group = self.file.next_row_group().map_err(unwritten)?;
        let WriteOptions { kind, collected, .. } = self.options;
        let columns = COLUMNS.iter().filter(|column| column.is_written(kind, collected));
        for column in columns {
            let mut writer = group.next_column().map_err(unwritten)?.ok_or_else(|| DatasetError::Write {
                reason: format!("there is no column for `{}`", column.name),
            })?;
            column_of(&mut writer, column.name, &mut rows).map_err(unwritten)?;
            writer.close().map_err(unwritten)?;
        }
        group.close().map_err(unwritten)?;
        Ok(())
    }
}

fn unwritten(error: ParquetError) -> DatasetError {
    DatasetError::Write { reason: error.to_string() }
}

fn column_of(
    writer: &mut SerializedColumnWriter<'_>,
    name: &str,
    rows: &mut [Row],
) -> Result<(), ParquetError> {
    match name {
        "are_different" => values::<BoolType>(writer, rows, |row| Some(row.are_different)),
        "has_label" => values::<BoolType>(writer, rows, |row| Some(row.label.is_some())),
        "created_at" => values::<Int64Type>(writer, rows, |row| Some(row.created_at)),
        "label_0" => values::<DoubleType>(writer, rows, |row| row.label.map(|label| label[0])),
        "label_1" => values::<DoubleType>(writer, rows, |row| row.label.map(|label| label[1])),
        "ranking_id" => values::<Int64Type>(writer, rows, |row| Some(row.ranking_id)),
        "user_id" => values::<Int64Type>(writer, rows, |row| Some(row.user_id)),
        "num_example_per_prompt" => values::<Int64Type>(writer, rows, |row| Some(row.num_example_per_prompt)),
        "__index_level_0__" => values::<Int64Type>(writer, rows, |row| Some(row.index)),
        "jpg_0" => images(writer, rows, 0),
        "jpg_1" => images(writer, rows, 1),
        schema::RECORD_VERSION => {
            values::<Int64Type>(writer, rows, |row| Some(row.collected.as_ref()?.record_version))
        }
        "pickscore_scores_visible" => {
            values::<BoolType>(writer, rows, |row| Some(row.collected.as_ref()?.scores_visible))
        }
        "pickscore_seconds" => values::<DoubleType>(writer, rows, |row| row.collected.as_ref()?.seconds),
        "pickscore_score_0" => values::<DoubleType>(writer, rows, |row| row.collected.as_ref()?.scores[0]),
        "pickscore_score_1" => values::<DoubleType>(writer, rows, |row| row.collected.as_ref()?.scores[1]),
        _ => values::<ByteArrayType>(writer, rows, |row| text(row, name)),
    }
}

/// A row's text for a column.
fn text(row: &Row, name: &str) -> Option<ByteArray> {
    let text = match name {
        "best_image_uid" => &row.best_image_uid,
        "caption" => &row.caption,
        "image_0_uid" => &row.images[0].uid,
        "image_0_url" => &row.images[0].url,
        "image_1_uid" => &row.images[1].uid,
        "image_1_url" => &row.images[1].url,
        "model_0" => &row.images[0].model,
        "model_1" => &row.images[1].model,
        KIND => row.kind.as_ref()?,
        _ => row.collected.as_ref()?.text(name)?,
    };
    Some(ByteArray::from(text.as_str()))
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

/// The images' bytes leave the rows: a row group is held once.
fn images(
    writer: &mut SerializedColumnWriter<'_>,
    rows: &mut [Row],
    side: usize,
) -> Result<(), ParquetError> {
    for rows in rows.chunks_mut(IMAGES) {
        let values: Vec<ByteArray> =
            rows.iter_mut().map(|row| ByteArray::from(std::mem::take(&mut row.images[side].bytes))).collect();
        writer.typed::<ByteArrayType>().write_batch(&values, Some(&vec![1; values.len()]), None)?;
    }
    Ok(())
}
