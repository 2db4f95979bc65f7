//! The order that records suggest.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

#[path = "common/records.rs"]
mod common;

use common::{any_record, record};
use pickscore::preference::{Label, RankBy, Ranked, Record, Side, ranking};
use proptest::prelude::*;

fn of_models(left: &str, right: &str, label: Option<Label>) -> Record {
    let mut record = record(0, 0, 1, label);
    (record.left.model, record.right.model) = (Some(left.into()), Some(right.into()));
    record
}

fn counts(ranked: &Ranked) -> (&str, usize, usize, usize) {
    (&ranked.name, ranked.wins, ranked.ties, ranked.losses)
}

#[test]
fn models_are_ranked_over_all_pairs_that_tell_them_apart() {
    let mut control = of_models("b", "a", Some(Label::Left));
    control.control = Some(Side::Left);
    let mut unknown = of_models("b", "a", Some(Label::Left));
    unknown.right.model = None;
    let records = [
        of_models("a", "b", Some(Label::Left)),
        of_models("b", "a", Some(Label::Right)),
        of_models("a", "b", Some(Label::Tie)),
        of_models("c", "b", Some(Label::Right)),
        of_models("b", "a", None),
        of_models("b", "b", Some(Label::Left)),
        control,
        unknown,
    ];
    let ranked = ranking(&records, RankBy::Model);
    let found: Vec<_> = ranked.iter().map(counts).collect();
    assert_eq!(found, [("a", 2, 1, 0), ("b", 1, 1, 2), ("c", 0, 0, 1)]);
}

/// One answer: the strength solves θ = 1 − logistic(2θ), the prior's variance being 1.
#[test]
fn one_answer_is_worked_out_by_hand() {
    let ranked = ranking(&[record(0, 3, 5, Some(Label::Right))], RankBy::Image);
    let theta = 0.337_415_807_171_199_6;
    assert_eq!(ranked[0].name, record(0, 3, 5, None).right.image_uid);
    assert!((ranked[0].strength - theta).abs() < 1e-9 && (ranked[1].strength + theta).abs() < 1e-9);
}

#[test]
fn what_is_too_much_is_not_ranked() {
    let records: Vec<Record> = (0..300).map(|at| record(at, at, at + 1, Some(Label::Left))).collect();
    assert_eq!(ranking(&records[..299], RankBy::Image).len(), 300);
    assert!(ranking(&records, RankBy::Image).is_empty());
    assert!(ranking(&[], RankBy::Image).is_empty());
}

proptest! {
    #[test]
    fn sides_do_not_matter_and_every_label_counts_twice(records in prop::collection::vec(any_record(), 0..40)) {
        let swapped: Vec<Record> = records.iter().cloned().map(|mut record| {
            (record.left, record.right) = (record.right, record.left);
            record.label = record.label.map(Label::swapped);
            record
        }).collect();
        for by in [RankBy::Image, RankBy::Model] {
            let (one, other) = (ranking(&records, by), ranking(&swapped, by));
            prop_assert_eq!(one.len(), other.len());
            for ranked in &one {
                let same = other.iter().find(|same| same.name == ranked.name).unwrap();
                prop_assert_eq!(counts(ranked), counts(same));
                prop_assert!((ranked.strength - same.strength).abs() < 1e-8 && (ranked.error - same.error).abs() < 1e-8);
            }
            let [wins, losses] = [|ranked: &Ranked| ranked.wins, |ranked: &Ranked| ranked.losses].map(|of| one.iter().map(of).sum::<usize>());
            prop_assert_eq!(wins, losses);
        }
        let labelled = records.iter().filter(|record| record.label.is_some() && record.control.is_none()).count();
        let images = ranking(&records, RankBy::Image);
        prop_assert_eq!(images.iter().map(|ranked| ranked.wins + ranked.losses + ranked.ties).sum::<usize>(), 2 * labelled);
    }
}
