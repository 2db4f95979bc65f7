//! Rounds of mode best-of-four with random actions: choose, tie, skip, undo, restore.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use pickscore_preferences::{
    Choice, Label, Mode, Round, RoundError, RoundSettings, image_uid,
    round::{ControlPair, GROUP_MOST, Group, GroupChoice},
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn uid(name: &str, at: usize) -> String {
    image_uid(format!("{name} {at}").as_bytes())
}

fn pool(count: usize) -> Vec<String> {
    (0..count).map(|at| uid("image", at)).collect()
}

fn controls(count: usize) -> Vec<ControlPair> {
    (0..count).map(|at| ControlPair { strong: uid("strong", at), weak: uid("weak", at) }).collect()
}

fn best_of_four(seed: u64, images: usize) -> RoundSettings {
    RoundSettings::new(Mode::BestOfFour, seed, pool(images))
}

/// An action of the visitor. The number selects the best image of a group, or the side of a pair.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Best(usize),
    Tie,
    Skip,
    Undo(usize),
    Reload,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        8 => (0_usize..4).prop_map(Deed::Best),
        2 => Just(Deed::Tie),
        2 => Just(Deed::Skip),
        2 => (1_usize..4).prop_map(Deed::Undo),
        1 => Just(Deed::Reload),
    ]
}

fn settings() -> impl Strategy<Value = RoundSettings> {
    let rate = prop_oneof![Just(0.0), Just(0.1), Just(0.5)];
    (0..1_u64 << 53, 2_usize..40, 0_usize..5, rate, prop::option::of(1_u64..9)).prop_map(
        |(seed, images, count, control_rate, limit)| RoundSettings {
            limit,
            controls: controls(count),
            control_rate,
            ..best_of_four(seed, images)
        },
    )
}

/// What was shown, for comparing.
#[derive(Debug, Clone, PartialEq)]
enum Shown {
    Group(Vec<String>),
    Pair(String, String),
}

fn shown(round: &Round) -> Option<Shown> {
    let group = round.group().map(|group| Shown::Group(group.images));
    group.or_else(|| round.pair().map(|pair| Shown::Pair(pair.left, pair.right)))
}

/// Answers whatever is shown, and returns the uids of the new records.
fn answer(round: &mut Round, deed: Deed, name: &str) -> Vec<String> {
    let Some(group) = round.group() else {
        let choice = match deed {
            Deed::Best(at) if at % 2 == 0 => Choice::Label(Label::Left),
            Deed::Best(_) => Choice::Label(Label::Right),
            Deed::Tie => Choice::Label(Label::Tie),
            _ => Choice::Skip,
        };
        round.choose(choice, name).unwrap();
        return vec![name.into()];
    };
    let choice = match deed {
        Deed::Best(at) => GroupChoice::Best(at % group.images.len()),
        Deed::Tie => GroupChoice::Tie,
        _ => GroupChoice::Skip,
    };
    let pairs = round.pairs_of(choice).unwrap();
    assert_eq!(pairs.len(), group.images.len() - 1);
    let records: Vec<String> = (0..pairs.len()).map(|at| format!("{name}-{at}")).collect();
    round.choose_best(choice, &records).unwrap();
    records
}

/// Plays a round whose rater prefers the image that comes first in the pool, and returns its
/// groups.
fn played(round: &mut Round, pool: &[String]) -> Vec<Group> {
    let place = |image: &String| pool.iter().position(|other| other == image).unwrap();
    let mut groups = Vec::new();
    while let Some(group) = round.group() {
        let best = (0..group.images.len()).min_by_key(|&at| place(&group.images[at])).unwrap();
        answer(round, Deed::Best(best), &format!("g{}", group.number));
        groups.push(group);
    }
    assert!(round.is_over());
    groups
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, failure_persistence: None, ..ProptestConfig::default() })]

    /// Compares with a new round that gets only the answers that were not undone.
    #[test]
    fn whatever_is_done_nothing_is_lost_or_doubled(settings in settings(), deeds in prop::collection::vec(deed(), 0..40)) {
        let mut round = Round::start(settings.clone()).unwrap();
        let mut kept: Vec<(Shown, Deed, Vec<String>)> = Vec::new();
        let mut steps: Vec<Value> = Vec::new();
        for (number, deed) in deeds.into_iter().enumerate() {
            match deed {
                Deed::Undo(count) => {
                    let back: Vec<_> = (0..count).filter_map(|_| kept.pop()).collect();
                    let records: Vec<String> = back.iter().flat_map(|(_, _, records)| records.iter().rev().cloned()).collect();
                    prop_assert_eq!(round.undo(count), records);
                    steps.truncate(kept.len());
                    if let Some((before, ..)) = back.last() {
                        prop_assert_eq!(shown(&round), Some(before.clone()), "undo shows something else");
                    }
                }
                Deed::Reload => {
                    let json = round.to_json();
                    let read = Round::from_json(&json).unwrap();
                    prop_assert_eq!(&read, &round);
                    prop_assert_eq!(read.to_json(), json);
                    round = read;
                }
                deed => {
                    let Some(before) = shown(&round) else {
                        prop_assert!(matches!(round.choose_best(GroupChoice::Skip, &[]), Err(RoundError::Over)));
                        continue;
                    };
                    let records = answer(&mut round, deed, &format!("r{number}"));
                    kept.push((before, deed, records));
                    steps.extend(round.step().answer.map(|answer| serde_json::to_value(answer).unwrap()));
                }
            }
            let step = round.step();
            let state = json!({ "round_version": step.round_version, "settings": settings, "answers": steps, "pair": step.pair });
            prop_assert_eq!(serde_json::from_str::<Value>(&round.to_json()).unwrap(), state);
            prop_assert_eq!(round.progress().answered, kept.len() as u64);
        }
        let mut straight = Round::start(settings.clone()).unwrap();
        for (before, deed, records) in &kept {
            prop_assert_eq!(shown(&straight), Some(before.clone()));
            let name = records[0].strip_suffix("-0").unwrap_or(&records[0]);
            prop_assert_eq!(&answer(&mut straight, *deed, name), records);
        }
        prop_assert_eq!(&straight, &round);
        // To the end: every group but the last has four images, and a loser never comes back.
        while !round.is_over() {
            let at = round.progress().answered;
            answer(&mut round, Deed::Best(at as usize), &format!("end{at}"));
        }
        let progress = round.progress();
        prop_assert_eq!(progress.answered, progress.total);
        let state: Value = serde_json::from_str(&round.to_json()).unwrap();
        let groups: Vec<Vec<u64>> = state["answers"].as_array().unwrap().iter().filter_map(|answer| {
            answer["group"].as_array().map(|group| group.iter().map(|at| at.as_u64().unwrap()).collect())
        }).collect();
        let images = settings.images.len() as u64;
        let all = (images - 1).div_ceil(3);
        prop_assert_eq!(groups.len() as u64, settings.limit.unwrap_or(all).min(all));
        let mut times: BTreeMap<u64, usize> = BTreeMap::new();
        for group in &groups {
            prop_assert_eq!(group.iter().collect::<BTreeSet<_>>().len(), group.len(), "an image twice in a group");
            group.iter().for_each(|&at| *times.entry(at).or_default() += 1);
        }
        // Each group lets one image go on, and each image first comes out of the pool.
        let again: usize = times.values().map(|times| times - 1).sum();
        prop_assert!(again < groups.len().max(1));
        if settings.limit.is_none_or(|limit| limit >= all) {
            prop_assert_eq!(times.len() as u64, images, "an image was never shown");
            prop_assert_eq!(again, groups.len() - 1, "a winner did not come back");
        }
        prop_assert_eq!(round.undo(usize::MAX).len(), state["answers"].as_array().unwrap().iter().map(|answer| answer["records"].as_array().map_or(1, Vec::len)).sum::<usize>());
        prop_assert_eq!(round, Round::start(settings).unwrap());
    }

    /// Any text is refused as a state or is a round that can continue.
    #[test]
    fn any_state_is_refused_or_goes_on(
        settings in settings(),
        count in 0_usize..6,
        damage in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..127), 1..4),
    ) {
        let mut round = Round::start(settings).unwrap();
        for at in 0..count {
            if !round.is_over() {
                answer(&mut round, Deed::Best(at), &format!("r{at}"));
            }
        }
        let mut bytes = round.to_json().into_bytes();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(mut round) = Round::from_json(std::str::from_utf8(&bytes).unwrap()) {
            round.undo(usize::MAX);
            while !round.is_over() {
                let at = round.progress().answered;
                answer(&mut round, Deed::Skip, &format!("r{at}"));
            }
        }
    }
}

#[test]
fn a_consistent_rater_finds_the_best_of_any_number() {
    for (images, groups) in
        [(2, 1), (3, 1), (4, 1), (5, 2), (6, 2), (7, 2), (8, 3), (13, 4), (500, 167), (2000, 667)]
    {
        for seed in 0..3 {
            let settings = best_of_four(seed, images);
            let mut round = Round::start(settings).unwrap();
            assert_eq!(round.best(), None);
            assert_eq!(round.progress().total, groups);
            let shown = played(&mut round, &pool(images));
            assert_eq!(shown.len() as u64, groups, "{images} images");
            let (last, before) = shown.split_last().unwrap();
            assert!(before.iter().all(|group| group.images.len() == GROUP_MOST));
            assert!((2..=GROUP_MOST).contains(&last.images.len()));
            assert!(last.images.contains(&uid("image", 0)));
            // The ranking of 2000 images is slow in tests without optimisation.
            if images < 100 {
                assert_eq!(round.best(), Some(uid("image", 0)));
            }
        }
    }
}

/// The places within a group are drawn, so that returning winners are not recognised by theirs.
#[test]
fn winners_come_back_at_any_place() {
    let mut counts = [0_u32; 4];
    for seed in 0..600 {
        let mut round = Round::start(best_of_four(seed, 7)).unwrap();
        let group = round.group().unwrap();
        answer(&mut round, Deed::Best(0), "r");
        let next = round.group().unwrap();
        counts[next.images.iter().position(|image| *image == group.images[0]).unwrap()] += 1;
    }
    // 600 draws of a quarter: 150 with a standard deviation of 10.6.
    assert!(counts.iter().all(|count| (110..=190).contains(count)), "{counts:?}");
}

#[test]
fn after_a_tie_or_a_skip_each_goes_on_equally_often() {
    for deed in [Deed::Tie, Deed::Skip] {
        let mut counts = [0_u32; 4];
        for seed in 0..600 {
            let mut round = Round::start(best_of_four(seed, 7)).unwrap();
            let group = round.group().unwrap();
            answer(&mut round, deed, "r");
            let next = round.group().unwrap();
            counts[(0..4).find(|&at| next.images.contains(&group.images[at])).unwrap()] += 1;
        }
        assert!(counts.iter().all(|count| (110..=190).contains(count)), "{deed:?}: {counts:?}");
    }
}

#[test]
fn wrong_answers_are_refused_with_a_reason() {
    let mut round = Round::start(best_of_four(1, 7)).unwrap();
    let said = |result: Result<(), RoundError>| result.unwrap_err().to_string();
    assert_eq!(said(round.choose(Choice::Skip, "r")), "a group is shown; expected an answer to it");
    let two = ["a".to_owned(), "b".to_owned()];
    assert_eq!(said(round.choose_best(GroupChoice::Best(0), &two)), "an answer has 2 records; expected 3");
    assert_eq!(said(round.choose_best(GroupChoice::Best(4), &two)), "image 5 is the best of a group of 4");
    answer(&mut round, Deed::Best(0), "r0");
    answer(&mut round, Deed::Best(0), "r1");
    assert!(round.is_over());
    assert_eq!(said(round.choose_best(GroupChoice::Tie, &two)), "the round is over");
    let mut pairs = Round::start(RoundSettings::new(Mode::AllPairs, 1, pool(4))).unwrap();
    assert_eq!(said(pairs.choose_best(GroupChoice::Tie, &two)), "a pair is shown; expected an answer to it");
    assert_eq!(pairs.group(), None);
}

#[test]
fn states_are_refused_with_a_reason() {
    let mut round = Round::start(best_of_four(1, 7)).unwrap();
    answer(&mut round, Deed::Best(1), "r");
    let state: Value = serde_json::from_str(&round.to_json()).unwrap();
    let changed = |path: &str, value: Value| {
        let mut state = state.clone();
        *state.pointer_mut(path).unwrap() = value;
        Round::from_json(&state.to_string()).unwrap_err().to_string()
    };
    let group = state["answers"][0]["group"].clone();
    let mut other = group.clone();
    other.as_array_mut().unwrap().swap(0, 1);
    for (path, value, expected) in [
        ("/answers/0/group", other, "answer 0 cannot follow"),
        ("/answers/0/group", json!([1]), "answer 0 cannot follow"),
        ("/answers/0/group", json!([0, 1, 2, 3, 4]), "answer 0 cannot follow"),
        ("/answers/0/choice", json!("5"), "answer 0 is \"5\""),
        ("/answers/0/choice", json!("left"), "answer 0 is \"left\""),
        ("/answers/0/records", json!(["a", "b"]), "answer 0 cannot follow"),
        ("/answers/0/records", json!(["a", "b", "x".repeat(65)]), "a record of answer 0 has a uid of 65"),
        ("/pair/group", group, "the current pair"),
        ("/pair", Value::Null, "the current pair"),
    ] {
        let found = changed(path, value);
        assert!(found.contains(expected), "{found}; expected {expected}");
    }
}
