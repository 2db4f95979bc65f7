//! Tables in Parquet.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    ops::Range,
    path::Path,
    sync::Mutex,
};

use parquet::{
    basic::{ConvertedType, LogicalType, Type as Physical},
    data_type::{ByteArray, ByteArrayType, FixedLenByteArrayType, Int32Type, Int64Type},
    schema::types::ColumnDescriptor,
};

use super::{Layout, ROW_BYTES, TableColumns, TableImage, TableRow};
use crate::{
    decoder::{GroupDecoder, Part},
    error::DatasetError,
    files::unreadable,
    limits::{GROUP_BYTES, IMAGE_BYTES, TEXT_BYTES},
    parquet_file::{ParquetFile, contained},
    schema::{Form, Leaf, number},
    unpacked::unread,
};
use pickscore_common::regular::open_regular;

/// A Parquet file with the columns that are read.
#[derive(Debug)]
pub(super) struct ParquetTable {
    file: ParquetFile<File>,
    ranking_id: Option<Stored>,
    prompt: Option<Stored>,
    images: Vec<Image>,
}

/// A column of the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stored {
    pub(super) name: &'static str,
    pub(super) leaf: Leaf,
}

/// Decodes rows of a row group.
type Decode<'a> = dyn Fn(&mut GroupDecoder<'_, File>) -> Result<Vec<TableRow>, DatasetError> + 'a;

/// How a column stores images: encoded, as paths, or as a struct of both.
#[derive(Debug)]
struct Image {
    name: &'static str,
    bytes: Option<Stored>,
    /// Whether the bytes of all images have the same length, as in the Parquet type for that.
    is_fixed: bool,
    path: Option<Stored>,
}

impl ParquetTable {
    pub(super) fn open(path: &Path, columns: &TableColumns) -> Result<(Self, Layout), DatasetError> {
        let source = open_regular(path).map_err(|error| unreadable(path, error))?;
        let file = ParquetFile::open_any(path.display().to_string(), source)?;
        let schema = file.metadata.file_metadata().schema_descr();
        let names: Vec<String> =
            schema.root_schema().get_fields().iter().map(|field| field.name().to_owned()).collect();
        let mut layout = columns.layout(&file.name, &names)?;
        let find = |name: &str, field: Option<&str>| {
            schema.columns().iter().enumerate().find(|(_, leaf)| {
                let parts = leaf.path().parts();
                parts.first().is_some_and(|first| first == name) && parts.get(1).map(String::as_str) == field
            })
        };
        let text = |name: &str| {
            let (index, leaf) = find(name, None).ok_or_else(|| nested(&file, name, "text"))?;
            if !is_text(leaf) {
                return Err(wrong(&file, name, described(leaf), "text"));
            }
            stored(&file, name, index, leaf, Form::Bytes)
        };
        let prompt = layout.prompt.as_deref().map(text).transpose()?;
        let mut images = Vec::new();
        for name in &layout.images {
            const EXPECTED: &str = "encoded images, paths, or a struct of both";
            let fields = [find(name, None), find(name, Some("bytes")), find(name, Some("path"))];
            let mut image = Image { name: interned(name), bytes: None, is_fixed: false, path: None };
            for (index, leaf) in fields.into_iter().flatten() {
                let (is_text, is_plain) = (is_text(leaf), leaf.logical_type_ref().is_none());
                let is_fixed = leaf.physical_type() == Physical::FIXED_LEN_BYTE_ARRAY;
                if is_text || is_plain && (is_fixed || leaf.physical_type() == Physical::BYTE_ARRAY) {
                    image.is_fixed |= is_fixed;
                    let column = stored(&file, name, index, leaf, Form::Bytes)?;
                    *(if is_text { &mut image.path } else { &mut image.bytes }) = Some(column);
                } else if leaf.path().parts().len() == 1 {
                    return Err(wrong(&file, name, described(leaf), EXPECTED));
                }
                // Other fields are not used: pandas writes integers for paths that are all null.
            }
            if image.bytes.is_none() && image.path.is_none() {
                return Err(nested(&file, name, EXPECTED));
            }
            images.push(image);
        }
        let ranking_id = match find(TableColumns::RANKING_ID, None) {
            Some((index, leaf)) => match number(leaf) {
                Some(Form::Int64 { signed: false }) if !is_small(&file, index) => {
                    Err(format!("numbers above {}", i64::MAX))
                }
                Some(form @ (Form::Int64 { .. } | Form::Int32 { .. })) => {
                    stored(&file, TableColumns::RANKING_ID, index, leaf, form).map_err(|_| described(leaf))
                }
                _ => Err(described(leaf)),
            },
            None if layout.has_ranking_id => Err("nested values".into()),
            None => Err(String::new()),
        };
        layout.unused_id = ranking_id.as_ref().err().filter(|_| layout.has_ranking_id).cloned();
        let ranking_id = ranking_id.ok();
        layout.has_ranking_id = ranking_id.is_some();
        Ok((Self { file, ranking_id, prompt, images }, layout))
    }

    pub(super) fn rows(&self) -> u64 {
        let groups = self.file.metadata.row_groups().iter();
        groups.map(|group| u64::try_from(group.num_rows()).unwrap_or_default()).sum()
    }

    pub(super) fn has_paths(&self) -> bool {
        self.images.iter().any(|image| image.path.is_some())
    }

    pub(super) fn read(&self, rows: Range<u64>, most: u64) -> Result<Vec<TableRow>, DatasetError> {
        self.read_with(rows, most, &|decoder| self.decoded(decoder))
    }

    /// Reads rows of which only the paths of images are known.
    pub(super) fn paths(&self, rows: Range<u64>) -> Result<Vec<TableRow>, DatasetError> {
        self.read_with(rows, GROUP_BYTES, &|decoder| {
            let mut rows = vec![self.nothing(); decoder.rows];
            self.decode_paths(decoder, &mut rows)?;
            Ok(rows)
        })
    }

    /// Reads the number of a row; `None` also if it is damaged.
    pub(super) fn ranking_id(&self, row: u64) -> Option<i64> {
        let found = self.read_with(row..row.checked_add(1)?, ROW_BYTES, &|decoder| {
            let mut rows = vec![self.nothing(); decoder.rows];
            self.decode_ids(decoder, &mut rows)?;
            Ok(rows)
        });
        found.ok()?.first()?.ranking_id
    }

    fn read_with(
        &self,
        rows: Range<u64>,
        most: u64,
        decoded: &Decode<'_>,
    ) -> Result<Vec<TableRow>, DatasetError> {
        let (mut found, mut first) = (Vec::new(), 0_u64);
        for (group, claimed) in self.file.metadata.row_groups().iter().enumerate() {
            let count = u64::try_from(claimed.num_rows()).unwrap_or_default();
            let (start, end) = (rows.start.max(first), rows.end.min(first.saturating_add(count)));
            if start < end {
                let mut decoder = GroupDecoder {
                    file: &self.file,
                    part: Part { group, skip: start - first },
                    rows: usize::try_from(end - start).unwrap_or(usize::MAX),
                    first: start,
                    left: most.max(ROW_BYTES),
                    uncompressed: GROUP_BYTES,
                    lenient: false,
                    faults: BTreeMap::new(),
                };
                found.extend(contained(&self.file.name, || decoded(&mut decoder))?);
            }
            first = first.saturating_add(count);
        }
        Ok(found)
    }

    /// A row of which nothing was read.
    fn nothing(&self) -> TableRow {
        let images = self.images.iter().map(|image| Err(format!("the row has nothing in `{}`", image.name)));
        let prompt = Err(match &self.prompt {
            Some(column) => format!("the row has nothing in `{}`", column.name),
            None => "the table has no prompts".into(),
        });
        TableRow { ranking_id: None, prompt, images: images.collect() }
    }

    fn decode_ids(
        &self,
        decoder: &mut GroupDecoder<'_, File>,
        rows: &mut [TableRow],
    ) -> Result<(), DatasetError> {
        match self.ranking_id {
            Some(Stored { name, leaf: leaf @ Leaf { form: Form::Int32 { signed }, .. } }) => decoder
                .column::<Int32Type>(name, leaf, &mut |_, at, value| {
                    let number = |value: i32| if signed { value.into() } else { i64::from(value as u32) };
                    rows[at].ranking_id = value.map(number);
                    Ok(())
                }),
            Some(Stored { name, leaf }) => {
                let is_signed = leaf.form == (Form::Int64 { signed: true });
                decoder.column::<Int64Type>(name, leaf, &mut |_, at, value| {
                    rows[at].ranking_id = value.filter(|&value| is_signed || value >= 0);
                    Ok(())
                })
            }
            None => Ok(()),
        }
    }

    fn decode_paths(
        &self,
        decoder: &mut GroupDecoder<'_, File>,
        rows: &mut [TableRow],
    ) -> Result<(), DatasetError> {
        for (side, image) in self.images.iter().enumerate() {
            if let Some(column) = image.path {
                texts(decoder, column, &mut |at, path| rows[at].images[side] = path.map(TableImage::Path))?;
            }
        }
        Ok(())
    }

    fn decoded(&self, decoder: &mut GroupDecoder<'_, File>) -> Result<Vec<TableRow>, DatasetError> {
        let mut rows = vec![self.nothing(); decoder.rows];
        self.decode_ids(decoder, &mut rows)?;
        if let Some(column) = self.prompt {
            texts(decoder, column, &mut |at, text| rows[at].prompt = text)?;
        }
        self.decode_paths(decoder, &mut rows)?;
        for (side, image) in self.images.iter().enumerate() {
            let Some(Stored { name, leaf }) = image.bytes else { continue };
            let mut take = |decoder: &mut GroupDecoder<'_, File>, at: usize, value: Option<ByteArray>| {
                let Some(value) = value.filter(|value| !value.is_empty()) else { return Ok(()) };
                let length = value.len();
                rows[at].images[side] = if length > IMAGE_BYTES {
                    Err(format!("the image has {length} bytes; expected at most {IMAGE_BYTES}"))
                } else {
                    decoder.spend(length)?;
                    Ok(TableImage::Bytes(value.data().to_vec()))
                };
                Ok(())
            };
            if image.is_fixed {
                decoder.column::<FixedLenByteArrayType>(name, leaf, &mut |decoder, at, value| {
                    take(decoder, at, value.map(|value| ByteArray::from(value.data().to_vec())))
                })?;
            } else {
                decoder.column::<ByteArrayType>(name, leaf, &mut take)?;
            }
        }
        Ok(rows)
    }
}

/// Reads texts. Nulls are left out.
pub(super) fn texts(
    decoder: &mut GroupDecoder<'_, File>,
    Stored { name, leaf }: Stored,
    take: &mut dyn FnMut(usize, Result<String, String>),
) -> Result<(), DatasetError> {
    decoder.column::<ByteArrayType>(name, leaf, &mut |decoder, at, value: Option<ByteArray>| {
        let Some(value) = value else { return Ok(()) };
        let length = value.len();
        if length > TEXT_BYTES {
            take(at, Err(format!("`{name}` has {length} bytes; expected at most {TEXT_BYTES}")));
            return Ok(());
        }
        decoder.spend(length)?;
        let text = std::str::from_utf8(value.data()).map(str::to_owned);
        take(at, text.map_err(|_| format!("`{name}` is not UTF-8")));
        Ok(())
    })
}

pub(super) fn stored(
    file: &ParquetFile<File>,
    name: &str,
    index: usize,
    leaf: &ColumnDescriptor,
    form: Form,
) -> Result<Stored, DatasetError> {
    let name = interned(name);
    if leaf.max_rep_level() > 0 {
        return Err(wrong(file, name, "a list".into(), "one value per row"));
    }
    for group in file.metadata.row_groups() {
        let compression = group.columns().get(index).map(|chunk| chunk.compression());
        if let Some((found, advice)) = compression.and_then(|compression| unread(compression, false)) {
            return Err(DatasetError::Compression { file: file.name.clone(), column: name, found, advice });
        }
    }
    let leaf = Leaf { index, present: leaf.max_def_level(), form, in_struct: leaf.path().parts().len() > 1 };
    Ok(Stored { name, leaf })
}

pub(super) fn is_text(leaf: &ColumnDescriptor) -> bool {
    let annotated = matches!(leaf.logical_type_ref(), Some(LogicalType::String));
    leaf.physical_type() == Physical::BYTE_ARRAY
        && (annotated || leaf.converted_type() == ConvertedType::UTF8)
}

fn wrong(file: &ParquetFile<File>, name: &str, found: String, expected: &'static str) -> DatasetError {
    DatasetError::ColumnType { file: file.name.clone(), column: interned(name), expected, found }
}

fn nested(file: &ParquetFile<File>, name: &str, expected: &'static str) -> DatasetError {
    wrong(file, name, "nested".into(), expected)
}

/// The type of a column in plain words.
fn described(leaf: &ColumnDescriptor) -> String {
    let logical = leaf.logical_type_ref();
    let is_time =
        matches!(logical, Some(LogicalType::Timestamp(_) | LogicalType::Time(_) | LogicalType::Date));
    let found = match leaf.physical_type() {
        _ if is_text(leaf) => "text",
        _ if is_time => "times",
        _ if matches!(logical, Some(LogicalType::Unknown)) => "nothing but nulls",
        _ if matches!(logical, Some(LogicalType::Decimal(_))) => "decimal numbers",
        Physical::BOOLEAN => "true or false",
        Physical::INT32 | Physical::INT64 => "whole numbers",
        Physical::INT96 => "times",
        Physical::FLOAT | Physical::DOUBLE => "decimal numbers",
        Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY => "bytes",
    };
    found.into()
}

/// Whether the unsigned numbers of a column also fit with a sign, as far as the file tells.
fn is_small(file: &ParquetFile<File>, index: usize) -> bool {
    let chunks = file.metadata.row_groups().iter().filter_map(|group| group.columns().get(index));
    // The bytes of a maximum are the number's: with a sign, the largest ones are negative.
    let mut most = chunks.filter_map(|chunk| chunk.statistics()?.max_bytes_opt()?.try_into().ok());
    most.all(|most: [u8; 8]| i64::from_le_bytes(most) >= 0)
}

/// A name for errors, which have static names because the schema's are constants. Each distinct
/// name is kept until the process ends; there are a few.
fn interned(name: &str) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return known;
    }
    let kept: &'static str = Box::leak(name.to_owned().into_boxed_str());
    names.insert(kept);
    kept
}
