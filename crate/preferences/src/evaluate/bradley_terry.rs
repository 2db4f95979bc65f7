//! Bradley–Terry with ties, after Davidson (1970).
//!
//! ```text
//! P(i wins) : P(j wins) : P(tie) = πᵢ : πⱼ : ν √(πᵢ πⱼ)
//! ```
//!
//! Davidson's model has these advantages over that of Rao and Kupper. A tie is worth half a win for
//! each side, as in Pick-a-Pic's labels 0, ½ and 1: the expected wins plus half the expected ties
//! of an item equal the observed ones. The log-likelihood is concave in ln π and ln ν, so Newton's
//! method converges to its only maximum from any start.
//!
//! There is no maximum if an item, or a part of the items, won or lost every game against the rest
//! ([`has_maximum`]). Items that no chain of games connects cannot be compared. With a prior every
//! fit is finite: ln π and ln ν are normal with mean 0 and the same standard deviation. Each group
//! of connected items then has mean 0.
//!
//! Newton's steps are computed with conjugate gradients, which do not need the matrix of second
//! derivatives: there may be tens of thousands of images. For few items the matrix is as fast.

use serde::{Deserialize, Serialize};

use crate::cholesky;

/// The results of two items against each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    /// The two items.
    pub items: [usize; 2],
    /// Number of wins of each item.
    pub wins: [f64; 2],
    /// Number of ties.
    pub ties: f64,
}

/// Fitted strengths.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// ln π of every item; their mean is 0 within each group of connected items.
    pub strengths: Vec<f64>,
    /// ln ν; `None` without ties, whose probability is then 0.
    pub tie: Option<f64>,
}

/// Why strengths cannot be fitted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FitError {
    /// Some items won or lost every game against the others, or all games were ties.
    #[error(
        "the games have no most likely strengths: some items won every game against the others, or all games were ties; give a prior"
    )]
    NoMaximum,
    /// Newton's method did not converge.
    #[error("the strengths did not converge within {steps} steps")]
    NotConverged {
        /// Number of steps.
        steps: usize,
    },
}

/// The tolerance of a fit.
#[derive(Debug, Clone, Copy)]
pub(super) enum Accuracy {
    /// As accurate as 64-bit floats allow.
    Full,
    /// About 10⁻⁶: for one of many resampled datasets. The last step is at most 10⁻³, solved to a
    /// relative residual of 10⁻³.
    Drawn,
}

/// Maximum number of Newton steps; about seven are usual.
const STEPS: usize = 200;
/// Longest step without a line search, in nats.
const SHORT: f64 = 0.5;
/// Maximum number of variables for which the matrix is decomposed: with more, conjugate gradients
/// are faster.
const DENSE: usize = 64;

/// Fits strengths to games. `prior` is the standard deviation of the prior, in nats; without it the
/// fit maximises the likelihood.
///
/// # Errors
///
/// If there is no prior and no maximum.
pub fn fit(items: usize, cells: &[Cell], prior: Option<f64>) -> Result<Fit, FitError> {
    if prior.is_none() && !has_maximum(items, cells) {
        return Err(FitError::NoMaximum);
    }
    fit_from(items, cells, prior, None, Accuracy::Full)
}

/// Whether the likelihood has a maximum without a prior.
///
/// It has none if strengths can diverge while no observed outcome becomes less likely. That is so
/// if a part of a group won every game against the rest, or if strengths and ν can grow together
/// because ties only connect items of neighbouring levels and every win is over a lower level.
pub fn has_maximum(items: usize, cells: &[Cell]) -> bool {
    Groups::new(items, cells).determined.iter().all(|&determined| determined) && !ties_run_away(items, cells)
}

/// Whether ν can grow without bound. If ln ν grows by 1, the strengths must differ by at least 2
/// for each win and by at most 2 for each tie. These constraints have a solution if their graph has
/// no negative cycle (Bellman–Ford).
fn ties_run_away(items: usize, cells: &[Cell]) -> bool {
    let mut pairs: std::collections::BTreeMap<[usize; 2], [bool; 3]> = std::collections::BTreeMap::new();
    for cell in cells {
        let [one, other] = cell.items;
        let (pair, wins) = if one < other {
            ([one, other], cell.wins)
        } else {
            ([other, one], [cell.wins[1], cell.wins[0]])
        };
        let seen = pairs.entry(pair).or_default();
        *seen = [seen[0] || wins[0] > 0.0, seen[1] || wins[1] > 0.0, seen[2] || cell.ties > 0.0];
    }
    if !pairs.values().any(|seen| seen[2]) || pairs.values().any(|seen| seen[0] && seen[1]) {
        return false;
    }
    let mut edges: Vec<(usize, usize, i64)> = Vec::new();
    for (&[one, other], &[first, second, tied]) in &pairs {
        for (wins, winner, loser) in [(first, one, other), (second, other, one)] {
            if wins {
                edges.push((winner, loser, -2));
            }
        }
        if tied {
            edges.extend([(one, other, 2), (other, one, 2)]);
        }
    }
    let mut at = vec![0_i64; items];
    for _ in 0..items {
        let mut moved = false;
        for &(from, to, step) in &edges {
            if at[from] + step < at[to] {
                at[to] = at[from] + step;
                moved = true;
            }
        }
        if !moved {
            return true;
        }
    }
    false
}

/// [`fit`] from a start value, without the check for a maximum.
pub(super) fn fit_from(
    items: usize,
    cells: &[Cell],
    prior: Option<f64>,
    start: Option<&Fit>,
    accuracy: Accuracy,
) -> Result<Fit, FitError> {
    let ties = cells.iter().any(|cell| cell.ties > 0.0);
    let precision = prior.map_or(0.0, |deviation| 1.0 / (deviation * deviation));
    // Without a prior the mean of a group is undetermined: it is fixed at 0.
    let groups = prior.is_none().then(|| Groups::new(items, cells));
    let problem = Problem { items, cells, precision, ties, groups };
    let mut x = vec![0.0; items + usize::from(ties)];
    if let Some(start) = start {
        x[..items].copy_from_slice(&start.strengths);
        if let (true, Some(tie)) = (ties, start.tie) {
            x[items] = tie;
        }
    }
    let (settled, residual) = match accuracy {
        Accuracy::Full => (1e-9, 1e-13),
        Accuracy::Drawn => (1e-3, 1e-3),
    };
    for _ in 0..STEPS {
        let (gradient, curvatures) = problem.gradient(&x);
        let step = problem.solve(&curvatures, &gradient, residual);
        let longest = step.iter().fold(0.0_f64, |longest, step| longest.max(step.abs()));
        let moved =
            |length: f64| x.iter().zip(&step).map(|(x, step)| x + length * step).collect::<Vec<f64>>();
        let mut length = 1.0;
        // A short step changes the difference of two log weights by at most t = 1, so the value
        // rises by at least (1 − (e^t − t − 1) / t²) of the gain. Near the maximum a line search
        // could not measure such small gains.
        if longest > SHORT {
            let gain: f64 = gradient.iter().zip(&step).map(|(gradient, step)| gradient * step).sum();
            let value = problem.value(&x);
            while problem.value(&moved(length)) < value + 1e-4 * length * gain && length > 1e-9 {
                length /= 2.0;
            }
        }
        x = moved(length);
        if longest <= settled && length == 1.0 {
            return Ok(problem.found(x));
        }
    }
    Err(FitError::NotConverged { steps: STEPS })
}

/// The penalised log-likelihood of cells. Its variables are the strengths, followed by ln ν if
/// there are ties.
struct Problem<'a> {
    items: usize,
    cells: &'a [Cell],
    /// The inverse of the variance of the prior; 0 without a prior.
    precision: f64,
    ties: bool,
    /// The groups whose mean strength is fixed.
    groups: Option<Groups>,
}

/// The negative second derivatives of a cell: by half the difference of strengths, by this and ln
/// ν, and by ln ν.
type Curvature = [f64; 3];

impl Problem<'_> {
    fn found(&self, mut x: Vec<f64>) -> Fit {
        let tie = self.ties.then(|| x[self.items]);
        x.truncate(self.items);
        Fit { strengths: x, tie }
    }

    /// The log weights of the three outcomes, and their maximum.
    fn logarithms(&self, x: &[f64], cell: &Cell) -> ([f64; 3], f64) {
        let half = (x[cell.items[0]] - x[cell.items[1]]) / 2.0;
        let tie = if self.ties { x[self.items] } else { f64::NEG_INFINITY };
        ([half, -half, tie], half.abs().max(tie))
    }

    fn value(&self, x: &[f64]) -> f64 {
        let of_cell = |cell: &Cell| {
            let ([first, second, tie], highest) = self.logarithms(x, cell);
            let sum =
                highest + [first, second, tie].map(|log| (log - highest).exp()).iter().sum::<f64>().ln();
            let tied = if cell.ties > 0.0 { cell.ties * (tie - sum) } else { 0.0 };
            cell.wins[0] * (first - sum) + cell.wins[1] * (second - sum) + tied
        };
        let likelihood: f64 = self.cells.iter().map(of_cell).sum();
        likelihood - self.precision / 2.0 * x.iter().map(|x| x * x).sum::<f64>()
    }

    fn gradient(&self, x: &[f64]) -> (Vec<f64>, Vec<Curvature>) {
        let mut gradient: Vec<f64> = x.iter().map(|x| -self.precision * x).collect();
        let mut curvatures = Vec::with_capacity(self.cells.len());
        for cell in self.cells {
            let (logs, highest) = self.logarithms(x, cell);
            let weights = logs.map(|log| (log - highest).exp());
            let sum: f64 = weights.iter().sum();
            let [first, second, tie] = weights.map(|weight| weight / sum);
            let games = cell.wins[0] + cell.wins[1] + cell.ties;
            let lead = first - second;
            let by_half = cell.wins[0] - cell.wins[1] - games * lead;
            gradient[cell.items[0]] += by_half / 2.0;
            gradient[cell.items[1]] -= by_half / 2.0;
            if self.ties {
                gradient[self.items] += cell.ties - games * tie;
            }
            let curvature = [first + second - lead * lead, -lead * tie, tie * (1.0 - tie)];
            curvatures.push(curvature.map(|curvature| games * curvature));
        }
        (gradient, curvatures)
    }

    /// The matrix of negative second derivatives times `v`.
    fn product(&self, curvatures: &[Curvature], v: &[f64]) -> Vec<f64> {
        let mut out: Vec<f64> = v.iter().map(|v| self.precision * v).collect();
        let tie = if self.ties { v[self.items] } else { 0.0 };
        for (cell, [half, both, of_tie]) in self.cells.iter().zip(curvatures) {
            let apart = (v[cell.items[0]] - v[cell.items[1]]) / 2.0;
            let by_half = (half * apart + both * tie) / 2.0;
            out[cell.items[0]] += by_half;
            out[cell.items[1]] -= by_half;
            if self.ties {
                out[self.items] += both * apart + of_tie * tie;
            }
        }
        if let Some(groups) = &self.groups {
            // The gradient sums to 0 over a group, so this makes the solution unique and does not
            // change it.
            let mut sums = vec![(0.0, 0.0); groups.determined.len()];
            for (&group, v) in groups.of.iter().zip(v) {
                sums[group] = (sums[group].0 + v, sums[group].1 + 1.0);
            }
            groups.of.iter().zip(&mut out).for_each(|(&group, out)| *out += sums[group].0 / sums[group].1);
        }
        out
    }

    /// Newton's step.
    fn solve(&self, curvatures: &[Curvature], gradient: &[f64], residual: f64) -> Vec<f64> {
        // Without a prior the matrix may be singular, which conjugate gradients tolerate.
        if gradient.len() <= DENSE && self.precision > 0.0 {
            return cholesky::solve(self.matrix(curvatures), gradient.to_vec());
        }
        self.conjugate(curvatures, gradient, residual)
    }

    /// The matrix of negative second derivatives, row by row.
    fn matrix(&self, curvatures: &[Curvature]) -> Vec<f64> {
        let count = self.items + usize::from(self.ties);
        let mut matrix = vec![0.0; count * count];
        (0..count).for_each(|at| matrix[at * count + at] = self.precision);
        let tie = self.items;
        for (cell, [half, both, of_tie]) in self.cells.iter().zip(curvatures) {
            let [one, other] = cell.items;
            matrix[one * count + one] += half / 4.0;
            matrix[other * count + other] += half / 4.0;
            matrix[one * count + other] -= half / 4.0;
            matrix[other * count + one] -= half / 4.0;
            if self.ties {
                for (item, curvature) in [(one, both / 2.0), (other, -both / 2.0)] {
                    matrix[item * count + tie] += curvature;
                    matrix[tie * count + item] += curvature;
                }
                matrix[tie * count + tie] += of_tie;
            }
        }
        matrix
    }

    /// Newton's step by conjugate gradients with a diagonal preconditioner.
    fn conjugate(&self, curvatures: &[Curvature], gradient: &[f64], residual: f64) -> Vec<f64> {
        let mut scale = vec![self.precision; gradient.len()];
        for (cell, [half, _, of_tie]) in self.cells.iter().zip(curvatures) {
            cell.items.iter().for_each(|&item| scale[item] += half / 4.0);
            if self.ties {
                scale[self.items] += of_tie;
            }
        }
        scale.iter_mut().for_each(|scale| *scale = if *scale > 0.0 { 1.0 / *scale } else { 1.0 });
        let dot = |one: &[f64], other: &[f64]| one.iter().zip(other).map(|(a, b)| a * b).sum::<f64>();
        let scaled = |of: &[f64]| of.iter().zip(&scale).map(|(a, b)| a * b).collect::<Vec<f64>>();
        let mut step = vec![0.0; gradient.len()];
        let mut left = gradient.to_vec();
        let mut toward = scaled(&left);
        let mut length = dot(&left, &toward);
        let enough = length * residual * residual;
        for _ in 0..gradient.len() * 4 + 50 {
            if length <= enough || length <= f64::MIN_POSITIVE {
                break;
            }
            let product = self.product(curvatures, &toward);
            let curvature = dot(&toward, &product);
            if curvature <= 0.0 {
                break;
            }
            let share = length / curvature;
            step.iter_mut().zip(&toward).for_each(|(step, toward)| *step += share * toward);
            left.iter_mut().zip(&product).for_each(|(left, product)| *left -= share * product);
            let next = scaled(&left);
            let longer = dot(&left, &next);
            let keep = longer / length;
            toward.iter_mut().zip(&next).for_each(|(toward, next)| *toward = next + keep * *toward);
            length = longer;
        }
        step
    }
}

/// Groups of items that games connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    /// The group of each item. Groups are numbered from 0 in the order of their first items.
    pub of: Vec<usize>,
    /// For each group, whether no part of it won every game against the rest.
    pub determined: Vec<bool>,
}

impl Groups {
    /// The groups of items.
    pub fn new(items: usize, cells: &[Cell]) -> Self {
        let (mut forth, mut back) = (vec![Vec::new(); items], vec![Vec::new(); items]);
        for cell in cells {
            let [one, other] = cell.items;
            // Edges from the winner to the loser; a tie counts as both.
            if cell.wins[0] > 0.0 || cell.ties > 0.0 {
                forth[one].push(other);
                back[other].push(one);
            }
            if cell.wins[1] > 0.0 || cell.ties > 0.0 {
                forth[other].push(one);
                back[one].push(other);
            }
        }
        let mut of = vec![usize::MAX; items];
        let mut determined = Vec::new();
        for first in 0..items {
            if of[first] != usize::MAX {
                continue;
            }
            let group = determined.len();
            let members = reached(first, &[&forth, &back]);
            members.iter().for_each(|&member| of[member] = group);
            let all = members.len();
            determined.push(reached(first, &[&forth]).len() == all && reached(first, &[&back]).len() == all);
        }
        Self { of, determined }
    }
}

/// The items that are reachable from an item.
fn reached(from: usize, edges: &[&Vec<Vec<usize>>]) -> Vec<usize> {
    let mut found = vec![from];
    let mut seen = std::collections::BTreeSet::from([from]);
    let mut at = 0;
    while let Some(&item) = found.get(at) {
        at += 1;
        for &next in edges.iter().flat_map(|edges| &edges[item]) {
            if seen.insert(next) {
                found.push(next);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Davidson's original iteration without a prior, which is slow and simple.
    fn slowly(items: usize, cells: &[Cell]) -> Fit {
        let ties: f64 = cells.iter().map(|cell| cell.ties).sum();
        let (mut worth, mut tie) = (vec![1.0_f64; items], if ties > 0.0 { 1.0 } else { 0.0 });
        for _ in 0..60_000 {
            let before = (worth.clone(), tie);
            let weight = |worth: &[f64], tie: f64, cell: &Cell| {
                let [a, b] = cell.items.map(|item| worth[item]);
                (cell.wins[0] + cell.wins[1] + cell.ties) / (a + b + tie * (a * b).sqrt())
            };
            for item in 0..items {
                let (mut points, mut below) = (0.0, 0.0);
                for cell in cells.iter().filter(|cell| cell.items.contains(&item)) {
                    let own = usize::from(cell.items[1] == item);
                    points += cell.wins[own] + cell.ties / 2.0;
                    let other = worth[cell.items[1 - own]];
                    below += weight(&worth, tie, cell) * (1.0 + tie / 2.0 * (other / worth[item]).sqrt());
                }
                if below > 0.0 {
                    worth[item] = points / below;
                }
            }
            let below: f64 = cells
                .iter()
                .map(|cell| {
                    weight(&worth, tie, cell)
                        * cell.items.map(|item| worth[item]).iter().product::<f64>().sqrt()
                })
                .sum();
            tie = if below > 0.0 { ties / below } else { 0.0 };
            let moved = worth.iter().zip(&before.0).map(|(a, b)| (a / b).ln().abs()).fold(0.0, f64::max);
            if moved < 1e-13 && (tie - before.1).abs() < 1e-13 {
                break;
            }
        }
        let mean = worth.iter().map(|worth| worth.ln()).sum::<f64>() / items as f64;
        Fit {
            strengths: worth.iter().map(|worth| worth.ln() - mean).collect(),
            tie: (tie > 0.0).then(|| tie.ln()),
        }
    }

    /// Random games, and a ring of games in both directions, so that there is a maximum.
    fn cells() -> impl Strategy<Value = (usize, Vec<Cell>)> {
        (3usize..7).prop_flat_map(|items| {
            let ring = prop::collection::vec((1u8..9, 1u8..9, 0u8..5), items);
            let more = prop::collection::vec((0..items, 1..items, 0u8..9, 0u8..9, 0u8..5), 0..9);
            (ring, more).prop_map(move |(ring, more)| {
                let number = f64::from;
                let mut cells = Vec::new();
                for (item, (a, b, t)) in ring.into_iter().enumerate() {
                    let items = [item, (item + 1) % items];
                    cells.push(Cell { items, wins: [number(a), number(b)], ties: number(t) });
                }
                for (item, step, a, b, t) in more {
                    let items = [item, (item + step) % items];
                    cells.push(Cell { items, wins: [number(a), number(b)], ties: number(t) });
                }
                (items, cells)
            })
        })
    }

    fn near(one: &Fit, other: &Fit, bound: f64) -> bool {
        let close = |(a, b): (&f64, &f64)| (a - b).abs() <= bound;
        let tie = match (one.tie, other.tie) {
            (Some(a), Some(b)) => (a - b).abs() <= bound,
            (a, b) => a == b,
        };
        tie && one.strengths.iter().zip(&other.strengths).all(close)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn newton_finds_what_davidsons_iteration_does((items, cells) in cells()) {
            let (fast, slow) = (fit(items, &cells, None).unwrap(), slowly(items, &cells));
            prop_assert!(near(&fast, &slow, 1e-7), "{fast:?} {slow:?}");
        }

        #[test]
        fn the_matrix_and_conjugate_gradients_make_the_same_step((items, cells) in cells(), deviation in 0.5f64..5.0) {
            let ties = cells.iter().any(|cell| cell.ties > 0.0);
            let precision = 1.0 / (deviation * deviation);
            let problem = Problem { items, cells: &cells, precision, ties, groups: None };
            let x: Vec<f64> = (0..items + usize::from(ties)).map(|at| (at as f64).sin()).collect();
            let (gradient, curvatures) = problem.gradient(&x);
            let (one, other) = (problem.solve(&curvatures, &gradient, 1e-13), problem.conjugate(&curvatures, &gradient, 1e-13));
            prop_assert!(one.iter().zip(&other).all(|(a, b)| (a - b).abs() < 1e-9), "{one:?} {other:?}");
        }

        #[test]
        fn sides_do_not_matter((items, cells) in cells(), prior in prop::option::of(0.5f64..5.0)) {
            let swapped: Vec<Cell> = cells
                .iter()
                .map(|cell| Cell {
                    items: [cell.items[1], cell.items[0]],
                    wins: [cell.wins[1], cell.wins[0]],
                    ties: cell.ties,
                })
                .collect();
            let (one, other) = (fit(items, &cells, prior).unwrap(), fit(items, &swapped, prior).unwrap());
            prop_assert!(near(&one, &other, 1e-9));
        }

        #[test]
        fn numbers_and_order_do_not_matter((items, cells) in cells(), prior in prop::option::of(0.5f64..5.0)) {
            let renumbered: Vec<Cell> = cells
                .iter()
                .rev()
                .map(|cell| Cell { items: cell.items.map(|item| items - 1 - item), ..*cell })
                .collect();
            let (one, mut other) = (fit(items, &cells, prior).unwrap(), fit(items, &renumbered, prior).unwrap());
            other.strengths.reverse();
            prop_assert!(near(&one, &other, 1e-9));
        }

        #[test]
        fn winning_and_losing_exchanged_turns_the_ranking((items, cells) in cells(), prior in prop::option::of(0.5f64..5.0)) {
            let turned: Vec<Cell> =
                cells.iter().map(|cell| Cell { wins: [cell.wins[1], cell.wins[0]], ..*cell }).collect();
            let (one, mut other) = (fit(items, &cells, prior).unwrap(), fit(items, &turned, prior).unwrap());
            other.strengths.iter_mut().for_each(|strength| *strength = -*strength);
            prop_assert!(near(&one, &other, 1e-9));
        }

        #[test]
        fn fitted_points_are_those_of_the_games((items, cells) in cells()) {
            let found = fit(items, &cells, None).unwrap();
            let problem =
                Problem { items, cells: &cells, precision: 0.0, ties: found.tie.is_some(), groups: None };
            let x: Vec<f64> = found.strengths.iter().copied().chain(found.tie).collect();
            let (gradient, _) = problem.gradient(&x);
            prop_assert!(gradient.iter().all(|gradient| gradient.abs() < 1e-8), "{gradient:?}");
        }
    }

    fn cell(items: [usize; 2], wins: [f64; 2], ties: f64) -> Cell {
        Cell { items, wins, ties }
    }

    #[test]
    fn two_items_have_a_closed_form() {
        // ln of the ratio of wins, and ν = ties / √(wins · wins).
        let found = fit(2, &[cell([0, 1], [12.0, 3.0], 4.0)], None).unwrap();
        assert!((found.strengths[0] - found.strengths[1] - 4.0_f64.ln()).abs() < 1e-12);
        assert!((found.tie.unwrap() - (4.0_f64 / 6.0).ln()).abs() < 1e-12);
    }

    #[test]
    fn who_won_everything_needs_a_prior() {
        let cells = [cell([0, 1], [5.0, 0.0], 0.0), cell([1, 2], [3.0, 2.0], 0.0)];
        assert_eq!(fit(3, &cells, None), Err(FitError::NoMaximum));
        let found = fit(3, &cells, Some(3.0)).unwrap();
        assert!(found.strengths[0] > found.strengths[1] && found.strengths[1] > found.strengths[2]);
        assert!(found.strengths.iter().sum::<f64>().abs() < 1e-9);
        let more = [cell([0, 1], [50.0, 0.0], 0.0), cells[1]];
        let surer = fit(3, &more, Some(3.0)).unwrap();
        assert!(surer.strengths[0] - surer.strengths[1] > found.strengths[0] - found.strengths[1]);
        assert_eq!(Groups::new(3, &cells), Groups { of: vec![0, 0, 0], determined: vec![false] });
    }

    #[test]
    fn all_ties_need_a_prior() {
        let cells = [cell([0, 1], [0.0, 0.0], 7.0)];
        assert_eq!(fit(2, &cells, None), Err(FitError::NoMaximum));
        let found = fit(2, &cells, Some(3.0)).unwrap();
        assert!(found.strengths.iter().all(|strength| strength.abs() < 1e-12) && found.tie.unwrap() > 1.0);
    }

    #[test]
    fn a_tie_is_no_loss_to_whoever_won_the_rest() {
        // The strength of item 1 and ν can grow without making the win or the tie less likely.
        assert!(!has_maximum(2, &[cell([0, 1], [3.0, 0.0], 2.0)]));
        assert!(has_maximum(2, &[cell([0, 1], [3.0, 1.0], 2.0)]));
        assert!(has_maximum(2, &[cell([0, 1], [3.0, 1.0], 0.0)]));
        // Levels with ties between neighbours and wins over lower levels; then a win that
        // contradicts them.
        let ladder = [cell([0, 1], [1.0, 0.0], 1.0), cell([1, 2], [2.0, 0.0], 1.0)];
        assert!(!has_maximum(3, &ladder));
        assert!(has_maximum(3, &[ladder[0], ladder[1], cell([0, 2], [0.0, 0.0], 1.0)]));
        assert!(!has_maximum(3, &[ladder[0], ladder[1], cell([0, 2], [1.0, 0.0], 0.0)]));
        assert!(has_maximum(3, &[ladder[0], ladder[1], cell([2, 0], [1.0, 0.0], 0.0)]));
    }

    #[test]
    fn groups_that_never_met_are_fitted_each_by_itself() {
        let cells = [cell([0, 2], [4.0, 2.0], 1.0), cell([1, 3], [1.0, 6.0], 2.0)];
        assert_eq!(Groups::new(5, &cells).of, [0, 1, 0, 1, 2]);
        assert_eq!(Groups::new(5, &cells).determined, [true; 3]);
        for prior in [None, Some(3.0)] {
            let Fit { strengths, .. } = fit(5, &cells, prior).unwrap();
            assert!((strengths[0] + strengths[2]).abs() < 1e-9 && (strengths[1] + strengths[3]).abs() < 1e-9);
            assert_eq!(strengths[4], 0.0);
        }
    }

    #[test]
    fn nothing_is_a_fit_of_nothing() {
        assert_eq!(fit(0, &[], None).unwrap(), Fit { strengths: vec![], tie: None });
        assert_eq!(fit(2, &[], Some(3.0)).unwrap().strengths, [0.0; 2]);
    }

    #[test]
    fn thousands_of_items_in_a_chain_settle() {
        let cells: Vec<Cell> = (0..3000).map(|at| cell([at, at + 1], [2.0, 1.0], 1.0)).collect();
        let found = fit(3001, &cells, Some(3.0)).unwrap();
        assert!(found.strengths.windows(2).all(|pair| pair[0] >= pair[1] - 1e-9));
    }
}
