//! Valid records for property tests.

#![allow(dead_code, unreachable_pub, reason = "each test uses some")]

use pickscore_preferences::{Label, Mode, Record, Scorer, Shown, Side, image_uid};
use proptest::prelude::*;

/// The current time in all tests.
pub const NOW: i64 = 1_795_683_300_000;

/// A BMP image that depends on `number`.
pub fn image(number: usize) -> Vec<u8> {
    let height = 1 + number % 5;
    let pixels = 4 * height;
    let mut file = b"BM".to_vec();
    for field in [54 + pixels, 0, 54, 40, 1, height] {
        file.extend((field as u32).to_le_bytes());
    }
    // One plane, 24 bits per pixel; the remaining fields are 0.
    file.extend([1, 0, 24, 0]);
    file.extend([0; 24]);
    file.extend((0..pixels).map(|at| ((number * 31 + at * at) % 251) as u8));
    file[54..56].copy_from_slice(&(number as u16).to_le_bytes());
    file
}

pub fn shown(number: usize, score: Option<f64>) -> Shown {
    Shown { image_uid: image_uid(&image(number)), model: None, score }
}

/// A plain record of two images.
pub fn record(number: usize, left: usize, right: usize, label: Option<Label>) -> Record {
    Record {
        uid: format!("record-{number}"),
        prompt: "a fox in the snow".into(),
        left: shown(left, None),
        right: shown(right, None),
        label,
        created_at: NOW - 100_000 + number as i64,
        session_uid: "session".into(),
        rater_uid: "rater".into(),
        mode: Mode::AllPairs,
        control: None,
        retest_of: None,
        group_uid: None,
        seconds: None,
        scores_visible: false,
        scorer: None,
        app_version: "0.1.0".into(),
    }
}

fn name() -> impl Strategy<Value = String> {
    // Anything but control characters.
    "\\PC{1,20}"
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>().prop_filter("finite", |x| x.is_finite()), -30.0..30.0]
}

/// Any valid record, with few images and prompts.
pub fn any_record() -> impl Strategy<Value = Record> {
    let prompt = prop_oneof![
        3 => prop::sample::select(vec!["a fox", "日本の城", "=1+1", "\"quoted\", with commas\nand lines", "\u{0}nul\u{feff}"]).prop_map(str::to_owned),
        1 => "(?s).{0,60}".prop_filter("not empty", |text| !text.trim().is_empty()),
    ];
    let sides = (0_usize..12, 1_usize..12);
    let models = (prop::option::of(name()), prop::option::of(name()));
    let scores = prop::option::of((name(), name(), prop::option::of(number()), prop::option::of(number())));
    let label = prop::option::of(prop::sample::select(&Label::ALL[..]));
    let of = || prop::option::of("[A-Za-z0-9_-]{1,64}");
    let mode = (prop::sample::select(&Mode::ALL[..]), of(), of());
    let side = prop::option::of(prop_oneof![Just(Side::Left), Just(Side::Right)]);
    let uids = ("[A-Za-z0-9_-]{1,64}", "[A-Za-z0-9_-]{1,20}", "[ab]");
    let rest = (prop::option::of(number().prop_map(f64::abs)), any::<bool>(), name(), 1..NOW);
    (prompt, sides, models, scores, label, mode, side, uids, rest).prop_map(
        |(
            prompt,
            (left, step),
            (model_0, model_1),
            scores,
            label,
            (mode, of, group),
            control,
            uids,
            rest,
        )| {
            let (uid, session_uid, rater_uid) = uids;
            let (seconds, scores_visible, app_version, created_at) = rest;
            let (score_0, score_1) =
                scores.as_ref().map_or((None, None), |&(_, _, left, right)| (left, right));
            Record {
                uid,
                prompt,
                left: Shown { model: model_0, ..shown(left, score_0) },
                right: Shown { model: model_1, ..shown((left + step) % 12, score_1) },
                label,
                created_at,
                session_uid,
                rater_uid,
                mode,
                control,
                retest_of: of.filter(|_| mode == Mode::Retest),
                group_uid: group.filter(|_| mode == Mode::BestOfFour),
                seconds,
                scores_visible,
                scorer: scores.map(|(name, version, ..)| Scorer { name, version }),
                app_version,
            }
        },
    )
}
