//! Images as a taste sees them, beside the base scorer.

use crate::{error::TasteError, file::Taste};

/// Spread of the base scores, in logits, below which people are indifferent between the images: of
/// two that are so far apart, one is preferred 50.02 % of the time.
const INDIFFERENT: f64 = 1e-3;
/// Differences are zero within this share of what they are the difference of.
const ROUNDING: f64 = 1e-9;

/// An image by a taste.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// The score in logits.
    pub score: f64,
    /// The standard deviation of the score from the mean score of the images.
    pub deviation: f64,
    /// How much more than people this person likes it, compared with the other images: the score
    /// less the base score, both from the mean of the images, and the base scores as widely spread
    /// as the scores. So a person who only follows the base scorer more or less consistently than
    /// people likes no image more or less than they do.
    pub difference: f64,
    /// The standard deviation of the difference, to first order.
    pub difference_deviation: f64,
}

/// An image from the mean of all, in the variables of a taste: the base score and the embedding.
struct Apart {
    base: f64,
    embedding: Vec<f64>,
}

impl Apart {
    /// Each image from the mean of all.
    fn all(images: &[(f64, &[f32])], dimensions: usize) -> Vec<Self> {
        let count = images.len().max(1) as f64;
        let mut mean = Self { base: 0.0, embedding: vec![0.0; dimensions] };
        for (base, embedding) in images {
            mean.base += base / count;
            mean.embedding.iter_mut().zip(*embedding).for_each(|(sum, &e)| *sum += f64::from(e) / count);
        }
        let apart = |(base, embedding): &(f64, &[f32])| Self {
            base: base - mean.base,
            embedding: embedding.iter().zip(&mean.embedding).map(|(&e, mean)| f64::from(e) - mean).collect(),
        };
        images.iter().map(apart).collect()
    }

    /// Adds a multiple of another one.
    fn add(&mut self, factor: f64, other: &Self) {
        self.base += factor * other.base;
        self.embedding.iter_mut().zip(&other.embedding).for_each(|(to, from)| *to += factor * from);
    }
}

/// The standard deviation of numbers whose mean is 0.
fn spread(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len().max(1) as f64;
    (values.map(|x| x * x).sum::<f64>() / count).sqrt()
}

impl Taste {
    /// Images of one prompt by this taste, from their base scores and embeddings.
    ///
    /// # Errors
    ///
    /// If an embedding is of another model, or a score or an embedding is not finite.
    pub fn judge(&self, images: &[(f64, &[f32])]) -> Result<Vec<Judged>, TasteError> {
        self.check_images(images)?;
        let count = images.len().max(1) as f64;
        let scores: Vec<f64> = images.iter().map(|(base, embedding)| self.score(*base, embedding)).collect();
        let mean = scores.iter().sum::<f64>() / count;
        let apart = Apart::all(images, self.weights.len());
        let of_scores = spread(scores.iter().map(|score| score - mean));
        let of_bases = spread(apart.iter().map(|image| image.base));
        let people_differ = of_bases * self.scorer.scale > INDIFFERENT;
        // What makes base scores as widely spread as the scores.
        let factor = if people_differ { of_scores / of_bases } else { 0.0 };
        // The factor follows the scores: the gradient of its logarithm.
        let mut growth = Apart { base: 0.0, embedding: vec![0.0; self.weights.len()] };
        if factor > 0.0 {
            let each = 1.0 / (count * of_scores * of_scores);
            apart.iter().zip(&scores).for_each(|(image, score)| growth.add((score - mean) * each, image));
        }
        let judged = |(mut image, score): (Apart, f64)| {
            let deviation = self.variance(image.base, &image.embedding).sqrt();
            let (own, of_people) = (score - mean, factor * image.base);
            let difference = own - of_people;
            let is_zero = difference.abs() <= ROUNDING * (own.abs() + of_people.abs());
            image.add(-of_people, &growth);
            Judged {
                score,
                deviation,
                difference: if is_zero { 0.0 } else { difference },
                difference_deviation: self.variance(image.base, &image.embedding).sqrt(),
            }
        };
        Ok(apart.into_iter().zip(scores).map(judged).collect())
    }

    fn check_images(&self, images: &[(f64, &[f32])]) -> Result<(), TasteError> {
        let expected = self.weights.len();
        for (image, (base, embedding)) in images.iter().enumerate() {
            if embedding.len() != expected {
                return Err(TasteError::OtherModel { expected, found: embedding.len() });
            }
            if !base.is_finite() {
                return Err(TasteError::Score { image });
            }
            if !embedding.iter().all(|e| e.is_finite()) {
                return Err(TasteError::Embedding { image, problem: "not finite" });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use half::f16;
    use pickscore_common::seeded::{hashes, uniform};

    use super::*;
    use crate::{BaseScorer, Uncertainty, tests::embeddings};

    const DIMENSIONS: usize = 3;

    /// A taste whose uncertainty is that of its prior.
    fn taste(alpha: f64, weights: [f32; DIMENSIONS], deviation: f64) -> Taste {
        Taste {
            name: "Mine".into(),
            scorer: BaseScorer { name: "pickscore".into(), fingerprint: "0".repeat(64), scale: 2.0 },
            choices: 100,
            ties: 0,
            accuracy: None,
            alpha,
            tie: None,
            weights: weights.into(),
            uncertainty: Uncertainty {
                weights: deviation,
                alpha: deviation,
                reductions: vec![0.5],
                directions: [1.0, 0.0, 0.0, 0.0].map(f16::from_f64).into(),
            },
        }
    }

    /// Seven images.
    fn judged(taste: &Taste, bases: [f64; 7]) -> Vec<Judged> {
        let all = embeddings(7, DIMENSIONS, 3);
        let images: Vec<(f64, &[f32])> = bases.iter().enumerate().map(|(at, &b)| (b, all.of(at))).collect();
        taste.judge(&images).unwrap()
    }

    const BASES: [f64; 7] = [1.0, 0.2, -0.4, 0.9, -1.3, 0.1, 0.5];
    const WEIGHTS: [f32; DIMENSIONS] = [1.5, -0.7, 0.4];

    /// Standard scores: from the mean, in standard deviations.
    fn standardised(values: &[f64]) -> Vec<f64> {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let deviation = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt();
        values.iter().map(|x| (x - mean) / deviation).collect()
    }

    #[test]
    fn who_follows_people_more_or_less_consistently_likes_nothing_more_than_they_do() {
        for alpha in [0.1, 0.5, 1.0, 3.0] {
            for image in judged(&taste(alpha, [0.0; DIMENSIONS], 1.0), BASES) {
                assert_eq!(image.difference, 0.0, "α = {alpha}");
                assert!(image.difference_deviation > 0.0);
            }
        }
        // Who contradicts people does.
        let of = standardised(&BASES);
        for (image, people) in judged(&taste(-0.5, [0.0; DIMENSIONS], 1.0), BASES).iter().zip(of) {
            assert!(image.difference * people < 0.0);
        }
    }

    #[test]
    fn the_difference_is_that_of_standard_scores() {
        for (alpha, deviation) in [(0.3, 1.0), (1.0, 0.5), (2.0, 2.0)] {
            let all = judged(&taste(alpha, WEIGHTS, deviation), BASES);
            let scores: Vec<f64> = all.iter().map(|image| image.score).collect();
            let mean = scores.iter().sum::<f64>() / 7.0;
            let spread = (scores.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 7.0).sqrt();
            for ((image, own), people) in all.iter().zip(standardised(&scores)).zip(standardised(&BASES)) {
                assert!((image.difference - spread * (own - people)).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn how_sure_a_difference_is_does_not_depend_on_its_unit() {
        let one = judged(&taste(0.6, WEIGHTS, 0.4), BASES);
        let twice = judged(&taste(1.2, WEIGHTS.map(|w| 2.0 * w), 0.8), BASES);
        for (one, twice) in one.iter().zip(&twice) {
            assert!((2.0 * one.difference - twice.difference).abs() < 1e-6);
            assert!((2.0 * one.difference_deviation - twice.difference_deviation).abs() < 1e-6);
        }
    }

    /// Tastes drawn from the covariance differ as the deviations say.
    #[test]
    fn deviations_are_those_of_tastes_that_might_be_true() {
        const DEVIATION: f64 = 0.02;
        const DRAWN: usize = 4000;
        let middle = taste(0.6, WEIGHTS, DEVIATION);
        let mut numbers = hashes(1, "tastes that might be true", 0).map(|z| f64::from(uniform(z)));
        // Sums of twelve uniform numbers, each of the deviation 1/√3.
        let mut normal = || numbers.by_ref().take(12).sum::<f64>() / 2.0;
        let mut sums = [[0.0; 2]; 7];
        for _ in 0..DRAWN {
            // The variance along the first weight is halved.
            let mut drawn = [0.5_f64.sqrt(), 1.0, 1.0, 1.0].map(|share| share * DEVIATION);
            drawn.iter_mut().for_each(|x| *x *= normal());
            let [a, b, c, alpha] = drawn;
            let moved: Vec<f32> =
                WEIGHTS.iter().zip([a, b, c]).map(|(&w, x)| (f64::from(w) + x) as f32).collect();
            let drawn = taste(middle.alpha + alpha, moved.try_into().unwrap(), DEVIATION);
            for (sums, image) in sums.iter_mut().zip(judged(&drawn, BASES)) {
                sums[0] += image.difference;
                sums[1] += image.difference * image.difference;
            }
        }
        for (image, [sum, squares]) in judged(&middle, BASES).iter().zip(sums) {
            let mean = sum / DRAWN as f64;
            let found = (squares / DRAWN as f64 - mean * mean).sqrt();
            let expected = image.difference_deviation;
            assert!((found / expected - 1.0).abs() < 0.06, "{found} {expected}");
        }
    }

    #[test]
    fn where_people_are_indifferent_the_taste_alone_counts() {
        for bases in [[0.0; 7], [1e-6, 0.0, -1e-6, 0.0, 2e-6, 0.0, 0.0]] {
            let all = judged(&taste(0.5, WEIGHTS, 1.0), bases);
            let mean = all.iter().map(|image| image.score).sum::<f64>() / 7.0;
            for image in all {
                assert!((image.difference - (image.score - mean)).abs() < 1e-12);
                assert_eq!(image.difference_deviation, image.deviation);
            }
        }
    }

    #[test]
    fn of_two_images_only_the_order_counts() {
        let all = embeddings(2, DIMENSIONS, 5);
        let of = |bases: [f64; 2], weights| {
            taste(0.5, weights, 1.0).judge(&[(bases[0], all.of(0)), (bases[1], all.of(1))]).unwrap()
        };
        for image in of([1.0, 0.0], [0.0; DIMENSIONS]) {
            assert_eq!(image.difference, 0.0);
        }
        let along: Vec<f32> =
            all.of(0).iter().zip(all.of(1)).map(|(one, other)| 20.0 * (one - other)).collect();
        let [better, worse] = of([0.0, 1.0], along.try_into().unwrap())[..] else { panic!("two") };
        assert!(better.difference > 0.0 && worse.difference < 0.0);
    }

    #[test]
    fn one_image_and_none_have_nothing_to_differ_from() {
        let taste = taste(0.5, WEIGHTS, 1.0);
        assert_eq!(taste.judge(&[]).unwrap(), []);
        let [image] = taste.judge(&[(1.0, embeddings(1, DIMENSIONS, 1).of(0))]).unwrap()[..] else {
            panic!("one")
        };
        assert_eq!([image.deviation, image.difference, image.difference_deviation], [0.0; 3]);
    }
}
