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
    posterior::{Pool, Posterior},
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
    crossed: Vec<f64>,
}

impl LearnerPool {
    /// Images to choose pairs from.
    pub fn new(pool: Pool) -> Self {
        Self { pool, crossed: Vec::new() }
    }
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
        Ok(self.posterior.insert(found))
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
        let choices = self.data.choices().len();
        let posterior = self.posterior()?;
        if posterior.needs_crossed() {
            let images = pool.pool.count().max(1);
            pool.crossed.truncate(choices * images);
            let known = pool.crossed.len() / images;
            pool.crossed.extend(posterior.crossed(&pool.pool, known));
        }
        let covariance = posterior.covariance_from(&pool.pool, &pool.crossed);
        Ok(among(posterior, &pool.pool, &covariance, count, asked))
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
    fn nothing_can_be_taken_back_from_nothing() {
        let mut learner = Learner::new(embeddings(2, 3, 1), Priors::default()).unwrap();
        assert_eq!(learner.pop(), None);
        assert_eq!(learner.posterior().unwrap().fit().alpha, 1.0);
    }
}
