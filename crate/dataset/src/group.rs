//! A row group's columns, decoded one after the other into rows.

use std::collections::BTreeMap;

use parquet::{
    column::reader::ColumnReaderImpl,
    data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int32Type, Int64Type},
    errors::ParquetError,
    file::{reader::ChunkReader, serialized_reader::SerializedPageReader},
};

use super::{
    Collected, Columns, DatasetError, Reader, Row, RowImage,
    limits::{self, Place},
    pages::{self, Chunk, PageFault},
    read::said,
    schema::{Leaf, RECORD_VERSION},
    values::SoundPages,
};

/// Values that are decoded at once. Few, since each may be an image.
const BATCH: usize = 64;
/// Encodings that are read.
const ENCODINGS: &str = "plain, dictionary, RLE or DELTA_BINARY_PACKED encoding";

/// What takes a column's values: row by row, nothing where a row has none.
type Take<'t, D, V> = dyn FnMut(&mut D, usize, Option<V>) -> Result<(), DatasetError> + 't;

/// One row group in the making.
pub(super) struct GroupDecoder<'a, R> {
    pub(super) reader: &'a Reader<R>,
    pub(super) group: usize,
    pub(super) rows: usize,
    /// The file's number of its first row.
    pub(super) first: u64,
    /// Bytes of texts and images that may still come: a dictionary can repeat one value for every row.
    pub(super) left: u64,
    /// Bytes that pages may still claim.
    pub(super) uncompressed: u64,
    /// Whether a value that the schema does not allow costs its row alone.
    pub(super) lenient: bool,
    /// The first fault of each row that is not what the schema allows.
    pub(super) faults: BTreeMap<usize, DatasetError>,
}

impl<R: ChunkReader + 'static> GroupDecoder<'_, R> {
    pub(super) fn rows(&mut self, columns: Columns) -> Result<Vec<Row>, DatasetError> {
        let has_label = self.bools("has_label", true)?;
        let examples = self.integers("num_example_per_prompt", None)?;
        let labels = [self.reals("label_0")?, self.reals("label_1")?];
        let mut rows = Vec::with_capacity(self.rows);
        for at in 0..self.rows {
            let count = self.place(at).examples(examples[at]);
            self.noted(at, count)?;
            let label = has_label[at].then(|| self.label(at, [labels[0][at], labels[1][at]])).transpose();
            let label = self.noted(at, label)?.flatten();
            rows.push(Row {
                caption: String::new(),
                images: [RowImage::default(), RowImage::default()],
                label,
                best_image_uid: String::new(),
                are_different: true,
                created_at: 0,
                ranking_id: 0,
                user_id: 0,
                num_example_per_prompt: examples[at],
                index: 0,
                kind: None,
                collected: None,
            });
        }
        self.texts("caption", true, &mut |at, text| rows[at].caption = text)?;
        self.texts("best_image_uid", false, &mut |at, text| rows[at].best_image_uid = text)?;
        self.texts("pickscore_kind", false, &mut |at, text| rows[at].kind = Some(text))?;
        for (side, [uid, url, model, jpg]) in [
            ["image_0_uid", "image_0_url", "model_0", "jpg_0"],
            ["image_1_uid", "image_1_url", "model_1", "jpg_1"],
        ]
        .into_iter()
        .enumerate()
        {
            self.texts(uid, false, &mut |at, text| rows[at].images[side].uid = text)?;
            self.texts(url, false, &mut |at, text| rows[at].images[side].url = text)?;
            self.texts(model, false, &mut |at, text| rows[at].images[side].model = text)?;
            if columns == Columns::All {
                self.images(jpg, &mut |at, bytes| rows[at].images[side].bytes = bytes)?;
            }
        }
        let (times, rankings) = (self.times("created_at")?, self.integers("ranking_id", Some(0))?);
        let (users, indexes) =
            (self.integers("user_id", Some(0))?, self.integers("__index_level_0__", Some(0))?);
        let different = self.bools("are_different", true)?;
        for (at, row) in rows.iter_mut().enumerate() {
            (row.created_at, row.ranking_id) = (times[at], rankings[at]);
            (row.user_id, row.index, row.are_different) = (users[at], indexes[at], different[at]);
        }
        self.collected(&mut rows)?;
        Ok(rows)
    }

    /// Our own columns, of rows that have them.
    fn collected(&mut self, rows: &mut [Row]) -> Result<(), DatasetError> {
        if self.reader.layout.leaf(RECORD_VERSION).is_none() {
            return Ok(());
        }
        let versions = self.integers(RECORD_VERSION, Some(0))?;
        let visible = self.bools("pickscore_scores_visible", false)?;
        let (seconds, scores) = (
            self.reals("pickscore_seconds")?,
            [self.reals("pickscore_score_0")?, self.reals("pickscore_score_1")?],
        );
        for at in (0..rows.len()).filter(|&at| versions[at] != 0) {
            rows[at].collected = Some(Collected {
                record_version: versions[at],
                scores_visible: visible[at],
                seconds: seconds[at],
                scores: [scores[0][at], scores[1][at]],
                ..Collected::default()
            });
        }
        for name in Collected::TEXTS {
            self.texts(name, false, &mut |at, text| {
                if let Some(collected) = &mut rows[at].collected {
                    collected.set_text(name, text);
                }
            })?;
        }
        Ok(())
    }

    /// A row's result, or nothing where only that row is lost.
    fn noted<T>(&mut self, at: usize, result: Result<T, DatasetError>) -> Result<Option<T>, DatasetError> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(fault @ DatasetError::Cell { .. }) if self.lenient => {
                self.faults.entry(at).or_insert(fault);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn label(&self, at: usize, label: [Option<f64>; 2]) -> Result<[f64; 2], DatasetError> {
        let [Some(left), Some(right)] = label else {
            let column = if label[0].is_none() { "label_0" } else { "label_1" };
            return Err(self.place(at).wrong(column, "nothing".into(), "a label, since has_label is true"));
        };
        self.place(at).label([left, right])?;
        Ok([left, right])
    }

    fn place(&self, at: usize) -> Place<'_> {
        Place { file: &self.reader.file, row: self.first + at as u64 }
    }

    fn bools(&mut self, name: &'static str, default: bool) -> Result<Vec<bool>, DatasetError> {
        let mut found = vec![default; self.rows];
        let Some(leaf) = self.reader.layout.leaf(name) else { return Ok(found) };
        self.column::<BoolType>(name, leaf, &mut |_, at, value| {
            found[at] = value.unwrap_or(default);
            Ok(())
        })?;
        Ok(found)
    }

    fn integers(&mut self, name: &'static str, default: Option<i64>) -> Result<Vec<i64>, DatasetError> {
        let mut found = vec![default.unwrap_or_default(); self.rows];
        let Some(leaf) = self.reader.layout.leaf(name) else { return Ok(found) };
        let mut take = |decoder: &mut Self, at, value: Option<i64>| {
            let nothing = || decoder.place(at).wrong(name, "nothing".into(), "a number");
            found[at] = value.or(default).ok_or_else(nothing)?;
            Ok(())
        };
        if leaf.narrow {
            self.column::<Int32Type>(name, leaf, &mut |decoder, at, value| {
                take(decoder, at, value.map(i64::from))
            })?;
        } else {
            self.column::<Int64Type>(name, leaf, &mut take)?;
        }
        Ok(found)
    }

    /// Nanoseconds since 1970; 0 where there is none.
    fn times(&mut self, name: &'static str) -> Result<Vec<i64>, DatasetError> {
        let mut times = self.integers(name, Some(0))?;
        let unit = self.reader.layout.leaf(name).map_or(1, |leaf| leaf.unit);
        for (at, time) in times.iter_mut().enumerate() {
            let beyond =
                || self.place(at).wrong(name, format!("{time} times {unit} ns"), "a time from 1678 to 2262");
            let nanoseconds = time.checked_mul(unit).ok_or_else(beyond);
            *time = self.noted(at, nanoseconds)?.unwrap_or_default();
        }
        Ok(times)
    }

    fn reals(&mut self, name: &'static str) -> Result<Vec<Option<f64>>, DatasetError> {
        let mut found = vec![None; self.rows];
        let Some(leaf) = self.reader.layout.leaf(name) else { return Ok(found) };
        // NaN is what pandas knows for nothing.
        let mut take = |at: usize, value: Option<f64>| {
            found[at] = value.filter(|value| !value.is_nan());
            Ok(())
        };
        if leaf.narrow {
            self.column::<FloatType>(name, leaf, &mut |_, at, value| take(at, value.map(f64::from)))?;
        } else {
            self.column::<DoubleType>(name, leaf, &mut |_, at, value| take(at, value))?;
        }
        Ok(found)
    }

    fn texts(
        &mut self,
        name: &'static str,
        needed: bool,
        take: &mut dyn FnMut(usize, String),
    ) -> Result<(), DatasetError> {
        let Some(leaf) = self.reader.layout.leaf(name) else { return Ok(()) };
        self.column::<ByteArrayType>(name, leaf, &mut |decoder, at, value| {
            let Some(value) = value else {
                let missing = || decoder.place(at).wrong(name, "nothing".into(), "a text");
                return (!needed).then_some(()).ok_or_else(missing);
            };
            decoder.place(at).text(name, value.len())?;
            decoder.spend(value.len())?;
            let text = std::str::from_utf8(value.data());
            let text = text.map_err(|_| decoder.place(at).wrong(name, "bytes".into(), "text in UTF-8"))?;
            take(at, text.to_owned());
            Ok(())
        })
    }

    fn images(
        &mut self,
        name: &'static str,
        take: &mut dyn FnMut(usize, Vec<u8>),
    ) -> Result<(), DatasetError> {
        let Some(leaf) = self.reader.layout.leaf(name) else { return Ok(()) };
        self.column::<ByteArrayType>(name, leaf, &mut |decoder, at, value: Option<ByteArray>| {
            let missing = || decoder.place(at).wrong(name, "nothing".into(), "an encoded image");
            let value = value.filter(|value| !value.is_empty()).ok_or_else(missing)?;
            decoder.place(at).image(name, value.len())?;
            decoder.spend(value.len())?;
            take(at, value.data().to_vec());
            Ok(())
        })
    }

    fn spend(&mut self, bytes: usize) -> Result<(), DatasetError> {
        match self.left.checked_sub(bytes as u64) {
            Some(left) => self.left = left,
            None => {
                let (file, group, limit) = (self.reader.file.clone(), self.group, limits::GROUP_BYTES);
                let found = limit - self.left + bytes as u64;
                return Err(DatasetError::Group { file, group, found, unit: "bytes", limit });
            }
        }
        Ok(())
    }

    /// Every value of a column, in order, after its pages were checked.
    fn column<T: DataType>(
        &mut self,
        name: &'static str,
        leaf: Leaf,
        take: &mut Take<'_, Self, T::T>,
    ) -> Result<(), DatasetError> {
        let (reader, group) = (self.reader, self.group);
        let damaged = |reason: String| DatasetError::Damaged {
            file: reader.file.clone(),
            reason: format!("column `{name}`, row group {group}: {reason}"),
        };
        let wrong = |error: ParquetError| damaged(said(&error));
        let row_group = reader.metadata.row_group(group);
        let chunk = row_group.columns().get(leaf.index).ok_or_else(|| damaged("it is not there".into()))?;
        let start = chunk.dictionary_page_offset().unwrap_or_else(|| chunk.data_page_offset());
        let range = u64::try_from(start).ok().zip(u64::try_from(chunk.compressed_size()).ok());
        let range = range.and_then(|(start, length)| Some((start, start.checked_add(length)?)));
        let Some((start, end)) = range.filter(|&(_, end)| end <= reader.source.len()) else {
            return Err(damaged(format!(
                "it claims {} bytes from byte {start}, beyond the file's end",
                chunk.compressed_size()
            )));
        };
        let claim = Chunk { start, end, compression: chunk.compression(), values: self.rows as u64 };
        pages::check(&*reader.source, &claim, &mut self.uncompressed).map_err(|fault| match fault {
            PageFault::Encoding { .. } => {
                let (file, found) = (reader.file.clone(), fault.to_string());
                DatasetError::Storage { file, column: name, found, expected: ENCODINGS }
            }
            fault => damaged(fault.to_string()),
        })?;
        let pages =
            SerializedPageReader::new(reader.source.clone(), chunk, self.rows, None).map_err(wrong)?;
        let pages = SoundPages { pages, kind: chunk.column_type(), present: leaf.present };
        let descriptor = chunk.column_descr_ptr();
        let mut values = ColumnReaderImpl::<T>::new(descriptor, Box::new(pages));
        let (mut at, rows) = (0, self.rows);
        let (mut found, mut levels) = (Vec::new(), Vec::new());
        while at < rows {
            found.clear();
            levels.clear();
            let wanted = BATCH.min(rows - at);
            let (read, ..) = values
                .read_records(wanted, Some(&mut levels), None, &mut found)
                .map_err(|error| damaged(said(&error)))?;
            if read == 0 {
                return Err(damaged(format!("it ends after {at} of {rows} rows")));
            }
            let mut present = found.drain(..);
            for offset in 0..read {
                // A column that can hold no null has no levels.
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
