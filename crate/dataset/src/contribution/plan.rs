//! Plans a contribution before anything is written, because the first row and the first file name
//! already contain totals: `num_example_per_prompt` and the number of files.

use std::{collections::BTreeMap, ops::Range};

use super::{counts::Counts, error::ExportError, format::Format};
use crate::limits::IMAGE_BYTES;
use pickscore_preferences::{Content, Record, RecordError};

/// Size of the images at which a Parquet file ends, in bytes. Importers can hold such a file in
/// memory if a zip compresses it.
const FILE_BYTES: u64 = 128 << 20;
/// Number of rows at which a data file ends.
const FILE_ROWS: usize = 100_000;
/// Maximum number of records.
const RECORDS: usize = 2_000_000;

/// The plan of a contribution.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) records: Vec<Record>,
    pub(super) counts: Counts,
    /// The records of each file.
    pub(super) files: Vec<Range<usize>>,
    /// The uids of the records that are left out, each with the reason.
    pub(super) left_out: Vec<(String, String)>,
}

impl Plan {
    /// Plans a contribution of records. `sizes` are the sizes of the available images in bytes.
    pub(super) fn of(
        records: Vec<Record>,
        sizes: &BTreeMap<String, u64>,
        format: Format,
        now: i64,
    ) -> Result<Self, ExportError> {
        if records.len() > RECORDS {
            return Err(ExportError::Records { found: records.len(), most: RECORDS });
        }
        let (mut kept, mut left_out) = (Vec::with_capacity(records.len()), Vec::new());
        let mut contents: BTreeMap<Content, ()> = BTreeMap::new();
        for record in records {
            let reason = record
                .check(now)
                .map_err(LeftOut::from)
                .and_then(|()| if format == Format::Csv { Ok(()) } else { images(&record, sizes) })
                .and_then(|()| match contents.insert(record.content(), ()) {
                    None => Ok(()),
                    Some(()) => Err(LeftOut::Twice),
                });
            match reason {
                Ok(()) => kept.push(record),
                Err(reason) => left_out.push((record.uid, reason.to_string())),
            }
        }
        if kept.is_empty() {
            return Err(ExportError::Empty);
        }
        let files = files(&kept, sizes, format);
        Ok(Self { counts: Counts::of(&kept), records: kept, files, left_out })
    }
}

/// Why a record is left out.
#[derive(Debug, thiserror::Error)]
enum LeftOut {
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error("its image {uid} is missing")]
    NoImage { uid: String },
    #[error("its image {uid} is empty")]
    EmptyImage { uid: String },
    #[error("its image {uid} has {found} bytes; expected at most {IMAGE_BYTES}")]
    LargeImage { uid: String, found: u64 },
    #[error("it duplicates an earlier record")]
    Twice,
}

/// Checks that both images are available and within the size limits.
fn images(record: &Record, sizes: &BTreeMap<String, u64>) -> Result<(), LeftOut> {
    for uid in [&record.left.image_uid, &record.right.image_uid] {
        match sizes.get(uid) {
            None => return Err(LeftOut::NoImage { uid: uid.clone() }),
            Some(0) => return Err(LeftOut::EmptyImage { uid: uid.clone() }),
            Some(&found) if found > IMAGE_BYTES as u64 => {
                return Err(LeftOut::LargeImage { uid: uid.clone(), found });
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Distributes the records over files.
fn files(records: &[Record], sizes: &BTreeMap<String, u64>, format: Format) -> Vec<Range<usize>> {
    let (mut files, mut start, mut bytes) = (Vec::new(), 0, 0_u64);
    for (at, record) in records.iter().enumerate() {
        let of = |uid| if format == Format::Parquet { sizes.get(uid).copied().unwrap_or(0) } else { 0 };
        let more = of(&record.left.image_uid).saturating_add(of(&record.right.image_uid));
        if at > start && (bytes.saturating_add(more) > FILE_BYTES || at - start == FILE_ROWS) {
            files.push(start..at);
            (start, bytes) = (at, 0);
        }
        bytes = bytes.saturating_add(more);
    }
    files.push(start..records.len());
    files
}
