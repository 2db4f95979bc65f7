//! A taste that is fitted again after each choice: from the last fit, with the products of choices
//! kept, so that a choice adds one row to them.

use std::sync::Arc;

use crate::{
    data::{Choice, Data, Embeddings},
    design::{Design, KERNEL},
    error::TasteError,
    fit::{Fit, fitted},
    information::{Informative, among},
    linear::{Triangle, dot},
    posterior::{Covariance, Pool, Posterior},
    problem::Priors,
};

/// A taste that learns choice by choice.
#[derive(Debug)]
pub struct Learner {
    data: Data,
    priors: Priors,
    /// Coordinates and products of the choices, while they are few.
    points: Arc<Vec<f64>>,
    products: Option<Arc<Triangle>>,
    /// The weights, α and ln ν of the last fit.
    last: Option<Fit>,
    posterior: Option<Posterior>,
}

/// Images that pairs are chosen from, with their products with the choices so far.
#[derive(Debug)]
pub struct LearnerPool {
    pool: Pool,
    /// The choices whose products are known.
    known: Vec<Choice>,
    crossed: Vec<f64>,
}

impl LearnerPool {
    /// Images to choose pairs from.
    pub fn new(pool: Pool) -> Self {
        Self { pool, known: Vec::new(), crossed: Vec::new() }
    }

    /// The covariance of the images' scores after these choices.
    fn covariance(&mut self, posterior: &Posterior, choices: &[Choice]) -> Covariance {
        if posterior.needs_crossed() {
            let same = self.known.iter().zip(choices).take_while(|(known, choice)| known == choice).count();
            self.crossed.truncate(same * self.pool.count());
            self.crossed.extend(posterior.crossed(&self.pool, same));
            self.known.truncate(same);
            self.known.extend(&choices[same..]);
        }
        posterior.covariance_from(&self.pool, &self.crossed)
    }
}

/// The score of an image by a taste that is being learned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LearnedScore {
    /// The score in logits.
    pub score: f64,
    /// The standard deviation of the score from the mean score of the pool.
    pub deviation: f64,
}

impl Learner {
    /// A taste without choices.
    ///
    /// # Errors
    ///
    /// If a prior is out of range.
    pub fn new(embeddings: Embeddings, priors: Priors) -> Result<Self, TasteError> {
        let priors = priors.checked()?;
        let data = Data::new(embeddings, Vec::new())?;
        let products = Some(Arc::new(Triangle::default()));
        Ok(Self { data, priors, points: Arc::default(), products, last: None, posterior: None })
    }

    /// The choices so far.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// Adds an image and returns its number.
    ///
    /// # Errors
    ///
    /// As [`Embeddings::push`].
    pub fn push_image(&mut self, embedding: &[f32]) -> Result<usize, TasteError> {
        self.data.push_image(embedding)
    }

    /// Adds a choice. The taste is fitted again when it is next asked for.
    ///
    /// # Errors
    ///
    /// As [`Data::push`].
    pub fn push(&mut self, choice: Choice) -> Result<(), TasteError> {
        self.data.push(choice)?;
        self.posterior = None;
        let width = self.data.embeddings().dimensions();
        if let Some(products) = self.products.take().filter(|products| products.count() < KERNEL) {
            // Neither is shared now, so that nothing is copied.
            let (points, products) = (Arc::make_mut(&mut self.points), Arc::unwrap_or_clone(products));
            let mut products = products;
            points.extend(self.data.embeddings().difference(choice.images));
            let rows: Vec<&[f64]> = points.chunks_exact(width).collect();
            if let Some(added) = rows.last() {
                products.push(rows.iter().map(|row| dot(row, added)));
            }
            self.products = Some(Arc::new(products));
        } else {
            self.points = Arc::default();
        }
        Ok(())
    }

    /// Removes the last choice, as when a rater takes an answer back.
    pub fn pop(&mut self) -> Option<Choice> {
        let choice = self.data.pop()?;
        self.posterior = None;
        let kept = self.data.choices().len();
        if let Some(products) = self.products.take() {
            let mut products = Arc::unwrap_or_clone(products);
            products.truncate(kept);
            Arc::make_mut(&mut self.points).truncate(kept * self.data.embeddings().dimensions());
            self.products = Some(Arc::new(products));
        }
        Some(choice)
    }

    /// The posterior with all choices so far.
    ///
    /// # Errors
    ///
    /// If the fit does not converge.
    pub fn posterior(&mut self) -> Result<&Posterior, TasteError> {
        self.refitted().map(|(posterior, _)| posterior)
    }

    /// The posterior, and the choices.
    fn refitted(&mut self) -> Result<(&Posterior, &[Choice]), TasteError> {
        let found = match self.posterior.take() {
            Some(posterior) => posterior,
            None => {
                let design = match &self.products {
                    Some(products) => Design::kept(&self.data, &self.points, products),
                    None => Design::new(&self.data),
                };
                let start = self.last.as_ref().map(|last| start(last, &design, self.data.ties() > 0));
                let (fit, maximum) = fitted(&self.data, &design, self.priors, start)?;
                self.last = Some(fit.clone());
                Posterior::at(&design, &fit, maximum.squares)
            }
        };
        Ok((self.posterior.insert(found), self.data.choices()))
    }

    /// The most informative pairs of a pool, as [`crate::most_informative`].
    ///
    /// # Errors
    ///
    /// If the fit does not converge.
    pub fn most_informative(
        &mut self,
        pool: &mut LearnerPool,
        count: usize,
        asked: impl Fn([usize; 2]) -> bool,
    ) -> Result<Vec<Informative>, TasteError> {
        let (posterior, choices) = self.refitted()?;
        let covariance = pool.covariance(posterior, choices);
        Ok(among(posterior, &pool.pool, &covariance, count, asked))
    }

    /// The scores of a pool's images.
    ///
    /// # Errors
    ///
    /// If the fit does not converge.
    pub fn scores(&mut self, pool: &mut LearnerPool) -> Result<Vec<LearnedScore>, TasteError> {
        let (posterior, choices) = self.refitted()?;
        let deviations = pool.covariance(posterior, choices).deviations();
        let scores = pool.pool.scores(posterior.fit()).into_iter().zip(deviations);
        Ok(scores.map(|(score, deviation)| LearnedScore { score, deviation }).collect())
    }
}

/// The variables of an earlier fit, in these coordinates.
fn start(last: &Fit, design: &Design, ties: bool) -> Vec<f64> {
    let mut x: Vec<f64> = design.coordinates(&last.weights).iter().map(|w| w / last.priors.weights).collect();
    x.push((last.alpha - 1.0) / last.priors.alpha);
    if ties {
        x.push(last.tie.unwrap_or_default() / last.priors.tie);
    }
    x
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use pickscore_score::Label;

    use super::*;
    use crate::{
        fit, most_informative,
        tests::{any_data, any_priors, embeddings},
    };

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn choice_by_choice_is_as_all_at_once(data in any_data(), priors in any_priors()) {
            let mut learner = Learner::new(data.embeddings().clone(), priors).unwrap();
            let dimensions = data.embeddings().dimensions();
            let bases = vec![0.0, 1.0, -1.0, 0.5];
            let pool = Pool::new(embeddings(4, dimensions, 9), bases).unwrap();
            let mut kept = LearnerPool::new(pool.clone());
            for (at, &choice) in data.choices().iter().enumerate() {
                learner.push(choice).unwrap();
                if at % 3 == 0 {
                    // Taking an answer back leaves nothing behind.
                    learner.posterior().unwrap();
                    learner.most_informative(&mut kept, 2, |_| false).unwrap();
                    prop_assert_eq!(learner.pop(), Some(choice));
                    learner.push(choice).unwrap();
                }
            }
            let expected = fit(&data, priors).unwrap();
            let found = learner.posterior().unwrap().fit().clone();
            prop_assert!((found.alpha - expected.alpha).abs() < 1e-7);
            prop_assert!(found.weights.iter().zip(&expected.weights).all(|(a, b)| (a - b).abs() < 1e-7));
            let slow = most_informative(&Posterior::new(&data, &expected), &pool, 6, |_| false);
            let fast = learner.most_informative(&mut kept, 6, |_| false).unwrap();
            for (a, b) in fast.iter().zip(&slow) {
                prop_assert!((a.information - b.information).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn another_choice_in_place_of_one_taken_back_is_learned_from() {
        let images = embeddings(5, 6, 2);
        let choice = |images, label| Choice { images, lead: 0.2, label, prompt: 0 };
        let pool = Pool::new(images.clone(), vec![0.0; 5]).unwrap();
        let mut kept = LearnerPool::new(pool.clone());
        let mut learner = Learner::new(images.clone(), Priors::default()).unwrap();
        learner.push(choice([0, 1], Label::Left)).unwrap();
        learner.scores(&mut kept).unwrap();
        learner.pop();
        learner.push(choice([2, 3], Label::Right)).unwrap();
        let data = Data::new(images, vec![choice([2, 3], Label::Right)]).unwrap();
        let expected = fit(&data, Priors::default()).unwrap();
        let deviations = Posterior::new(&data, &expected).covariance(&pool).deviations();
        let found = learner.scores(&mut kept).unwrap();
        for ((found, score), deviation) in found.iter().zip(pool.scores(&expected)).zip(deviations) {
            assert!((found.score - score).abs() < 1e-9 && (found.deviation - deviation).abs() < 1e-9);
        }
    }

    #[test]
    fn nothing_can_be_taken_back_from_nothing() {
        let mut learner = Learner::new(embeddings(2, 3, 1), Priors::default()).unwrap();
        assert_eq!(learner.pop(), None);
        assert_eq!(learner.posterior().unwrap().fit().alpha, 1.0);
    }
}
