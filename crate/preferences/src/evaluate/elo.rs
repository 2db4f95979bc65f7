//! Elo ratings, averaged over random orders of the games as in the Pick-a-Pic paper, because the
//! ratings depend on the order.

use serde::{Deserialize, Serialize};

use super::{bootstrap::below, comparison::Game};
use pickscore_common::seeded::hashes;

/// The initial rating.
pub const START: f64 = 1000.0;

/// The difference of ratings at odds of 10 to 1.
pub const SCALE: f64 = 400.0;

/// Settings of Elo ratings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Elo {
    /// Number of random orders. The paper uses 50.
    pub orders: usize,
    /// The largest change of a rating in one game (K). The paper does not state it; 32 is usual.
    pub step: f64,
    /// The seed of the orders.
    pub seed: u64,
}

impl Default for Elo {
    fn default() -> Self {
        Self { orders: 50, step: 32.0, seed: 42 }
    }
}

/// Mean and standard deviation over random orders.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The sample standard deviation; 0 for a single value.
    pub deviation: f64,
}

impl Spread {
    /// Mean and deviation of values; `None` without values.
    pub fn of(values: &[f64]) -> Option<Self> {
        let count = values.len() as f64;
        if values.is_empty() {
            return None;
        }
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Some(Self { mean, deviation: (squares / (count - 1.0).max(1.0)).sqrt() })
    }
}

impl Elo {
    /// The ratings after all games, in random order number `at`.
    pub fn ratings(&self, items: usize, games: &[Game], at: usize) -> Vec<f64> {
        let moves = games.len().saturating_sub(1) as u64;
        let mut numbers = hashes(self.seed, "elo", at as u64 * moves);
        let mut order: Vec<usize> = (0..games.len()).collect();
        for at in (1..order.len()).rev() {
            order.swap(at, below(numbers.next().unwrap_or_default(), at + 1));
        }
        let mut ratings = vec![START; items];
        for Game { items: [one, other], score, .. } in order.into_iter().map(|at| games[at]) {
            let expected = 1.0 / (1.0 + 10.0_f64.powf((ratings[other] - ratings[one]) / SCALE));
            let moved = self.step * (score - expected);
            ratings[one] += moved;
            ratings[other] -= moved;
        }
        ratings
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(elo: &Elo, items: usize, games: &[Game]) -> Vec<Vec<f64>> {
        (0..elo.orders).map(|at| elo.ratings(items, games, at)).collect()
    }

    #[test]
    fn one_game_moves_half_a_step() {
        let game = Game { items: [0, 1], score: 1.0, unit: 0 };
        assert_eq!(all(&Elo { orders: 2, ..Elo::default() }, 2, &[game]), [[1016.0, 984.0]; 2]);
        let tie = Game { score: 0.5, ..game };
        assert_eq!(all(&Elo::default(), 2, &[tie]), vec![[1000.0, 1000.0]; 50]);
        assert!(Spread::of(&[]).is_none());
        assert_eq!(Spread::of(&[1.0, 3.0]), Some(Spread { mean: 2.0, deviation: 2.0_f64.sqrt() }));
    }

    proptest! {
        #[test]
        fn points_change_hands_and_none_are_made(
            games in prop::collection::vec((0usize..5, 1usize..5, 0u8..3), 0..60), seed: u64,
        ) {
            let game = |(item, step, score): (usize, usize, u8)| Game {
                items: [item, (item + step) % 5], score: f64::from(score) / 2.0, unit: 0,
            };
            let games: Vec<Game> = games.into_iter().map(game).collect();
            let elo = Elo { orders: 3, seed, ..Elo::default() };
            for ratings in all(&elo, 5, &games) {
                prop_assert!((ratings.iter().sum::<f64>() - 5.0 * START).abs() < 1e-6);
            }
            let swapped: Vec<Game> = games
                .iter()
                .map(|game| Game { items: [game.items[1], game.items[0]], score: 1.0 - game.score, unit: 0 })
                .collect();
            for (one, other) in all(&elo, 5, &games).iter().zip(&all(&elo, 5, &swapped)) {
                prop_assert!(one.iter().zip(other).all(|(a, b)| (a - b).abs() < 1e-9));
            }
        }
    }
}
