//! Folds for cross-validation over images and prompts.
//!
//! A taste has to predict choices between images that it has not seen. So images are assigned to
//! folds, and prompts with their images where there are at least ten prompts: with fewer, how much
//! prompts vary cannot be told. A fold is tested on the choices that lie wholly inside it and
//! trained on those that lie wholly outside; the others are left out. Two random images lie in the
//! same fold once in as many times as there are folds, so that without prompts several assignments
//! are averaged.

use std::collections::BTreeMap;

use pickscore_common::seeded::hashes;

use crate::{data::Choice, interval::FEWEST_UNITS};

/// What is assigned to folds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assigned {
    /// Prompts, and images with the prompt that they are most often judged for.
    Prompts,
    /// Images.
    Images,
}

/// A fold: the numbers of its choices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fold {
    /// Choices wholly inside.
    pub(crate) tested: Vec<usize>,
    /// Choices wholly outside.
    pub(crate) trained: Vec<usize>,
}

/// What the folds of these choices consist of.
pub(crate) fn assigned(choices: &[Choice], folds: usize) -> Assigned {
    let mut prompts: Vec<usize> = choices.iter().map(|choice| choice.prompt).collect();
    prompts.sort_unstable();
    prompts.dedup();
    if prompts.len() >= folds.max(FEWEST_UNITS) { Assigned::Prompts } else { Assigned::Images }
}

/// One assignment. Folds without a choice to test or to train on are left out.
pub(crate) fn folds(choices: &[Choice], folds: usize, seed: u64, repeat: usize) -> Vec<Fold> {
    let parts = match assigned(choices, folds) {
        Assigned::Images => {
            let each = choices.iter().flat_map(|choice| choice.images.map(|image| (image, 1)));
            let images = dealt(each, folds, seed, repeat);
            let of = |choice: &Choice| choice.images.map(|image| images[&image]).to_vec();
            choices.iter().map(of).collect::<Vec<_>>()
        }
        Assigned::Prompts => {
            let prompts = dealt(choices.iter().map(|choice| (choice.prompt, 1)), folds, seed, repeat);
            let mut counts: BTreeMap<usize, BTreeMap<usize, usize>> = BTreeMap::new();
            for choice in choices {
                for image in choice.images {
                    *counts.entry(image).or_default().entry(choice.prompt).or_default() += 1;
                }
            }
            let most = |counts: &BTreeMap<usize, usize>| {
                let often =
                    counts.iter().max_by_key(|(prompt, count)| (**count, std::cmp::Reverse(**prompt)));
                often.map_or(0, |(prompt, _)| prompts[prompt])
            };
            let images: BTreeMap<usize, usize> =
                counts.iter().map(|(&image, counts)| (image, most(counts))).collect();
            let of = |choice: &Choice| {
                let [left, right] = choice.images.map(|image| images[&image]);
                vec![prompts[&choice.prompt], left, right]
            };
            choices.iter().map(of).collect()
        }
    };
    let fold = |fold: usize| {
        let all = |is: &dyn Fn(&Vec<usize>) -> bool| -> Vec<usize> {
            parts.iter().enumerate().filter(|(_, parts)| is(parts)).map(|(at, _)| at).collect()
        };
        Fold {
            tested: all(&|parts| parts.iter().all(|&part| part == fold)),
            trained: all(&|parts| parts.iter().all(|&part| part != fold)),
        }
    };
    (0..folds).map(fold).filter(|fold| !fold.tested.is_empty() && !fold.trained.is_empty()).collect()
}

/// Deals things to folds in random order, each to the fold with the fewest choices so far.
fn dealt(
    things: impl Iterator<Item = (usize, usize)>,
    folds: usize,
    seed: u64,
    repeat: usize,
) -> BTreeMap<usize, usize> {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    things.for_each(|(thing, count)| *counts.entry(thing).or_default() += count);
    // The random number comes first.
    let mut order: Vec<u128> = hashes(seed, "taste folds", (repeat as u64) << 32)
        .zip(counts.keys())
        .map(|(number, &thing)| u128::from(number) << 64 | thing as u128)
        .collect();
    order.sort_unstable();
    let mut loads = vec![0; folds];
    let mut dealt = BTreeMap::new();
    for key in order {
        let thing = key as u64 as usize;
        let count = counts[&thing];
        let lightest = (0..folds).min_by_key(|&fold| loads[fold]).unwrap_or_default();
        loads[lightest] += count;
        dealt.insert(thing, lightest);
    }
    dealt
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tests::any_data;

    proptest! {
        #[test]
        fn nothing_that_is_tested_was_trained_on(data in any_data(), count in 2usize..6, repeat in 0usize..3) {
            let choices = data.choices();
            let all = folds(choices, count, 7, repeat);
            let mut tested: Vec<usize> = all.iter().flat_map(|fold| fold.tested.clone()).collect();
            let before = tested.len();
            tested.dedup();
            prop_assert_eq!(before, tested.len());
            for fold in &all {
                for &test in &fold.tested {
                    for &train in &fold.trained {
                        let shared = choices[test].images.iter().any(|image| choices[train].images.contains(image));
                        prop_assert!(!shared);
                        if assigned(choices, count) == Assigned::Prompts {
                            prop_assert!(choices[test].prompt != choices[train].prompt);
                        }
                    }
                }
            }
            prop_assert_eq!(all, folds(choices, count, 7, repeat));
        }
    }

    #[test]
    fn prompts_that_share_no_image_are_all_tested() {
        use pickscore_score::Label;
        let of = |at: usize| Choice {
            images: [2 * at, 2 * at + 1],
            lead: 0.0,
            label: Label::Left,
            prompt: at / 2,
        };
        let choices: Vec<Choice> = (0..40).map(of).collect();
        assert_eq!(assigned(&choices, 5), Assigned::Prompts);
        let all = folds(&choices, 5, 1, 0);
        assert_eq!(all.iter().map(|fold| fold.tested.len()).sum::<usize>(), 40);
        assert!(all.iter().all(|fold| fold.tested.len() == 8 && fold.trained.len() == 32));
    }
}
