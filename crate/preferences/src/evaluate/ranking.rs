//! Ranks models, images or prompt templates by Bradley–Terry, with intervals, and by Elo.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::{
    bootstrap::{Bootstrap, Estimate, interval},
    bradley_terry::{Accuracy, Cell, Fit, FitError, Groups, fit, fit_from, has_maximum},
    comparison::{Comparison, Games, Unit},
    elo::{self, Elo, Spread},
};
use pickscore_common::progress::Progress;

/// Maximum number of strengths that are kept to compute intervals: 160 MB.
const KEPT: usize = 20_000_000;
/// Maximum number of resampled datasets and of orders.
const MOST: usize = 1_000_000;

/// Settings of a ranking.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RankOptions {
    /// The standard deviation of the prior, in nats. At 3, 95 % of the ratings are a priori within
    /// 1000 points of the mean. Without a prior (`null`), items that won or lost every game have no
    /// rating.
    pub prior: Option<f64>,
    /// What is resampled for the intervals. If there is only one prompt or rater, choices are.
    pub unit: Unit,
    /// Number of resampled datasets.
    pub resamples: usize,
    /// Number of random orders that Elo ratings are averaged over.
    pub orders: usize,
    /// The largest change of an Elo rating in one game (K).
    pub step: f64,
    /// The seed of everything random.
    pub seed: u64,
}

impl Default for RankOptions {
    fn default() -> Self {
        let Elo { orders, step, seed } = Elo::default();
        let Bootstrap { resamples, .. } = Bootstrap::default();
        Self { prior: Some(3.0), unit: Unit::Prompts, resamples, orders, step, seed }
    }
}

impl RankOptions {
    pub(super) fn bootstrap(&self) -> Bootstrap {
        Bootstrap { resamples: self.resamples, seed: self.seed }
    }

    pub(super) fn elo(&self) -> Elo {
        Elo { orders: self.orders, step: self.step, seed: self.seed }
    }

    pub(super) fn check(&self) -> Result<(), RankError> {
        let wrong = |option, found: f64, expected| Err(RankError::Option { option, found, expected });
        match *self {
            Self { prior: Some(prior), .. } if !(0.01..=100.0).contains(&prior) => {
                wrong("prior", prior, "0.01 to 100, or nothing")
            }
            Self { step, .. } if !(step > 0.0 && step <= 1000.0) => {
                wrong("step", step, "above 0, at most 1000")
            }
            Self { resamples, .. } if resamples > MOST => {
                wrong("resamples", resamples as f64, "at most 1000000")
            }
            Self { orders, .. } if orders > MOST => wrong("orders", orders as f64, "at most 1000000"),
            _ => Ok(()),
        }
    }
}

/// Why a ranking cannot be computed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RankError {
    /// No choice is between two named items.
    #[error(
        "there is nothing to rank: none of the {given} choices is between two different items with a name (models \
         are named in the columns `model_0` and `model_1`, templates in the file of templates)"
    )]
    Nothing {
        /// Number of choices.
        given: usize,
    },
    /// An option is out of range.
    #[error("{option} is {found}; expected {expected}")]
    Option {
        /// Its name.
        option: &'static str,
        /// Its value.
        found: f64,
        /// The allowed values.
        expected: &'static str,
    },
    /// The strengths cannot be fitted.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// The caller stopped it.
    #[error("stopped")]
    Stopped,
}

/// Items ranked by people's choices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranking {
    /// Number of choices that count.
    pub choices: usize,
    /// Number of ties among them.
    pub ties: usize,
    /// Number of choices that do not count: between an item and itself, or with an item that has no
    /// name.
    pub left_out: usize,
    /// Number of prompts, raters or choices that were resampled for the intervals.
    pub units: usize,
    /// The settings. `resamples` may be lower than requested.
    pub options: RankOptions,
    /// ν of Davidson's model: equal items tie with probability ν / (2 + ν).
    pub tie: f64,
    /// Number of groups that no chain of choices connects. Ratings and ranks are comparable within
    /// a group only.
    pub groups: usize,
    /// Notes on how to read it, in English.
    pub notes: Vec<String>,
    /// The items, the best first, group after group, the largest group first.
    pub items: Vec<Ranked>,
}

/// One item of a ranking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    /// Its name.
    pub name: String,
    /// Its group, from 0.
    pub group: usize,
    /// Its rank in the group, from 1.
    pub rank: usize,
    /// The 95 % interval of the rank.
    pub rank_interval: [usize; 2],
    /// The Bradley–Terry strength on the Elo scale: 1000 is the mean of its group, 400 points are
    /// odds of 10 to 1.
    pub rating: Estimate,
    /// The Elo rating over random orders.
    pub elo: Spread,
    /// Number of wins.
    pub wins: usize,
    /// Number of ties.
    pub ties: usize,
    /// Number of losses.
    pub losses: usize,
}

/// Converts a strength in nats to points on the Elo scale.
pub fn points(strength: f64) -> f64 {
    elo::START + strength * elo::SCALE / std::f64::consts::LN_10
}

/// Ranks the items of choices.
///
/// The result does not depend on the order of the choices or on the sides of the items, down to the
/// last bit.
///
/// # Errors
///
/// If no choice is between two named items, an option is out of range, or there is no prior and the
/// strengths cannot be fitted.
pub fn rank(
    comparisons: &[Comparison],
    options: &RankOptions,
    watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Ranking, RankError> {
    let mut ranker = Ranker::new(comparisons, options)?;
    while let Some(progress) = ranker.step()? {
        if watch(progress).is_break() {
            return Err(RankError::Stopped);
        }
    }
    Ok(ranker.finish())
}

/// Computes a ranking in steps of one resampled dataset or one order, so that a page stays
/// responsive.
#[derive(Debug)]
pub struct Ranker {
    games: Games,
    table: Cells,
    groups: Groups,
    has_maximum: bool,
    whole: Fit,
    options: RankOptions,
    /// What was to be resampled, if there was only one of it.
    only: Option<Unit>,
    /// The results of every item in the resampled datasets so far.
    drawn: Vec<Drawn>,
    datasets: usize,
    elo: Vec<Running>,
    orders: usize,
}

impl Ranker {
    /// Fits the original choices.
    ///
    /// # Errors
    ///
    /// As [`rank`].
    pub fn new(comparisons: &[Comparison], options: &RankOptions) -> Result<Self, RankError> {
        options.check()?;
        let mut options = *options;
        let mut games = Games::new(comparisons, options.unit);
        if games.games.is_empty() {
            return Err(RankError::Nothing { given: comparisons.len() });
        }
        // Resamples of a single prompt or rater are all the same, and intervals would be empty.
        let only = (options.unit != Unit::Choices && games.units.len() == 1).then_some(options.unit);
        if only.is_some() {
            options.unit = Unit::Choices;
            games = Games::new(comparisons, options.unit);
        }
        let items = games.names.len();
        options.resamples = options.resamples.min((KEPT / items).max(10));
        let table = Cells::new(&games);
        let cells = table.cells(None);
        let whole = fit(items, &cells, options.prior)?;
        Ok(Self {
            groups: Groups::new(items, &cells),
            has_maximum: has_maximum(items, &cells),
            whole,
            options,
            only,
            drawn: vec![Drawn::default(); items],
            datasets: 0,
            elo: vec![Running::default(); items],
            orders: 0,
            games,
            table,
        })
    }

    /// Does the next step and returns the progress; `None` if no step is left.
    ///
    /// # Errors
    ///
    /// If a resampled dataset cannot be fitted.
    pub fn step(&mut self) -> Result<Option<Progress>, RankError> {
        let progress = |stage, done: usize, of: usize| {
            Ok(Some(Progress { stage, loaded: done as u64, total: Some(of as u64) }))
        };
        let (items, options) = (self.games.names.len(), self.options);
        if self.datasets < options.resamples {
            let drawn = options.bootstrap().draw(self.games.units.len(), self.datasets);
            let (fit, present) = self.table.fit_drawn(&drawn, &self.whole, options.prior)?;
            let ranks = ranks(&fit.strengths, &self.groups.of, &present);
            for (item, found) in self.drawn.iter_mut().enumerate().filter(|&(item, _)| present[item]) {
                found.strengths.push(fit.strengths[item]);
                found.ranks.push(ranks[item] as u32);
            }
            self.datasets += 1;
            return progress("datasets", self.datasets, options.resamples);
        }
        if self.orders < options.orders {
            let ratings = options.elo().ratings(items, &self.games.games, self.orders);
            self.elo.iter_mut().zip(&ratings).for_each(|(running, &rating)| running.add(rating));
            self.orders += 1;
            return progress("orders", self.orders, options.orders);
        }
        Ok(None)
    }

    /// The ranking, with intervals from the datasets that were resampled so far.
    pub fn finish(self) -> Ranking {
        let Self { games, groups, whole, options, .. } = self;
        let items = games.names.len();
        let places_of_all = ranks(&whole.strengths, &groups.of, &vec![true; items]);
        let mut ranked: Vec<Ranked> = Vec::with_capacity(items);
        for (item, mut drawn) in self.drawn.into_iter().enumerate() {
            let value = whole.strengths[item];
            let [low, high] = interval(&mut drawn.strengths).unwrap_or([value, value]);
            drawn.ranks.sort_unstable();
            let at = |share: f64| {
                drawn.ranks.get((share * drawn.ranks.len().saturating_sub(1) as f64).round() as usize)
            };
            let rank = places_of_all[item];
            ranked.push(Ranked {
                name: games.names[item].clone(),
                group: groups.of[item],
                rank,
                rank_interval: [0.025, 0.975].map(|share| at(share).map_or(rank, |&rank| rank as usize)),
                rating: Estimate { value: points(value), low: points(low), high: points(high) },
                elo: self.elo[item].spread(),
                wins: 0,
                ties: 0,
                losses: 0,
            });
        }
        for game in &games.games {
            for (side, &item) in game.items.iter().enumerate() {
                let own = if side == 0 { game.score } else { 1.0 - game.score };
                let row = &mut ranked[item];
                let count = if own == 1.0 {
                    &mut row.wins
                } else if own == 0.0 {
                    &mut row.losses
                } else {
                    &mut row.ties
                };
                *count += 1;
            }
        }
        let mut sizes = vec![0_usize; groups.determined.len()];
        groups.of.iter().for_each(|&group| sizes[group] += 1);
        let place = places(&sizes);
        ranked.iter_mut().for_each(|row| row.group = place[row.group]);
        ranked.sort_by(|a, b| (a.group, a.rank, &a.name).cmp(&(b.group, b.rank, &b.name)));
        Ranking {
            choices: games.games.len(),
            ties: games.games.iter().filter(|game| game.score == 0.5).count(),
            left_out: games.left_out,
            units: games.units.len(),
            options,
            tie: whole.tie.map_or(0.0, f64::exp),
            groups: sizes.len(),
            notes: notes(&groups, self.has_maximum, &games, &options, self.only),
            items: ranked,
        }
    }
}

/// Running mean and deviation (Welford's algorithm).
#[derive(Debug, Clone, Copy, Default)]
struct Running {
    count: usize,
    mean: f64,
    squares: f64,
}

impl Running {
    fn add(&mut self, value: f64) {
        self.count += 1;
        let apart = value - self.mean;
        self.mean += apart / self.count as f64;
        self.squares += apart * (value - self.mean);
    }

    fn spread(&self) -> Spread {
        let mean = if self.count == 0 { elo::START } else { self.mean };
        Spread { mean, deviation: (self.squares / (self.count.max(2) as f64 - 1.0)).sqrt() }
    }
}

/// New numbers for groups: the largest first, groups of the same size in their order.
fn places(sizes: &[usize]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|&group| (std::cmp::Reverse(sizes[group]), group));
    let mut places = vec![0; sizes.len()];
    order.into_iter().enumerate().for_each(|(place, group)| places[group] = place);
    places
}

fn notes(
    groups: &Groups,
    has_maximum: bool,
    games: &Games,
    options: &RankOptions,
    only: Option<Unit>,
) -> Vec<String> {
    let mut notes = Vec::new();
    if groups.determined.len() > 1 {
        notes.push(format!(
            "{} groups were never compared with each other, directly or through others: ratings and ranks compare within a group only.",
            groups.determined.len()
        ));
    }
    let open = groups.determined.iter().filter(|&&determined| !determined).count();
    if let (true, Some(prior)) = (open > 0, options.prior) {
        let whose = if groups.determined.len() > 1 {
            format!("In {open} of the groups some items")
        } else {
            "Some items".into()
        };
        notes.push(format!(
            "{whose} won or lost every game against the others: their ratings depend on the prior (standard deviation {prior})."
        ));
    }
    if let (true, Some(prior)) = (open == 0 && !has_maximum, options.prior) {
        notes
            .push(format!("Without the prior (standard deviation {prior}) the ratings would not be finite."));
    }
    if let Some(only) = only {
        let what = if only == Unit::Prompts { "prompt" } else { "rater" };
        notes.push(format!(
            "All choices have the same {what}, so single choices were resampled: the intervals say nothing about other {what}s."
        ));
    }
    if games.units.len() < 20 && options.unit != Unit::Choices {
        let (count, what) =
            (games.units.len(), if options.unit == Unit::Prompts { "prompts" } else { "raters" });
        notes.push(format!("The intervals are based on only {count} {what} and are too narrow."));
    }
    notes
}

/// Games grouped by their two items.
#[derive(Debug)]
pub(super) struct Cells {
    items: Vec<[usize; 2]>,
    /// For each game: its cell, the points of the first item, its unit.
    games: Vec<(usize, f64, usize)>,
    names: usize,
}

/// The results of an item in the resampled datasets.
#[derive(Debug, Clone, Default)]
struct Drawn {
    strengths: Vec<f64>,
    ranks: Vec<u32>,
}

impl Cells {
    /// Groups games, which must be sorted.
    pub(super) fn new(games: &Games) -> Self {
        let mut items: Vec<[usize; 2]> = Vec::new();
        let mut placed = Vec::with_capacity(games.games.len());
        for game in &games.games {
            if items.last() != Some(&game.items) {
                items.push(game.items);
            }
            placed.push((items.len() - 1, game.score, game.unit));
        }
        Self { items, games: placed, names: games.names.len() }
    }

    /// The cells, with each game as often as its unit was drawn.
    pub(super) fn cells(&self, drawn: Option<&[f64]>) -> Vec<Cell> {
        let mut cells: Vec<Cell> =
            self.items.iter().map(|&items| Cell { items, wins: [0.0; 2], ties: 0.0 }).collect();
        for &(cell, score, unit) in &self.games {
            let times = drawn.map_or(1.0, |drawn| drawn.get(unit).copied().unwrap_or(0.0));
            let cell = &mut cells[cell];
            if score == 1.0 {
                cell.wins[0] += times;
            } else if score == 0.0 {
                cell.wins[1] += times;
            } else {
                cell.ties += times;
            }
        }
        cells.retain(|cell| cell.wins[0] + cell.wins[1] + cell.ties > 0.0);
        cells
    }

    /// The strengths of a resampled dataset, and which items are in it. It is fitted with the
    /// default prior if there is none, because it may have no maximum.
    pub(super) fn fit_drawn(
        &self,
        drawn: &[f64],
        whole: &Fit,
        prior: Option<f64>,
    ) -> Result<(Fit, Vec<bool>), FitError> {
        let cells = self.cells(Some(drawn));
        let mut present = vec![false; self.names];
        cells.iter().flat_map(|cell| cell.items).for_each(|item| present[item] = true);
        let prior = prior.or(RankOptions::default().prior);
        Ok((fit_from(self.names, &cells, prior, Some(whole), Accuracy::Drawn)?, present))
    }
}

pub(super) fn tell(
    watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    stage: &'static str,
    done: usize,
    of: usize,
) -> Result<(), RankError> {
    let progress = Progress { stage, loaded: done as u64, total: Some(of as u64) };
    if watch(progress).is_break() { Err(RankError::Stopped) } else { Ok(()) }
}

/// Ranks from 1 within each group; items of equal strength share a rank. Absent items have rank 0.
fn ranks(strengths: &[f64], groups: &[usize], present: &[bool]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..strengths.len()).filter(|&item| present[item]).collect();
    order.sort_by(|&a, &b| groups[a].cmp(&groups[b]).then(strengths[b].total_cmp(&strengths[a])));
    let mut ranks = vec![0; strengths.len()];
    for group in order.chunk_by(|&a, &b| groups[a] == groups[b]) {
        for (at, &item) in group.iter().enumerate() {
            let before = at.checked_sub(1).map(|at| group[at]);
            let shared = before.filter(|&before| strengths[before] - strengths[item] < 1e-9);
            ranks[item] = shared.map_or(at + 1, |before| ranks[before]);
        }
    }
    ranks
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use pickscore_score::Label;

    fn go(_: Progress) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn choice(left: &str, right: &str, verdict: Label, prompt: &str) -> Comparison {
        Comparison { left: left.into(), right: right.into(), verdict, prompt: prompt.into(), rater: None }
    }

    fn few() -> RankOptions {
        RankOptions { resamples: 40, orders: 5, ..RankOptions::default() }
    }

    fn choices() -> impl Strategy<Value = Vec<Comparison>> {
        let verdict = prop::sample::select(vec![Label::Left, Label::Tie, Label::Right]);
        let one = (0usize..5, 1usize..5, verdict, 0usize..8).prop_map(|(item, step, verdict, prompt)| {
            let names = ["ant", "bee", "cat", "dog", "eel"];
            choice(names[item], names[(item + step) % 5], verdict, &prompt.to_string())
        });
        prop::collection::vec(one, 1..60)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn sides_and_order_do_not_matter(choices in choices(), unit in prop::sample::select(vec![Unit::Prompts, Unit::Choices])) {
            let options = RankOptions { unit, ..few() };
            let turned: Vec<Comparison> = choices
                .iter()
                .rev()
                .map(|one| Comparison {
                    left: one.right.clone(), right: one.left.clone(), verdict: one.verdict.swapped(), ..one.clone()
                })
                .collect();
            prop_assert_eq!(rank(&choices, &options, &mut go), rank(&turned, &options, &mut go));
        }

        #[test]
        fn names_do_not_matter(choices in choices()) {
            let renamed = |name: &str| name.chars().rev().chain("!".chars()).collect::<String>();
            let others: Vec<Comparison> = choices
                .iter()
                .map(|one| Comparison { left: renamed(&one.left), right: renamed(&one.right), ..one.clone() })
                .collect();
            let (one, other) = (rank(&choices, &few(), &mut go).unwrap(), rank(&others, &few(), &mut go).unwrap());
            prop_assert!((one.tie - other.tie).abs() < 1e-9);
            for row in &one.items {
                let same = other.items.iter().find(|other| other.name == renamed(&row.name)).unwrap();
                prop_assert!((row.rating.value - same.rating.value).abs() < 1e-5);
                prop_assert_eq!((row.rank, row.wins, row.ties, row.losses), (same.rank, same.wins, same.ties, same.losses));
            }
        }

        #[test]
        fn counts_add_up(choices in choices()) {
            let found = rank(&choices, &few(), &mut go).unwrap();
            let sum = |of: fn(&Ranked) -> usize| found.items.iter().map(of).sum::<usize>();
            prop_assert_eq!(sum(|row| row.wins), sum(|row| row.losses));
            prop_assert_eq!(sum(|row| row.ties), 2 * found.ties);
            prop_assert_eq!(sum(|row| row.wins) + found.ties, found.choices);
            for row in &found.items {
                prop_assert!(row.rating.low <= row.rating.high);
                prop_assert!(row.rank_interval[0] >= 1 && row.rank_interval[0] <= row.rank_interval[1]);
            }
        }
    }

    #[test]
    fn a_single_prompt_is_no_certainty() {
        let verdicts = [Label::Left, Label::Left, Label::Right, Label::Tie, Label::Left];
        let choices: Vec<Comparison> =
            verdicts.iter().map(|&verdict| choice("a", "b", verdict, "p")).collect();
        let found = rank(&choices, &few(), &mut go).unwrap();
        assert!(found.items.iter().all(|row| row.rating.low < row.rating.value));
        assert!(found.notes.iter().any(|note| note.contains("All choices have the same prompt")));
        let single = rank(&choices, &RankOptions { unit: Unit::Choices, ..few() }, &mut go).unwrap();
        assert_eq!((found.items, found.units), (single.items, single.units));
    }

    #[test]
    fn groups_and_those_who_won_everything_are_told() {
        let choices = [
            choice("a", "b", Label::Left, "p"),
            choice("b", "c", Label::Left, "p"),
            choice("x", "y", Label::Tie, "q"),
        ];
        let found = rank(&choices, &few(), &mut go).unwrap();
        let places: Vec<(&str, usize, usize)> =
            found.items.iter().map(|row| (row.name.as_str(), row.group, row.rank)).collect();
        assert_eq!(places, [("a", 0, 1), ("b", 0, 2), ("c", 0, 3), ("x", 1, 1), ("y", 1, 1)]);
        assert_eq!(found.notes.len(), 3);
        assert!(found.notes[0].starts_with("2 groups were never compared"), "{:?}", found.notes);
        assert!(
            found.notes[1].starts_with("In 1 of the groups some items won or lost every game"),
            "{:?}",
            found.notes
        );
        assert!(found.notes[2].contains("2 prompts"), "{:?}", found.notes);
        let without = RankOptions { prior: None, ..few() };
        assert_eq!(rank(&choices, &without, &mut go), Err(RankError::Fit(FitError::NoMaximum)));
    }

    #[test]
    fn options_out_of_range_are_refused_by_name() {
        let two = [choice("a", "b", Label::Left, "p")];
        for (options, expected) in [
            (RankOptions { prior: Some(-1.0), ..few() }, "prior is -1; expected 0.01 to 100"),
            (RankOptions { step: f64::NAN, ..few() }, "step is NaN; expected above 0"),
            (RankOptions { resamples: 2_000_000, ..few() }, "resamples is 2000000; expected at most 1000000"),
            (RankOptions { orders: 2_000_000, ..few() }, "orders is 2000000; expected at most 1000000"),
        ] {
            let said = rank(&two, &options, &mut go).unwrap_err().to_string();
            assert!(said.contains(expected), "{said}");
        }
    }

    #[test]
    fn json_that_is_written_is_read() {
        let found = rank(&[choice("a", "b", Label::Tie, "p")], &few(), &mut go).unwrap();
        assert_eq!(serde_json::from_str::<Ranking>(&serde_json::to_string(&found).unwrap()).unwrap(), found);
    }

    #[test]
    fn nothing_to_rank_is_said() {
        let same = [choice("a", "a", Label::Left, "p"), choice("", "a", Label::Left, "p")];
        assert_eq!(rank(&same, &few(), &mut go), Err(RankError::Nothing { given: 2 }));
        let two = [choice("a", "b", Label::Left, "p")];
        assert_eq!(rank(&two, &few(), &mut |_| ControlFlow::Break(())), Err(RankError::Stopped));
        let bare = RankOptions { resamples: 0, orders: 0, ..RankOptions::default() };
        let found = rank(&two, &bare, &mut go).unwrap();
        assert_eq!((found.items[0].elo.mean, found.items[0].rank_interval), (1000.0, [1, 1]));
        assert_eq!(found.items[0].rating.low, found.items[0].rating.value);
    }
}
