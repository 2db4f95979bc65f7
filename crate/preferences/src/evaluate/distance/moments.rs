//! Mean and covariance of features, from one batch at a time.

/// The mean and the scatter matrix of features, in f64.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    count: usize,
    /// `[features]`
    mean: Vec<f64>,
    /// The sum of (x − mean)(x − mean)ᵀ, `[features, features]`, below and on the diagonal.
    scatter: Vec<f64>,
}

impl Moments {
    /// Moments of no images.
    pub fn new(features: usize) -> Self {
        Self { count: 0, mean: vec![0.0; features], scatter: vec![0.0; features * features] }
    }

    /// Number of images.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Number of features.
    pub fn features(&self) -> usize {
        self.mean.len()
    }

    /// The mean, `[features]`.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Adds a batch of images, each with its features `[features]`. Batches are combined as by
    /// Chan, Golub and LeVeque, which loses no precision however large the mean is.
    ///
    /// # Panics
    ///
    /// If an image has another number of features.
    pub fn add(&mut self, batch: &[&[f64]]) {
        if batch.is_empty() {
            return;
        }
        let (features, new) = (self.mean.len(), batch.len());
        let (before, after) = (self.count as f64, (self.count + new) as f64);
        // By feature, so that products run along the batch.
        let mut columns = vec![0.0; features * new];
        for (image, values) in batch.iter().enumerate() {
            assert_eq!(values.len(), features, "number of features");
            values.iter().enumerate().for_each(|(feature, &value)| columns[feature * new + image] = value);
        }
        let mut shift = vec![0.0; features];
        for (feature, column) in columns.chunks_exact_mut(new).enumerate() {
            let mean = column.iter().sum::<f64>() / new as f64;
            column.iter_mut().for_each(|value| *value -= mean);
            shift[feature] = mean - self.mean[feature];
        }
        let weight = before * new as f64 / after;
        for (row, target) in self.scatter.chunks_exact_mut(features).enumerate() {
            let of_row = &columns[row * new..(row + 1) * new];
            let columns = columns.chunks_exact(new).take(row + 1);
            for ((target, of_column), &other) in target.iter_mut().zip(columns).zip(&shift) {
                let product: f64 = of_row.iter().zip(of_column).map(|(x, y)| x * y).sum();
                *target += product + weight * shift[row] * other;
            }
        }
        for (mean, shift) in self.mean.iter_mut().zip(&shift) {
            *mean += shift * new as f64 / after;
        }
        self.count += new;
    }

    /// The covariance with the divisor n − 1, as `numpy.cov`: `[features, features]`. `None` for
    /// fewer than two images.
    pub fn covariance(&self) -> Option<Vec<f64>> {
        let features = self.mean.len();
        let divisor = self.count.checked_sub(1).filter(|&divisor| divisor > 0)? as f64;
        let mut covariance = vec![0.0; features * features];
        for row in 0..features {
            for column in 0..=row {
                let value = self.scatter[row * features + column] / divisor;
                covariance[row * features + column] = value;
                covariance[column * features + row] = value;
            }
        }
        Some(covariance)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition, in two passes.
    fn slowly(images: &[Vec<f64>]) -> (Vec<f64>, Vec<f64>) {
        let (count, features) = (images.len() as f64, images[0].len());
        let mean: Vec<f64> =
            (0..features).map(|at| images.iter().map(|image| image[at]).sum::<f64>() / count).collect();
        let covariance = |row: usize, column: usize| {
            let products = images.iter().map(|x| (x[row] - mean[row]) * (x[column] - mean[column]));
            products.sum::<f64>() / (count - 1.0)
        };
        let cells = (0..features).flat_map(|row| (0..features).map(move |column| (row, column)));
        (mean.clone(), cells.map(|(row, column)| covariance(row, column)).collect())
    }

    proptest! {
        #[test]
        fn batches_give_the_moments_of_the_whole(
            images in prop::collection::vec(prop::collection::vec(-1.0f64..1.0, 4), 2..40),
            batch in 1usize..9,
            offset in prop::sample::select(vec![0.0, 1e6]),
        ) {
            let images: Vec<Vec<f64>> =
                images.into_iter().map(|image| image.into_iter().map(|x| x + offset).collect()).collect();
            let mut moments = Moments::new(4);
            for images in images.chunks(batch) {
                moments.add(&images.iter().map(Vec::as_slice).collect::<Vec<_>>());
            }
            let (mean, covariance) = slowly(&images);
            prop_assert_eq!(moments.count(), images.len());
            for (found, expected) in moments.mean().iter().zip(mean) {
                prop_assert!((found - expected).abs() <= 1e-12 * (1.0 + expected.abs()));
            }
            for (found, expected) in moments.covariance().unwrap().iter().zip(covariance) {
                prop_assert!((found - expected).abs() <= 1e-8);
            }
        }
    }

    #[test]
    fn one_image_has_no_covariance() {
        let mut moments = Moments::new(2);
        assert_eq!(moments.covariance(), None);
        moments.add(&[&[1.0, 2.0]]);
        assert_eq!((moments.covariance(), moments.mean()), (None, &[1.0, 2.0][..]));
    }
}
