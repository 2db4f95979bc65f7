//! How often a taste is offered to simulated people, from whose choices nothing or something can be
//! learned. The README's table is printed by
//!
//! ```sh
//! cargo test --release --package pickscore-taste --test offers -- --ignored --nocapture
//! ```

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "tests print, and fail by panicking")]

use std::ops::ControlFlow;

use pickscore_common::seeded::hashes;
use pickscore_score::Label;
use pickscore_taste::{
    Choice, Data, Embeddings, Needed, Validated, Validation,
    simulated::{People, Shown},
    validate,
};

const DIMENSIONS: usize = 16;

/// Numbers of about a normal distribution.
fn normal(seed: u64, name: &str) -> impl Iterator<Item = f64> {
    let mut numbers = hashes(seed, name, 0).map(|number| number as f64 / 2_f64.powi(64));
    std::iter::repeat_with(move || numbers.by_ref().take(12).sum::<f64>() - 6.0)
}

/// Random unit vectors.
fn embeddings(images: usize, seed: u64) -> Embeddings {
    let mut numbers = normal(seed, "embeddings");
    let mut values = Vec::new();
    for _ in 0..images {
        let one: Vec<f64> = numbers.by_ref().take(DIMENSIONS).collect();
        let length = one.iter().map(|x| x * x).sum::<f64>().sqrt();
        values.extend(one.iter().map(|x| (x / length) as f32));
    }
    Embeddings::new(DIMENSIONS, values).unwrap()
}

/// Who answers.
#[derive(Debug, Clone, Copy)]
enum Who {
    /// Answers are random.
    Coin,
    /// Every image has a random value, with which embedding and base scorer have nothing to do, and
    /// the more valuable image is chosen.
    Values,
    /// The base scorer predicts the answers as well as can be.
    Base,
    /// Somebody with a taste of this strength, with which the base scorer has nothing to do.
    Taste(f64),
}

/// What is shown: prompts, images of each, and how many pairs; `None`: all pairs.
#[derive(Debug, Clone, Copy)]
struct Round {
    prompts: usize,
    images: usize,
    choices: Option<usize>,
}

const FIVE: Round = Round { prompts: 5, images: 8, choices: Some(50) };
const TEN: Round = Round { prompts: 10, images: 8, choices: Some(100) };
const ALL_PAIRS: Round = Round { prompts: 1, images: 28, choices: None };
const ONE: Round = Round { prompts: 1, images: 40, choices: Some(150) };
const TWENTY: Round = Round { prompts: 20, images: 8, choices: Some(150) };

fn choices(round: Round, who: Who, seed: u64) -> (Embeddings, Vec<Choice>) {
    let Round { prompts, images, choices } = round;
    let embeddings = embeddings(prompts * images, seed);
    let mut pairs: Vec<([usize; 2], usize)> = Vec::new();
    for prompt in 0..prompts {
        for one in 0..images {
            pairs.extend((0..one).map(|other| ([prompt * images + one, prompt * images + other], prompt)));
        }
    }
    let mut order: Vec<(u64, usize)> = hashes(seed, "pairs", 0).zip(0..pairs.len()).collect();
    order.sort_unstable();
    let bases: Vec<f64> = normal(seed, "bases").take(prompts * images).collect();
    let asked = order.iter().take(choices.unwrap_or(pairs.len())).map(|&(_, at)| pairs[at]);
    let shown: Vec<Shown> =
        asked.map(|(images, prompt)| (images, bases[images[0]] - bases[images[1]], prompt)).collect();
    let person = |agreement: f64, strength: f64| {
        let people = People { agreement, strength, tie: None, seed };
        people.person(0, &embeddings, &shown).unwrap().answers(&embeddings, &shown)
    };
    let values: Vec<f64> = normal(seed, "values").take(prompts * images).collect();
    let answered = match who {
        Who::Coin => person(0.0, 0.0),
        Who::Base => person(2.0, 0.0),
        Who::Taste(strength) => person(0.5, strength),
        Who::Values => {
            let label = |[left, right]: [usize; 2]| {
                if values[left] > values[right] { Label::Left } else { Label::Right }
            };
            let of = |&(images, lead, prompt): &Shown| Choice { images, lead, label: label(images), prompt };
            shown.iter().map(of).collect()
        }
    };
    (embeddings, answered)
}

fn validated(embeddings: &Embeddings, choices: &[Choice]) -> Validated {
    let data = Data::new(embeddings.clone(), choices.to_vec()).unwrap();
    validate(&data, &Validation::default(), &mut |_| ControlFlow::Continue(())).unwrap().unwrap()
}

/// Of how many people a taste is offered, after all choices or, with `looks`, after any ten more.
fn offered(round: Round, who: Who, looks: bool, people: std::ops::Range<u64>) -> usize {
    let is_offered = |seed: u64| {
        let (embeddings, all) = choices(round, who, seed);
        let first = if looks { 10 } else { all.len() };
        (first..=all.len())
            .step_by(10)
            .any(|count| validated(&embeddings, &all[..count]).needed == Needed::Offered)
    };
    people.filter(|&seed| is_offered(seed)).count()
}

#[test]
fn what_cannot_be_learned_is_not_offered() {
    for (round, who, looks, people) in [
        (FIVE, Who::Coin, false, 40),
        (FIVE, Who::Values, false, 40),
        (TEN, Who::Coin, false, 40),
        (ALL_PAIRS, Who::Values, false, 20),
        (ONE, Who::Coin, true, 20),
        (TWENTY, Who::Coin, true, 20),
    ] {
        let found = offered(round, who, looks, 1000..1000 + people);
        assert!(found as f64 <= 0.05 * people as f64, "{round:?} {who:?}: {found} of {people}");
    }
}

#[test]
fn what_can_be_learned_is_offered() {
    // Folds of images test and train on fewer choices.
    for (round, fewest) in [(ONE, 5), (TWENTY, 15)] {
        let found = offered(round, Who::Taste(3.0), false, 1000..1020);
        assert!(found >= fewest, "{round:?}: {found} of 20");
    }
}

#[test]
fn choices_made_again_and_again_are_not_offered() {
    let embeddings = embeddings(6, 1);
    // The base scorer is wrong about all of them.
    let of = |at: usize| Choice {
        images: [at % 3 * 2, at % 3 * 2 + 1],
        lead: -1.0,
        label: Label::Left,
        prompt: at % 3,
    };
    let choices: Vec<Choice> = (0..180).map(of).collect();
    let found = validated(&embeddings, &choices);
    let gain = found.accuracy.unwrap().gain;
    assert!(matches!(found.needed, Needed::AtLeast(_)) && gain.high - gain.low > 1.0, "{found:?}");
}

#[test]
#[ignore = "takes minutes"]
fn rates() {
    let cases: [(&str, Round, Who, bool, u64); 13] = [
        ("coin flips, 5 prompts of 8 images, 50 choices", FIVE, Who::Coin, false, 400),
        ("values, 5 prompts of 8 images, 50 choices", FIVE, Who::Values, false, 400),
        ("coin flips, 10 prompts of 8 images, 100 choices", TEN, Who::Coin, false, 400),
        ("values, 10 prompts of 8 images, 100 choices", TEN, Who::Values, false, 400),
        ("coin flips, all pairs of 28 images", ALL_PAIRS, Who::Coin, false, 200),
        ("values, all pairs of 28 images", ALL_PAIRS, Who::Values, false, 200),
        ("base, all pairs of 28 images", ALL_PAIRS, Who::Base, false, 200),
        ("coin flips, 1 prompt, looks to 150 choices", ONE, Who::Coin, true, 100),
        ("coin flips, 20 prompts, looks to 150 choices", TWENTY, Who::Coin, true, 100),
        ("values, 20 prompts, looks to 150 choices", TWENTY, Who::Values, true, 100),
        ("taste of 3, 1 prompt, 150 choices", ONE, Who::Taste(3.0), false, 100),
        ("taste of 3, 20 prompts, 150 choices", TWENTY, Who::Taste(3.0), false, 100),
        ("taste of 3, 10 prompts, 100 choices", TEN, Who::Taste(3.0), false, 100),
    ];
    for (name, round, who, looks, people) in cases {
        let found = offered(round, who, looks, 0..people);
        println!("{name:50} {:5.1} % of {people}", found as f64 / people as f64 * 100.0);
    }
}
