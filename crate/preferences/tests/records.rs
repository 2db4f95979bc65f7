//! Reads and writes records of every version, finds duplicates, and computes self-agreement.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

#[path = "common/records.rs"]
mod common;

use std::{fs, path::Path};

use common::{NOW, any_record, record};
use pickscore_preferences::evaluate::{Bootstrap, SelfAgreement, self_agreement};
use pickscore_preferences::{
    CLOCK_AHEAD, Comparison, Label, Mode, PROMPT_BYTES, RECORD_VERSION, Record, RecordError, Scorer, Shown,
    Side,
};
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn every_version_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/records");
    for version in 1..=RECORD_VERSION {
        let fixture = fs::read(folder.join(format!("v{version}.json"))).unwrap();
        let records: Vec<Value> = serde_json::from_slice(&fixture).unwrap();
        for record in records {
            assert_eq!(record["record_version"], version);
            Record::from_json(&record, NOW).unwrap();
        }
    }
}

#[test]
fn records_of_version_1() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/records/v1.json");
    let records: Vec<Value> = serde_json::from_slice(&fs::read(fixture).unwrap()).unwrap();
    let [one, other] = [0, 1].map(|at| Record::from_json(&records[at], NOW).unwrap());
    let images = [
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
    ];
    let expected = Record {
        uid: "0b7c5c1e-6a34-4d0b-9a55-8f2d6f3c1a10".into(),
        prompt: "a fox in the snow\n日本の城".into(),
        left: Shown { image_uid: images[0].into(), model: Some("sdxl".into()), score: Some(21.312345) },
        right: Shown { image_uid: images[1].into(), model: None, score: Some(-0.1) },
        label: Some(Label::Left),
        created_at: 1_795_683_300_123,
        session_uid: "session_1".into(),
        rater_uid: "9d1e2f30-1111-4222-8333-444455556666".into(),
        mode: Mode::WinnerStays,
        control: Some(Side::Right),
        retest_of: None,
        group_uid: None,
        seconds: Some(3.25),
        scores_visible: true,
        scorer: Some(Scorer { name: "PickScore_v1".into(), version: "f32".into() }),
        app_version: "0.1.0".into(),
    };
    assert_eq!(one, expected);
    assert_eq!(one.passed_control(), Some((Side::Right, false)));
    assert_eq!(
        (other.label, other.mode, other.retest_of.as_deref()),
        (None, Mode::Retest, Some(one.uid.as_str()))
    );
    assert_eq!(
        (other.scores_visible, other.seconds, other.scorer, other.left.model),
        (false, None, None, None)
    );
}

/// A record as JSON with a field changed.
fn with(path: &[&str], value: Value) -> Result<Record, RecordError> {
    let mut json = record(1, 0, 1, Some(Label::Left)).to_json();
    let mut place = &mut json;
    for name in path {
        place = &mut place[*name];
    }
    *place = value;
    Record::from_json(&json, NOW)
}

#[test]
fn what_is_wrong_is_named() {
    let long = "x".repeat(PROMPT_BYTES + 1);
    for (path, value, said) in [
        (&["record_version"][..], json!(2), "it has version 2; this program reads versions 1 to 1"),
        (&["record_version"], Value::Null, "it has version"),
        (&["uid"], json!(""), "`uid` is \"\"; expected 1 to 64 letters"),
        (&["uid"], json!("a b"), "`uid` is \"a b\""),
        (&["uid"], json!(5), "`uid` is 5; expected a text"),
        (&["rater_uid"], json!("é"), "`rater_uid`"),
        (&["session_uid"], json!("x".repeat(65)), "`session_uid`"),
        (&["prompt"], json!(long), "`prompt` is a text of 16385 bytes; expected at most 16384 bytes"),
        (&["prompt"], json!("x".repeat(1 << 20)), "`prompt` is a text of 1048576 bytes"),
        (&["prompt"], json!(" \n"), "`prompt` is a blank text"),
        (&["prompt"], json!(["a"]), "`prompt` is a list; expected a text"),
        (&["left"], Value::Null, "`left` is absent; expected an object"),
        (&["left"], json!("x"), "`left` is \"x\"; expected an object"),
        (&["left", "image_uid"], json!("ABC"), "`left.image_uid` is \"ABC\"; expected 64 hexadecimal digits"),
        (&["left", "model"], json!("a\u{7}"), "`left.model`"),
        (&["right", "model"], json!("x".repeat(257)), "`right.model`"),
        (&["left", "score"], json!(1.0), "`left.score` is a score without a scorer"),
        (&["left", "score"], json!("1"), "`left.score` is \"1\"; expected a number"),
        (&["has_label"], json!(false), "`has_label` is false beside a label"),
        (&["has_label"], json!("yes"), "`has_label` is \"yes\"; expected true or false"),
        (&["label"], json!("both"), "`label` is \"both\"; expected \"left\", \"tie\" or \"right\""),
        (&["label"], Value::Null, "`has_label` is true beside no label"),
        (&["created_at"], json!(0), "`created_at` is 0"),
        (&["created_at"], json!(1.5), "`created_at` is 1.5; expected a whole number"),
        (
            &["created_at"],
            json!(NOW + CLOCK_AHEAD + 1),
            "`created_at` is 1795769700001 ms after 1970; expected a time that is not in the future",
        ),
        (&["mode"], json!("random"), "`mode` is \"random\""),
        (&["mode"], Value::Null, "`mode` is absent"),
        (&["control"], json!("middle"), "`control` is \"middle\""),
        (&["retest_of"], json!("r"), "`retest_of` is a uid in mode \"all-pairs\""),
        (&["group_uid"], json!("g"), "`group_uid` is a uid in mode \"all-pairs\""),
        (&["seconds"], json!(-1), "`seconds` is -1"),
        (&["scores_visible"], json!(1), "`scores_visible` is 1; expected true or false"),
        (&["scorer"], json!({ "name": "x" }), "`scorer.version` is absent"),
        (&["scorer"], json!({ "name": "", "version": "1" }), "`scorer.name`"),
        (&["app_version"], Value::Null, "`app_version` is absent"),
    ] {
        let found = with(path, value).unwrap_err();
        let said_by = found.to_string();
        assert!(
            said_by.contains(said) && !said_by.contains('\n') && said_by.len() < 300,
            "{said_by}; expected {said}"
        );
        assert!(found.field().is_some(), "{said_by}");
    }
    let same = record(1, 3, 3, None).to_json();
    assert!(Record::from_json(&same, NOW).unwrap_err().to_string().contains("the image of the other side"));
    for value in [json!([]), json!("record"), Value::Null] {
        assert!(matches!(Record::from_json(&value, NOW), Err(RecordError::NoRecord { .. })));
    }
    // A clock may be slightly ahead.
    assert!(with(&["created_at"], json!(NOW + CLOCK_AHEAD)).is_ok());
}

#[test]
fn duplicates_are_told_by_their_content() {
    let known = [record(1, 0, 1, Some(Label::Left))];
    let renamed = Record { uid: "another".into(), ..known[0].clone() };
    let changed = Record { label: Some(Label::Right), ..known[0].clone() };
    let new = record(2, 0, 1, Some(Label::Left));
    let incoming = vec![known[0].clone(), renamed, changed.clone(), changed.clone(), new.clone()];
    let compared = Comparison::of(&known, incoming);
    assert_eq!(compared.duplicates, ["record-1", "another", "record-1"]);
    // A different record with the same uid is kept under a new uid.
    let [(from, to)] = &compared.renamed[..] else { panic!("{:?}", compared.renamed) };
    assert_eq!(from, "record-1");
    assert_eq!(compared.fresh, [Record { uid: to.clone(), ..changed }, new]);
    assert!(compared.fresh.iter().all(|record| record.check(NOW).is_ok()));
}

#[test]
fn agreement_is_counted_whatever_the_sides() {
    let swapped = |number, label| record(number, 1, 0, Some(label));
    let records = [
        record(1, 0, 1, Some(Label::Left)),
        // The same image, on the other side.
        swapped(2, Label::Right),
        // The other image: a conflict.
        swapped(3, Label::Left),
        // A tie.
        record(4, 0, 1, Some(Label::Tie)),
        record(5, 0, 1, None),
        // Controls do not count.
        Record { control: Some(Side::Left), ..record(9, 0, 1, Some(Label::Left)) },
        // Other pairs, raters and prompts are not repeats.
        record(6, 0, 2, Some(Label::Left)),
        Record { rater_uid: "other".into(), ..record(7, 0, 1, Some(Label::Left)) },
        Record { prompt: "another".into(), ..record(8, 0, 1, Some(Label::Left)) },
    ];
    let agreement = self_agreement(&records, &Bootstrap::default());
    let found: Vec<_> =
        agreement.repeats.iter().map(|repeat| (repeat.records.clone(), repeat.agrees)).collect();
    let pair = |one: &str, other: &str| [one.to_owned(), other.to_owned()];
    let expected = [
        (pair("record-1", "record-2"), true),
        (pair("record-2", "record-3"), false),
        (pair("record-3", "record-4"), false),
    ];
    assert_eq!(found, expected);
    // Points of each of four with the other three: 1, 0, ½; 1, 0, ½; 0, 0, ½; ½, ½, ½.
    let oneself = agreement.oneself.as_ref().unwrap();
    assert_eq!((oneself.choices, oneself.pairs, oneself.raters), (4, 1, 1));
    assert!((oneself.accuracy.value - 5.0 / 12.0).abs() < 1e-12);
    assert!((oneself.exact.value - 1.0 / 6.0).abs() < 1e-12);
    // Duplicates count once.
    let doubled = [records.as_slice(), &[Record { uid: "again".into(), ..records[0].clone() }]].concat();
    assert_eq!(self_agreement(&doubled, &Bootstrap::default()), agreement);
    assert_eq!(self_agreement(&records[..1], &Bootstrap::default()), SelfAgreement::default());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(record in any_record()) {
        record.check(NOW).unwrap();
        let text = record.to_json().to_string();
        let read = Record::from_json(&serde_json::from_str(&text).unwrap(), NOW).unwrap();
        prop_assert_eq!(&read, &record);
        prop_assert_eq!(read.content(), record.content());
    }

    /// No new record is lost, none occurs twice, and a second comparison changes nothing.
    #[test]
    fn comparing_loses_nothing(
        records in prop::collection::vec(any_record(), 1..12),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        split in any::<prop::sample::Index>(),
    ) {
        let (known, mut incoming) = {
            let (known, incoming) = records.split_at(split.index(records.len()));
            (known.to_vec(), incoming.to_vec())
        };
        incoming.extend(picks.iter().map(|pick| pick.get(&records).clone()));
        let compared = Comparison::of(&known, incoming.clone());
        prop_assert_eq!(compared.fresh.len() + compared.duplicates.len(), incoming.len());
        let all: Vec<_> = known.iter().chain(&compared.fresh).cloned().collect();
        for record in &incoming {
            prop_assert!(all.iter().any(|kept| kept.content() == record.content()));
        }
        let mut contents: Vec<_> = compared.fresh.iter().map(Record::content).collect();
        contents.sort();
        contents.dedup();
        prop_assert_eq!(contents.len(), compared.fresh.len());
        let again = Comparison::of(&all, incoming);
        prop_assert!(again.fresh.is_empty());
    }

    /// Any JSON is refused with an error or is a valid record.
    #[test]
    fn damaged_records_are_refused_or_sound(record in any_record(), at in any::<prop::sample::Index>(), byte in 32_u8..127) {
        let mut bytes = record.to_json().to_string().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let Ok(value) = serde_json::from_slice::<Value>(&bytes) else { return Ok(()) };
        match Record::from_json(&value, NOW) {
            Ok(record) => prop_assert!(record.check(NOW).is_ok()),
            Err(error) => prop_assert!(!error.to_string().contains('\n')),
        }
    }
}
