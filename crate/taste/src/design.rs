//! The choices as rows of numbers, in as few coordinates as they need.
//!
//! ```text
//! choices < images:  points are the choices, with coordinates Δe [dimensions]
//! images ≤ choices:  points are the images, with coordinates e [min(images, dimensions)]
//! ```
//!
//! Points are rotated into the space that they span if that has fewer dimensions. A rotation keeps
//! all products, and the prior of w is the same in every direction, so this changes no result.

use std::sync::Arc;

use pickscore_score::Label;

use crate::{
    data::Data,
    linear::{Triangle, add, dot},
};

/// Maximum number of choices whose products are kept: 18 MB.
pub(crate) const KERNEL: usize = 1500;
/// A point whose distance from the span of those before is below the square root of this is in it.
const SPANNED: f64 = 1e-13;

/// Choices in coordinates. Cheap to copy: copies and subsets share the coordinates.
#[derive(Debug, Clone)]
pub(crate) struct Design {
    width: usize,
    points: Arc<Vec<f64>>,
    incidence: Incidence,
    /// The products of all points with each other, where points are choices and few.
    gram: Option<Arc<Triangle>>,
    basis: Option<Arc<Basis>>,
    pub(crate) leads: Vec<f64>,
    pub(crate) labels: Vec<Label>,
}

/// Which points a choice is made of.
#[derive(Debug, Clone)]
enum Incidence {
    /// A choice is a point.
    Each(Vec<usize>),
    /// A choice is the difference of two points.
    Pairs(Vec<[usize; 2]>),
}

/// Orthonormal coordinates of a span of images.
#[derive(Debug)]
struct Basis {
    /// The images that span it.
    pivots: Vec<Vec<f64>>,
    /// Their coordinates: row n has n + 1 that are not 0.
    coordinates: Triangle,
}

impl Basis {
    /// The coordinates of the projection of a vector.
    fn coordinates(&self, of: &[f64]) -> Vec<f64> {
        let mut found: Vec<f64> = Vec::with_capacity(self.pivots.len());
        for (at, pivot) in self.pivots.iter().enumerate() {
            let row = self.coordinates.row(at);
            found.push((dot(pivot, of) - dot(&row[..at], &found)) / row[at]);
        }
        found
    }

    /// The vector with these coordinates.
    fn vector(&self, coordinates: &[f64], dimensions: usize) -> Vec<f64> {
        let mut shares = coordinates.to_vec();
        for at in (0..shares.len()).rev() {
            let row = self.coordinates.row(at);
            shares[at] /= row[at];
            let share = shares[at];
            add(&mut shares[..at], -share, &row[..at]);
        }
        let mut vector = vec![0.0; dimensions];
        shares.iter().zip(&self.pivots).for_each(|(&share, pivot)| add(&mut vector, share, pivot));
        vector
    }
}

impl Design {
    /// The choices in the coordinates that the numbers of choices, images and dimensions ask for.
    pub(crate) fn new(data: &Data) -> Self {
        let mut used: Vec<usize> = data.choices().iter().flat_map(|choice| choice.images).collect();
        used.sort_unstable();
        used.dedup();
        if data.choices().len() < used.len() { Self::of_choices(data) } else { Self::of_images(data, &used) }
    }

    /// Points are the choices.
    pub(crate) fn of_choices(data: &Data) -> Self {
        let width = data.embeddings().dimensions();
        let mut points = Vec::with_capacity(data.choices().len() * width);
        data.choices().iter().for_each(|choice| points.extend(data.embeddings().difference(choice.images)));
        let count = data.choices().len();
        let row = |at: usize| &points[at * width..(at + 1) * width];
        let gram = (count <= KERNEL).then(|| {
            Triangle::with(count, |at, to| {
                to.iter_mut().enumerate().for_each(|(other, to)| *to = dot(row(at), row(other)));
            })
        });
        let gram = gram.map(Arc::new);
        Self::made(data, width, points, Incidence::Each((0..count).collect()), gram, None)
    }

    /// Points are the images.
    pub(crate) fn of_images(data: &Data, used: &[usize]) -> Self {
        let place = |image: usize| used.binary_search(&image).unwrap_or_default();
        let pairs = data.choices().iter().map(|choice| choice.images.map(place)).collect();
        let dimensions = data.embeddings().dimensions();
        let points: Vec<f64> = used.iter().flat_map(|&image| data.embeddings().wide(image)).collect();
        if used.len() >= dimensions {
            return Self::made(data, dimensions, points, Incidence::Pairs(pairs), None, None);
        }
        let (width, points, basis) = spanned(&points, dimensions);
        Self::made(data, width, points, Incidence::Pairs(pairs), None, Some(Arc::new(basis)))
    }

    fn made(
        data: &Data,
        width: usize,
        points: Vec<f64>,
        incidence: Incidence,
        gram: Option<Arc<Triangle>>,
        basis: Option<Arc<Basis>>,
    ) -> Self {
        let leads = data.choices().iter().map(|choice| choice.lead).collect();
        let labels = data.choices().iter().map(|choice| choice.label).collect();
        Self { width, points: Arc::new(points), incidence, gram, basis, leads, labels }
    }

    /// Points are the choices, with products that are known already.
    pub(crate) fn kept(data: &Data, points: &Arc<Vec<f64>>, gram: &Arc<Triangle>) -> Self {
        let count = data.choices().len();
        let width = data.embeddings().dimensions();
        let incidence = Incidence::Each((0..count).collect());
        let mut made = Self::made(data, width, Vec::new(), incidence, Some(Arc::clone(gram)), None);
        made.points = Arc::clone(points);
        made
    }

    /// Some of the choices.
    pub(crate) fn subset(&self, choices: &[usize]) -> Self {
        Self {
            incidence: match &self.incidence {
                Incidence::Each(points) => Incidence::Each(choices.iter().map(|&at| points[at]).collect()),
                Incidence::Pairs(pairs) => Incidence::Pairs(choices.iter().map(|&at| pairs[at]).collect()),
            },
            leads: choices.iter().map(|&at| self.leads[at]).collect(),
            labels: choices.iter().map(|&at| self.labels[at]).collect(),
            ..self.clone()
        }
    }

    /// Number of choices.
    pub(crate) fn count(&self) -> usize {
        self.leads.len()
    }

    /// Number of coordinates.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Number of points.
    pub(crate) fn points(&self) -> usize {
        self.points.len().checked_div(self.width).unwrap_or(0)
    }

    /// Whether points are images.
    pub(crate) fn is_of_images(&self) -> bool {
        matches!(self.incidence, Incidence::Pairs(_))
    }

    fn point(&self, at: usize) -> &[f64] {
        &self.points[at * self.width..(at + 1) * self.width]
    }

    /// The product of two choices' coordinates, if products are kept.
    pub(crate) fn product(&self, one: usize, other: usize) -> f64 {
        match (&self.incidence, &self.gram) {
            (Incidence::Each(points), Some(gram)) => gram.at(points[one], points[other]),
            (Incidence::Each(points), None) => dot(self.point(points[one]), self.point(points[other])),
            (Incidence::Pairs(_), _) => dot(&self.row(one), &self.row(other)),
        }
    }

    /// Whether products are kept.
    pub(crate) fn has_products(&self) -> bool {
        self.gram.is_some()
    }

    /// The coordinates of a choice.
    pub(crate) fn row(&self, choice: usize) -> Vec<f64> {
        match &self.incidence {
            Incidence::Each(points) => self.point(points[choice]).to_vec(),
            Incidence::Pairs(pairs) => {
                let [left, right] = pairs[choice].map(|point| self.point(point));
                left.iter().zip(right).map(|(left, right)| left - right).collect()
            }
        }
    }

    /// The product of every choice's coordinates with a vector.
    pub(crate) fn forward(&self, vector: &[f64]) -> Vec<f64> {
        match &self.incidence {
            Incidence::Each(points) => points.iter().map(|&point| dot(self.point(point), vector)).collect(),
            Incidence::Pairs(pairs) => {
                let values: Vec<f64> = (0..self.points()).map(|at| dot(self.point(at), vector)).collect();
                pairs.iter().map(|&[left, right]| values[left] - values[right]).collect()
            }
        }
    }

    /// The sum of all choices' coordinates, each times a factor.
    pub(crate) fn backward(&self, factors: &[f64]) -> Vec<f64> {
        let mut sum = vec![0.0; self.width];
        match &self.incidence {
            Incidence::Each(points) => {
                points.iter().zip(factors).for_each(|(&at, &factor)| add(&mut sum, factor, self.point(at)));
            }
            Incidence::Pairs(pairs) => {
                let mut shares = vec![0.0; self.points()];
                for (&[left, right], factor) in pairs.iter().zip(factors) {
                    shares[left] += factor;
                    shares[right] -= factor;
                }
                let shared = shares.iter().enumerate().filter(|(_, share)| **share != 0.0);
                shared.for_each(|(at, &share)| add(&mut sum, share, self.point(at)));
            }
        }
        sum
    }

    /// [`Design::backward`] of `change` applied to [`Design::forward`], which it returns too. Reads
    /// the coordinates of choices once, because memory is what takes time.
    pub(crate) fn both(&self, vector: &[f64], change: impl Fn(usize, f64) -> f64) -> (Vec<f64>, Vec<f64>) {
        if let Incidence::Each(points) = &self.incidence {
            let mut sum = vec![0.0; self.width];
            let mut along = Vec::with_capacity(points.len());
            for (choice, &point) in points.iter().enumerate() {
                let row = self.point(point);
                let value = dot(row, vector);
                add(&mut sum, change(choice, value), row);
                along.push(value);
            }
            return (along, sum);
        }
        let along = self.forward(vector);
        let factors: Vec<f64> = along.iter().enumerate().map(|(at, &value)| change(at, value)).collect();
        let sum = self.backward(&factors);
        (along, sum)
    }

    /// Σ factor · x·xᵀ over the coordinates x of choices.
    pub(crate) fn squares(&self, factors: &[f64]) -> Triangle {
        let mut sum = Triangle::zeros(self.width);
        /// Rows that are prepared at once: they stay in the cache.
        const ROWS: usize = 32;
        match &self.incidence {
            Incidence::Each(points) => {
                for (points, factors) in points.chunks(ROWS).zip(factors.chunks(ROWS)) {
                    let rows: Vec<f64> = points.iter().flat_map(|&at| self.point(at)).copied().collect();
                    let scaled: Vec<f64> = rows
                        .chunks_exact(self.width.max(1))
                        .zip(factors)
                        .flat_map(|(row, factor)| row.iter().map(move |x| factor * x))
                        .collect();
                    sum.add_products(&rows, &scaled);
                }
            }
            Incidence::Pairs(pairs) => {
                // Zᵀ·(A·Z), where A has an entry for each pair of images that were compared.
                let mut product = vec![0.0; self.points.len()];
                for (&[left, right], &factor) in pairs.iter().zip(factors) {
                    for at in 0..self.width {
                        let [left_value, right_value] =
                            [left, right].map(|of| self.points[of * self.width + at]);
                        let apart = factor * (left_value - right_value);
                        product[left * self.width + at] += apart;
                        product[right * self.width + at] -= apart;
                    }
                }
                sum.add_products(&self.points, &product);
            }
        }
        sum
    }

    /// The coordinates of the projection of a difference of embeddings on the span of the points.
    pub(crate) fn coordinates(&self, difference: &[f64]) -> Vec<f64> {
        self.basis.as_ref().map_or_else(|| difference.to_vec(), |basis| basis.coordinates(difference))
    }

    /// The vector in the space of embeddings with these coordinates.
    pub(crate) fn vector(&self, coordinates: &[f64], dimensions: usize) -> Vec<f64> {
        self.basis
            .as_ref()
            .map_or_else(|| coordinates.to_vec(), |basis| basis.vector(coordinates, dimensions))
    }
}

/// Coordinates of images in their span: the pivoted Cholesky factor of their products. Without
/// pivots, rounding errors of images that are nearly in the span of others would grow.
fn spanned(images: &[f64], dimensions: usize) -> (usize, Vec<f64>, Basis) {
    let count = images.len() / dimensions;
    let image = |at: usize| &images[at * dimensions..(at + 1) * dimensions];
    let mut left: Vec<f64> = (0..count).map(|at| dot(image(at), image(at))).collect();
    let mut order: Vec<usize> = Vec::new();
    // Row by row, so that products of coordinates are contiguous.
    let mut coordinates = vec![0.0; count * count];
    while order.len() < count {
        let found = left.iter().enumerate().max_by(|one, other| one.1.total_cmp(other.1));
        let Some((pivot, &square)) = found.filter(|(_, square)| **square > SPANNED) else { break };
        let done = order.len();
        let root = square.sqrt();
        let of_pivot = coordinates[pivot * count..pivot * count + done].to_vec();
        let mut column = vec![0.0; count];
        for at in 0..count {
            if at == pivot {
                column[at] = root;
            } else if left[at] > 0.0 {
                let known = &coordinates[at * count..at * count + done];
                column[at] = (dot(image(pivot), image(at)) - dot(&of_pivot, known)) / root;
            }
        }
        for at in 0..count {
            coordinates[at * count + done] = column[at];
            left[at] = (left[at] - column[at] * column[at]).max(0.0);
        }
        // Rounding must not let a pivot be chosen again.
        left[pivot] = 0.0;
        order.push(pivot);
    }
    let width = order.len();
    let row = |at: usize| &coordinates[at * count..at * count + width];
    let basis = Basis {
        pivots: order.iter().map(|&at| image(at).to_vec()).collect(),
        coordinates: Triangle::with(width, |at, to| to.copy_from_slice(&row(order[at])[..=at])),
    };
    let points = (0..count).flat_map(row).copied().collect();
    (width, points, basis)
}
