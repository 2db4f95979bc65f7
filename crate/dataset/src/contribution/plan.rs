//! What a contribution will hold, decided before anything is written: `num_example_per_prompt` and the number of files have to be right from the
//! first row on.

use std::{collections::BTreeMap, ops::Range};

use super::{ExportError, Format, counts::Counts};
use crate::limits;
use pickscore_preferences::{Content, Record};

/// A Parquet file is closed when its images have this many bytes: small enough to be held whole, should a zip of it be packed once more.
const FILE_BYTES: u64 = 128 << 20;
/// A file of data is closed when it has this many rows.
const FILE_ROWS: usize = 100_000;
/// Most records.
const RECORDS: usize = 2_000_000;

/// What will be written.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) records: Vec<Record>,
    pub(super) counts: Counts,
    /// The records of each file.
    pub(super) files: Vec<Range<usize>>,
    /// Records that are not written, by their uids, each with the reason.
    pub(super) left_out: Vec<(String, String)>,
}

impl Plan {
    /// Of records and the sizes of the images that there are.
    pub(super) fn of(
        records: Vec<Record>,
        sizes: &BTreeMap<String, u64>,
        format: Format,
        now: i64,
    ) -> Result<Self, ExportError> {
        if records.len() > RECORDS {
            let reason = format!("{} records; expected at most {RECORDS}", records.len());
            return Err(ExportError::Write { reason });
        }
        let (mut kept, mut left_out) = (Vec::with_capacity(records.len()), Vec::new());
        let mut contents: BTreeMap<Content, ()> = BTreeMap::new();
        for record in records {
            let reason = record
                .check(now)
                .map_err(|error| error.to_string())
                .and_then(|()| if format == Format::Csv { Ok(()) } else { images(&record, sizes) })
                .and_then(|()| match contents.insert(record.content(), ()) {
                    None => Ok(()),
                    Some(()) => Err("it says the same as a record before it".into()),
                });
            match reason {
                Ok(()) => kept.push(record),
                Err(reason) => left_out.push((record.uid, reason)),
            }
        }
        if kept.is_empty() {
            return Err(ExportError::Empty);
        }
        let files = files(&kept, sizes, format);
        Ok(Self { counts: Counts::of(&kept), records: kept, files, left_out })
    }
}

/// Whether both images are there and of a size that readers take.
fn images(record: &Record, sizes: &BTreeMap<String, u64>) -> Result<(), String> {
    for uid in [&record.left.image_uid, &record.right.image_uid] {
        match sizes.get(uid) {
            None => return Err(format!("its image {uid} is not there")),
            Some(0) => return Err(format!("its image {uid} is empty")),
            Some(&size) if size > limits::IMAGE_BYTES as u64 => {
                return Err(format!(
                    "its image {uid} has {size} bytes; expected at most {}",
                    limits::IMAGE_BYTES
                ));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Which records go into which file.
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
