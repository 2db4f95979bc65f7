//! Everything about a round that follows from its settings: orders, sides and controls.

use pickscore_common::seeded;

use super::{
    error::RoundError,
    group::{GROUP_MOST, Members},
    pair::Source,
    permutation::Permutation,
    settings::RoundSettings,
};
use crate::record::Mode;

/// Sides are drawn in blocks of this many pairs. Half of each block is swapped, so that neither
/// side gets ahead by more than half a block.
const BLOCK: u64 = 4;
/// The ways to swap two pairs of four, as bits.
const SWAPPED: [u8; 6] = [0b0011, 0b0101, 0b0110, 0b1001, 0b1010, 0b1100];

/// The settings of a round, and what is drawn from their seed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Schedule {
    pub(super) settings: RoundSettings,
    /// The order of the pool, of all its pairs, or of the pairs to ask again.
    order: Permutation,
    /// The order of the control pairs.
    controls: Permutation,
    /// The index of [`RoundSettings::first`] in the settings, and its place in the order.
    first: Option<(usize, u64)>,
}

impl Schedule {
    pub(super) fn new(settings: RoundSettings) -> Result<Self, RoundError> {
        settings.check()?;
        let (images, seed) = (settings.images.len() as u64, settings.seed);
        let ordered = match settings.mode {
            Mode::WinnerStays | Mode::BestOfFour => images,
            Mode::AllPairs | Mode::Active => images * (images - 1) / 2,
            Mode::Retest => settings.earlier.len() as u64,
        };
        let order = Permutation::new(ordered, seed, "order");
        let first = settings.first.as_ref().and_then(|first| {
            let at = settings.images.iter().position(|image| image == first)?;
            let place = (0..images).find(|&place| order.at(place) == at as u64)?;
            Some((at, place))
        });
        let controls = Permutation::new(settings.controls.len() as u64, seed, "controls");
        Ok(Self { settings, order, controls, first })
    }

    /// The images of a pair, in its own order; `None` for a group.
    pub(super) fn images(&self, source: Source) -> Option<(&str, &str)> {
        let settings = &self.settings;
        match source {
            Source::Pool(first, second) => Some((&settings.images[first], &settings.images[second])),
            Source::Group(_) => None,
            Source::Control(at) => Some((&settings.controls[at].strong, &settings.controls[at].weak)),
            Source::Earlier(at) => Some((&settings.earlier[at].left, &settings.earlier[at].right)),
        }
    }

    /// The maximum number of pairs or groups in the round, not counting controls.
    pub(super) fn most(&self) -> u64 {
        let images = self.settings.images.len() as u64;
        let all = match self.settings.mode {
            Mode::WinnerStays => images - 1,
            Mode::AllPairs | Mode::Active => images * (images - 1) / 2,
            // All images but one drop out, three in each group but the last.
            Mode::BestOfFour => (images - 1).div_ceil(GROUP_MOST as u64 - 1),
            Mode::Retest => self.settings.earlier.len() as u64,
        };
        let usual = match self.settings.mode {
            // About the number of comparisons that sorting needs.
            Mode::Active => (images as f64 * (images as f64).log2()).round() as u64,
            _ => all,
        };
        self.settings.limit.unwrap_or(usual).min(all)
    }

    /// The image at a place of the shuffled pool. [`RoundSettings::first`] comes before all others.
    pub(super) fn image(&self, place: u64) -> usize {
        let at = match (self.first, place) {
            (Some((first, _)), 0) => return first,
            (Some((_, taken)), place) if place <= taken => place - 1,
            (_, place) => place,
        };
        self.order.at(at) as usize
    }

    /// The pair of the pool at a place of the shuffled pairs.
    pub(super) fn pair(&self, place: u64) -> Source {
        Source::of_pool(self.order.at(place))
    }

    /// Group number `place` of these images, in the order in which it is shown: otherwise the
    /// winners of earlier groups would always come last.
    pub(super) fn group(&self, place: u64, images: &[usize]) -> Option<Members> {
        let order = Permutation::new(images.len() as u64, self.settings.seed, &format!("group {place}"));
        let shuffled: Vec<usize> = (0..images.len()).map(|at| images[order.at(at as u64) as usize]).collect();
        Members::new(&shuffled)
    }

    /// Which image of group number `place` stays after a tie or a skip.
    pub(super) fn stays_of(&self, place: u64, group: &Members) -> usize {
        let images = group.indices();
        images[(self.drawn("stays", place) % images.len() as u64) as usize]
    }

    /// The pair to ask again at a place of the shuffled ones.
    pub(super) fn earlier(&self, place: u64) -> Source {
        Source::Earlier(self.order.at(place) as usize)
    }

    /// The control pair at a place of the shuffled ones, and whether its sides are swapped.
    pub(super) fn control(&self, place: u64) -> (Source, bool) {
        let source = Source::Control(self.controls.at(place) as usize);
        (source, self.swapped_in("control sides", place))
    }

    /// Whether the first image of a pair is on the right. `place` is the number of the pair, not
    /// counting controls.
    pub(super) fn swapped(&self, source: Source, place: u64) -> bool {
        match source {
            // The opposite of the first time.
            Source::Earlier(_) => true,
            Source::Group(_) => false,
            Source::Pool(..) | Source::Control(_) => self.swapped_in("sides", place),
        }
    }

    /// Element `at` of a balanced sequence of sides.
    fn swapped_in(&self, name: &str, at: u64) -> bool {
        let way = self.drawn(name, at / BLOCK) % SWAPPED.len() as u64;
        SWAPPED[way as usize] >> (at % BLOCK) & 1 == 1
    }

    /// Whether a control comes before pair number `place`. None comes before the first pair: a
    /// rater should know the task by then.
    pub(super) fn control_comes_before(&self, place: u64) -> bool {
        // The top 53 bits are a uniform number from 0 to below 1.
        let drawn = (self.drawn("control", place) >> 11) as f64 / (1_u64 << 53) as f64;
        place > 0 && drawn < self.settings.control_rate
    }

    /// Whether the second image of pair number `place` stays after a tie or a skip.
    pub(super) fn second_stays(&self, place: u64) -> bool {
        self.drawn("stays", place) & 1 == 1
    }

    /// Random number `at` of the sequence `name`.
    fn drawn(&self, name: &str, at: u64) -> u64 {
        seeded::hashes(self.settings.seed, name, at).next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_each_block_is_swapped() {
        assert!(SWAPPED.iter().all(|way| u64::from(way.count_ones()) == BLOCK / 2));
    }
}
