//! The state of a round: its settings and the answers so far.

use std::collections::BTreeSet;

use super::{
    error::RoundError,
    group::{GROUP_MOST, Group, GroupChoice, GroupPair, Members},
    pair::{Answered, Asked, Pair, Reply, Source},
    schedule::Schedule,
    settings::RoundSettings,
    strength::{Outcome, Strengths},
};
use crate::evaluate::{Comparison, RankBy, RankOptions, Ranker};
use crate::record::{Choice, Label, Mode, Side};

/// The relative margin by which a pair must be more informative than one before it in the order.
/// Smaller differences are rounding errors, which vary between machines.
const MARGIN: f64 = 1e-9;

/// The progress of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoundProgress {
    /// Number of pairs or groups that were answered or skipped, counting controls.
    pub answered: u64,
    /// Number of pairs or groups of the whole round as far as is known. It counts the controls that
    /// were or are being asked.
    pub total: u64,
}

/// A round of pairs or groups.
#[derive(Debug, Clone, PartialEq)]
pub struct Round {
    pub(super) schedule: Schedule,
    pub(super) answers: Vec<Answered>,
    pub(super) current: Option<Asked>,
    /// Number of answers to pairs that are not controls.
    main: u64,
    /// Number of controls that should have been asked so far.
    due: u64,
    /// Pairs of the pool that were asked, the lower index first. Used in mode [`Mode::Active`].
    asked: BTreeSet<(usize, usize)>,
}

impl Round {
    /// Starts a round.
    ///
    /// # Errors
    ///
    /// If a setting is invalid; the error names it.
    pub fn start(settings: RoundSettings) -> Result<Self, RoundError> {
        let mut round = Self::unanswered(settings)?;
        round.current = round.next();
        Ok(round)
    }

    /// A round without answers and without a current pair.
    pub(super) fn unanswered(settings: RoundSettings) -> Result<Self, RoundError> {
        let schedule = Schedule::new(settings)?;
        Ok(Self { schedule, answers: Vec::new(), current: None, main: 0, due: 0, asked: BTreeSet::new() })
    }

    /// The settings.
    pub fn settings(&self) -> &RoundSettings {
        &self.schedule.settings
    }

    /// Whether nothing is left to ask.
    pub fn is_over(&self) -> bool {
        self.current.is_none()
    }

    /// The pair to show; `None` if the round is over or a group is shown.
    pub fn pair(&self) -> Option<Pair> {
        let asked = self.current?;
        let (mut left, mut right) = self.schedule.images(asked.source)?;
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
                Source::Earlier(at) => self.settings().earlier.get(at).map(|pair| pair.record.clone()),
                _ => None,
            },
        })
    }

    /// The group to show; `None` if the round is over or a pair is shown. Mode
    /// [`Mode::BestOfFour`] shows groups, and pairs only as controls.
    pub fn group(&self) -> Option<Group> {
        let group = self.members()?;
        let images = group.indices().iter().map(|&at| self.settings().images[at].clone()).collect();
        Some(Group { number: self.answers.len() as u64, images })
    }

    fn members(&self) -> Option<Members> {
        match self.current?.source {
            Source::Group(group) => Some(group),
            _ => None,
        }
    }

    /// The pairs of the current group that an answer gives; each becomes a record.
    ///
    /// # Errors
    ///
    /// As [`Self::choose_best`].
    pub fn pairs_of(&self, choice: GroupChoice) -> Result<Vec<GroupPair>, RoundError> {
        let asked = self.current.ok_or(RoundError::Over)?;
        let Source::Group(group) = asked.source else { return Err(RoundError::Kind { shown: "pair" }) };
        let indices = group.indices();
        if let GroupChoice::Best(place) = choice
            && place >= indices.len()
        {
            return Err(RoundError::Best { found: place + 1, images: indices.len() });
        }
        let image = |place: usize| self.settings().images[indices[place]].clone();
        let pair = |(left, right, choice)| GroupPair { left: image(left), right: image(right), choice };
        Ok(choice.pairs(indices.len()).map(pair).collect())
    }

    /// Answers the current pair. `record` is the uid of its record.
    ///
    /// # Errors
    ///
    /// If the round is over or a group is shown.
    pub fn choose(&mut self, choice: Choice, record: &str) -> Result<(), RoundError> {
        let asked = self.current.ok_or(RoundError::Over)?;
        if matches!(asked.source, Source::Group(_)) {
            return Err(RoundError::Kind { shown: "group" });
        }
        self.push(Answered { asked, reply: Reply::Pair(choice), records: vec![record.to_owned()] });
        self.current = self.next();
        Ok(())
    }

    /// Asks another pair of the pool in place of the current one, in mode [`Mode::Active`]: one
    /// that somebody else finds more informative. False, and nothing changes, if that pair cannot
    /// be asked now: it was asked, a control pair is shown, or an image is not in the pool.
    pub fn suggest(&mut self, one: &str, other: &str) -> bool {
        let Some(Asked { source: Source::Pool(..), swapped }) = self.current else { return false };
        let of = |uid: &str| self.settings().images.iter().position(|image| image == uid);
        let (Some(one), Some(other)) = (of(one), of(other)) else { return false };
        let asked = Asked { source: Source::Pool(one.min(other), one.max(other)), swapped };
        let may = self.settings().mode == Mode::Active && self.could_ask(asked);
        if may {
            self.current = Some(asked);
        }
        may
    }

    /// Answers the current group. `records` are the uids of the records of [`Self::pairs_of`], in
    /// their order.
    ///
    /// # Errors
    ///
    /// If the round is over, a pair is shown, the best image is none of the group's, or the number
    /// of records is another.
    pub fn choose_best(&mut self, choice: GroupChoice, records: &[String]) -> Result<(), RoundError> {
        let expected = self.pairs_of(choice)?.len();
        if records.len() != expected {
            return Err(RoundError::Records { found: records.len(), expected });
        }
        let asked = self.current.ok_or(RoundError::Over)?;
        self.push(Answered { asked, reply: Reply::Group(choice), records: records.to_vec() });
        self.current = self.next();
        Ok(())
    }

    /// Removes up to `count` answers and returns the uids of their records, the latest first.
    pub fn undo(&mut self, count: usize) -> Vec<String> {
        let mut records = Vec::new();
        for _ in 0..count {
            let Some(answered) = self.pop() else { break };
            self.current = Some(answered.asked);
            records.extend(answered.records.into_iter().rev());
        }
        records
    }

    pub(super) fn push(&mut self, answered: Answered) {
        match answered.asked.source {
            Source::Control(_) => {}
            source => {
                self.main += 1;
                self.due += u64::from(self.schedule.control_comes_before(self.main));
                if let (Source::Pool(first, second), Mode::Active) = (source, self.settings().mode) {
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
                self.due -= u64::from(self.schedule.control_comes_before(self.main));
                self.main -= 1;
                if let Source::Pool(first, second) = source {
                    self.asked.remove(&(first, second));
                }
            }
        }
        Some(answered)
    }

    /// The progress.
    pub fn progress(&self) -> RoundProgress {
        let answered = self.answers.len() as u64;
        let is_control = matches!(self.current, Some(Asked { source: Source::Control(_), .. }));
        let controls = answered - self.main + u64::from(is_control);
        RoundProgress { answered, total: self.schedule.most() + controls }
    }

    /// The uid of the best image so far: the one that stays, or else the first of the ranking of
    /// the answers. `None` before the first label and in mode [`Mode::Retest`].
    pub fn best(&self) -> Option<String> {
        match self.settings().mode {
            Mode::WinnerStays => {
                let (_, stays) = self.staying()?;
                Some(self.settings().images[stays].clone())
            }
            Mode::AllPairs | Mode::Active | Mode::BestOfFour => {
                let choices: Vec<Comparison> = self.outcomes().map(|outcome| self.choice(outcome)).collect();
                // Intervals and Elo ratings do not change the order.
                let options = RankOptions { resamples: 0, orders: 0, ..RankBy::Image.options() };
                let ranking = Ranker::new(&choices, &options).ok()?.finish();
                Some(ranking.items.into_iter().next()?.name)
            }
            Mode::Retest => None,
        }
    }

    /// The labels of the pairs of the pool, also of those in groups.
    fn outcomes(&self) -> impl Iterator<Item = Outcome> + '_ {
        self.answers.iter().flat_map(|Answered { asked, reply, .. }| match (asked.source, *reply) {
            (Source::Pool(first, second), Reply::Pair(choice)) => {
                let label = choice.label().map(|label| if asked.swapped { label.swapped() } else { label });
                Vec::from_iter(label.map(|label| Outcome { first, second, label }))
            }
            (Source::Group(group), Reply::Group(choice)) => {
                let indices = group.indices();
                let outcome = |(left, right, choice): (usize, usize, Choice)| {
                    let (first, second) = (indices[left], indices[right]);
                    Some(Outcome { first, second, label: choice.label()? })
                };
                choice.pairs(indices.len()).filter_map(outcome).collect()
            }
            _ => Vec::new(),
        })
    }

    fn choice(&self, Outcome { first, second, label }: Outcome) -> Comparison {
        let image = |at: usize| self.settings().images[at].clone();
        let (left, right) = (image(first), image(second));
        Comparison { left, right, verdict: label, prompt: String::new(), rater: None }
    }

    /// The latest answer to a pair of the pool, and the image that stays after it. After a tie or a
    /// skip one of the two is drawn.
    fn staying(&self) -> Option<(&Answered, usize)> {
        let last = self.answers.iter().rfind(|answered| matches!(answered.asked.source, Source::Pool(..)))?;
        let Source::Pool(first, second) = last.asked.source else { return None };
        let Reply::Pair(choice) = last.reply else { return None };
        let label = choice.label().map(|label| if last.asked.swapped { label.swapped() } else { label });
        let stays = match label {
            Some(Label::Left) => first,
            Some(Label::Right) => second,
            Some(Label::Tie) | None if self.schedule.second_stays(self.main) => second,
            Some(Label::Tie) | None => first,
        };
        Some((last, stays))
    }

    /// The pair to ask after the answers so far; `None` if the round is over.
    pub(super) fn next(&self) -> Option<Asked> {
        // A round ends with its last pair, even if controls are left.
        let source = self.next_source()?;
        let swapped = || self.schedule.swapped(source, self.main);
        Some(self.next_control().unwrap_or_else(|| Asked { source, swapped: swapped() }))
    }

    /// The control pair to ask next, if one is due.
    fn next_control(&self) -> Option<Asked> {
        let answered = self.answers.len() as u64 - self.main;
        let count = self.settings().controls.len() as u64;
        (answered < self.due.min(count)).then(|| {
            let (source, swapped) = self.schedule.control(answered);
            Asked { source, swapped }
        })
    }

    /// The next pair that is not a control.
    fn next_source(&self) -> Option<Source> {
        if self.main >= self.schedule.most() {
            return None;
        }
        match self.settings().mode {
            Mode::WinnerStays => {
                let stays = self.staying().map_or_else(|| self.schedule.image(0), |(_, stays)| stays);
                Some(Source::Pool(stays, self.schedule.image(self.main + 1)))
            }
            Mode::AllPairs => Some(self.schedule.pair(self.main)),
            Mode::BestOfFour => self.next_group(),
            Mode::Active => self.most_informative(),
            Mode::Retest => Some(self.schedule.earlier(self.main)),
        }
    }

    /// The next group of a knock-out: the images stand in a queue, the first four make a group, and
    /// its winner goes to the end.
    fn next_group(&self) -> Option<Source> {
        let images = self.settings().images.len() as u64;
        let winners: Vec<usize> = self.winners().collect();
        let begin = GROUP_MOST as u64 * self.main;
        let end = (begin + GROUP_MOST as u64).min(images + self.main);
        let at = |place: u64| match place.checked_sub(images) {
            None => Some(self.schedule.image(place)),
            Some(group) => winners.get(group as usize).copied(),
        };
        let group: Vec<usize> = (begin..end).filter_map(at).collect();
        self.schedule.group(self.main, &group).map(Source::Group)
    }

    /// The winner of each group that was answered. After a tie or a skip, one image is drawn.
    fn winners(&self) -> impl Iterator<Item = usize> + '_ {
        let groups =
            self.answers.iter().filter_map(|answered| match (answered.asked.source, answered.reply) {
                (Source::Group(group), Reply::Group(choice)) => Some((group, choice)),
                _ => None,
            });
        groups.zip(0..).map(|((group, choice), place)| match choice {
            GroupChoice::Best(best) => group.indices()[best],
            GroupChoice::Tie | GroupChoice::Skip => self.schedule.stays_of(place, &group),
        })
    }

    /// The most informative pair that was not asked; the first in the seeded order if several are
    /// equal.
    fn most_informative(&self) -> Option<Source> {
        let count = self.settings().images.len();
        let outcomes: Vec<_> = self.outcomes().collect();
        let strengths = Strengths::of(count, &outcomes);
        let mut best: Option<(f64, Source)> = None;
        for place in 0..count as u64 * (count as u64 - 1) / 2 {
            let source = self.schedule.pair(place);
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

    /// Whether a stored pair or group is possible at this point.
    pub(super) fn could_ask(&self, asked: Asked) -> bool {
        match (asked.source, self.settings().mode) {
            // Computing each pair again would take minutes, and another machine may round
            // differently: any pair that was not asked yet is accepted.
            (source @ Source::Pool(first, second), Mode::Active) => {
                self.main < self.schedule.most()
                    && self.next_control().is_none()
                    && first < second
                    && second < self.settings().images.len()
                    && !self.asked.contains(&(first, second))
                    && asked.swapped == self.schedule.swapped(source, self.main)
            }
            (Source::Control(_), Mode::Active) => {
                self.main < self.schedule.most() && self.next_control() == Some(asked)
            }
            _ => self.next() == Some(asked),
        }
    }
}
