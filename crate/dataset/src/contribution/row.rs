//! A record as a row, and back.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{Collected, Row, RowImage};
use pickscore_common::hexadecimal::hexadecimal;
use pickscore_preferences::{RECORD_VERSION, Record, RecordError, Shown, Side};

/// Nanoseconds of a millisecond.
pub(crate) const MILLISECOND: i64 = 1_000_000;

/// The row of a record, without its images' bytes. `examples` is how many rows its prompt has, `index` its number.
pub(super) fn row_of(record: &Record, examples: i64, index: i64) -> Row {
    let image = |shown: &Shown| RowImage {
        uid: shown.image_uid.clone(),
        url: String::new(),
        model: shown.model.clone().unwrap_or_default(),
        bytes: Vec::new(),
    };
    let control = record.control.map(|side| match side {
        Side::Left => "image_0".to_owned(),
        Side::Right => "image_1".to_owned(),
    });
    Row {
        caption: record.prompt.clone(),
        images: [image(&record.left), image(&record.right)],
        label: record.label.map(pickscore_preferences::Label::shares),
        best_image_uid: best(record),
        are_different: true,
        created_at: record.created_at.saturating_mul(MILLISECOND),
        ranking_id: number(&record.uid),
        user_id: number(&record.rater_uid),
        num_example_per_prompt: examples,
        index,
        kind: None,
        collected: Some(Collected {
            record_version: RECORD_VERSION as i64,
            uid: record.uid.clone(),
            session_uid: record.session_uid.clone(),
            rater_uid: record.rater_uid.clone(),
            side_0: Side::Left.name().into(),
            mode: record.mode.name().into(),
            control,
            retest_of: record.retest_of.clone(),
            seconds: record.seconds,
            scores_visible: record.scores_visible,
            scorer: record.scorer.as_ref().map(|scorer| scorer.name.clone()),
            scorer_version: record.scorer.as_ref().map(|scorer| scorer.version.clone()),
            scores: [record.left.score, record.right.score],
            app_version: record.app_version.clone(),
        }),
    }
}

/// Pick-a-Pic's `best_image_uid`: the preferred image, `tie`, or nothing.
fn best(record: &Record) -> String {
    match (record.preferred(), record.label) {
        (Some(preferred), _) => preferred.into(),
        (None, Some(_)) => "tie".into(),
        (None, None) => String::new(),
    }
}

/// A number made of a uid, for columns that are numbers: 53 bits, which every program keeps exactly.
fn number(uid: &str) -> i64 {
    let hash = Sha256::digest(uid.as_bytes());
    let (start, _) = hash.split_at(8);
    let number = start.iter().fold(0_u64, |number, &byte| number << 8 | u64::from(byte));
    (number >> 11) as i64
}

/// Why a row is no record: the column, and what is there and may be there as [`said_of_cell`] takes it.
pub(crate) type RowFault = (&'static str, String);

/// The sentence about a value. `reason` is what is there, and what was expected.
pub(crate) fn said_of_cell(file: &str, row: u64, column: &str, reason: &str) -> String {
    match reason.split_once("; expected ") {
        Some((found, expected)) => {
            format!("the column `{column}` of {file} has {found} in row {row}; expected {expected}")
        }
        None => format!("the column `{column}` of {file} has {reason} in row {row}"),
    }
}

/// What is wrong with an image of this SHA-256 that should have this uid.
pub(crate) fn other_image(uid: &str, sum: &[u8]) -> Option<String> {
    let found = hexadecimal(sum);
    (found != uid).then(|| format!("an image whose SHA-256 is {found}; expected {uid:.70}"))
}

/// The record of a row of ours. `now` is the time in milliseconds since 1970.
pub(crate) fn record_of(row: &Row, now: i64) -> Result<Record, RowFault> {
    let Some(collected) = &row.collected else {
        let reason =
            "nothing, as in plain Pick-a-Pic; expected a version (`pickscore merge` takes such files)";
        return Err(("pickscore_record_version", reason.into()));
    };
    let side = Side::of(&collected.side_0).ok_or_else(|| {
        ("pickscore_side_0", format!("{:.40?}; expected \"left\" or \"right\"", collected.side_0))
    })?;
    if row.created_at % MILLISECOND != 0 {
        return Err(("created_at", format!("{} ns; expected whole milliseconds", row.created_at)));
    }
    let control = match collected.control.as_deref() {
        None => None,
        Some("image_0") => Some(side),
        Some("image_1") => Some(side.other()),
        Some(other) => {
            return Err(("pickscore_control", format!("{other:.40?}; expected \"image_0\" or \"image_1\"")));
        }
    };
    let shown = |at: usize| {
        let model = Some(&row.images[at].model).filter(|model| !model.is_empty());
        json!({ "image_uid": row.images[at].uid, "model": model, "score": finite(collected.scores[at]) })
    };
    let shares =
        row.label.map(|[first, second]| if side == Side::Left { [first, second] } else { [second, first] });
    let label = shares.and_then(pickscore_preferences::Label::of_shares);
    let scorer = match (&collected.scorer, &collected.scorer_version) {
        (None, None) => Value::Null,
        (name, version) => json!({ "name": name, "version": version }),
    };
    let mut json = json!({
        "record_version": collected.record_version,
        "uid": collected.uid,
        "prompt": row.caption,
        "label": label.map(pickscore_preferences::Label::name),
        "created_at": row.created_at / MILLISECOND,
        "session_uid": collected.session_uid,
        "rater_uid": collected.rater_uid,
        "mode": collected.mode,
        "control": control.map(Side::name),
        "retest_of": collected.retest_of,
        "seconds": finite(collected.seconds),
        "scores_visible": collected.scores_visible,
        "scorer": scorer,
        "app_version": collected.app_version,
    });
    json[side.name()] = shown(0);
    json[side.other().name()] = shown(1);
    let record = Record::from_json(&json, now).map_err(|error| {
        let column = error.field().map_or("pickscore_record_version", |field| column_of(field, side));
        (column, said(&error))
    })?;
    if !row.best_image_uid.is_empty() && row.best_image_uid != best(&record) {
        let reason = format!("{:.70?}; expected {:?}, as the labels say", row.best_image_uid, best(&record));
        return Err(("best_image_uid", reason));
    }
    if !row.are_different {
        return Err(("are_different", "false; expected true, since the images differ".into()));
    }
    Ok(record)
}

/// A number that JSON can hold; one that it cannot becomes a text, which is refused by its name.
fn finite(number: Option<f64>) -> Value {
    number.map_or(Value::Null, |number| {
        serde_json::Number::from_f64(number).map_or_else(|| number.to_string().into(), Value::Number)
    })
}

/// What is wrong, without the field's name, which the column's takes the place of.
pub(crate) fn said(error: &RecordError) -> String {
    match error {
        RecordError::Field { found, expected, .. } => {
            format!("{}; expected {expected}", if found == "absent" { "nothing" } else { found })
        }
        RecordError::Version { found } => format!("{found}; expected 1 to {RECORD_VERSION}"),
        RecordError::NoRecord { reason } => reason.clone(),
    }
}

/// The column that a record's field is in.
fn column_of(field: &str, side_0: Side) -> &'static str {
    let of_image = |side: Side, columns: [&'static str; 2]| columns[usize::from(side != side_0)];
    let (within, name) = field.split_once('.').unwrap_or(("", field));
    match (Side::of(within), name) {
        (Some(side), "image_uid") => of_image(side, ["image_0_uid", "image_1_uid"]),
        (Some(side), "model") => of_image(side, ["model_0", "model_1"]),
        (Some(side), _) => of_image(side, ["pickscore_score_0", "pickscore_score_1"]),
        (None, "prompt") => "caption",
        (None, "created_at") => "created_at",
        (None, "label" | "has_label") => "has_label",
        (None, "uid") => "pickscore_uid",
        (None, "session_uid") => "pickscore_session_uid",
        (None, "rater_uid") => "pickscore_rater_uid",
        (None, "mode") => "pickscore_mode",
        (None, "control") => "pickscore_control",
        (None, "retest_of") => "pickscore_retest_of",
        (None, "seconds") => "pickscore_seconds",
        (None, "scores_visible") => "pickscore_scores_visible",
        (None, "app_version") => "pickscore_app_version",
        (None, "version") => "pickscore_scorer_version",
        (None, "name" | "scorer") => "pickscore_scorer",
        (None, _) => "pickscore_record_version",
    }
}
