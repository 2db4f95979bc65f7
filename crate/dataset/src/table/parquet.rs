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
    data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type},
    schema::types::ColumnDescriptor,
};

use super::{Layout, ROW_BYTES, TableColumns, TableImage, TableRow};
use crate::{
    decoder::{GroupDecoder, Part},
    error::DatasetError,
    files::unreadable,
    limits::{GROUP_BYTES, IMAGE_BYTES, TEXT_BYTES},
    parquet_file::{ParquetFile, contained},
    schema::{Form, Leaf},
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

/// How a column stores images: encoded, as paths, or as a struct of both.
#[derive(Debug)]
struct Image {
    name: &'static str,
    bytes: Option<Stored>,
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
            let mut image = Image { name: interned(name), bytes: None, path: None };
            for (index, leaf) in fields.into_iter().flatten() {
                let is_text = is_text(leaf);
                if is_text
                    || leaf.physical_type() == Physical::BYTE_ARRAY && leaf.logical_type_ref().is_none()
                {
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
        let ranking_id = find(TableColumns::RANKING_ID, None).and_then(|(index, leaf)| {
            let form = match leaf.physical_type() {
                Physical::INT64 => Form::Int64 { signed: true },
                Physical::INT32 => Form::Int32 { signed: true },
                _ => return None,
            };
            stored(&file, TableColumns::RANKING_ID, index, leaf, form).ok()
        });
        layout.has_ranking_id = ranking_id.is_some();
        Ok((Self { file, ranking_id, prompt, images }, layout))
    }

    pub(super) fn rows(&self) -> u64 {
        let groups = self.file.metadata.row_groups().iter();
        groups.map(|group| u64::try_from(group.num_rows()).unwrap_or_default()).sum()
    }

    pub(super) fn read(&self, rows: Range<u64>, most: u64) -> Result<Vec<TableRow>, DatasetError> {
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
                found.extend(contained(&self.file.name, || self.decoded(&mut decoder))?);
            }
            first = first.saturating_add(count);
        }
        Ok(found)
    }

    fn decoded(&self, decoder: &mut GroupDecoder<'_, File>) -> Result<Vec<TableRow>, DatasetError> {
        let images = self.images.iter().map(|image| Err(format!("the row has nothing in `{}`", image.name)));
        let prompt = Err(match &self.prompt {
            Some(column) => format!("the row has nothing in `{}`", column.name),
            None => "the table has no prompts".into(),
        });
        let empty = TableRow { ranking_id: None, prompt, images: images.collect() };
        let mut rows = vec![empty; decoder.rows];
        match self.ranking_id {
            Some(Stored { name, leaf }) if matches!(leaf.form, Form::Int32 { .. }) => {
                decoder.column::<Int32Type>(name, leaf, &mut |_, at, value| {
                    rows[at].ranking_id = value.map(i64::from);
                    Ok(())
                })?;
            }
            Some(Stored { name, leaf }) => {
                decoder.column::<Int64Type>(name, leaf, &mut |_, at, value| {
                    rows[at].ranking_id = value;
                    Ok(())
                })?;
            }
            None => {}
        }
        if let Some(column) = self.prompt {
            texts(decoder, column, &mut |at, text| rows[at].prompt = text)?;
        }
        for (side, image) in self.images.iter().enumerate() {
            if let Some(column) = image.path {
                texts(decoder, column, &mut |at, path| rows[at].images[side] = path.map(TableImage::Path))?;
            }
            let Some(Stored { name, leaf }) = image.bytes else { continue };
            decoder.column::<ByteArrayType>(name, leaf, &mut |decoder, at, value: Option<ByteArray>| {
                let Some(value) = value.filter(|value| !value.is_empty()) else { return Ok(()) };
                let length = value.len();
                rows[at].images[side] = if length > IMAGE_BYTES {
                    Err(format!("the image has {length} bytes; expected at most {IMAGE_BYTES}"))
                } else {
                    decoder.spend(length)?;
                    Ok(TableImage::Bytes(value.data().to_vec()))
                };
                Ok(())
            })?;
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

fn described(leaf: &ColumnDescriptor) -> String {
    leaf.physical_type().to_string().to_lowercase()
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
