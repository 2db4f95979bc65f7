//! Rankings of records.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

#[path = "common/records.rs"]
mod common;

use std::ops::ControlFlow;

use common::{any_record, record};
use pickscore_preferences::evaluate::{
    RankBy, RankOptions, Ranking, choices, comparison::Unit, rank, ranking::RankError,
};
use pickscore_preferences::{Label, Record, Side};
use proptest::prelude::*;

fn ranked(records: &[Record], by: RankBy) -> Result<Ranking, RankError> {
    let options = RankOptions { resamples: 20, orders: 3, ..by.options() };
    rank(&choices(records, by), &options, &mut |_| ControlFlow::Continue(()))
}

fn of_models(number: usize, left: &str, right: &str, label: Option<Label>) -> Record {
    let mut record = record(number, 0, 1, label);
    (record.left.model, record.right.model) = (Some(left.into()), Some(right.into()));
    record
}

#[test]
fn models_are_ranked_over_all_pairs_that_tell_them_apart() {
    let mut control = of_models(1, "b", "a", Some(Label::Left));
    control.control = Some(Side::Left);
    let mut unknown = of_models(2, "b", "a", Some(Label::Left));
    unknown.right.model = None;
    let records = [
        of_models(3, "a", "b", Some(Label::Left)),
        of_models(4, "b", "a", Some(Label::Right)),
        of_models(5, "a", "b", Some(Label::Tie)),
        of_models(6, "c", "b", Some(Label::Right)),
        of_models(7, "b", "a", None),
        of_models(8, "b", "b", Some(Label::Left)),
        // A duplicate by content.
        Record { uid: "again".into(), ..of_models(3, "a", "b", Some(Label::Left)) },
        control,
        unknown,
    ];
    let found = ranked(&records, RankBy::Model).unwrap();
    let counts = found.items.iter().map(|row| (row.name.as_str(), row.rank, row.wins, row.ties, row.losses));
    assert_eq!(counts.collect::<Vec<_>>(), [("a", 1, 2, 1, 0), ("b", 2, 1, 1, 2), ("c", 3, 0, 0, 1)]);
    assert_eq!((found.choices, found.ties, found.left_out), (4, 1, 2));
    // All choices are about one prompt, whose resamples would all be the same.
    assert_eq!((found.units, found.options.unit), (4, Unit::Choices));
}

#[test]
fn images_have_choices_drawn() {
    let found = ranked(&[record(0, 3, 5, Some(Label::Right))], RankBy::Image).unwrap();
    assert_eq!(found.items[0].name, record(0, 3, 5, None).right.image_uid);
    assert_eq!((found.units, found.options.unit), (1, Unit::Choices));
    assert!(found.items[0].rating.value > 1000.0);
    assert_eq!(ranked(&[], RankBy::Image), Err(RankError::Nothing { given: 0 }));
}

#[test]
fn a_pool_of_any_size_is_ranked() {
    let records: Vec<Record> = (0..1999).map(|at| record(at, at, at + 1, Some(Label::Left))).collect();
    let found = ranked(&records, RankBy::Image).unwrap();
    assert_eq!((found.items.len(), found.groups, found.items[0].rank), (2000, 1, 1));
}

proptest! {
    #[test]
    fn sides_and_order_do_not_matter_and_every_label_counts_twice(records in prop::collection::vec(any_record(), 0..40)) {
        let swapped: Vec<Record> = records.iter().rev().cloned().map(|mut record| {
            (record.left, record.right) = (record.right, record.left);
            record.label = record.label.map(Label::swapped);
            record
        }).collect();
        for by in [RankBy::Image, RankBy::Model] {
            prop_assert_eq!(ranked(&records, by).ok(), ranked(&swapped, by).ok());
        }
        let labelled = choices(&records, RankBy::Image).len();
        let items = ranked(&records, RankBy::Image).map(|found| found.items).unwrap_or_default();
        prop_assert_eq!(items.iter().map(|row| row.wins + row.losses + row.ties).sum::<usize>(), 2 * labelled);
    }
}
