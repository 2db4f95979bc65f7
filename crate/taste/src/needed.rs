//! Whether a taste is offered, and roughly how many choices that will take.

use serde::{Deserialize, Serialize};

use crate::validate::{Accuracy, STRICTER};

/// Whether a taste is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state", content = "more")]
pub enum Needed {
    /// It is measurably better than the base scorer.
    Offered,
    /// About this many more choices, if the gain stays what it is.
    About(usize),
    /// At least this many more choices: there is no gain yet, or nothing to measure it with.
    AtLeast(usize),
}

/// With fewer choices than this nobody's taste was measurable in simulations.
const FEWEST: usize = 50;
/// A forecast further ahead means nothing.
const MOST: usize = 10_000;

/// How many more choices it will take until the 99 % interval of the gain excludes 0, if its width
/// falls with the square root of the number of choices. Since a gain also grows with the choices,
/// this is rather too many than too few.
pub(crate) fn needed(choices: usize, accuracy: Option<&Accuracy>) -> Needed {
    let Some(accuracy) = accuracy else { return Needed::AtLeast(rounded(FEWEST.saturating_sub(choices))) };
    if accuracy.is_better() {
        return Needed::Offered;
    }
    let (gain, below) = (accuracy.gain.value, STRICTER * (accuracy.gain.value - accuracy.gain.low));
    // An interval of all there is tells nothing about its width.
    let times = if gain > 0.0 && accuracy.gain.low > -1.0 { (below / gain).powi(2) } else { f64::INFINITY };
    let total = times * choices as f64;
    if total <= MOST as f64 {
        Needed::About(rounded((total as usize).max(FEWEST).saturating_sub(choices)))
    } else {
        // As many again tell more.
        Needed::AtLeast(rounded(choices.max(FEWEST.saturating_sub(choices))))
    }
}

/// Upwards to one significant digit, at least 10.
fn rounded(count: usize) -> usize {
    let mut step = 10;
    while count > step * 10 {
        step *= 10;
    }
    count.max(1).div_ceil(step) * step
}

#[cfg(test)]
mod tests {
    use pickscore_preferences::evaluate::Estimate;

    use super::*;

    #[test]
    fn a_few_choices_that_all_agree_are_not_enough() {
        let few = Accuracy { tested: 3, ..accuracy(0.4, 0.4) };
        assert_eq!(needed(5, Some(&few)), Needed::About(50));
        assert_eq!(needed(30, Some(&Accuracy { tested: 10, ..few })), Needed::Offered);
    }

    fn accuracy(value: f64, low: f64) -> Accuracy {
        let of = |value: f64, low: f64| Estimate { value, low, high: 2.0 * value - low };
        Accuracy { tested: 100, base: of(0.6, 0.5), taste: of(0.6 + value, 0.5), gain: of(value, low) }
    }

    #[test]
    fn numbers_are_round() {
        for (count, expected) in [(0, 10), (1, 10), (10, 10), (11, 20), (99, 100), (101, 200), (1234, 2000)] {
            assert_eq!(rounded(count), expected, "{count}");
        }
    }

    #[test]
    fn the_width_falls_with_the_square_root() {
        assert_eq!(needed(200, Some(&accuracy(0.05, 0.016))), Needed::Offered);
        // The 95 % interval excludes 0, but not the 99 % interval.
        assert_eq!(needed(200, Some(&accuracy(0.05, 0.01))), Needed::About(70));
        // The interval has to be 2.88 times narrower: 8.3 times as many choices.
        assert_eq!(needed(200, Some(&accuracy(0.05, -0.05))), Needed::About(2000));
        assert_eq!(needed(200, Some(&accuracy(-0.01, -0.05))), Needed::AtLeast(200));
        assert_eq!(needed(200, Some(&accuracy(0.0001, -0.05))), Needed::AtLeast(200));
        assert_eq!(needed(8, Some(&accuracy(0.1, -0.1))), Needed::About(60));
        assert_eq!(needed(36, Some(&accuracy(0.3, -1.0))), Needed::AtLeast(40));
        assert_eq!(needed(3, None), Needed::AtLeast(50));
    }
}
