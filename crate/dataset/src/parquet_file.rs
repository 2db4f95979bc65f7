//! A Parquet file and its footer.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use parquet::file::{
    metadata::{ParquetMetaData, ParquetMetaDataReader},
    reader::ChunkReader,
};

use crate::{
    error::{Damage, DatasetError},
    limits,
    schema::Layout,
};

/// A Parquet file.
#[derive(Debug)]
pub(super) struct ParquetFile<R> {
    /// Its name in errors.
    pub(super) name: String,
    pub(super) source: Arc<R>,
    pub(super) metadata: ParquetMetaData,
    /// Its columns of Pick-a-Pic's schema.
    pub(super) layout: Layout,
}

impl<R: ChunkReader + 'static> ParquetFile<R> {
    pub(super) fn open(name: String, source: R) -> Result<Self, DatasetError> {
        let mut file = Self::open_any(name, source)?;
        file.layout = Layout::of(&file.name, file.metadata.file_metadata().schema_descr())?;
        Ok(file)
    }

    /// Opens a file in any schema.
    pub(super) fn open_any(name: String, source: R) -> Result<Self, DatasetError> {
        let metadata = contained(&name, || footer(&name, &source))?;
        Ok(Self { name, source: Arc::new(source), metadata, layout: Layout::default() })
    }
}

/// Reads the footer, after checking its length.
fn footer<R: ChunkReader>(file: &str, source: &R) -> Result<ParquetMetaData, DatasetError> {
    let length = source.len();
    // A file starts with `PAR1` and ends with the length of the footer and `PAR1`.
    let Some(start) = length.checked_sub(8).filter(|_| length >= 12) else {
        return Err(Damage::Short { length }.of(file));
    };
    let end = source.get_bytes(start, 8).map_err(|error| Damage::Parquet(error).of(file))?;
    if end[4..] != *b"PAR1" {
        let begin = source.get_bytes(0, 4).map_err(|error| Damage::Parquet(error).of(file))?;
        let damage = if begin[..] == *b"PK\x03\x04" { Damage::Zip } else { Damage::NoEnd };
        return Err(damage.of(file));
    }
    let footer = u64::from(u32::from_le_bytes([end[0], end[1], end[2], end[3]]));
    let limit = limits::FOOTER_BYTES.min(length - 12);
    if footer > limit {
        return Err(Damage::Footer { claimed: footer, most: limit }.of(file));
    }
    ParquetMetaDataReader::new().parse_and_finish(source).map_err(|error| Damage::Parquet(error).of(file))
}

/// Runs the decoder of the Parquet library, and turns a panic into an error. `pages.rs` and
/// `values.rs` refuse everything that is known to make it panic, because in wasm a panic aborts.
pub(super) fn contained<T>(
    file: &str,
    work: impl FnOnce() -> Result<T, DatasetError>,
) -> Result<T, DatasetError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(Damage::Stopped.of(file)))
}
