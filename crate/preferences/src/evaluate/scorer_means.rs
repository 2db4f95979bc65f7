//! The correlation of a scorer's mean score per model with the human ranking of the models.
//!
//! The Pick-a-Pic paper computes Spearman's correlation of a metric's mean score per model with Elo
//! ratings from people's choices, over 50 random orders. Here the human ranking is by Bradley–Terry
//! strength, which does not depend on an order, and the interval resamples prompts. The result with
//! Elo ratings is computed too.

use std::{collections::BTreeMap, ops::ControlFlow};

use serde::{Deserialize, Serialize};

use super::{
    bootstrap::{Estimate, interval},
    bradley_terry::fit,
    comparison::{Comparison, Games, Unit},
    correlation::{kendall, spearman},
    elo::Spread,
    ranking::{Cells, RankError, RankOptions, points, tell},
};
use pickscore_common::progress::Progress;

/// The score of an image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// The model that generated the image, or another item that is ranked.
    pub item: String,
    /// The prompt of the image.
    pub prompt: String,
    /// The score.
    pub score: f64,
}

/// The human rating and the mean score of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Placed {
    /// The model.
    pub name: String,
    /// The Bradley–Terry strength from people's choices, on the Elo scale.
    pub rating: f64,
    /// The mean score of its images.
    pub mean: f64,
    /// Number of images.
    pub images: usize,
}

/// The correlation of mean scores with the human ranking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Correlation {
    /// The models, in the order of their names.
    pub items: Vec<Placed>,
    /// Spearman's ρ with Bradley–Terry strengths, with an interval over prompts.
    pub spearman: Estimate,
    /// Kendall's τ-b with Bradley–Terry strengths, with an interval over prompts.
    pub kendall: Estimate,
    /// Spearman's ρ with Elo ratings over random orders, as in the paper.
    pub spearman_elo: Spread,
    /// Number of resampled datasets for the intervals, without those that have no correlation
    /// because all values of one side are equal.
    pub resamples: usize,
}

/// Correlates the mean scores of a scorer with people's choices. Each image counts once, regardless
/// of how often it was compared: otherwise winners, which stay for the next pair, would count more.
/// The intervals resample prompts, each with its choices and scores.
///
/// `None` if fewer than three items have both choices and scores, or there is no correlation.
///
/// # Errors
///
/// As [`super::ranking::rank`].
pub fn correlate(
    comparisons: &[Comparison],
    scored: &[Scored],
    options: &RankOptions,
    watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Option<Correlation>, RankError> {
    let games = Games::new(comparisons, Unit::Prompts);
    let means = Means::new(&games, scored);
    correlate_means(&games, &means, options, watch)
}

/// A number for a model that is not a mean over its images, such as a distance.
#[derive(Debug, Clone, PartialEq)]
pub struct Valued {
    /// The model, or another item that is ranked.
    pub item: String,
    /// The number.
    pub value: f64,
    /// Number of images that it was computed from.
    pub images: usize,
}

/// Correlates one number for each item with people's choices. The intervals resample the prompts of
/// the choices; the numbers stay as they are.
///
/// `None` as for [`correlate`].
///
/// # Errors
///
/// As [`super::ranking::rank`].
pub fn correlate_values(
    comparisons: &[Comparison],
    values: &[Valued],
    options: &RankOptions,
    watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Option<Correlation>, RankError> {
    let games = Games::new(comparisons, Unit::Prompts);
    let means = Means::fixed(&games, values);
    correlate_means(&games, &means, options, watch)
}

fn correlate_means(
    games: &Games,
    means: &Means,
    options: &RankOptions,
    watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Option<Correlation>, RankError> {
    options.check()?;
    let both: Vec<usize> = (0..games.names.len()).filter(|&item| means.images(item) > 0).collect();
    if both.len() < 3 {
        return Ok(None);
    }
    let table = Cells::new(games);
    let whole = fit(games.names.len(), &table.cells(None), options.prior)?;
    let ratings = pick(&whole.strengths, &both);
    let scores = means.of(None);
    let found = pick(&scores, &both);
    let (Some(rho), Some(tau)) = (spearman(&ratings, &found), kendall(&ratings, &found)) else {
        return Ok(None);
    };

    let mut over_orders = Vec::new();
    for index in 0..options.orders {
        tell(watch, "orders", index, options.orders)?;
        let ratings = options.elo().ratings(games.names.len(), &games.games, index);
        over_orders.extend(spearman(&pick(&ratings, &both), &found));
    }

    let (mut rhos, mut taus) = (Vec::new(), Vec::new());
    for index in 0..options.resamples {
        tell(watch, "datasets", index, options.resamples)?;
        let drawn = options.bootstrap().draw(games.units.len(), index);
        let (fit, present) = table.fit_drawn(&drawn, &whole, options.prior)?;
        let scores = means.of(Some(&drawn));
        let there: Vec<usize> =
            both.iter().copied().filter(|&item| present[item] && scores[item].is_finite()).collect();
        let (ratings, found) = (pick(&fit.strengths, &there), pick(&scores, &there));
        if let (Some(rho), Some(tau)) = (spearman(&ratings, &found), kendall(&ratings, &found)) {
            rhos.push(rho);
            taus.push(tau);
        }
    }
    let resamples = rhos.len();
    let estimate = |value: f64, drawn: &mut [f64]| {
        let [low, high] = interval(drawn).unwrap_or([value, value]);
        Estimate { value, low, high }
    };
    let placed = |&item: &usize| Placed {
        name: games.names[item].clone(),
        rating: points(whole.strengths[item]),
        mean: scores[item],
        images: means.images(item),
    };
    Ok(Some(Correlation {
        items: both.iter().map(placed).collect(),
        spearman: estimate(rho, &mut rhos),
        kendall: estimate(tau, &mut taus),
        spearman_elo: Spread::of(&over_orders).unwrap_or(Spread { mean: rho, deviation: 0.0 }),
        resamples,
    }))
}

fn pick(values: &[f64], places: &[usize]) -> Vec<f64> {
    places.iter().map(|&place| values[place]).collect()
}

/// The sums of scores by item and prompt.
struct Means {
    /// Item, number of the prompt (`usize::MAX` if it has no choices), sum and count.
    sums: Vec<(usize, usize, f64, f64)>,
    items: usize,
}

impl Means {
    fn new(games: &Games, scored: &[Scored]) -> Self {
        let mut sums: BTreeMap<(usize, usize), (f64, f64)> = BTreeMap::new();
        for one in scored.iter().filter(|one| one.score.is_finite()) {
            let Ok(item) = games.names.binary_search(&one.item) else { continue };
            let unit = games.units.binary_search(&one.prompt).unwrap_or(usize::MAX);
            let (sum, count) = sums.entry((item, unit)).or_default();
            (*sum, *count) = (*sum + one.score, *count + 1.0);
        }
        let sums = sums.into_iter().map(|((item, unit), (sum, count))| (item, unit, sum, count));
        Self { sums: sums.collect(), items: games.names.len() }
    }

    /// Values that belong to no prompt.
    fn fixed(games: &Games, values: &[Valued]) -> Self {
        let finite = values.iter().filter(|one| one.value.is_finite() && one.images > 0);
        let sums = finite.filter_map(|one| {
            let item = games.names.binary_search(&one.item).ok()?;
            let images = one.images as f64;
            Some((item, usize::MAX, one.value * images, images))
        });
        Self { sums: sums.collect(), items: games.names.len() }
    }

    /// The mean of each item, with each prompt as often as it was drawn; NaN for an item without
    /// images.
    fn of(&self, drawn: Option<&[f64]>) -> Vec<f64> {
        let mut totals = vec![(0.0, 0.0); self.items];
        for &(item, unit, sum, count) in &self.sums {
            let times = drawn.map_or(1.0, |drawn| drawn.get(unit).copied().unwrap_or(1.0));
            let (total, images) = &mut totals[item];
            (*total, *images) = (*total + times * sum, *images + times * count);
        }
        totals.into_iter().map(|(sum, count)| sum / count).collect()
    }

    fn images(&self, item: usize) -> usize {
        self.sums.iter().filter(|&&(of, ..)| of == item).map(|&(.., count)| count as usize).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pickscore_score::Label;

    fn choices(models: &[&str]) -> Vec<Comparison> {
        // Every earlier model beats every later one twice and loses once, for thirty prompts.
        let mut all = Vec::new();
        for prompt in 0..30 {
            for (at, left) in models.iter().enumerate() {
                for right in &models[at + 1..] {
                    let verdict = [Label::Left, Label::Left, Label::Right][prompt % 3];
                    let (left, right) = ((*left).to_owned(), (*right).to_owned());
                    all.push(Comparison { left, right, verdict, prompt: prompt.to_string(), rater: None });
                }
            }
        }
        all
    }

    fn scored(of: &[(&str, f64)]) -> Vec<Scored> {
        let image = |prompt: usize, &(item, score): &(&str, f64)| Scored {
            item: item.into(),
            prompt: prompt.to_string(),
            score: score + prompt as f64 / 100.0,
        };
        (0..30).flat_map(|prompt| of.iter().map(move |one| image(prompt, one))).collect()
    }

    fn found(scores: &[(&str, f64)]) -> Option<Correlation> {
        let options = RankOptions { resamples: 60, orders: 10, ..RankOptions::default() };
        correlate(&choices(&["a", "b", "c", "d"]), &scored(scores), &options, &mut |_| {
            ControlFlow::Continue(())
        })
        .unwrap()
    }

    #[test]
    fn a_scorer_that_agrees_has_one_and_one_that_contradicts_minus_one() {
        let agrees = found(&[("a", 4.0), ("b", 3.0), ("c", 2.0), ("d", 1.0)]).unwrap();
        assert_eq!((agrees.spearman.value, agrees.kendall.value, agrees.items.len()), (1.0, 1.0, 4));
        assert_eq!((agrees.resamples, agrees.items[0].images), (60, 30));
        let contradicts = found(&[("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 4.0)]).unwrap();
        assert_eq!((contradicts.spearman.value, contradicts.kendall.value), (-1.0, -1.0));
        assert!(contradicts.spearman_elo.mean < 0.0 && contradicts.spearman.low == -1.0);
    }

    #[test]
    fn what_was_not_both_chosen_and_scored_is_left_out() {
        let three = found(&[("a", 4.0), ("b", 3.0), ("c", 2.0), ("unknown", 9.0)]).unwrap();
        assert_eq!(three.items.iter().map(|item| item.name.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(found(&[("a", 4.0), ("b", 3.0)]), None);
        assert_eq!(found(&[("a", 4.0), ("b", 4.0), ("c", 4.0)]), None);
    }

    #[test]
    fn values_of_items_correlate_as_means_do() {
        let options = RankOptions { resamples: 60, orders: 10, ..RankOptions::default() };
        let correlated = |values: &[(&str, f64)]| {
            let valued = |&(item, value): &(&str, f64)| Valued { item: item.into(), value, images: 7 };
            let values: Vec<Valued> = values.iter().map(valued).collect();
            let choices = choices(&["a", "b", "c", "d"]);
            correlate_values(&choices, &values, &options, &mut |_| ControlFlow::Continue(())).unwrap()
        };
        // A distance is smallest for the best.
        let found = correlated(&[("b", 4.0), ("a", 3.0), ("c", 5.0), ("d", 8.0), ("unknown", 1.0)]).unwrap();
        assert_eq!((found.spearman.value, found.kendall.value), (-1.0, -1.0));
        let a = Placed { name: "a".into(), mean: 3.0, images: 7, ..found.items[0].clone() };
        assert_eq!(found.items[0], a);
        assert_eq!(correlated(&[("a", 1.0), ("b", 2.0), ("c", f64::NAN)]), None);
    }

    #[test]
    fn whoever_watches_may_stop_it() {
        let options = RankOptions::default();
        let scores = scored(&[("a", 4.0), ("b", 3.0), ("c", 2.0)]);
        let stopped =
            correlate(&choices(&["a", "b", "c"]), &scores, &options, &mut |_| ControlFlow::Break(()));
        assert_eq!(stopped, Err(RankError::Stopped));
    }
}
