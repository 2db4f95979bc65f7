//! Retrieval: how often a prompt scores its own image highest among others, or an image its own
//! prompt.

use std::collections::BTreeMap;

use super::bootstrap::{Bootstrap, Estimate, below};
use pickscore_common::seeded::hashes;
use pickscore_score::Embedding;

/// The embeddings of a prompt and its image.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// The prompt's embedding, `[projection]`.
    pub text: Embedding,
    /// The image's embedding, `[projection]`.
    pub image: Embedding,
    /// The number of the prompt. Images of the same prompt are not distractors.
    pub prompt: usize,
}

impl Pair {
    /// Swaps prompt and image, so that [`retrieval`] looks for the prompt of an image.
    #[must_use]
    pub fn swapped(self) -> Self {
        Self { text: self.image, image: self.text, prompt: self.prompt }
    }
}

/// Settings of the retrieval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trials {
    /// Number of images to choose from, including the right one.
    pub candidates: usize,
    /// The right image must be among this many of the highest scores.
    pub top: usize,
    /// The seed of the distractors.
    pub seed: u64,
}

impl Default for Trials {
    fn default() -> Self {
        Self { candidates: 100, top: 1, seed: 42 }
    }
}

/// The share of pairs whose image is among the `top` best of `candidates`, with an interval over
/// prompts.
///
/// Distractors are drawn without replacement from the images of other prompts. An image with the
/// same score as the right one counts as better. `None` if there are too few images of other
/// prompts.
pub fn retrieval(pairs: &[Pair], trials: &Trials, bootstrap: &Bootstrap) -> Option<Estimate> {
    let distractors = trials.candidates.checked_sub(1)?;
    let mut numbers = hashes(trials.seed, "distractors", 0);
    let mut found = Vec::with_capacity(pairs.len());
    for pair in pairs {
        let right = pair.text.cosine(&pair.image);
        let others = Others::new(pairs, pair.prompt);
        let drawn = draw(others.len(pairs), distractors, &mut numbers)?;
        let better = drawn.into_iter().filter(|&at| pair.text.cosine(&pairs[others.at(at)].image) >= right);
        found.push((pair.prompt, f64::from(u8::from(better.count() < trials.top))));
    }
    bootstrap.mean(found)
}

/// The pairs of all prompts but one.
struct Others {
    /// The indices of the pairs of that prompt, in order.
    own: Vec<usize>,
}

impl Others {
    fn new(pairs: &[Pair], prompt: usize) -> Self {
        let own = pairs.iter().enumerate().filter(|(_, pair)| pair.prompt == prompt);
        Self { own: own.map(|(at, _)| at).collect() }
    }

    fn len(&self, pairs: &[Pair]) -> usize {
        pairs.len() - self.own.len()
    }

    /// The index of pair number `index` of the other prompts.
    fn at(&self, index: usize) -> usize {
        self.own.iter().fold(index, |at, &own| if own <= at { at + 1 } else { at })
    }
}

/// `count` different numbers below `bound`: the start of a Fisher–Yates shuffle that stores only
/// the elements that it moved.
fn draw(bound: usize, count: usize, numbers: &mut impl Iterator<Item = u64>) -> Option<Vec<usize>> {
    if count > bound {
        return None;
    }
    let mut moved = BTreeMap::new();
    let mut drawn = Vec::with_capacity(count);
    for at in 0..count {
        let chosen = at + below(numbers.next()?, bound - at);
        let value = moved.get(&chosen).copied().unwrap_or(chosen);
        moved.insert(chosen, moved.get(&at).copied().unwrap_or(at));
        drawn.push(value);
    }
    Some(drawn)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::evaluate::bootstrap::uniform;

    fn random(numbers: &mut impl Iterator<Item = f64>) -> Vec<f32> {
        numbers.take(16).map(|u| (u - 0.5) as f32).collect()
    }

    /// Prompts with `per_prompt` images each. `alike` is the similarity of image and text.
    fn pairs(prompts: usize, per_prompt: usize, alike: f32) -> Vec<Pair> {
        let mut numbers = uniform(11, "embeddings");
        let mut pairs = Vec::new();
        for prompt in 0..prompts {
            let text = random(&mut numbers);
            for _ in 0..per_prompt {
                let image = random(&mut numbers).iter().zip(&text).map(|(x, t)| x + alike * t).collect();
                let text = Embedding::normalised(text.clone());
                pairs.push(Pair { text, image: Embedding::normalised(image), prompt });
            }
        }
        pairs
    }

    fn share(pairs: &[Pair], trials: Trials) -> f64 {
        retrieval(pairs, &trials, &Bootstrap { resamples: 50, seed: 1 }).unwrap().value
    }

    #[test]
    fn chance_finds_one_in_a_hundred_and_likeness_all() {
        let unlike = pairs(600, 1, 0.0);
        let found = share(&unlike, Trials::default());
        // 1 % of 600 is 6, and four standard deviations more is 16.
        assert!(found <= 16.0 / 600.0, "{found}");
        let half = share(&unlike, Trials { top: 50, ..Trials::default() });
        assert!((half - 0.5).abs() < 0.09, "{half}");
        assert_eq!(share(&pairs(200, 1, 1e6), Trials::default()), 1.0);
    }

    #[test]
    fn images_of_the_same_prompt_are_no_distractors() {
        // All images of a prompt score the same: as distractors they would make every trial fail.
        assert_eq!(share(&pairs(20, 3, 1e6), Trials { candidates: 50, ..Trials::default() }), 1.0);
    }

    #[test]
    fn an_equal_image_counts_as_better() {
        let mut same = pairs(10, 1, 0.0);
        let image = same[0].image.clone();
        same.iter_mut().for_each(|pair| pair.image = image.clone());
        assert_eq!(share(&same, Trials { candidates: 2, ..Trials::default() }), 0.0);
        assert_eq!(share(&same, Trials { candidates: 2, top: 2, ..Trials::default() }), 1.0);
    }

    #[test]
    fn too_few_others() {
        let few = pairs(10, 2, 0.0);
        let with =
            |candidates| retrieval(&few, &Trials { candidates, ..Trials::default() }, &Bootstrap::default());
        assert!(with(20).is_none() && with(0).is_none());
        assert!(with(19).is_some() && with(1).is_some_and(|alone| alone.value == 1.0));
    }

    proptest! {
        #[test]
        fn what_is_drawn_is_different(bound in 0usize..60, count in 0usize..60, seed: u64) {
            let drawn = draw(bound, count, &mut hashes(seed, "draw", 0));
            prop_assert_eq!(drawn.is_some(), count <= bound);
            let drawn = drawn.unwrap_or_default();
            prop_assert_eq!(drawn.iter().collect::<BTreeSet<_>>().len(), drawn.len());
            prop_assert!(drawn.iter().all(|&number| number < bound));
        }

        #[test]
        fn the_others_are_all_but_ones_own(prompts in prop::collection::vec(0usize..4, 1..30), own in 0usize..4) {
            let zero = Embedding::normalised(vec![0.0]);
            let pair = |&prompt: &usize| Pair { text: zero.clone(), image: zero.clone(), prompt };
            let pairs: Vec<Pair> = prompts.iter().map(pair).collect();
            let others = Others::new(&pairs, own);
            let found: Vec<usize> = (0..others.len(&pairs)).map(|index| others.at(index)).collect();
            let expected: Vec<usize> = (0..prompts.len()).filter(|&at| prompts[at] != own).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
