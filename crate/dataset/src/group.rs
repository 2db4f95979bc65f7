//! A row group's columns, decoded one after the other into rows.

use std::collections::BTreeMap;

use parquet::{
    column::reader::ColumnReaderImpl,
    data_type::DataType,
    errors::ParquetError,
    file::{reader::ChunkReader, serialized_reader::SerializedPageReader},
};

#[cfg(not(target_family = "wasm"))]
use super::lz4::Lz4Pages;
use super::{
    Collected, Columns, DatasetError, Reader, Row, RowImage, derive,
    limits::{self, Place},
    pages::{self, Chunk, PageFault},
    read::{Part, said},
    schema::{Leaf, RECORD_VERSION},
    values::SoundPages,
};

/// Values that are decoded at once. Few, since each may be an image.
const BATCH: usize = 64;
/// Encodings that are read.
const ENCODINGS: &str = "plain, dictionary, RLE, delta or BYTE_STREAM_SPLIT encoding";

/// What takes a column's values: row by row, nothing where a row has none.
pub(super) type Take<'t, D, V> = dyn FnMut(&mut D, usize, Option<V>) -> Result<(), DatasetError> + 't;

/// One row group, or a part of a large one, in the making.
pub(super) struct GroupDecoder<'a, R> {
    pub(super) reader: &'a Reader<R>,
    pub(super) part: Part,
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
        let labelled = self.bools("has_label", true)?;
        let says_so = self.reader.layout.leaf("has_label").is_some();
        let has_label = |at: usize| says_so.then(|| labelled[at]);
        let counted = self.reader.layout.leaf("num_example_per_prompt").is_some();
        // Where nobody counted, whoever reads all files does.
        let examples = self.integers("num_example_per_prompt", (!counted).then_some(1))?;
        let labels = [self.reals("label_0")?, self.reals("label_1")?];
        let source = self.reader.layout.labels();
        let mut rows = Vec::with_capacity(self.rows);
        for at in 0..self.rows {
            let count = self.place(at).examples(examples[at]);
            self.noted(at, count)?;
            let label = derive::label(&self.place(at), source, has_label(at), [labels[0][at], labels[1][at]]);
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
        for (at, row) in rows.iter_mut().enumerate() {
            if !self.faults.contains_key(&at) {
                let layout = &self.reader.layout;
                let completed = derive::complete(layout, columns, &self.place(at), has_label(at), row);
                self.noted(at, completed)?;
            }
        }
        Ok(rows)
    }

    /// Every row's prompt, and nothing else.
    pub(super) fn captions(&mut self) -> Result<Vec<String>, DatasetError> {
        let mut captions = vec![String::new(); self.rows];
        self.texts("caption", true, &mut |at, text| captions[at] = text)?;
        Ok(captions)
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

    pub(super) fn place(&self, at: usize) -> Place<'_> {
        Place { file: &self.reader.file, row: self.first + at as u64 }
    }

    pub(super) fn spend(&mut self, bytes: usize) -> Result<(), DatasetError> {
        match self.left.checked_sub(bytes as u64) {
            Some(left) => self.left = left,
            None => {
                let (file, group, limit) = (self.reader.file.clone(), self.part.group, limits::GROUP_BYTES);
                let found = limit - self.left + bytes as u64;
                return Err(DatasetError::Group { file, group, found, unit: "bytes", limit });
            }
        }
        Ok(())
    }

    /// Every value of a column, in order, after its pages were checked.
    pub(super) fn column<T: DataType>(
        &mut self,
        name: &'static str,
        leaf: Leaf,
        take: &mut Take<'_, Self, T::T>,
    ) -> Result<(), DatasetError> {
        let (reader, Part { group, skip, .. }) = (self.reader, self.part);
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
        let all = u64::try_from(row_group.num_rows()).unwrap_or_default();
        let wanted = skip..skip + self.rows as u64;
        let claim = Chunk { start, end, compression: chunk.compression(), values: all, wanted };
        let before = pages::check(&*reader.source, &claim, &mut self.uncompressed);
        let before = before.map_err(|fault| match fault {
            PageFault::Encoding { .. } => {
                let (file, found) = (reader.file.clone(), fault.to_string());
                DatasetError::Storage { file, column: name, found, expected: ENCODINGS }
            }
            fault => damaged(fault.to_string()),
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
                sound.over(Lz4Pages { source: reader.source.clone(), at: start, end })
            }
            _ => {
                let pages = SerializedPageReader::new(reader.source.clone(), chunk, all as usize, None);
                sound.over(pages.map_err(wrong)?)
            }
        };
        let mut values = ColumnReaderImpl::<T>::new(descriptor, pages);
        let mut unwanted = (skip - before.values) as usize;
        while unwanted > 0 {
            let read = values.read_records(BATCH.min(unwanted), Some(&mut Vec::new()), None, &mut Vec::new());
            match read.map_err(|error| damaged(said(&error)))? {
                (0, ..) => return Err(damaged(format!("it ends before row {skip}"))),
                (read, ..) => unwanted -= read,
            }
        }
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
