//! Decides which rows to keep, their splits and their order. The result depends only on the content
//! of the rows and the seed. Numbers that depend on the order of reading are used to group rows,
//! but never to order them.

use super::{
    error::MergeError,
    fingerprint::{self, Fingerprint},
    image_hash,
    options::MergeOptions,
    report::{RaterNote, Removed, Repeats},
    scan::{RowKey, Scanned, UNKNOWN_RATER},
    watch::{Watch, tell},
};
use pickscore_preferences::evaluate::agreement::{Opinion, Predictor, predictions};
use pickscore_score::Label;

/// Minimum number of predicted choices of a rater for the agreement filter.
const CHOICES: usize = 10;
/// Minimum number of answered control pairs of a rater for the control filter.
const CONTROLS: usize = 3;
/// Maximum number of raters in the report.
const NAMED: usize = 100;

/// A split of the dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Split {
    Train,
    Validation,
    Test,
    ValidationUnique,
    TestUnique,
}

impl Split {
    pub(super) const ALL: [Self; 5] =
        [Self::Train, Self::Validation, Self::Test, Self::ValidationUnique, Self::TestUnique];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
            Self::ValidationUnique => "validation_unique",
            Self::TestUnique => "test_unique",
        }
    }

    /// The split with one row for each prompt of this one.
    fn unique(self) -> Option<Self> {
        match self {
            Self::Validation => Some(Self::ValidationUnique),
            Self::Test => Some(Self::TestUnique),
            _ => None,
        }
    }
}

/// A row to keep.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept {
    /// Its position in the merged order.
    pub(super) order: Fingerprint,
    pub(super) part: u32,
    pub(super) row: u32,
    pub(super) bytes: u32,
    /// Number of rows with its prompt.
    pub(super) examples: u32,
    pub(super) split: Split,
    /// Whether it represents its prompt in the `_unique` split.
    pub(super) unique: bool,
}

impl Kept {
    /// The splits that contain it.
    pub(super) fn splits(&self) -> impl Iterator<Item = Split> {
        let unique = if self.unique { self.split.unique() } else { None };
        std::iter::once(self.split).chain(unique)
    }
}

/// The rows to write, and their statistics.
#[derive(Debug)]
pub(super) struct Plan {
    /// The rows to keep, by part and row.
    pub(super) kept: Vec<Kept>,
    pub(super) scanned: Scanned,
    pub(super) removed: Removed,
    pub(super) repeats: Repeats,
    pub(super) left_out: Vec<RaterNote>,
    /// Numbers of labels, ties, prompts, raters and images among the kept rows.
    pub(super) counts: [u64; 5],
    /// The agreement of raters with others, and the number of choices.
    pub(super) agreement: Option<(f64, usize)>,
}

pub(super) fn decide(
    mut scanned: Scanned,
    options: &MergeOptions,
    watch: Watch<'_>,
) -> Result<Plan, MergeError> {
    const STEPS: u64 = 5;
    let mut rows = std::mem::take(&mut scanned.rows);
    let mut removed = Removed::default();
    let drop_rows = |rows: &mut Vec<RowKey>, keep: &mut dyn FnMut(&RowKey) -> bool| {
        let before = rows.len();
        rows.retain(|row| keep(row));
        (before - rows.len()) as u64
    };
    tell(watch, "deciding", 0, STEPS)?;
    removed.phrases = drop_rows(&mut rows, &mut |row| !scanned.prompts[row.prompt as usize].has_phrase);

    if let Some(bits) = options.near_duplicates {
        removed.copied_images = follow_copies(&mut rows, &scanned, bits);
        removed.near_duplicates = drop_rows(&mut rows, &mut |row| row.images[0] != row.images[1]);
    }
    tell(watch, "deciding", 1, STEPS)?;
    let (duplicates, mut repeats) = without_duplicates(&mut rows);
    removed.duplicates = duplicates;

    tell(watch, "deciding", 2, STEPS)?;
    let mut left_out = Vec::new();
    let (agreement, by_rater) = agreement(&rows, scanned.raters.len());
    let unreliable = unreliable(&rows, &scanned, &by_rater, options, &mut left_out);
    for (is_out, count) in unreliable.iter().zip([&mut removed.agreement, &mut removed.controls]) {
        *count = drop_rows(&mut rows, &mut |row| row.rater == UNKNOWN_RATER || !is_out[row.rater as usize]);
    }
    left_out.sort_by(|one, other| one.rater.cmp(&other.rater));
    left_out.truncate(NAMED);
    repeats.conflicting = conflicts(&mut rows);

    tell(watch, "deciding", 3, STEPS)?;
    let kept = split(&mut rows, &scanned, options)?;
    let counts = counts(&rows);
    tell(watch, "deciding", STEPS, STEPS)?;
    scanned.hashes = Vec::new();
    Ok(Plan { kept, scanned, removed, repeats, left_out, counts, agreement })
}

/// Replaces the images of every row by the first near-duplicate among the images of its prompt.
/// Returns the number of replaced images.
fn follow_copies(rows: &mut [RowKey], scanned: &Scanned, bits: u32) -> u64 {
    let mut of_prompt: Vec<(u32, u32)> =
        rows.iter().flat_map(|row| row.images.map(|image| (row.prompt, image))).collect();
    of_prompt.sort_unstable();
    of_prompt.dedup();
    let mut leading: Vec<u32> = of_prompt.iter().map(|&(_, image)| image).collect();
    let mut copied = Vec::new();
    let mut start = 0;
    for images in of_prompt.chunk_by(|one, other| one.0 == other.0) {
        let hash = |&(_, image): &(u32, u32)| scanned.hashes.get(image as usize).copied().flatten();
        let mut seen: Vec<(image_hash::ImageHash, usize)> =
            images.iter().enumerate().filter_map(|(at, one)| Some((hash(one)?, at))).collect();
        // Sorted by hash, so that the result does not depend on the order of reading.
        seen.sort_unstable();
        let hashes: Vec<image_hash::ImageHash> = seen.iter().map(|&(hash, _)| hash).collect();
        for (at, leader) in
            image_hash::leaders(&hashes, bits).into_iter().enumerate().filter(|(at, leader)| at != leader)
        {
            leading[start + seen[at].1] = images[seen[leader].1].1;
            copied.push(images[seen[at].1].1);
        }
        start += images.len();
    }
    for row in rows {
        row.images = row
            .images
            .map(|image| of_prompt.binary_search(&(row.prompt, image)).map_or(image, |at| leading[at]));
    }
    copied.sort_unstable();
    copied.dedup();
    copied.len() as u64
}

/// The images of a row in a fixed order, and the verdict in this order.
fn unordered(row: &RowKey) -> ([u32; 2], Option<Label>) {
    let [one, other] = row.images;
    if one <= other { ([one, other], row.verdict) } else { ([other, one], row.verdict.map(Label::swapped)) }
}

/// The key of a question: prompt, images and rater; for an unknown rater also the time.
fn question(row: &RowKey) -> (u32, [u32; 2], u32, i64) {
    let time = if row.rater == UNKNOWN_RATER { row.created_at } else { 0 };
    (row.prompt, unordered(row).0, row.rater, time)
}

/// Removes duplicates and keeps the earliest row. Returns their number, and the number of repeated
/// questions with the same answer.
fn without_duplicates(rows: &mut Vec<RowKey>) -> (u64, Repeats) {
    let first = |one: &RowKey, other: &RowKey| {
        let key = |row: &RowKey| {
            (question(row), unordered(row).1, row.created_at, row.fingerprint, row.part, row.row)
        };
        key(one).cmp(&key(other))
    };
    rows.sort_unstable_by(first);
    let mut repeats = Repeats::default();
    let before = rows.len();
    rows.dedup_by(|later, earlier| {
        let same = question(later) == question(earlier) && unordered(later).1 == unordered(earlier).1;
        if same && later.created_at != earlier.created_at && later.verdict.is_some() {
            repeats.agreeing += 1;
        }
        same
    });
    ((before - rows.len()) as u64, repeats)
}

/// The number of rows that contradict another one of the same rater about the same pair.
fn conflicts(rows: &mut [RowKey]) -> u64 {
    rows.sort_unstable_by(|one, other| {
        question(one).cmp(&question(other)).then(one.fingerprint.cmp(&other.fingerprint))
    });
    rows.chunk_by(|one, other| question(one) == question(other))
        .map(|same| same.iter().filter(|row| row.verdict.is_some()).count().saturating_sub(1) as u64)
        .sum()
}

/// The agreement of all choices, and the points and number of choices of each rater.
type Agreement = (Option<(f64, usize)>, Vec<(f64, usize)>);

/// The agreement of rows that are sorted by question.
fn agreement(rows: &[RowKey], raters: usize) -> Agreement {
    let pair_of = |row: &RowKey| (row.prompt, unordered(row).0);
    let mut opinions = Vec::new();
    for (pair, same) in rows.chunk_by(|one, other| pair_of(one) == pair_of(other)).enumerate() {
        for row in same.iter().filter(|row| row.rater != UNKNOWN_RATER && row.passed.is_none()) {
            let Some(verdict) = unordered(row).1 else { continue };
            opinions.push(Opinion { pair: pair as u32, rater: row.rater, verdict });
        }
    }
    let mut by_rater = vec![(0.0, 0); raters];
    let (mut points, mut choices) = (0.0, 0);
    for (opinion, predicted) in opinions.iter().zip(predictions(&opinions, Predictor::Others)) {
        let Some(predicted) = predicted else { continue };
        let (of_rater, count) = &mut by_rater[opinion.rater as usize];
        (*of_rater, *count) = (*of_rater + predicted.points, *count + 1);
        (points, choices) = (points + predicted.points, choices + 1);
    }
    ((choices > 0).then(|| (rounded(points / choices as f64), choices)), by_rater)
}

/// Rounds to nine decimal places. Further digits depend on the order of summation.
fn rounded(value: f64) -> f64 {
    (value * 1e9).round() / 1e9
}

/// The raters who agree too little with others, and those who fail too many control pairs.
fn unreliable(
    rows: &[RowKey],
    scanned: &Scanned,
    by_rater: &[(f64, usize)],
    options: &MergeOptions,
    left_out: &mut Vec<RaterNote>,
) -> [Vec<bool>; 2] {
    let mut controls = vec![(0_usize, 0_usize); scanned.raters.len()];
    for row in rows.iter().filter(|row| row.rater != UNKNOWN_RATER) {
        let (failed, all) = &mut controls[row.rater as usize];
        *failed += usize::from(row.passed == Some(false));
        *all += usize::from(row.passed.is_some());
    }
    let mut out = [vec![false; scanned.raters.len()], vec![false; scanned.raters.len()]];
    for (rater, name) in scanned.raters.iter().enumerate() {
        let (points, choices) = by_rater[rater];
        let agreement = (choices >= CHOICES).then(|| rounded(points / choices as f64));
        let (failed, all) = controls[rater];
        let share = (all >= CONTROLS).then(|| failed as f64 / all as f64);
        let below = agreement.zip(options.minimum_agreement).is_some_and(|(found, least)| found < least);
        let above = share.zip(options.maximum_failed_controls).is_some_and(|(found, most)| found > most);
        (out[0][rater], out[1][rater]) = (below, above && !below);
        if below || above {
            let reason = if below { "agrees too little with others" } else { "fails too many control pairs" };
            left_out.push(RaterNote {
                rater: name.clone(),
                reason: reason.into(),
                agreement,
                choices,
                failed_controls: failed,
                controls: all,
            });
        }
    }
    out
}

/// Assigns splits and order. Prompts for validation and test are drawn first, each with a different
/// rater.
fn split(rows: &mut [RowKey], scanned: &Scanned, options: &MergeOptions) -> Result<Vec<Kept>, MergeError> {
    // The order takes the place of the fingerprint, because millions of rows fill much memory.
    for row in rows.iter_mut() {
        row.fingerprint = fingerprint::order(options.seed, "row", &row.fingerprint);
    }
    let sum = |row: &RowKey| &scanned.prompts[row.prompt as usize].sum;
    rows.sort_unstable_by(|one, other| {
        sum(one).cmp(sum(other)).then(one.fingerprint.cmp(&other.fingerprint))
    });
    let prompts: Vec<std::ops::Range<usize>> = {
        let mut start = 0;
        let of_prompt = |rows: &[RowKey]| {
            let range = start..start + rows.len();
            start = range.end;
            range
        };
        rows.chunk_by(|one, other| one.prompt == other.prompt).map(of_prompt).collect()
    };
    let share = if prompts.len() < 3 { 0 } else { (prompts.len() / 10).max(1) };
    let wanted = options.held_out.map(|most| most.min(share));
    let mut drawn: Vec<(Fingerprint, usize)> = prompts
        .iter()
        .enumerate()
        .map(|(at, range)| (fingerprint::order(options.seed, "prompt", sum(&rows[range.start])), at))
        .collect();
    drawn.sort_unstable();
    let mut used = vec![false; scanned.raters.len()];
    let mut placed: Vec<(Split, Option<usize>)> = vec![(Split::Train, None); prompts.len()];
    let mut filled = [0, 0];
    for (_, prompt) in drawn {
        // The split that is filled less, validation if both are equal.
        let into = match [0, 1].map(|side| filled[side] < wanted[side]) {
            [false, false] => break,
            [true, false] => 0,
            [false, true] => 1,
            [true, true] => usize::from(filled[1] * wanted[0] < filled[0] * wanted[1]),
        };
        // Whether unknown raters differ cannot be told.
        let is_new = |rater: u32| rater != UNKNOWN_RATER && !used[rater as usize];
        let fits = |row: &RowKey| row.may_represent && (options.repeat_raters || is_new(row.rater));
        let Some(at) = prompts[prompt].clone().find(|&at| fits(&rows[at])) else { continue };
        if let Some(used) = used.get_mut(rows[at].rater as usize) {
            *used = true;
        }
        filled[into] += 1;
        placed[prompt] = ([Split::Validation, Split::Test][into], Some(at));
    }
    let mut kept = Vec::with_capacity(rows.len());
    for (range, (split, unique)) in prompts.into_iter().zip(placed) {
        let examples = range.len() as u32;
        for at in range {
            let RowKey { fingerprint: order, part, row, bytes, .. } = rows[at];
            kept.push(Kept { order, part, row, bytes, examples, split, unique: unique == Some(at) });
        }
    }
    kept.sort_unstable_by_key(|kept| (kept.part, kept.row));
    Ok(kept)
}

fn counts(rows: &[RowKey]) -> [u64; 5] {
    let labelled = rows.iter().filter(|row| row.verdict.is_some()).count();
    let ties = rows.iter().filter(|row| row.verdict == Some(Label::Tie)).count();
    let distinct = |mut numbers: Vec<u32>| {
        numbers.sort_unstable();
        numbers.dedup();
        numbers.len()
    };
    let prompts = distinct(rows.iter().map(|row| row.prompt).collect());
    let raters = distinct(rows.iter().map(|row| row.rater).filter(|&rater| rater != UNKNOWN_RATER).collect());
    let images = distinct(rows.iter().flat_map(|row| row.images).collect());
    [labelled, ties, prompts, raters, images].map(|count| count as u64)
}
