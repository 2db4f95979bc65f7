//! What people prefer, ranked: models, images or prompt templates, by Bradley–Terry with intervals and by Elo.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::{
    Bootstrap, Comparison, Estimate,
    bootstrap::interval,
    bradley_terry::{Accuracy, Cell, Fit, FitError, Groups, fit, fit_from, has_maximum},
    comparison::{Games, Unit},
    elo::{self, Elo, Spread},
};
use crate::progress::Progress;

/// Most strengths that are kept to find intervals: 160 MB.
const KEPT: usize = 20_000_000;
/// Most data sets and orders that one may ask for.
const MOST: usize = 1_000_000;

/// How a ranking is made.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RankOptions {
    /// The prior's deviation, in nats: at 3, one in twenty things is thought to be more than 1000 points from the middle before it was compared.
    /// Without a prior (`null`) nothing that won or lost everything has a rating.
    pub prior: Option<f64>,
    /// What is drawn for the intervals.
    pub unit: Unit,
    /// Data sets that are drawn for them.
    pub resamples: usize,
    /// Random orders that Elo ratings are averaged over.
    pub orders: usize,
    /// Most points that a game moves in Elo.
    pub step: f64,
    /// What everything random follows from.
    pub seed: u64,
}

impl Default for RankOptions {
    fn default() -> Self {
        let Elo { orders, step, seed } = Elo::default();
        Self { prior: Some(3.0), unit: Unit::Prompts, resamples: 1000, orders, step, seed }
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

/// Why there is no ranking.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RankError {
    /// Nothing was compared.
    #[error("there is nothing to rank: none of the {given} choices is between two named things")]
    Nothing {
        /// Choices that were given.
        given: usize,
    },
    /// An option out of its range.
    #[error("{option} is {found}; expected {expected}")]
    Option {
        /// Its name.
        option: &'static str,
        /// What was given.
        found: f64,
        /// What may be.
        expected: &'static str,
    },
    /// No strengths fit.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// What was handed over is not what was expected.
    #[error("the choices cannot be read: {reason}")]
    Json {
        /// What is wrong, and where.
        reason: String,
    },
    /// Whoever watched has stopped it.
    #[error("stopped")]
    Stopped,
}

/// Things ranked by people's choices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranking {
    /// Choices that count.
    pub choices: usize,
    /// Those of them that were ties.
    pub ties: usize,
    /// Choices left out: between a thing and itself, or with something that has no name.
    pub left_out: usize,
    /// Prompts, raters or choices that were drawn for the intervals.
    pub units: usize,
    /// How the ranking was made. `resamples` may be fewer than were asked for.
    pub options: RankOptions,
    /// ν of Davidson's model: equals tie with probability ν / (2 + ν).
    pub tie: f64,
    /// Groups that no chain of choices connects. Ratings and ranks compare within one only.
    pub groups: usize,
    /// What a reader must know to read it right, in sentences.
    pub notes: Vec<String>,
    /// The things, best first; one group after the other, the largest first.
    pub items: Vec<Ranked>,
}

/// One thing's place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    /// What it is called.
    pub name: String,
    /// Its group, from 0.
    pub group: usize,
    /// Its place in its group, from 1.
    pub rank: usize,
    /// Where its place lies in 95 of 100 drawn data sets.
    pub rank_interval: [usize; 2],
    /// Its strength by Bradley–Terry on Elo's scale: 1000 is its group's mean, 400 points are ten to one.
    pub rating: Estimate,
    /// Its Elo rating over random orders.
    pub elo: Spread,
    /// How often it won.
    pub wins: usize,
    /// How often it was in a tie.
    pub ties: usize,
    /// How often it lost.
    pub losses: usize,
}

/// A strength in nats as points on Elo's scale.
pub fn points(strength: f64) -> f64 {
    elo::START + strength * elo::SCALE / std::f64::consts::LN_10
}

/// Ranks what people chose between.
///
/// The order of the choices, and which side a thing was on, do not matter: the same choices give the same ranking to the last bit.
///
/// # Errors
///
/// When nothing was compared, when an option is out of its range, and without a prior when no strengths fit.
pub fn rank(
    comparisons: &[Comparison],
    options: &RankOptions,
    watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Ranking, RankError> {
    options.check()?;
    let games = Games::new(comparisons, options.unit);
    if games.games.is_empty() {
        return Err(RankError::Nothing { given: comparisons.len() });
    }
    let items = games.names.len();
    let mut options = *options;
    options.resamples = options.resamples.min((KEPT / items).max(10));
    let table = Cells::new(&games);
    let cells = table.cells(None);
    let found = fit(items, &cells, options.prior)?;
    let groups = Groups::new(items, &cells);
    let drawn = table.resample(&games, &groups, &found, &options, watch)?;
    let elo = over_orders(&games, &options.elo(), watch)?;
    let ranks = ranks(&found.strengths, &groups.of, &vec![true; items]);
    let mut ranked: Vec<Ranked> = Vec::with_capacity(items);
    for (item, mut drawn) in drawn.into_iter().enumerate() {
        let value = found.strengths[item];
        let [low, high] = interval(&mut drawn.strengths).unwrap_or([value, value]);
        drawn.ranks.sort_unstable();
        let at = |share: f64| {
            drawn.ranks.get((share * drawn.ranks.len().saturating_sub(1) as f64).round() as usize)
        };
        ranked.push(Ranked {
            name: games.names[item].clone(),
            group: groups.of[item],
            rank: ranks[item],
            rank_interval: [0.025, 0.975].map(|share| at(share).map_or(ranks[item], |&rank| rank as usize)),
            rating: Estimate { value: points(value), low: points(low), high: points(high) },
            elo: elo[item],
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
    Ok(Ranking {
        choices: games.games.len(),
        ties: games.games.iter().filter(|game| game.score == 0.5).count(),
        left_out: games.left_out,
        units: games.units.len(),
        options,
        tie: found.tie.map_or(0.0, f64::exp),
        groups: sizes.len(),
        notes: notes(&groups, has_maximum(items, &cells), &games, &options),
        items: ranked,
    })
}

/// What a ranking is asked for with, as JSON.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    choices: Vec<Comparison>,
    #[serde(default)]
    options: RankOptions,
}

/// The same from `{"choices": [{"left", "right", "verdict", "prompt", "rater"}], "options": {…}}` to a [`Ranking`], for callers in other languages.
///
/// # Errors
///
/// As [`rank`], and when the JSON is another.
pub fn rank_json(
    request: &str,
    watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<String, RankError> {
    let wrong = |error: serde_json::Error| RankError::Json { reason: error.to_string() };
    let Request { choices, options } = serde_json::from_str(request).map_err(wrong)?;
    serde_json::to_string(&rank(&choices, &options, watch)?).map_err(wrong)
}

/// Groups numbered anew: the largest first, equal ones as they were.
fn places(sizes: &[usize]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|&group| (std::cmp::Reverse(sizes[group]), group));
    let mut places = vec![0; sizes.len()];
    order.into_iter().enumerate().for_each(|(place, group)| places[group] = place);
    places
}

fn notes(groups: &Groups, has_maximum: bool, games: &Games, options: &RankOptions) -> Vec<String> {
    let mut notes = Vec::new();
    if groups.determined.len() > 1 {
        notes.push(format!(
            "{} groups were never compared with each other, directly or through others: ratings and ranks compare within a group only.",
            groups.determined.len()
        ));
    }
    let open = groups.determined.iter().filter(|&&determined| !determined).count();
    if let (true, Some(prior)) = (open > 0, options.prior) {
        let whose =
            if groups.determined.len() > 1 { format!("In {open} of the groups some") } else { "Some".into() };
        notes.push(format!(
            "{whose} won or lost everything against the others: only the prior (deviation {prior}) keeps their ratings apart by a finite number of points."
        ));
    }
    if let (true, Some(prior)) = (open == 0 && !has_maximum, options.prior) {
        notes.push(format!(
            "Nothing speaks against ever stronger winners and ever more ties: only the prior (deviation {prior}) keeps ratings finite."
        ));
    }
    if games.units.len() < 20 && options.unit != Unit::Choices {
        let (count, what) =
            (games.units.len(), if options.unit == Unit::Prompts { "prompts" } else { "raters" });
        notes.push(format!("The intervals rest on {count} {what} and are narrower than they should be."));
    }
    notes
}

/// Games by the two items that they are between.
pub(super) struct Cells {
    items: Vec<[usize; 2]>,
    /// For each game: its cell, what the first got, its unit.
    games: Vec<(usize, f64, usize)>,
    names: usize,
}

/// What became of an item in drawn data sets.
#[derive(Clone, Default)]
struct Drawn {
    strengths: Vec<f64>,
    ranks: Vec<u32>,
}

impl Cells {
    /// Puts games, which are sorted, into cells.
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

    /// Counts, each game as often as its unit was drawn.
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

    /// The strengths of a drawn data set, and which items are in it. A prior is needed there even where the whole needs none.
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

    /// What becomes of every item in drawn data sets.
    fn resample(
        &self,
        games: &Games,
        groups: &Groups,
        whole: &Fit,
        options: &RankOptions,
        watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Vec<Drawn>, RankError> {
        let mut found = vec![Drawn::default(); self.names];
        for (index, drawn) in options.bootstrap().draws(games.units.len()).enumerate() {
            tell(watch, "data sets", index, options.resamples)?;
            let (fit, present) = self.fit_drawn(&drawn, whole, options.prior)?;
            let ranks = ranks(&fit.strengths, &groups.of, &present);
            for (item, found) in found.iter_mut().enumerate().filter(|&(item, _)| present[item]) {
                found.strengths.push(fit.strengths[item]);
                found.ranks.push(ranks[item] as u32);
            }
        }
        Ok(found)
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

/// Each item's mean and deviation over orders, without keeping all.
fn over_orders(
    games: &Games,
    elo: &Elo,
    watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Vec<Spread>, RankError> {
    let items = games.names.len();
    let (mut means, mut squares, mut orders) = (vec![0.0; items], vec![0.0; items], 0);
    let outcome = elo.each(items, &games.games, &mut |ratings| {
        orders += 1;
        // Welford's update.
        for ((mean, squares), rating) in means.iter_mut().zip(&mut squares).zip(ratings) {
            let apart = rating - *mean;
            *mean += apart / orders as f64;
            *squares += apart * (rating - *mean);
        }
        let progress = Progress { stage: "orders", loaded: orders as u64, total: Some(elo.orders as u64) };
        watch(progress)
    });
    if outcome.is_break() {
        return Err(RankError::Stopped);
    }
    let freedom = orders.max(2) as f64 - 1.0;
    let start = if orders == 0 { elo::START } else { 0.0 };
    let spread =
        |(mean, squares): (&f64, &f64)| Spread { mean: start + mean, deviation: (squares / freedom).sqrt() };
    Ok(means.iter().zip(&squares).map(spread).collect())
}

/// Places from 1 within each group, by strength; those that are equal share one. Items that are not there have none.
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
    use crate::score::Verdict;

    fn go(_: Progress) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn choice(left: &str, right: &str, verdict: Verdict, prompt: &str) -> Comparison {
        Comparison { left: left.into(), right: right.into(), verdict, prompt: prompt.into(), rater: None }
    }

    fn few() -> RankOptions {
        RankOptions { resamples: 40, orders: 5, ..RankOptions::default() }
    }

    fn choices() -> impl Strategy<Value = Vec<Comparison>> {
        let verdict = prop::sample::select(vec![Verdict::Left, Verdict::Tie, Verdict::Right]);
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
    fn groups_and_those_who_won_everything_are_told() {
        let choices = [
            choice("a", "b", Verdict::Left, "p"),
            choice("b", "c", Verdict::Left, "p"),
            choice("x", "y", Verdict::Tie, "q"),
        ];
        let found = rank(&choices, &few(), &mut go).unwrap();
        let places: Vec<(&str, usize, usize)> =
            found.items.iter().map(|row| (row.name.as_str(), row.group, row.rank)).collect();
        assert_eq!(places, [("a", 0, 1), ("b", 0, 2), ("c", 0, 3), ("x", 1, 1), ("y", 1, 1)]);
        assert_eq!(found.notes.len(), 3);
        assert!(found.notes[0].starts_with("2 groups were never compared"), "{:?}", found.notes);
        assert!(
            found.notes[1].starts_with("In 1 of the groups some won or lost everything"),
            "{:?}",
            found.notes
        );
        assert!(found.notes[2].contains("2 prompts"), "{:?}", found.notes);
        let without = RankOptions { prior: None, ..few() };
        assert_eq!(rank(&choices, &without, &mut go), Err(RankError::Fit(FitError::NoMaximum)));
    }

    #[test]
    fn json_goes_in_and_comes_out() {
        let request = r#"{"choices": [{"left": "a", "right": "b", "verdict": "left", "prompt": "p"},
            {"left": "b", "right": "a", "verdict": "tie", "rater": "r"}], "options": {"resamples": 20, "prior": 2.0}}"#;
        let found: Ranking = serde_json::from_str(&rank_json(request, &mut go).unwrap()).unwrap();
        assert_eq!(
            (found.choices, found.ties, found.options.resamples, found.options.orders),
            (2, 1, 20, 50)
        );
        let without = request.replace("2.0", "null");
        let said = rank_json(&without, &mut go).unwrap_err().to_string();
        assert!(said.contains("no most likely strengths"), "{said}");
        for (from, to, expected) in [
            ("\"left\", \"prompt\"", "\"first\", \"prompt\"", "unknown variant `first`"),
            ("resamples", "samples", "unknown field `samples`"),
            ("2.0", "-1", "prior is -1; expected 0.01 to 100"),
            ("20,", "2000000,", "resamples is 2000000; expected at most 1000000"),
            ("{\"choices\"", "{\"choice\"", "unknown field `choice`"),
        ] {
            let said = rank_json(&request.replace(from, to), &mut go).unwrap_err().to_string();
            assert!(said.contains(expected) && !said.contains('\n'), "{said}");
        }
    }

    #[test]
    fn nothing_to_rank_is_said() {
        let same = [choice("a", "a", Verdict::Left, "p"), choice("", "a", Verdict::Left, "p")];
        assert_eq!(rank(&same, &few(), &mut go), Err(RankError::Nothing { given: 2 }));
        let two = [choice("a", "b", Verdict::Left, "p")];
        assert_eq!(rank(&two, &few(), &mut |_| ControlFlow::Break(())), Err(RankError::Stopped));
        let bare = RankOptions { resamples: 0, orders: 0, ..RankOptions::default() };
        let found = rank(&two, &bare, &mut go).unwrap();
        assert_eq!((found.items[0].elo.mean, found.items[0].rank_interval), (1000.0, [1, 1]));
        assert_eq!(found.items[0].rating.low, found.items[0].rating.value);
    }
}
