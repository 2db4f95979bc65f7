//! The posterior of a taste: Laplace's approximation, a normal distribution around the maximum
//! whose precision is the matrix of negative second derivatives.
//!
//! Only differences of scores mean anything, because only they determine choices. So uncertainties
//! are those of differences between images.

use std::sync::OnceLock;

use crate::{
    conjugate::conjugate,
    data::{Data, Embeddings},
    dense::Dense,
    design::Design,
    error::{MOST_LEAD, TasteError},
    fit::Fit,
    kernel::Kernel,
    linear::{Triangle, dot},
    newton::Solver,
    problem::{Problem, Squares},
};

/// Images that are scored together, with the base scorer's scores in logits.
#[derive(Debug, Clone, PartialEq)]
pub struct Pool {
    pub(crate) embeddings: Embeddings,
    pub(crate) bases: Vec<f64>,
    /// The scores from their mean: the same differences, with less rounding.
    centred: Vec<f64>,
    /// The products of the embeddings.
    products: Triangle,
}

impl Pool {
    /// Images with their scores, in logits.
    ///
    /// # Errors
    ///
    /// If a score is not finite, or there is not one for each image.
    pub fn new(embeddings: Embeddings, bases: Vec<f64>) -> Result<Self, TasteError> {
        if bases.len() != embeddings.count() {
            return Err(TasteError::Score { image: bases.len().min(embeddings.count()) });
        }
        if let Some(image) = bases.iter().position(|base| base.is_nan() || base.abs() > MOST_LEAD) {
            return Err(TasteError::Score { image });
        }
        let dimensions = embeddings.dimensions();
        let wide: Vec<f64> = (0..bases.len()).flat_map(|image| embeddings.wide(image)).collect();
        let of = |image: usize| &wide[image * dimensions..(image + 1) * dimensions];
        let products = Triangle::with(bases.len(), |row, to| {
            to.iter_mut().enumerate().for_each(|(column, to)| *to = dot(of(row), of(column)));
        });
        let mean = bases.iter().sum::<f64>() / bases.len().max(1) as f64;
        let centred = bases.iter().map(|base| base - mean).collect();
        Ok(Self { embeddings, bases, centred, products })
    }

    /// Number of images.
    pub fn count(&self) -> usize {
        self.bases.len()
    }

    /// The embeddings.
    pub fn embeddings(&self) -> &Embeddings {
        &self.embeddings
    }

    /// The scores by a taste.
    pub fn scores(&self, fit: &Fit) -> Vec<f64> {
        (0..self.count()).map(|image| fit.score(self.bases[image], self.embeddings.of(image))).collect()
    }
}

/// The covariance of the scores of a pool's images, up to what all scores share.
#[derive(Debug, Clone, PartialEq)]
pub struct Covariance(pub(crate) Triangle);

impl Covariance {
    /// The variance of the difference of two images' scores.
    pub fn of_difference(&self, one: usize, other: usize) -> f64 {
        let Self(all) = self;
        (all.at(one, one) + all.at(other, other) - 2.0 * all.at(one, other)).max(0.0)
    }

    /// The standard deviation of each image's score from the mean score of all.
    pub fn deviations(&self) -> Vec<f64> {
        let Self(all) = self;
        let count = all.count();
        let means: Vec<f64> = (0..count)
            .map(|row| (0..count).map(|column| all.at(row, column)).sum::<f64>() / count as f64)
            .collect();
        let mean = means.iter().sum::<f64>() / count as f64;
        (0..count).map(|row| (all.at(row, row) - 2.0 * means[row] + mean).max(0.0).sqrt()).collect()
    }
}

/// The posterior of a taste.
#[derive(Debug, Clone)]
pub struct Posterior {
    design: Design,
    fit: Fit,
    squares: Squares,
    /// Computed when it is first needed: after most choices only scores are.
    factor: OnceLock<Decomposed>,
}

#[derive(Debug, Clone)]
enum Decomposed {
    Kernel(Kernel),
    Dense(Dense),
    /// Too large for a matrix.
    No,
}

impl Posterior {
    /// The posterior of a fit to these choices.
    pub fn new(data: &Data, fit: &Fit) -> Self {
        let design = Design::new(data);
        let problem = Problem { design: &design, priors: fit.priors, ties: fit.tie.is_some() };
        let mut x: Vec<f64> =
            design.coordinates(&fit.weights).iter().map(|w| w / fit.priors.weights).collect();
        x.push((fit.alpha - 1.0) / fit.priors.alpha);
        x.extend(fit.tie.map(|tie| tie / fit.priors.tie));
        let leads = problem.leads(&x);
        let (_, squares) = problem.gradient(&x, &leads);
        Self::at(&design, fit, squares)
    }

    /// The posterior from the curvatures at a maximum.
    pub(crate) fn at(design: &Design, fit: &Fit, squares: Squares) -> Self {
        Self { design: design.clone(), fit: fit.clone(), squares, factor: OnceLock::new() }
    }

    fn factor(&self) -> &Decomposed {
        self.factor.get_or_init(|| match Solver::direct(&self.design) {
            Some((Solver::Choices, _)) => Decomposed::Kernel(Kernel::new(&self.problem(), &self.squares)),
            Some(_) => Decomposed::Dense(Dense::new(&self.problem(), &self.squares)),
            None => Decomposed::No,
        })
    }

    /// The maximum.
    pub fn fit(&self) -> &Fit {
        &self.fit
    }

    fn problem(&self) -> Problem<'_> {
        Problem { design: &self.design, priors: self.fit.priors, ties: self.fit.tie.is_some() }
    }

    /// The products of every choice's difference of embeddings with every image of a pool, starting
    /// with choice `from`.
    pub(crate) fn crossed(&self, pool: &Pool, from: usize) -> Vec<f64> {
        let dimensions = pool.embeddings.dimensions();
        let wide: Vec<f64> = (0..pool.count()).flat_map(|image| pool.embeddings.wide(image)).collect();
        let choices = from..self.design.count();
        let of = |choice: usize| {
            let row = self.design.row(choice);
            wide.chunks_exact(dimensions).map(|image| dot(&row, image)).collect::<Vec<f64>>()
        };
        choices.flat_map(of).collect()
    }

    /// The covariance of the scores of images.
    pub fn covariance(&self, pool: &Pool) -> Covariance {
        let crossed = self.needs_crossed().then(|| self.crossed(pool, 0));
        self.covariance_from(pool, crossed.as_deref().unwrap_or_default())
    }

    /// Whether [`Posterior::covariance_from`] reads products with the choices.
    pub(crate) fn needs_crossed(&self) -> bool {
        matches!(self.factor(), Decomposed::Kernel(_))
    }

    /// The covariance, from the products of the choices with the images.
    pub(crate) fn covariance_from(&self, pool: &Pool, crossed: &[f64]) -> Covariance {
        let (count, priors) = (pool.count(), self.fit.priors);
        let (of_weights, of_alpha) = (priors.weights * priors.weights, priors.alpha * priors.alpha);
        let prior = |row: usize, column: usize| {
            of_weights * pool.products.at(row, column) + of_alpha * pool.centred[row] * pool.centred[column]
        };
        let mut covariance = Triangle::with(count, |row, to| {
            to.iter_mut().enumerate().for_each(|(column, to)| *to = prior(row, column));
        });
        match self.factor() {
            Decomposed::Kernel(kernel) => {
                let mut rows = Vec::with_capacity(crossed.len());
                for (choice, products) in crossed.chunks_exact(count.max(1)).enumerate() {
                    let (root, lead) = (self.squares.lead[choice], self.design.leads[choice]);
                    let of = |(product, base): (&f64, &f64)| {
                        root * (of_weights * product + of_alpha * lead * base)
                    };
                    rows.extend(products.iter().zip(&pool.centred).map(of));
                }
                kernel.forward_rows(&mut rows, count);
                subtract(&mut covariance, &rows);
            }
            Decomposed::Dense(dense) => {
                // A row for each variable, a column for each image.
                let mut rows = self.columns(pool);
                subtract(&mut covariance, &rows);
                dense.forward_rows(&mut rows, count);
                covariance.add_products(&rows, &rows);
            }
            Decomposed::No => {
                let rows = self.columns(pool);
                subtract(&mut covariance, &rows);
                let size = self.problem().size();
                for column in 0..count {
                    let of: Vec<f64> = (0..size).map(|row| rows[row * count + column]).collect();
                    let found = conjugate(&self.problem(), &self.squares, &of, 1e-8);
                    for row in column..count {
                        let product: f64 = (0..size).map(|at| rows[at * count + row] * found[at]).sum();
                        covariance.row_mut(row)[column] += product;
                    }
                }
            }
        }
        Covariance(covariance)
    }

    /// The images of a pool in whitened variables, a column for each.
    fn columns(&self, pool: &Pool) -> Vec<f64> {
        let (count, size, priors) = (pool.count(), self.problem().size(), self.fit.priors);
        let mut rows = vec![0.0; size * count];
        for image in 0..count {
            let wide: Vec<f64> = pool.embeddings.wide(image).collect();
            for (at, value) in self.design.coordinates(&wide).into_iter().enumerate() {
                rows[at * count + image] = priors.weights * value;
            }
            rows[self.design.width() * count + image] = priors.alpha * pool.centred[image];
        }
        rows
    }

    /// The matrix of negative second derivatives by w and α, in whitened variables and with ln ν
    /// integrated out, times a vector in the space of embeddings, whose last number is that of α.
    pub(crate) fn precision(&self, of: &[f64]) -> Vec<f64> {
        let dimensions = of.len() - 1;
        let inside = self.design.coordinates(&of[..dimensions]);
        let mut variables: Vec<f64> = inside.clone();
        variables.push(of[dimensions]);
        if self.fit.tie.is_some() {
            variables.push(0.0);
        }
        let mut product = self.problem().product(&self.squares, &variables);
        let width = self.design.width();
        if self.fit.tie.is_some() {
            let mut unit = vec![0.0; variables.len()];
            unit[width + 1] = 1.0;
            let by_tie = self.problem().product(&self.squares, &unit);
            let share = product[width + 1] / by_tie[width + 1];
            product.iter_mut().zip(&by_tie).for_each(|(product, by)| *product -= share * by);
        }
        // Outside of the span the precision is that of the prior.
        let changed: Vec<f64> =
            product[..width].iter().zip(&inside).map(|(product, inside)| product - inside).collect();
        let mut found = self.design.vector(&changed, dimensions);
        found.iter_mut().zip(of).for_each(|(found, of)| *found += of);
        found.push(product[width]);
        found
    }
}

fn subtract(from: &mut Triangle, rows: &[f64]) {
    let negative: Vec<f64> = rows.iter().map(|x| -x).collect();
    from.add_products(rows, &negative);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        fit,
        tests::{any_data, any_priors, eliminate, embeddings, slowly},
    };

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_covariance_is_that_of_the_inverted_matrix(data in any_data(), priors in any_priors(), seed in 0u64..99) {
            let slow = slowly(&data, priors);
            let dimensions = data.embeddings().dimensions();
            let images = embeddings(4, dimensions, seed);
            let pool = Pool::new(images, vec![1.0, -2.0, 0.5, 20.0]).unwrap();
            let found = Posterior::new(&data, &fit(&data, priors).unwrap());
            let covariance = found.covariance(&pool);
            for one in 0..4 {
                for other in 0..one {
                    let mut apart: Vec<f64> = pool.embeddings.difference([one, other]).collect();
                    apart.push(pool.bases[one] - pool.bases[other]);
                    apart.resize(slow.x.len(), 0.0);
                    let solved = eliminate(slow.matrix.clone(), apart.clone());
                    let expected = dot(&solved, &apart);
                    let variance = covariance.of_difference(one, other);
                    prop_assert!((variance - expected).abs() < 1e-6 * (1.0 + expected), "{variance} {expected}");
                }
            }
        }

        #[test]
        fn both_matrices_and_conjugate_gradients_agree(data in any_data(), priors in any_priors()) {
            let dimensions = data.embeddings().dimensions();
            let pool = Pool::new(embeddings(5, dimensions, 5), vec![0.0, 1.0, 2.0, 3.0, -9.0]).unwrap();
            let found = fit(&data, priors).unwrap();
            let mut posterior = Posterior::new(&data, &found);
            let expected = posterior.covariance(&pool);
            let problem = Problem { design: &posterior.design, priors, ties: found.tie.is_some() };
            let factors = [Decomposed::Kernel(Kernel::new(&problem, &posterior.squares)), Decomposed::Dense(Dense::new(&problem, &posterior.squares)), Decomposed::No];
            for factor in factors {
                // Only coordinates in all dimensions have products with the choices.
                if matches!(factor, Decomposed::Kernel(_)) && posterior.design.is_of_images() {
                    continue;
                }
                posterior.factor = OnceLock::from(factor);
                let covariance = posterior.covariance(&pool);
                for one in 0..5 {
                    for other in 0..=one {
                        let (a, b) = (covariance.0.at(one, other), expected.0.at(one, other));
                        prop_assert!((a - b).abs() < 1e-5 * (1.0 + b.abs()), "{a} {b}");
                    }
                }
            }
        }
    }

    #[test]
    fn choices_make_it_surer() {
        use crate::{Choice, Priors};
        use pickscore_score::Label;
        let images = embeddings(6, 8, 1);
        let pool = Pool::new(images.clone(), vec![0.0; 6]).unwrap();
        let of = |count: usize| {
            let choice = Choice { images: [0, 1], lead: 0.0, label: Label::Left, prompt: 0 };
            let data = Data::new(images.clone(), vec![choice; count]).unwrap();
            Posterior::new(&data, &fit(&data, Priors::default()).unwrap()).covariance(&pool)
        };
        let variances = [0, 1, 5].map(|count| of(count).of_difference(0, 1));
        assert!(variances[0] > variances[1] && variances[1] > variances[2]);
        let apart: f64 = images.difference([0, 1]).map(|x| x * x).sum();
        assert!((variances[0] - 4.0 * apart).abs() < 1e-9);
        assert!(of(5).deviations()[0] < of(0).deviations()[0]);
    }

    #[test]
    fn a_pool_needs_a_finite_score_for_each_image() {
        assert_eq!(Pool::new(embeddings(2, 3, 1), vec![0.0]).unwrap_err(), TasteError::Score { image: 1 });
        let wrong = Pool::new(embeddings(2, 3, 1), vec![0.0, f64::NAN]).unwrap_err();
        assert_eq!(wrong, TasteError::Score { image: 1 });
    }
}
