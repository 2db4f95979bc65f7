//! Which pair comes next.

use super::{Answered, Asked, Mode, Round, Source, Strengths};
use pickscore_common::seeded;

/// Sides are drawn in blocks of so many pairs, half of each block swapped: so neither side gets ahead by more than half a block.
const BLOCK: u64 = 4;
/// The ways to swap two of four.
const SWAPPED: [u8; 6] = [0b0011, 0b0101, 0b0110, 0b1001, 0b1010, 0b1100];
/// By how much a pair has to tell more than one before it in the order: less is rounding, which differs between machines.
const MARGIN: f64 = 1e-9;

impl Round {
    /// The pair to ask after the answers so far; `None` when the round is over.
    pub(super) fn next(&self) -> Option<Asked> {
        // Where nothing of its own is left to ask, a round does not go on for a control.
        let source = self.next_source()?;
        Some(self.next_control().unwrap_or_else(|| Asked { source, swapped: self.swapped(source) }))
    }

    /// The control pair that has to be asked first, if any.
    pub(super) fn next_control(&self) -> Option<Asked> {
        let answered = self.answers.len() as u64 - self.main;
        let count = self.settings.controls.len() as u64;
        (answered < self.due.min(count)).then(|| {
            let swapped = self.swapped_in("control sides", answered);
            Asked { source: Source::Control(self.controls.at(answered) as usize), swapped }
        })
    }

    /// The next pair that is no control.
    fn next_source(&self) -> Option<Source> {
        if self.main >= self.most() {
            return None;
        }
        match self.settings.mode {
            Mode::WinnerStays => {
                let stays = self.staying().map_or_else(|| self.of_pool(0), |(_, stays)| stays);
                Some(Source::Pool(stays, self.of_pool(self.main + 1)))
            }
            Mode::AllPairs => Some(pair_of(self.order.at(self.main))),
            Mode::Active => self.most_telling(),
            Mode::Retest => Some(Source::Earlier(self.order.at(self.main) as usize)),
        }
    }

    /// How many pairs, controls not counted, the round has at most.
    pub(super) fn most(&self) -> u64 {
        let images = self.settings.images.len() as u64;
        let all = match self.settings.mode {
            Mode::WinnerStays => images - 1,
            Mode::AllPairs | Mode::Active => images * (images - 1) / 2,
            Mode::Retest => self.settings.earlier.len() as u64,
        };
        let usual = match self.settings.mode {
            // As many comparisons as sorting takes.
            Mode::Active => (images as f64 * (images as f64).log2()).round() as u64,
            _ => all,
        };
        self.settings.limit.unwrap_or(usual).min(all)
    }

    /// Whether the first image of a pair goes to the right.
    pub(super) fn swapped(&self, source: Source) -> bool {
        match source {
            // Blind: the other way round than the first time.
            Source::Earlier(_) => true,
            Source::Pool(..) | Source::Control(_) => self.swapped_in("sides", self.main),
        }
    }

    /// Number `at` of a balanced sequence of sides.
    fn swapped_in(&self, name: &str, at: u64) -> bool {
        let way = self.drawn(name, at / BLOCK) % SWAPPED.len() as u64;
        SWAPPED[way as usize] >> (at % BLOCK) & 1 == 1
    }

    /// Whether a control comes before pair number `main`. Never before the first: a rater should know the task by then.
    pub(super) fn control_comes_before(&self, main: u64) -> bool {
        // 53 bits make every multiple of 2⁻⁵³ below 1.
        let drawn = (self.drawn("control", main) >> 11) as f64 / (1_u64 << 53) as f64;
        main > 0 && drawn < self.settings.control_rate
    }

    pub(super) fn drawn(&self, name: &str, at: u64) -> u64 {
        seeded::hashes(self.settings.seed, name, at).next().unwrap_or_default()
    }

    /// The image at a place of the shuffled pool; the one that was to be the first comes before all.
    fn of_pool(&self, place: u64) -> usize {
        let at = match (self.first, place) {
            (Some((first, _)), 0) => return first,
            (Some((_, taken)), place) if place <= taken => place - 1,
            (_, place) => place,
        };
        self.order.at(at) as usize
    }

    /// Of the pairs that were not asked, the one whose answer is expected to tell most; of equals the first in the seeded order.
    fn most_telling(&self) -> Option<Source> {
        let count = self.settings.images.len();
        let outcomes: Vec<_> = self.outcomes().collect();
        let strengths = Strengths::of(count, &outcomes);
        let mut best: Option<(f64, Source)> = None;
        for place in 0..count as u64 * (count as u64 - 1) / 2 {
            let source = pair_of(self.order.at(place));
            let Source::Pool(first, second) = source else { continue };
            if self.asked.contains(&(first, second)) {
                continue;
            }
            let information = strengths.information(first, second);
            if best.is_none_or(|(most, _)| information > most * (1.0 + MARGIN)) {
                best = Some((information, source));
            }
        }
        best.map(|(_, source)| source)
    }

    /// Whether an answer could have been given at this point: for what was stored.
    pub(super) fn could_ask(&self, answered: &Answered) -> bool {
        match (answered.asked.source, self.settings.mode) {
            // Working out each pair anew would take minutes, and another machine may round otherwise: any pair not asked yet will do.
            (source @ Source::Pool(first, second), Mode::Active) => {
                self.main < self.most()
                    && self.next_control().is_none()
                    && first < second
                    && second < self.settings.images.len()
                    && !self.asked.contains(&(first, second))
                    && answered.asked.swapped == self.swapped(source)
            }
            (Source::Control(_), Mode::Active) => {
                self.main < self.most() && self.next_control() == Some(answered.asked)
            }
            _ => self.next() == Some(answered.asked),
        }
    }
}

/// The pair of this number, where (0, 1), (0, 2), (1, 2), (0, 3), … are counted.
fn pair_of(number: u64) -> Source {
    let mut second = (8 * number + 1).isqrt().div_ceil(2);
    // Exact for every number that a pool can have; these make it so whatever `isqrt` rounds to.
    while second * (second - 1) / 2 > number {
        second -= 1;
    }
    let first = number - second * (second - 1) / 2;
    Source::Pool(first as usize, second as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_counted_one_by_one() {
        let mut number = 0;
        for second in 1..2000 {
            for first in 0..second {
                assert_eq!(pair_of(number), Source::Pool(first, second));
                number += 1;
            }
        }
    }

    #[test]
    fn half_of_each_block_is_swapped() {
        assert!(SWAPPED.iter().all(|way| u64::from(way.count_ones()) == BLOCK / 2));
    }
}
