//! A round: which pair is shown next, and what every answer does.
//!
//! A round is its settings and what was answered so far. Whatever else it draws (order, sides, which image stays after a tie) follows from the
//! seed and from how many pairs were answered; so undo takes an answer away and nothing more, and a round that is read back goes on in the same
//! place.

mod error;
mod next;
mod permutation;
mod settings;
mod state;
mod strength;

use std::collections::BTreeSet;

pub use error::RoundError;
pub use settings::{
    ACTIVE_MOST, CONTROL_RATE, ControlPair, EarlierPair, PAIRS_MOST, POOL_LEAST, POOL_MOST, RoundSettings,
    SEED_MOST,
};
pub use state::{RoundStep, StoredAnswer, StoredPair};

use self::{
    permutation::Permutation,
    strength::{Outcome, Strengths},
};
use crate::evaluate::{Comparison, RankBy, RankOptions, Ranker};
use crate::record::{Choice, Label, Mode, Side};

/// A pair as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Its number within the round, from 0, controls counted.
    pub number: u64,
    /// The uid of the image on the left.
    pub left: String,
    /// The uid of the image on the right.
    pub right: String,
    /// For a control pair, where the strong image is.
    pub control: Option<Side>,
    /// For a pair that is asked again, the uid of the first record.
    pub retest_of: Option<String>,
}

/// How far a round is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoundProgress {
    /// Pairs answered or skipped, controls counted.
    pub answered: u64,
    /// Pairs it will have in all, as far as is known: controls are counted once they are asked.
    pub total: u64,
}

/// Where a pair comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Source {
    /// Two images of the pool, by their places in the settings. In mode [`Mode::WinnerStays`] the first is the one that stays.
    Pool(usize, usize),
    /// A control pair, by its place in the settings; the strong image is the first.
    Control(usize),
    /// A pair that was judged before, by its place in the settings; what was on the left is the first.
    Earlier(usize),
}

/// A pair that is or was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Asked {
    source: Source,
    /// Whether the first image is on the right.
    swapped: bool,
}

/// A pair that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Answered {
    asked: Asked,
    choice: Choice,
    record: String,
}

/// A round of pairs.
#[derive(Debug, Clone, PartialEq)]
pub struct Round {
    settings: RoundSettings,
    answers: Vec<Answered>,
    current: Option<Asked>,
    /// Answers that are no controls.
    main: u64,
    /// Controls that are due so far.
    due: u64,
    /// The order of the pool, of all its pairs, or of the pairs to ask again.
    order: Permutation,
    /// The order of the control pairs.
    controls: Permutation,
    /// For [`RoundSettings::first`], its place in the settings and in the order.
    first: Option<(usize, u64)>,
    /// Pairs of the pool that were asked, the lower place first; in mode [`Mode::Active`] only.
    asked: BTreeSet<(usize, usize)>,
}

impl Round {
    /// Starts a round.
    ///
    /// # Errors
    ///
    /// Names the setting that is not what it may be.
    pub fn start(settings: RoundSettings) -> Result<Self, RoundError> {
        let mut round = Self::unanswered(settings)?;
        round.current = round.next();
        Ok(round)
    }

    fn unanswered(settings: RoundSettings) -> Result<Self, RoundError> {
        settings.check()?;
        let (images, seed) = (settings.images.len() as u64, settings.seed);
        let ordered = match settings.mode {
            Mode::WinnerStays => images,
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
        Ok(Self {
            settings,
            answers: Vec::new(),
            current: None,
            main: 0,
            due: 0,
            order,
            controls,
            first,
            asked: BTreeSet::new(),
        })
    }

    /// What it is made of.
    pub fn settings(&self) -> &RoundSettings {
        &self.settings
    }

    /// The pair to show; `None` when the round is over.
    pub fn pair(&self) -> Option<Pair> {
        let asked = self.current?;
        let (mut left, mut right) = self.images(asked.source);
        if asked.swapped {
            (left, right) = (right, left);
        }
        let strong = if asked.swapped { Side::Right } else { Side::Left };
        Some(Pair {
            number: self.answers.len() as u64,
            left: left.to_owned(),
            right: right.to_owned(),
            control: matches!(asked.source, Source::Control(_)).then_some(strong),
            retest_of: match asked.source {
                Source::Earlier(at) => self.settings.earlier.get(at).map(|pair| pair.record.clone()),
                _ => None,
            },
        })
    }

    /// The images of a pair, the first first.
    fn images(&self, source: Source) -> (&str, &str) {
        let settings = &self.settings;
        match source {
            Source::Pool(first, second) => (&settings.images[first], &settings.images[second]),
            Source::Control(at) => (&settings.controls[at].strong, &settings.controls[at].weak),
            Source::Earlier(at) => (&settings.earlier[at].left, &settings.earlier[at].right),
        }
    }

    /// Answers the pair that is shown. `record` is the uid of the record that was made of it.
    ///
    /// # Errors
    ///
    /// When the round is over.
    pub fn choose(&mut self, choice: Choice, record: &str) -> Result<(), RoundError> {
        let asked = self.current.ok_or(RoundError::Over)?;
        self.push(Answered { asked, choice, record: record.to_owned() });
        self.current = self.next();
        Ok(())
    }

    /// Takes up to `count` answers back and gives the uids of their records, the latest first.
    pub fn undo(&mut self, count: usize) -> Vec<String> {
        let mut records = Vec::new();
        while records.len() < count
            && let Some(answered) = self.pop()
        {
            self.current = Some(answered.asked);
            records.push(answered.record);
        }
        records
    }

    fn push(&mut self, answered: Answered) {
        match answered.asked.source {
            Source::Control(_) => {}
            source => {
                self.main += 1;
                self.due += u64::from(self.control_comes_before(self.main));
                if let (Source::Pool(first, second), Mode::Active) = (source, self.settings.mode) {
                    self.asked.insert((first, second));
                }
            }
        }
        self.answers.push(answered);
    }

    fn pop(&mut self) -> Option<Answered> {
        let answered = self.answers.pop()?;
        match answered.asked.source {
            Source::Control(_) => {}
            source => {
                self.due -= u64::from(self.control_comes_before(self.main));
                self.main -= 1;
                if let Source::Pool(first, second) = source {
                    self.asked.remove(&(first, second));
                }
            }
        }
        Some(answered)
    }

    /// How far it is.
    pub fn progress(&self) -> RoundProgress {
        let answered = self.answers.len() as u64;
        let is_control = matches!(self.current, Some(Asked { source: Source::Control(_), .. }));
        let controls = answered - self.main + u64::from(is_control);
        RoundProgress { answered, total: self.most() + controls }
    }

    /// The image that stays, or, where none does, the first of the ranking of the answers so far; `None` before anything was labelled.
    pub fn best(&self) -> Option<String> {
        match self.settings.mode {
            Mode::WinnerStays => {
                let (_, stays) = self.staying()?;
                Some(self.settings.images[stays].clone())
            }
            Mode::AllPairs | Mode::Active => {
                let choices: Vec<Comparison> = self.outcomes().map(|outcome| self.choice(outcome)).collect();
                // Neither intervals nor Elo change who is first.
                let options = RankOptions { resamples: 0, orders: 0, ..RankBy::Image.options() };
                let ranking = Ranker::new(&choices, &options).ok()?.finish();
                Some(ranking.items.into_iter().next()?.name)
            }
            Mode::Retest => None,
        }
    }

    /// What the labelled pairs of the pool came to.
    fn outcomes(&self) -> impl Iterator<Item = Outcome> + '_ {
        self.answers.iter().filter_map(|answered| {
            let Source::Pool(first, second) = answered.asked.source else { return None };
            let label = answered.choice.label()?;
            let label = if answered.asked.swapped { label.swapped() } else { label };
            Some(Outcome { first, second, label })
        })
    }

    fn choice(&self, Outcome { first, second, label }: Outcome) -> Comparison {
        let image = |at: usize| self.settings.images[at].clone();
        let (left, right) = (image(first), image(second));
        Comparison { left, right, verdict: label, prompt: String::new(), rater: None }
    }

    /// The last answer of the pool, and the image that stays after it: which of its two is drawn after a tie or a skip.
    fn staying(&self) -> Option<(&Answered, usize)> {
        let last = self.answers.iter().rfind(|answered| matches!(answered.asked.source, Source::Pool(..)))?;
        let Source::Pool(first, second) = last.asked.source else { return None };
        let label = last.choice.label().map(|label| if last.asked.swapped { label.swapped() } else { label });
        let stays = match label {
            Some(Label::Left) => first,
            Some(Label::Right) => second,
            Some(Label::Tie) | None if self.drawn("stays", self.main) & 1 == 0 => first,
            Some(Label::Tie) | None => second,
        };
        Some((last, stays))
    }
}
