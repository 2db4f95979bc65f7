//! The first reading: a small key for each row.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use super::{
    MergeError, MergeOptions, Refused, SourceFault, Watch,
    fingerprint::{self, Fingerprint},
    likeness::Look,
    part::Part,
    phrases::Phrases,
    source::{SourceKind, Sources},
    tell,
};
use crate::{
    Columns, Derived, Row,
    contribution::row::{MILLISECOND, other_image, record_of, said, said_of_cell},
    derive::add_derived,
};
use pickscore_preferences::{RecordError, check_prompt, check_time};
use pickscore_score::Label;

/// Rows that a bad value has cost, told one by one.
const TOLD: usize = 100;
/// Who judged, where that is not known.
pub(super) const NOBODY: u32 = u32::MAX;

/// What is kept of a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) fingerprint: Fingerprint,
    pub(super) created_at: i64,
    pub(super) prompt: u32,
    /// Image 0 and image 1.
    pub(super) images: [u32; 2],
    pub(super) rater: u32,
    pub(super) part: u32,
    /// Its number in its file.
    pub(super) row: u32,
    /// Bytes of its images.
    pub(super) bytes: u32,
    /// Left is image 0; `None` where the pair was skipped.
    pub(super) verdict: Option<Label>,
    /// For a control pair that was answered, whether as everybody should.
    pub(super) passed: Option<bool>,
    /// Whether it may stand for its prompt in validation and test.
    pub(super) fair: bool,
}

/// A prompt.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prompt {
    pub(super) sum: [u8; 32],
    /// Whether it has one of the phrases.
    pub(super) has_phrase: bool,
}

/// All of the sources, read once.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    pub(super) rows: Vec<Seen>,
    pub(super) prompts: Vec<Prompt>,
    pub(super) raters: Vec<String>,
    /// How many different images there are.
    pub(super) images: usize,
    /// What images look like, where that was asked for.
    pub(super) looks: Vec<Option<Look>>,
    pub(super) parts: Vec<Part>,
    /// Each source's path, kind and rows.
    pub(super) sources: Vec<(String, SourceKind, u64)>,
    pub(super) refused: Vec<Refused>,
    pub(super) refused_rows: Vec<String>,
    pub(super) refused_row_count: u64,
    /// Columns that files lack and that were made from others.
    pub(super) derived: Vec<Derived>,
    /// Whether rows have a kind, and whether some were collected by this project.
    pub(super) has: [bool; 2],
}

/// Numbers for what comes again.
#[derive(Default)]
struct Numbers {
    prompts: HashMap<[u8; 32], u32>,
    images: HashMap<[u8; 32], u32>,
    raters: HashMap<String, u32>,
}

/// Reads every row of every source. A bad value costs its row, anything else its source.
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
                // Nothing of it stays, but that its images and prompts have numbers.
                scanned.rows.truncate(before.0);
                scanned.parts.truncate(before.1);
                scanned.refused_rows.truncate(before.2);
                scanned.refused_row_count = before.3;
                if options.strict {
                    return Err(MergeError::Strict { reason: fault.to_string() });
                }
                scanned.refused.push(Refused { path: source.name, reason: fault.to_string() });
            }
        }
    }
    scanned.images = numbers.images.len();
    Ok(scanned)
}

/// What ends a source, or everything.
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
        scanned.refuse_row(fault, options)?;
    }
    scanned.refused_row_count += part.lines.fault_count - part.lines.faults.len() as u64;
    add_derived(&mut scanned.derived, reader.derived());
    let groups = reader.row_groups().len();
    // Without a clock no time is ahead of it.
    let now = options.now.map_or(i64::MAX, |now| now / MILLISECOND);
    let index = scanned.parts.len() as u32;
    for group in 0..groups {
        tell((group * 100 / groups) as u64)?;
        let found = reader
            .read_sound(group, Columns::All)
            .map_err(|error| Ended::Source(SourceFault::Dataset(error)))?;
        for fault in &found.faults {
            scanned.refuse_row(fault, options)?;
        }
        for (row, &number) in found.rows.iter().zip(&found.numbers) {
            let line = part.lines.numbers.get(number as usize).copied().unwrap_or(number);
            match checked(&part.name, row, line, now) {
                Ok(sums) => scanned.keep(row, number, index, &sums, numbers, phrases, options)?,
                Err(fault) => scanned.refuse_row(&fault, options)?,
            }
        }
    }
    Ok(())
}

impl Scanned {
    fn refuse_row(
        &mut self,
        fault: &dyn std::fmt::Display,
        options: &MergeOptions,
    ) -> Result<(), MergeError> {
        if options.strict {
            return Err(MergeError::Strict { reason: fault.to_string() });
        }
        self.refused_row_count += 1;
        if self.refused_rows.len() < TOLD {
            self.refused_rows.push(fault.to_string());
        }
        Ok(())
    }

    #[allow(clippy::too_many_arguments, reason = "all of what a row is made into a key with")]
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
            *number = *numbers.images.entry(*sum).or_insert(next);
            if *number == next && options.near_duplicates.is_some() {
                self.looks.push(Look::of(&image.bytes));
            }
        }
        let rater = match row.rater() {
            None => NOBODY,
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
        self.rows.push(Seen {
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
            // A control pair is easy, and who saw scores may have followed them.
            fair: verdict.is_some() && !row.is_control() && !shown && rater != NOBODY,
        });
        Ok(())
    }
}

/// What the schema leaves open: a row of ours is a record, with the images that it names. Gives the images' sums, or what is wrong.
fn checked(file: &str, row: &Row, number: u64, now: i64) -> Result<[[u8; 32]; 2], String> {
    let sums: [[u8; 32]; 2] = [0, 1].map(|side: usize| Sha256::digest(&row.images[side].bytes).into());
    let sound = if row.collected.is_some() {
        let image = |at: usize| other_image(&row.images[at].uid, &sums[at]).map_or(Ok(()), Err);
        record_of(row, now)
            .and_then(|_| image(0).map_err(|said| ("jpg_0", said)))
            .and_then(|()| image(1).map_err(|said| ("jpg_1", said)))
    } else {
        let of = |column| move |error: RecordError| (column, said(&error));
        check_prompt(&row.caption)
            .map_err(of("caption"))
            .and_then(|()| check_time(row.created_at / MILLISECOND, now).map_err(of("created_at")))
    };
    sound.map(|()| sums).map_err(|(column, reason)| said_of_cell(file, number, column, &reason))
}
