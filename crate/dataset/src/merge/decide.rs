//! Which rows stay, in which split, in which order. Everything here is decided by the rows' content and the seed: numbers given in the order of
//! reading group rows, and never order them.

use std::collections::BTreeMap;

use super::{
    MergeError, MergeOptions, RaterNote, Removed, Repeats, Watch,
    fingerprint::{self, Fingerprint},
    likeness,
    scan::{NOBODY, Scanned, Seen},
    tell,
};
use pickscore_preferences::evaluate::agreement::{Opinion, Predictor, predictions};
use pickscore_score::Label;

/// Choices of a rater that others must predict before agreement says something.
const CHOICES: usize = 10;
/// Control pairs that a rater must have answered.
const CONTROLS: usize = 3;
/// Raters that are named in a report.
const NAMED: usize = 100;

/// Where a prompt's rows go.
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

/// A row that stays.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept {
    /// Its place in the merged order.
    pub(super) order: Fingerprint,
    pub(super) part: u32,
    pub(super) row: u32,
    pub(super) bytes: u32,
    /// Rows of its prompt.
    pub(super) examples: u32,
    pub(super) split: Split,
    /// Whether it stands for its prompt.
    pub(super) unique: bool,
}

impl Kept {
    /// The splits that it is written into.
    pub(super) fn splits(&self) -> impl Iterator<Item = Split> {
        let unique = if self.unique { self.split.unique() } else { None };
        std::iter::once(self.split).chain(unique)
    }
}

/// What is to be written, and what is known of it.
#[derive(Debug)]
pub(super) struct Plan {
    /// In the order of reading: by part and row.
    pub(super) kept: Vec<Kept>,
    pub(super) scanned: Scanned,
    pub(super) removed: Removed,
    pub(super) repeats: Repeats,
    pub(super) left_out: Vec<RaterNote>,
    /// Labelled, ties, prompts, raters and images among what is kept.
    pub(super) counts: [u64; 5],
    /// How often people agree: with others, and choices that this is about.
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
    let drop_rows = |rows: &mut Vec<Seen>, keep: &mut dyn FnMut(&Seen) -> bool| {
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
    let careless = careless(&rows, &scanned, &by_rater, options, &mut left_out);
    for (is_out, count) in careless.iter().zip([&mut removed.agreement, &mut removed.controls]) {
        *count = drop_rows(&mut rows, &mut |row| row.rater == NOBODY || !is_out[row.rater as usize]);
    }
    left_out.sort_by(|one, other| one.rater.cmp(&other.rater));
    left_out.truncate(NAMED);
    repeats.conflicting = conflicts(&mut rows);

    tell(watch, "deciding", 3, STEPS)?;
    let kept = split(&mut rows, &scanned, options)?;
    let counts = counts(&rows);
    tell(watch, "deciding", STEPS, STEPS)?;
    scanned.looks = Vec::new();
    Ok(Plan { kept, scanned, removed, repeats, left_out, counts, agreement })
}

/// Has the images of every row count as the first image of the row's prompt that they look like. Says how many are copies so.
fn follow_copies(rows: &mut [Seen], scanned: &Scanned, bits: u32) -> u64 {
    let mut of_prompt: Vec<(u32, u32)> =
        rows.iter().flat_map(|row| row.images.map(|image| (row.prompt, image))).collect();
    of_prompt.sort_unstable();
    of_prompt.dedup();
    let mut leading: Vec<u32> = of_prompt.iter().map(|&(_, image)| image).collect();
    let mut copied = Vec::new();
    let mut start = 0;
    for images in of_prompt.chunk_by(|one, other| one.0 == other.0) {
        let look = |&(_, image): &(u32, u32)| scanned.looks.get(image as usize).copied().flatten();
        let mut seen: Vec<(likeness::Look, usize)> =
            images.iter().enumerate().filter_map(|(at, one)| Some((look(one)?, at))).collect();
        // By what they look like, so that the order of reading decides nothing.
        seen.sort_unstable();
        let looks: Vec<likeness::Look> = seen.iter().map(|&(look, _)| look).collect();
        for (at, leader) in
            likeness::leaders(&looks, bits).into_iter().enumerate().filter(|(at, leader)| at != leader)
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

/// A row's images and verdict whatever the sides.
fn unordered(row: &Seen) -> ([u32; 2], Option<Label>) {
    let [one, other] = row.images;
    if one <= other { ([one, other], row.verdict) } else { ([other, one], row.verdict.map(Label::swapped)) }
}

/// What makes two rows the same: prompt, images and rater; for an unknown rater also the time.
fn question(row: &Seen) -> (u32, [u32; 2], u32, i64) {
    let time = if row.rater == NOBODY { row.created_at } else { 0 };
    (row.prompt, unordered(row).0, row.rater, time)
}

/// Keeps the first of rows that say the same, and counts them: those that were asked another time and answered the same among them.
fn without_duplicates(rows: &mut Vec<Seen>) -> (u64, Repeats) {
    let first = |one: &Seen, other: &Seen| {
        let key = |row: &Seen| {
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

/// Rows that contradict another of the same rater about the same pair.
fn conflicts(rows: &mut [Seen]) -> u64 {
    rows.sort_unstable_by(|one, other| {
        question(one).cmp(&question(other)).then(one.fingerprint.cmp(&other.fingerprint))
    });
    rows.chunk_by(|one, other| question(one) == question(other))
        .map(|same| same.iter().filter(|row| row.verdict.is_some()).count().saturating_sub(1) as u64)
        .sum()
}

/// How well others predict choices, and each rater's points and choices.
type Agreement = (Option<(f64, usize)>, Vec<(f64, usize)>);

fn agreement(rows: &[Seen], raters: usize) -> Agreement {
    let mut pairs: BTreeMap<(u32, [u32; 2]), u32> = BTreeMap::new();
    let mut opinions = Vec::new();
    for row in rows.iter().filter(|row| row.rater != NOBODY && row.passed.is_none()) {
        let (images, verdict) = unordered(row);
        let Some(verdict) = verdict else { continue };
        let next = pairs.len() as u32;
        let pair = *pairs.entry((row.prompt, images)).or_insert(next);
        opinions.push(Opinion { pair, rater: row.rater, verdict });
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

/// Nine places: sums of shares differ beyond them by the order in which files were read.
fn rounded(value: f64) -> f64 {
    (value * 1e9).round() / 1e9
}

/// Which raters agree too little, and which fail too many controls.
fn careless(
    rows: &[Seen],
    scanned: &Scanned,
    by_rater: &[(f64, usize)],
    options: &MergeOptions,
    left_out: &mut Vec<RaterNote>,
) -> [Vec<bool>; 2] {
    let mut controls = vec![(0_usize, 0_usize); scanned.raters.len()];
    for row in rows.iter().filter(|row| row.rater != NOBODY) {
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

/// Gives each row its split and order. Prompts for validation and test are drawn first, each with a rater that no other one has.
fn split(rows: &mut Vec<Seen>, scanned: &Scanned, options: &MergeOptions) -> Result<Vec<Kept>, MergeError> {
    let order = |row: &Seen| fingerprint::order(options.seed, "row", &row.fingerprint);
    let mut ordered: Vec<(Fingerprint, Seen)> = rows.drain(..).map(|row| (order(&row), row)).collect();
    let sum = |row: &Seen| &scanned.prompts[row.prompt as usize].sum;
    ordered.sort_unstable_by(|one, other| sum(&one.1).cmp(sum(&other.1)).then(one.0.cmp(&other.0)));
    let prompts: Vec<std::ops::Range<usize>> = {
        let mut start = 0;
        let of_prompt = |rows: &[(Fingerprint, Seen)]| {
            let range = start..start + rows.len();
            start = range.end;
            range
        };
        ordered.chunk_by(|one, other| one.1.prompt == other.1.prompt).map(of_prompt).collect()
    };
    let share = if prompts.len() < 3 { 0 } else { (prompts.len() / 10).max(1) };
    let wanted = options.held_out.map(|most| most.min(share));
    let mut drawn: Vec<(Fingerprint, usize)> = prompts
        .iter()
        .enumerate()
        .map(|(at, range)| (fingerprint::order(options.seed, "prompt", sum(&ordered[range.start].1)), at))
        .collect();
    drawn.sort_unstable();
    let mut used = vec![false; scanned.raters.len()];
    let mut placed: Vec<(Split, Option<usize>)> = vec![(Split::Train, None); prompts.len()];
    let mut filled = [0, 0];
    for (_, prompt) in drawn {
        // Whichever has the smaller share of what it wants, validation first.
        let into = match [0, 1].map(|side| filled[side] < wanted[side]) {
            [false, false] => break,
            [true, false] => 0,
            [false, true] => 1,
            [true, true] => usize::from(filled[1] * wanted[0] < filled[0] * wanted[1]),
        };
        let fits = |row: &Seen| row.fair && (options.repeat_raters || !used[row.rater as usize]);
        let Some(at) = prompts[prompt].clone().find(|&at| fits(&ordered[at].1)) else { continue };
        used[ordered[at].1.rater as usize] = true;
        filled[into] += 1;
        placed[prompt] = ([Split::Validation, Split::Test][into], Some(at));
    }
    let mut kept = Vec::with_capacity(ordered.len());
    for (range, (split, unique)) in prompts.into_iter().zip(placed) {
        let examples = range.len() as u32;
        for at in range {
            let (order, Seen { part, row, bytes, .. }) = ordered[at];
            kept.push(Kept { order, part, row, bytes, examples, split, unique: unique == Some(at) });
        }
    }
    kept.sort_unstable_by_key(|kept| (kept.part, kept.row));
    rows.extend(ordered.into_iter().map(|(_, row)| row));
    Ok(kept)
}

fn counts(rows: &[Seen]) -> [u64; 5] {
    let labelled = rows.iter().filter(|row| row.verdict.is_some()).count();
    let ties = rows.iter().filter(|row| row.verdict == Some(Label::Tie)).count();
    let distinct = |mut numbers: Vec<u32>| {
        numbers.sort_unstable();
        numbers.dedup();
        numbers.len()
    };
    let prompts = distinct(rows.iter().map(|row| row.prompt).collect());
    let raters = distinct(rows.iter().map(|row| row.rater).filter(|&rater| rater != NOBODY).collect());
    let images = distinct(rows.iter().flat_map(|row| row.images).collect());
    [labelled, ties, prompts, raters, images].map(|count| count as u64)
}
