//! Rounds with random actions: choose, tie, skip, undo, restore.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
};

use pickscore_preferences::evaluate::{Comparison, RankOptions, Ranking, comparison::Unit, rank};
use pickscore_preferences::{
    Choice, Label, Mode, Pair, Round, RoundError, RoundSettings, Side, image_uid,
    round::{ControlPair, EarlierPair, RoundStep},
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

fn earlier(count: usize) -> Vec<EarlierPair> {
    (0..count)
        .map(|at| EarlierPair {
            left: uid("image", at),
            right: uid("image", at + 1),
            record: format!("r{at}"),
        })
        .collect()
}

/// An action of the visitor.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Choose(Choice),
    Undo(usize),
    Reload,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => Just(Deed::Choose(Choice::Label(Label::Left))),
        4 => Just(Deed::Choose(Choice::Label(Label::Right))),
        2 => Just(Deed::Choose(Choice::Label(Label::Tie))),
        2 => Just(Deed::Choose(Choice::Skip)),
        2 => (1_usize..6).prop_map(Deed::Undo),
        1 => Just(Deed::Reload),
    ]
}

fn settings() -> impl Strategy<Value = RoundSettings> {
    // Groups have tests of their own.
    let mode = prop::sample::select(vec![Mode::WinnerStays, Mode::AllPairs, Mode::Active, Mode::Retest]);
    let rate = prop_oneof![Just(0.0), Just(0.1), Just(0.5)];
    (mode, 0..1_u64 << 53, 2_usize..9, 0_usize..5, rate, prop::option::of(1_u64..30), any::<bool>()).prop_map(
        |(mode, seed, images, control_count, control_rate, limit, has_first)| {
            let settings = match mode {
                Mode::Retest => RoundSettings::retest(seed, earlier(images)),
                _ => RoundSettings::new(mode, seed, pool(images)),
            };
            let first = (has_first && mode == Mode::WinnerStays).then(|| uid("image", images - 1));
            RoundSettings { first, limit, controls: controls(control_count), control_rate, ..settings }
        },
    )
}

/// The uids of a pair, regardless of sides.
fn unordered(pair: &Pair) -> (String, String) {
    let (left, right) = (pair.left.clone(), pair.right.clone());
    if left < right { (left, right) } else { (right, left) }
}

/// Answers until the round is over, and returns every pair with its choice.
fn played(round: &mut Round, mut choose: impl FnMut(&Pair) -> Choice) -> Vec<(Pair, Choice)> {
    let mut answered = Vec::new();
    while let Some(pair) = round.pair() {
        let choice = choose(&pair);
        round.choose(choice, &format!("r{}", pair.number)).unwrap();
        answered.push((pair, choice));
        assert!(answered.len() < 100_000, "the round does not end");
    }
    answered
}

/// The ranking of the answers, without intervals.
fn ranked(answered: &[(Pair, Choice)]) -> Ranking {
    let comparison = |(pair, choice): &(Pair, Choice)| {
        let verdict = choice.label().filter(|_| pair.control.is_none())?;
        let (left, right) = (pair.left.clone(), pair.right.clone());
        Some(Comparison { left, right, verdict, prompt: String::new(), rater: None })
    };
    let choices: Vec<Comparison> = answered.iter().filter_map(comparison).collect();
    let options = RankOptions { unit: Unit::Choices, resamples: 0, orders: 0, ..RankOptions::default() };
    rank(&choices, &options, &mut |_| ControlFlow::Continue(())).unwrap()
}

/// The invariants of a finished round.
fn check_whole(settings: &RoundSettings, answered: &[(Pair, Choice)]) {
    let (controls, main): (Vec<_>, Vec<_>) = answered.iter().partition(|(pair, _)| pair.control.is_some());
    // No pair and no control occurs twice.
    let distinct: BTreeSet<_> =
        main.iter().map(|(pair, _)| (unordered(pair), pair.retest_of.clone())).collect();
    assert_eq!(distinct.len(), main.len(), "a pair was asked twice");
    let distinct: BTreeSet<_> = controls.iter().map(|(pair, _)| unordered(pair)).collect();
    assert_eq!(distinct.len(), controls.len(), "a control was asked twice");
    assert!(controls.len() <= settings.controls.len());
    for (pair, _) in &controls {
        let strong = if pair.control == Some(Side::Left) { &pair.left } else { &pair.right };
        assert!(
            settings.controls.iter().any(|control| control.strong == *strong),
            "the strong image is not the strong one"
        );
    }
    if let Some((first, _)) = answered.first() {
        assert_eq!(first.control, None, "a control came first");
    }
    // No pair is missing.
    let images = settings.images.len() as u64;
    let all = match settings.mode {
        Mode::WinnerStays => images - 1,
        Mode::AllPairs => images * (images - 1) / 2,
        Mode::Active => ((images as f64) * (images as f64).log2()).round() as u64,
        Mode::BestOfFour => unreachable!("groups"),
        Mode::Retest => settings.earlier.len() as u64,
    };
    let of_active = images * images.saturating_sub(1) / 2;
    let most = match settings.mode {
        Mode::Active => settings.limit.unwrap_or(all).min(of_active),
        _ => settings.limit.unwrap_or(all).min(all),
    };
    assert_eq!(main.len() as u64, most, "a pair was lost");
    match settings.mode {
        Mode::WinnerStays => check_winner_stays(settings, &main),
        Mode::Retest => {
            for (pair, _) in &main {
                let earlier =
                    settings.earlier.iter().find(|earlier| Some(&earlier.record) == pair.retest_of.as_ref());
                let earlier = earlier.unwrap();
                assert_eq!(
                    (&pair.left, &pair.right),
                    (&earlier.right, &earlier.left),
                    "sides were not swapped"
                );
            }
        }
        Mode::AllPairs | Mode::Active | Mode::BestOfFour => {}
    }
    if settings.mode != Mode::Retest {
        check_sides(settings, &main);
    }
}

/// As in Pick-a-Pic's app: one image stays, the preferred one if there is one, and the other is the
/// next of the pool.
fn check_winner_stays(settings: &RoundSettings, main: &[&(Pair, Choice)]) {
    let mut seen: BTreeSet<&String> = BTreeSet::new();
    if let (Some(first), Some((pair, _))) = (&settings.first, main.first()) {
        assert!(
            [&pair.left, &pair.right].contains(&first),
            "the winner of the round before is not in the first pair"
        );
    }
    for (at, (pair, _)) in main.iter().enumerate() {
        let new: Vec<_> = [&pair.left, &pair.right].into_iter().filter(|image| seen.insert(image)).collect();
        assert_eq!(new.len(), if at == 0 { 2 } else { 1 }, "pair {at} brings {} new images", new.len());
        let Some((before, choice)) = at.checked_sub(1).map(|before| main[before]) else { continue };
        let stays = if new[0] == &pair.left { &pair.right } else { &pair.left };
        match choice {
            Choice::Label(Label::Left) => assert_eq!(stays, &before.left),
            Choice::Label(Label::Right) => assert_eq!(stays, &before.right),
            _ => assert!([&before.left, &before.right].contains(&stays)),
        }
    }
}

/// The image that stays, or the first of a pair, is equally often on both sides, up to one pair of
/// a block.
fn check_sides(settings: &RoundSettings, main: &[&(Pair, Choice)]) {
    let place: BTreeMap<&String, usize> =
        settings.images.iter().enumerate().map(|(at, image)| (image, at)).collect();
    let mut seen = BTreeSet::new();
    let mut ahead = 0_i64;
    for (at, (pair, _)) in main.iter().enumerate() {
        let left_is_first = match settings.mode {
            Mode::WinnerStays => !seen.insert(&pair.left),
            _ => place[&pair.left] < place[&pair.right],
        };
        seen.insert(&pair.right);
        if settings.mode == Mode::WinnerStays && at == 0 {
            // The order within the first pair is not visible.
            continue;
        }
        ahead += if left_is_first { 1 } else { -1 };
        assert!(ahead.abs() <= 3, "one side is {ahead} ahead");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    /// Compares with a new round that gets only the answers that were not undone.
    #[test]
    fn whatever_is_done_nothing_is_lost_or_doubled(settings in settings(), deeds in prop::collection::vec(deed(), 0..80)) {
        let mut round = Round::start(settings.clone()).unwrap();
        let mut kept: Vec<(Pair, Choice, String)> = Vec::new();
        // The state that is assembled from steps.
        let mut steps: Vec<Value> = Vec::new();
        for (number, deed) in deeds.into_iter().enumerate() {
            match deed {
                Deed::Choose(choice) => {
                    let Some(pair) = round.pair() else {
                        prop_assert!(matches!(round.choose(choice, "r"), Err(RoundError::Over)));
                        continue;
                    };
                    let record = format!("record-{number}");
                    round.choose(choice, &record).unwrap();
                    kept.push((pair, choice, record));
                    steps.extend(round.step().answer.map(|answer| serde_json::to_value(answer).unwrap()));
                }
                Deed::Undo(count) => {
                    let back: Vec<_> = (0..count).filter_map(|_| kept.pop()).collect();
                    let records: Vec<String> = back.iter().map(|(_, _, record)| record.clone()).collect();
                    prop_assert_eq!(round.undo(count), records);
                    steps.truncate(kept.len());
                    if let Some((pair, ..)) = back.last() {
                        prop_assert_eq!(round.pair(), Some(pair.clone()), "undo shows another pair");
                    }
                }
                Deed::Reload => {
                    let json = round.to_json();
                    let read = Round::from_json(&json).unwrap();
                    prop_assert_eq!(&read, &round);
                    prop_assert_eq!(read.to_json(), json);
                    round = read;
                }
            }
            let RoundStep { round_version, answer, pair } = round.step();
            let answer = answer.map(|answer| serde_json::to_value(answer).unwrap());
            prop_assert_eq!(answer.as_ref(), steps.last());
            let state = json!({ "round_version": round_version, "settings": settings, "answers": steps, "pair": pair });
            prop_assert_eq!(serde_json::from_str::<Value>(&round.to_json()).unwrap(), state);
            prop_assert_eq!(round.progress().answered, kept.len() as u64);
            prop_assert!(round.progress().answered <= round.progress().total);
        }
        let mut straight = Round::start(settings.clone()).unwrap();
        for (pair, choice, record) in &kept {
            prop_assert_eq!(straight.pair(), Some(pair.clone()));
            straight.choose(*choice, record).unwrap();
        }
        prop_assert_eq!(&straight, &round);
        let mut answered: Vec<(Pair, Choice)> = kept.into_iter().map(|(pair, choice, _)| (pair, choice)).collect();
        answered.extend(played(&mut round, |pair| Choice::Label(Label::ALL[pair.number as usize % 3])));
        check_whole(&settings, &answered);
        let progress = round.progress();
        prop_assert_eq!(progress.answered, progress.total);
        // Undoing everything leads back to the start.
        prop_assert_eq!(round.undo(usize::MAX).len(), answered.len());
        prop_assert_eq!(round, Round::start(settings).unwrap());
    }

    /// Any text is refused as a state or is a round that can continue.
    #[test]
    fn any_state_is_refused_or_goes_on(
        settings in settings(),
        choices in prop::collection::vec(0_usize..3, 0..6),
        damage in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..127), 1..4),
    ) {
        let mut round = Round::start(settings).unwrap();
        for choice in choices {
            let _ = round.choose(Choice::Label(Label::ALL[choice]), "r");
        }
        let mut bytes = round.to_json().into_bytes();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(mut round) = Round::from_json(std::str::from_utf8(&bytes).unwrap()) {
            let settings = round.settings().clone();
            round.undo(usize::MAX);
            let answered = played(&mut round, |_| Choice::Label(Label::Tie));
            check_whole(&settings, &answered);
        }
    }
}

#[test]
fn a_control_comes_about_as_often_as_asked() {
    let settings = RoundSettings {
        controls: controls(400),
        control_rate: 0.1,
        ..RoundSettings::new(Mode::WinnerStays, 5, pool(2000))
    };
    let answered = played(&mut Round::start(settings.clone()).unwrap(), |_| Choice::Label(Label::Left));
    check_whole(&settings, &answered);
    let count = answered.iter().filter(|(pair, _)| pair.control.is_some()).count();
    // 1998 draws of 0.1: 200 with a standard deviation of 13.4.
    assert!((150..=250).contains(&count), "{count}");
}

#[test]
fn after_a_tie_each_stays_half_the_time() {
    let mut left = 0;
    for seed in 0..400 {
        let mut round = Round::start(RoundSettings::new(Mode::WinnerStays, seed, pool(3))).unwrap();
        let before = round.pair().unwrap();
        round.choose(Choice::Label(Label::Tie), "r").unwrap();
        let after = round.pair().unwrap();
        left += u32::from([&after.left, &after.right].contains(&&before.left));
    }
    // 400 draws of a half: 200 with a standard deviation of 10.
    assert!((150..=250).contains(&left), "{left}");
}

/// Most informative pairs find the hidden order of a rater with fewer pairs than random ones.
#[test]
fn active_pairs_tell_more_than_random_ones() {
    // Random answers from a Bradley–Terry model with strengths that differ by 0.5.
    let error_after = |mode: Mode, seed: u64| {
        let settings = RoundSettings { limit: Some(60), ..RoundSettings::new(mode, seed, pool(16)) };
        let strength: BTreeMap<String, f64> =
            pool(16).into_iter().enumerate().map(|(at, image)| (image, at as f64 * 0.5)).collect();
        let mut round = Round::start(settings).unwrap();
        let mut draws = pickscore_common::seeded::hashes(seed, "rater", 0);
        let answered = played(&mut round, |pair| {
            let odds = (strength[&pair.left] - strength[&pair.right]).exp();
            let drawn = f64::from(pickscore_common::seeded::uniform(draws.next().unwrap())) / 2.0 + 0.5;
            Choice::Label(if drawn < odds / (1.0 + odds) { Label::Left } else { Label::Right })
        });
        let order = ranked(&answered).items;
        let mut inversions = 0;
        for (at, better) in order.iter().enumerate() {
            for worse in &order[at + 1..] {
                inversions += u32::from(strength[&better.name] < strength[&worse.name]);
            }
        }
        inversions
    };
    let total = |mode| (0..40).map(|seed| error_after(mode, seed)).sum::<u32>();
    let (active, random) = (total(Mode::Active), total(Mode::AllPairs));
    assert!(active < random, "{active} inversions with active pairs, {random} with random ones");
}

#[test]
fn the_best_image_is_the_one_that_won() {
    let mut round = Round::start(RoundSettings::new(Mode::WinnerStays, 3, pool(6))).unwrap();
    assert_eq!(round.best(), None);
    let favourite = uid("image", 2);
    played(&mut round, |pair| {
        Choice::Label(match &favourite {
            image if *image == pair.left => Label::Left,
            image if *image == pair.right => Label::Right,
            _ => Label::Tie,
        })
    });
    assert_eq!(round.best(), Some(favourite.clone()));
}

#[test]
fn the_best_image_is_the_first_of_the_ranking() {
    let choices = [Label::Left, Label::Tie, Label::Right, Label::Right].map(Choice::Label);
    for (mode, seed) in
        [Mode::AllPairs, Mode::Active].into_iter().flat_map(|mode| (0..8).map(move |seed| (mode, seed)))
    {
        let settings = RoundSettings {
            controls: controls(3),
            control_rate: 0.3,
            ..RoundSettings::new(mode, seed, pool(6))
        };
        let mut round = Round::start(settings).unwrap();
        let mut answered = Vec::new();
        assert_eq!(round.best(), None);
        while let Some(pair) = round.pair() {
            let choice =
                if pair.number == 2 { Choice::Skip } else { choices[(pair.number * 7 + seed) as usize % 4] };
            round.choose(choice, "r").unwrap();
            answered.push((pair, choice));
            assert_eq!(round.best(), Some(ranked(&answered).items[0].name.clone()));
        }
    }
}

#[test]
fn settings_are_refused_by_name() {
    let good = || RoundSettings::new(Mode::WinnerStays, 1, pool(4));
    let start = |settings| Round::start(settings).unwrap_err().to_string();
    for (settings, said) in [
        (RoundSettings { images: pool(1), ..good() }, "`images` is 1 images; expected 2 to 2000"),
        (RoundSettings { images: pool(2001), ..good() }, "`images` is 2001 images"),
        (
            RoundSettings { mode: Mode::Active, images: pool(301), ..good() },
            "expected 2 to 300 in mode \"active\"",
        ),
        (RoundSettings { images: [pool(2), pool(1)].concat(), ..good() }, "`images[2]` is a duplicate"),
        (RoundSettings { images: vec![uid("a", 0), "x".into()], ..good() }, "`images[1]` is \"x\""),
        (RoundSettings { first: Some(uid("b", 0)), ..good() }, "`first` is another image"),
        (
            RoundSettings { first: Some(uid("image", 0)), mode: Mode::AllPairs, ..good() },
            "`first` is present",
        ),
        (RoundSettings { seed: 1 << 53, ..good() }, "`seed`"),
        (RoundSettings { limit: Some(0), ..good() }, "`limit`"),
        (RoundSettings { control_rate: 0.6, ..good() }, "`controlRate` is 0.6"),
        (RoundSettings { control_rate: f64::NAN, ..good() }, "`controlRate` is NaN"),
        (RoundSettings { earlier: earlier(1), ..good() }, "`earlier`"),
        (RoundSettings::retest(1, Vec::new()), "`earlier` is 0 pairs"),
        (RoundSettings::retest(1, [earlier(1), earlier(1)].concat()), "`earlier[1]` is a duplicate"),
        (
            RoundSettings {
                controls: vec![ControlPair { strong: uid("image", 0), weak: uid("image", 1) }],
                ..good()
            },
            "`controls[0]` is two images of the pool",
        ),
        (
            RoundSettings {
                controls: vec![ControlPair { strong: uid("a", 0), weak: uid("a", 0) }],
                ..good()
            },
            "`controls[0]` is the same image twice",
        ),
    ] {
        let found = start(settings);
        assert!(found.contains(said), "{found}; expected {said}");
    }
}

#[test]
fn states_are_refused_with_a_reason() {
    let mut round = Round::start(RoundSettings::new(Mode::AllPairs, 1, pool(4))).unwrap();
    round.choose(Choice::Skip, "r0").unwrap();
    let json = round.to_json();
    let doubled = |json: &str| {
        let mut value: serde_json::Value = serde_json::from_str(json).unwrap();
        let answer = value["answers"][0].clone();
        value["answers"].as_array_mut().unwrap().push(answer);
        value.to_string()
    };
    for (state, said) in [
        (json.replace("\"round_version\":1", "\"round_version\":2"), "it has version 2; expected version 1"),
        (json.replace("\"round_version\":1", "\"round_version\":\"1\""), "it has no version"),
        (json.replace("skip", "maybe"), "answer 0 is \"maybe\""),
        (doubled(&json), "answer 1 cannot follow the answers before it"),
        (json[..json.len() - 1].to_owned(), "EOF"),
        ("[]".into(), "it has no version"),
        ("null".into(), "it has no version"),
    ] {
        let found = Round::from_json(&state).unwrap_err().to_string();
        assert!(found.contains(said), "{found}; expected {said}");
    }
}
