//! The first pass: reads all rows and keeps a small key for each.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use super::{
    error::{MergeError, SourceFault},
    find::Sources,
    fingerprint::{self, Fingerprint},
    image_hash::ImageHash,
    options::MergeOptions,
    part::Part,
    phrases::Phrases,
    report::Refused,
    source::SourceKind,
    watch::{Watch, tell},
};
use crate::{
    columns::{Columns, IMAGES},
    contribution::row::{MILLISECOND, check_image, fault, record_of},
    derive::{Derived, add_derived},
    error::{Cause, CellFault},
    row::Row,
};
use pickscore_preferences::{Side, check_prompt, check_time};
use pickscore_score::Label;

/// Maximum number of refused rows in the report.
const LISTED: usize = 100;
/// The number of an unknown rater.
pub(super) const UNKNOWN_RATER: u32 = u32::MAX;

/// The key of a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowKey {
    /// Identifies its content; the last step replaces it by its place in the merged order.
    pub(super) fingerprint: Fingerprint,
    pub(super) created_at: i64,
    pub(super) prompt: u32,
    /// The numbers of image 0 and image 1.
    pub(super) images: [u32; 2],
    pub(super) rater: u32,
    pub(super) part: u32,
    /// The number of the row in its file.
    pub(super) row: u32,
    /// Size of its images, in bytes.
    pub(super) bytes: u32,
    /// The label, where left is image 0; `None` if the pair was skipped.
    pub(super) verdict: Option<Label>,
    /// For an answered control pair, whether the answer is the expected one.
    pub(super) passed: Option<bool>,
    /// Whether it may represent its prompt in validation and test.
    pub(super) may_represent: bool,
}

/// A prompt.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prompt {
    pub(super) sum: [u8; 32],
    /// Whether it contains one of the phrases.
    pub(super) has_phrase: bool,
}

/// The result of the first pass.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    pub(super) rows: Vec<RowKey>,
    pub(super) prompts: Vec<Prompt>,
    pub(super) raters: Vec<String>,
    /// Number of different images.
    pub(super) images: usize,
    /// The perceptual hashes of the images, if near-duplicates are searched for.
    pub(super) hashes: Vec<Option<ImageHash>>,
    pub(super) parts: Vec<Part>,
    /// The path, kind and number of rows of each source.
    pub(super) sources: Vec<(String, SourceKind, u64)>,
    pub(super) refused: Vec<Refused>,
    pub(super) refused_rows: Vec<String>,
    pub(super) refused_row_count: u64,
    /// Missing columns that were derived from others.
    pub(super) derived: Vec<Derived>,
    /// Whether any row has a kind, and whether any was collected by PickScore.
    pub(super) has: [bool; 2],
}

/// Numbers for prompts, images and raters.
#[derive(Default)]
struct Numbers {
    prompts: HashMap<[u8; 32], u32>,
    /// By the first half of an image's SHA-256, because they fill most of the memory.
    images: HashMap<Fingerprint, u32>,
    raters: HashMap<String, u32>,
}

/// Reads every row of every source. An invalid value refuses its row, any other error its source.
pub(super) fn scan(
    sources: Sources,
    options: &MergeOptions,
    watch: Watch<'_>,
) -> Result<Scanned, MergeError> {
    let mut scanned = Scanned { refused: sources.refused, ..Scanned::default() };
    let mut numbers = Numbers::default();
    let phrases = Phrases::new(&options.phrases);
    let total = sources.sources.len() as u64;
    for (at, source) in sources.sources.into_iter().enumerate() {
        let before =
            (scanned.rows.len(), scanned.parts.len(), scanned.refused_rows.len(), scanned.refused_row_count);
        let mut read = Ok(());
        for mut part in source.parts {
            part.source = scanned.sources.len();
            read = read_part(&part, &mut scanned, &mut numbers, &phrases, options, &mut |share| {
                tell(watch, "reading", (at as u64) * 100 + share, total * 100)
            });
            if read.is_err() {
                break;
            }
            scanned.parts.push(part);
        }
        match read {
            Ok(()) => {
                let rows = (scanned.rows.len() - before.0) as u64;
                scanned.sources.push((source.name, source.kind, rows));
            }
            Err(Ended::Merge(error)) => return Err(error),
            Err(Ended::Source(fault)) => {
                // Its rows are removed. Numbers of its images and prompts remain, unused.
                scanned.rows.truncate(before.0);
                scanned.parts.truncate(before.1);
                scanned.refused_rows.truncate(before.2);
                scanned.refused_row_count = before.3;
                if options.strict {
                    return Err(MergeError::Strict(fault.into()));
                }
                scanned.refused.push(Refused { path: source.name, reason: fault.to_string() });
            }
        }
    }
    scanned.images = numbers.images.len();
    Ok(scanned)
}

/// An error that ends a source or the merge.
enum Ended {
    Source(SourceFault),
    Merge(MergeError),
}

impl From<MergeError> for Ended {
    fn from(error: MergeError) -> Self {
        Self::Merge(error)
    }
}

fn read_part(
    part: &Part,
    scanned: &mut Scanned,
    numbers: &mut Numbers,
    phrases: &Phrases,
    options: &MergeOptions,
    tell: &mut dyn FnMut(u64) -> Result<(), MergeError>,
) -> Result<(), Ended> {
    let reader = part.open().map_err(Ended::Source)?;
    if let Some(expected) = part.rows.filter(|&rows| rows != reader.rows()) {
        let (file, found, expected) =
            (part.name.clone(), reader.rows(), format!("{expected}, as its manifest says"));
        return Err(Ended::Source(SourceFault::Size { file, found, unit: "rows", expected }));
    }
    for fault in &part.lines.faults {
        scanned.refuse_row(fault.clone(), options)?;
    }
    scanned.refused_row_count += part.lines.fault_count - part.lines.faults.len() as u64;
    add_derived(&mut scanned.derived, reader.derived());
    let groups = reader.row_groups().len();
    // Without the current time, no row is in the future.
    let now = options.now.map_or(i64::MAX, |now| now / MILLISECOND);
    let index = scanned.parts.len() as u32;
    for group in 0..groups {
        tell((group * 100 / groups) as u64)?;
        let found = reader
            .read_sound(group, Columns::All)
            .map_err(|error| Ended::Source(SourceFault::Dataset(error)))?;
        for fault in found.faults {
            scanned.refuse_row(fault, options)?;
        }
        for (row, &number) in found.rows.iter().zip(&found.numbers) {
            let line = part.lines.numbers.get(number as usize).copied().unwrap_or(number);
            match checked(row, now) {
                Ok(sums) => scanned.keep(row, number, index, &sums, numbers, phrases, options)?,
                Err(fault) => scanned.refuse_row(fault.at(&part.name, line), options)?,
            }
        }
    }
    Ok(())
}

impl Scanned {
    fn refuse_row(&mut self, fault: impl Into<Cause>, options: &MergeOptions) -> Result<(), MergeError> {
        let fault = fault.into();
        if options.strict {
            return Err(MergeError::Strict(fault));
        }
        self.refused_row_count += 1;
        if self.refused_rows.len() < LISTED {
            self.refused_rows.push(fault.to_string());
        }
        Ok(())
    }

    #[allow(clippy::too_many_arguments, reason = "everything that a key is made from")]
    fn keep(
        &mut self,
        row: &Row,
        number: u64,
        part: u32,
        sums: &[[u8; 32]; 2],
        numbers: &mut Numbers,
        phrases: &Phrases,
        options: &MergeOptions,
    ) -> Result<(), MergeError> {
        let too_many = |what| move |_| MergeError::TooMany { what, limit: u64::from(u32::MAX) };
        let sum: [u8; 32] = Sha256::digest(&row.caption).into();
        let next = u32::try_from(numbers.prompts.len()).map_err(too_many("prompts"))?;
        let prompt = *numbers.prompts.entry(sum).or_insert_with(|| {
            self.prompts.push(Prompt { sum, has_phrase: phrases.are_in(&row.caption) });
            next
        });
        let mut images = [0; 2];
        for ((number, sum), image) in images.iter_mut().zip(sums).zip(&row.images) {
            let next = u32::try_from(numbers.images.len()).map_err(too_many("images"))?;
            *number = *numbers.images.entry(fingerprint::first(sum)).or_insert(next);
            if *number == next && options.near_duplicates.is_some() {
                self.hashes.push(ImageHash::of(&image.bytes));
            }
        }
        let rater = match row.rater() {
            None => UNKNOWN_RATER,
            Some(name) => {
                let next = u32::try_from(numbers.raters.len()).map_err(too_many("raters"))?;
                *numbers.raters.entry(name).or_insert_with_key(|name| {
                    self.raters.push(name.clone());
                    next
                })
            }
        };
        let verdict = row.verdict();
        let shown = row.collected.as_ref().is_some_and(|collected| collected.scores_visible);
        self.has[0] |= row.kind.is_some();
        self.has[1] |= row.collected.is_some();
        self.rows.push(RowKey {
            fingerprint: fingerprint::of(row, sums),
            created_at: row.created_at,
            prompt,
            images,
            rater,
            part,
            row: u32::try_from(number).map_err(too_many("rows of a file"))?,
            bytes: row.images.iter().map(|image| image.bytes.len() as u32).fold(0, u32::saturating_add),
            verdict,
            passed: row.passed_control(),
            // Control pairs are easy, and visible scores can influence the rater.
            may_represent: verdict.is_some() && !row.is_control() && !shown,
        });
        Ok(())
    }
}

/// Checks a row as a record: a collected row must be a valid record, with images that match their
/// uids. Returns the SHA-256 of its images.
fn checked(row: &Row, now: i64) -> Result<[[u8; 32]; 2], CellFault> {
    let sums: [[u8; 32]; 2] = [0, 1].map(|side: usize| Sha256::digest(&row.images[side].bytes).into());
    if row.collected.is_some() {
        record_of(row, now)?;
        for ((column, image), sum) in IMAGES.into_iter().zip(&row.images).zip(&sums) {
            check_image(column, &image.uid, sum)?;
        }
    } else {
        check_prompt(&row.caption)
            .and_then(|()| check_time(row.created_at / MILLISECOND, now))
            .map_err(|error| fault(error, Side::Left))?;
    }
    Ok(sums)
}
