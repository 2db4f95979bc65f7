//! Rankings, with the names of `pickscore evaluate --rank --format json`.

use pickscore_preferences::evaluate::{self, comparison, elo, ranking};
use serde::Serialize;
use tsify::Tsify;

use super::agreement::Estimate;

/// What is resampled for the intervals.
#[derive(Debug, Clone, Copy, Serialize, Tsify)]
#[serde(rename_all = "lowercase")]
pub enum RankingUnit {
    Prompts,
    Raters,
    Choices,
}

/// How a ranking was computed.
#[derive(Debug, Clone, Copy, Serialize, Tsify)]
pub struct RankingMethod {
    /// The standard deviation of the prior, in nats.
    pub prior: Option<f64>,
    pub unit: RankingUnit,
    /// Number of resampled datasets.
    pub resamples: usize,
    /// Number of random orders that Elo ratings are averaged over.
    pub orders: usize,
    /// The largest change of an Elo rating in one game (K).
    pub step: f64,
    pub seed: u64,
}

/// The Elo rating over random orders.
#[derive(Debug, Clone, Copy, Serialize, Tsify)]
pub struct EloRating {
    pub mean: f64,
    /// The standard deviation.
    pub deviation: f64,
}

/// One item of a ranking.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct Ranked {
    /// The uid of the image, or the name of the model.
    pub name: String,
    /// Its group, from 0.
    pub group: usize,
    /// Its rank in the group, from 1.
    pub rank: usize,
    /// The 95 % interval of the rank.
    pub rank_interval: [usize; 2],
    /// The Bradley–Terry rating with ties on the Elo scale: 1000 is the mean of its group, 400
    /// points are odds of 10 to 1.
    pub rating: Estimate,
    pub elo: EloRating,
    /// Records that preferred it.
    pub wins: usize,
    /// Records that preferred neither.
    pub ties: usize,
    /// Records that preferred the other item.
    pub losses: usize,
}

/// A ranking of images or models: the same as `pickscore evaluate --rank --format json` prints for
/// the contribution with these choices.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct Ranking {
    /// Choices that count.
    pub choices: usize,
    /// Choices that count and are ties.
    pub ties: usize,
    /// Choices that do not count: between an item and itself, or with an item that has no name.
    pub left_out: usize,
    /// Prompts or choices that were resampled for the intervals.
    pub units: usize,
    pub options: RankingMethod,
    /// ν of Davidson's model: equal items tie with probability ν / (2 + ν).
    pub tie: f64,
    /// Number of groups without choices between them. Ratings and ranks compare within one group
    /// only.
    pub groups: usize,
    /// Notes on how to read it, in English.
    pub notes: Vec<String>,
    /// The best first, group after group, the largest group first.
    pub items: Vec<Ranked>,
}

impl From<comparison::Unit> for RankingUnit {
    fn from(unit: comparison::Unit) -> Self {
        match unit {
            comparison::Unit::Prompts => Self::Prompts,
            comparison::Unit::Raters => Self::Raters,
            comparison::Unit::Choices => Self::Choices,
        }
    }
}

impl From<evaluate::RankOptions> for RankingMethod {
    fn from(options: evaluate::RankOptions) -> Self {
        let evaluate::RankOptions { prior, unit, resamples, orders, step, seed } = options;
        Self { prior, unit: unit.into(), resamples, orders, step, seed }
    }
}

impl From<ranking::Ranked> for Ranked {
    fn from(ranked: ranking::Ranked) -> Self {
        let ranking::Ranked { name, group, rank, rank_interval, rating, elo, wins, ties, losses } = ranked;
        let elo::Spread { mean, deviation } = elo;
        let elo = EloRating { mean, deviation };
        Self { name, group, rank, rank_interval, rating: rating.into(), elo, wins, ties, losses }
    }
}

impl From<evaluate::Ranking> for Ranking {
    fn from(ranking: evaluate::Ranking) -> Self {
        let evaluate::Ranking { choices, ties, left_out, units, options, tie, groups, notes, items } =
            ranking;
        let items = items.into_iter().map(Ranked::from).collect();
        Self { choices, ties, left_out, units, options: options.into(), tie, groups, notes, items }
    }
}

#[cfg(test)]
mod tests {
    use pickscore_preferences::Label;

    use super::*;

    /// The value has the schema of the command's JSON.
    #[test]
    fn a_ranking_is_that_of_the_command() {
        let choice = |left: &str, right: &str, verdict| comparison::Comparison {
            left: left.into(),
            right: right.into(),
            verdict,
            prompt: "a fox".into(),
            rater: None,
        };
        let choices = [
            choice("a", "b", Label::Left),
            choice("b", "c", Label::Tie),
            choice("c", "a", Label::Right),
            choice("d", "e", Label::Left),
        ];
        let options = evaluate::RankBy::Image.options();
        let found = evaluate::Ranker::new(&choices, &options).unwrap().finish();
        let expected = serde_json::to_value(&found).unwrap();
        assert_eq!(serde_json::to_value(Ranking::from(found)).unwrap(), expected);
    }
}
