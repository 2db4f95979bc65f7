//! Intervals of means over choices that are not independent: choices of the same prompt, or choices
//! that share an image.
//!
//! A Student interval with a variance that is robust to such sharing. Over prompts it sums the
//! residuals of each prompt. Over images it is that of dyads (Fafchamps and Gubert): the product of
//! two choices' residuals counts where the choices share an image. A percentile bootstrap is too
//! narrow where units are few.

use std::collections::BTreeMap;

use pickscore_preferences::evaluate::Estimate;

use crate::{data::Choice, folds::Assigned};

/// With fewer tested units (prompts, or images) or fewer distinct pairs than this, nothing is known
/// about how much they vary.
pub const FEWEST_UNITS: usize = 10;
/// The 97.5 % quantile of the normal distribution.
const QUANTILE: f64 = 1.959_963_984_540_054;

/// The choices that were tested, by what they share.
#[derive(Debug)]
pub(crate) struct Units {
    /// For each choice, its prompt or its images.
    of: Vec<Vec<usize>>,
    /// For each choice, its pair of images.
    pairs: Vec<[usize; 2]>,
}

impl Units {
    pub(crate) fn new<'a>(choices: impl Iterator<Item = &'a Choice>, assigned: Assigned) -> Self {
        let (mut of, mut pairs) = (Vec::new(), Vec::new());
        for Choice { images: [one, other], prompt, .. } in choices {
            pairs.push([*one.min(other), *one.max(other)]);
            of.push(match assigned {
                Assigned::Prompts => vec![*prompt],
                Assigned::Images if one == other => vec![*one],
                Assigned::Images => vec![*one, *other],
            });
        }
        Self { of, pairs }
    }

    /// The mean of a value of each choice, which lies within `range`, and its 95 % interval: all of
    /// `range` with fewer than [`FEWEST_UNITS`]. `None` without choices.
    pub(crate) fn mean(&self, values: &[f64], range: [f64; 2]) -> Option<Estimate> {
        let count = values.len() as f64;
        let value = values.iter().sum::<f64>() / count;
        if values.is_empty() {
            return None;
        }
        let mut by_unit: BTreeMap<usize, f64> = BTreeMap::new();
        let mut by_pair: BTreeMap<[usize; 2], f64> = BTreeMap::new();
        for ((of, &pair), one) in self.of.iter().zip(&self.pairs).zip(values) {
            let residual = (one - value) / count;
            of.iter().for_each(|&unit| *by_unit.entry(unit).or_default() += residual);
            *by_pair.entry(pair).or_default() += residual;
        }
        let (units, pairs) = (by_unit.len(), by_pair.len());
        let [lowest, highest] = range;
        if units.min(pairs) < FEWEST_UNITS {
            return Some(Estimate { value, low: lowest, high: highest });
        }
        let squares = |of: &mut dyn Iterator<Item = &f64>| of.map(|sum| sum * sum).sum::<f64>();
        let (of_units, of_pairs) = (squares(&mut by_unit.values()), squares(&mut by_pair.values()));
        // Two choices of the same pair share two images, but count once.
        let twice = if self.of.iter().any(|of| of.len() > 1) { of_pairs } else { 0.0 };
        let few = units as f64 / (units as f64 - 1.0);
        // A difference that rounding makes negative, or choices that all agree, do not mean
        // certainty: one pair more might change the mean by this.
        let one_pair = (pairs as f64).powi(-2);
        let variance = ((of_units - twice).max(of_pairs) * few).max(one_pair);
        let half = student(units - 1) * variance.sqrt();
        Some(Estimate { value, low: (value - half).max(lowest), high: (value + half).min(highest) })
    }
}

/// The 97.5 % quantile of Student's distribution: the expansion of Cornish and Fisher, within 0.001
/// from nine degrees of freedom on.
fn student(freedom: usize) -> f64 {
    let (n, z) = (freedom as f64, QUANTILE);
    z + (z.powi(3) + z) / (4.0 * n)
        + (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * n * n)
        + (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / (384.0 * n.powi(3))
}

#[cfg(test)]
mod tests {
    use pickscore_score::Label;

    use super::*;
    use crate::simulated::normal;

    fn choice(images: [usize; 2], prompt: usize) -> Choice {
        Choice { images, lead: 0.0, label: Label::Left, prompt }
    }

    #[test]
    fn quantiles_are_those_of_tables() {
        for (freedom, expected) in [(9, 2.2622), (10, 2.2281), (30, 2.0423), (1000, 1.9623)] {
            assert!((student(freedom) - expected).abs() < 1e-3, "{freedom}");
        }
    }

    #[test]
    fn prompts_of_one_choice_have_the_interval_of_a_mean() {
        let choices: Vec<Choice> = (0..10).map(|at| choice([2 * at, 2 * at + 1], at)).collect();
        let values: Vec<f64> = (0..10).map(|at| f64::from(u8::from(at < 7))).collect();
        let found = Units::new(choices.iter(), Assigned::Prompts).mean(&values, [0.0, 1.0]).unwrap();
        // The sample variance is 0.7 · 0.3 · 10/9.
        let half = 2.2622 * (0.21_f64 / 9.0).sqrt();
        assert!((found.value - 0.7).abs() < 1e-12 && (found.low - 0.7 + half).abs() < 1e-3, "{found:?}");
        assert_eq!(found.high, 1.0);
    }

    #[test]
    fn few_units_say_nothing_and_agreement_is_not_certainty() {
        let same: Vec<Choice> = (0..36).map(|at| choice([at % 3 * 2, at % 3 * 2 + 1], at % 3)).collect();
        for assigned in [Assigned::Prompts, Assigned::Images] {
            let found = Units::new(same.iter(), assigned).mean(&[1.0; 36], [-1.0, 1.0]).unwrap();
            assert_eq!(found, Estimate { value: 1.0, low: -1.0, high: 1.0 });
            let many: Vec<Choice> = (0..20).map(|at| choice([2 * at, 2 * at + 1], at)).collect();
            let found = Units::new(many.iter(), assigned).mean(&[1.0; 20], [-1.0, 1.0]).unwrap();
            assert!((0.88..0.9).contains(&found.low) && found.high == 1.0, "{found:?}");
        }
        assert_eq!(Units::new([].iter(), Assigned::Images).mean(&[], [0.0, 1.0]), None);
    }

    #[test]
    fn the_intervals_of_choices_that_share_images_cover_as_often_as_they_say() {
        // All pairs of 28 images, with a random value of each image and of each pair.
        let mut choices = Vec::new();
        for one in 0..28 {
            choices.extend((0..one).map(|other| choice([one, other], 0)));
        }
        let units = Units::new(choices.iter(), Assigned::Images);
        let mut numbers = normal(1, "coverage");
        let mut covered = 0;
        for _ in 0..400 {
            let images: Vec<f64> = numbers.by_ref().take(28).collect();
            let of = |choice: &Choice| choice.images.map(|image| images[image]).iter().sum::<f64>();
            let values: Vec<f64> =
                choices.iter().map(|choice| of(choice) + numbers.next().unwrap()).collect();
            let found = units.mean(&values, [-9.0, 9.0]).unwrap();
            covered += u32::from(found.low <= 0.0 && 0.0 <= found.high);
        }
        // 95 % of 400 are 380.
        assert!((360..=396).contains(&covered), "{covered}");
    }
}
