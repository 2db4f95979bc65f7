//! Antialiased bicubic resampling, equal to Pillow's and torch's.
//!
//! Pillow (`src/libImaging/Resample.c`) computes weights in f64, then resamples first rows and then
//! columns, rounding in between. (Pillow 13 starts with the columns of tall images; models were
//! trained and published with earlier versions.) For 8-bit samples it rounds weights to 22 binary
//! digits. Libraries with shorter weights differ: fast_image_resize 6 with its Catmull-Rom filter
//! (the same cubic) changes 14 % of the levels of a 1024 × 1024 image by one. torch
//! (`UpSampleKernel.cpp`) resamples tensors in f32.
//!
//! Only the pixels that the crop keeps are computed, which does not change them.

mod axis;
mod nearest;
mod rows;
mod sample;

pub(crate) use axis::Axis;
pub(crate) use nearest::nearest;
use rows::Rows;
pub(crate) use rows::{Made, Plain};
pub(crate) use sample::Element;
use sample::Sample;

/// `source [rows.source, columns.source, CHANNELS]` → `[rows.kept, columns.kept, CHANNELS]`.
pub(crate) fn resample<T: Sample, const CHANNELS: usize>(
    source: &impl Rows<T>,
    columns: Axis,
    rows: Axis,
) -> Vec<T> {
    let row_weights = Weights::new(rows);
    let (top, bottom) = row_weights.range();
    let narrowed = along_rows::<T, CHANNELS>(source, columns, top, bottom);
    along_columns(&narrowed, columns.kept * CHANNELS, &row_weights, top)
}

/// The source pixels of each output pixel and their weights.
struct Weights<T: Sample> {
    starts: Vec<usize>,
    /// End of each output pixel's weights.
    ends: Vec<usize>,
    weights: Vec<T::Weight>,
}

impl<T: Sample> Weights<T> {
    fn new(axis: Axis) -> Self {
        let (mut starts, mut ends) = (Vec::with_capacity(axis.kept), Vec::with_capacity(axis.kept));
        let (mut weights, mut next) = (Vec::new(), Vec::new());
        for output in 0..axis.kept {
            next.clear();
            starts.push(T::weights(axis, output, &mut next));
            weights.extend_from_slice(&next);
            ends.push(weights.len());
        }
        Self { starts, ends, weights }
    }

    fn of(&self, output: usize) -> (usize, &[T::Weight]) {
        let before = output.checked_sub(1).map_or(0, |before| self.ends[before]);
        (self.starts[output], &self.weights[before..self.ends[output]])
    }

    /// The range of all source pixels used.
    fn range(&self) -> (usize, usize) {
        let Some(last) = self.starts.len().checked_sub(1) else { return (0, 0) };
        let (start, weights) = self.of(last);
        (self.starts[0], start + weights.len())
    }
}

/// Rows `top` to `bottom` of the source → `[bottom - top, columns.kept, CHANNELS]`.
fn along_rows<T: Sample, const CHANNELS: usize>(
    source: &impl Rows<T>,
    columns: Axis,
    top: usize,
    bottom: usize,
) -> Vec<T> {
    let mut output = vec![T::default(); (bottom - top) * columns.kept * CHANNELS];
    let weights = Weights::<T>::new(columns);
    for_rows(&mut output, columns.kept * CHANNELS, |row, output, scratch| {
        let source = source.row(top + row, scratch);
        if columns.resized == columns.source {
            output.copy_from_slice(&source[columns.first * CHANNELS..][..columns.kept * CHANNELS]);
            return;
        }
        for (at, pixel) in output.as_chunks_mut::<CHANNELS>().0.iter_mut().enumerate() {
            let (start, weights) = weights.of(at);
            let source = source[start * CHANNELS..][..weights.len() * CHANNELS].as_chunks::<CHANNELS>().0;
            let mut sums = [T::START; CHANNELS];
            for (weight, source) in weights.iter().zip(source) {
                for channel in 0..CHANNELS {
                    sums[channel] = source[channel].add(sums[channel], *weight);
                }
            }
            *pixel = sums.map(T::round);
        }
    });
    output
}

/// `[height, width]` from source row `top` on → `[kept, width]`.
fn along_columns<T: Sample>(values: &[T], width: usize, weights: &Weights<T>, top: usize) -> Vec<T> {
    let mut output = vec![T::default(); weights.starts.len() * width];
    for_rows(&mut output, width, |row, output, _| {
        let (start, weights) = weights.of(row);
        let mut sums = vec![T::START; width];
        for (weight, source) in weights.iter().zip(values[(start - top) * width..].chunks_exact(width)) {
            for (sum, source) in sums.iter_mut().zip(source) {
                *sum = source.add(*sum, *weight);
            }
        }
        output.iter_mut().zip(sums).for_each(|(level, sum)| *level = T::round(sum));
    });
    output
}

/// Calls `row` for each row of the output, with scratch memory; on all cores with the feature
/// `parallel`.
fn for_rows<T: Sample>(output: &mut [T], width: usize, row: impl Fn(usize, &mut [T], &mut Vec<T>) + Sync) {
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        let rows = output.par_chunks_exact_mut(width.max(1)).enumerate();
        rows.for_each_init(Vec::new, |scratch, (index, output)| row(index, output, scratch));
    }
    #[cfg(not(feature = "parallel"))]
    {
        let mut scratch = Vec::new();
        let rows = output.chunks_exact_mut(width.max(1)).enumerate();
        rows.for_each(|(index, output)| row(index, output, &mut scratch));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        sample::{PLACES, pillow_weights},
        *,
    };

    /// A simple implementation: each output pixel by itself.
    fn slow(values: &[u8], columns: Axis, rows: Axis) -> Vec<u8> {
        let pass = |source: &dyn Fn(usize) -> u8, axis: Axis, at: usize| -> u8 {
            let whole = Axis { first: 0, kept: axis.resized, ..axis };
            let weights = Weights::<u8>::new(whole);
            let (start, weights) = weights.of(at);
            let sum = weights
                .iter()
                .enumerate()
                .map(|(k, weight)| weight * i32::from(source(start + k)))
                .sum::<i32>();
            ((sum + (1 << (PLACES - 1))) >> PLACES).clamp(0, 255) as u8
        };
        let mut output = Vec::new();
        for y in rows.first..rows.first + rows.kept {
            for x in columns.first..columns.first + columns.kept {
                for channel in 0..3 {
                    let narrowed = |row: usize| {
                        pass(&|column| values[(row * columns.source + column) * 3 + channel], columns, x)
                    };
                    output.push(pass(&narrowed, rows, y));
                }
            }
        }
        output
    }

    /// The same in f64 without rounding.
    fn unrounded(values: &[u8], columns: Axis, rows: Axis) -> Vec<f64> {
        let weights = |axis: Axis, at: usize| {
            let mut weights = Vec::new();
            let start = pillow_weights(Axis { first: 0, ..axis }, at, &mut weights);
            (start, weights)
        };
        let mut output = Vec::new();
        for y in rows.first..rows.first + rows.kept {
            for x in columns.first..columns.first + columns.kept {
                for channel in 0..3 {
                    let ((top, down), (left, across)) = (weights(rows, y), weights(columns, x));
                    let mut sum = 0.0;
                    for (row, down) in down.iter().enumerate() {
                        for (column, across) in across.iter().enumerate() {
                            let at = (top + row) * columns.source + left + column;
                            sum += down * across * f64::from(values[at * 3 + channel]);
                        }
                    }
                    output.push(sum);
                }
            }
        }
        output
    }

    fn axis() -> impl Strategy<Value = Axis> {
        (1usize..14, 1usize..14).prop_flat_map(|(source, resized)| {
            (0..resized).prop_flat_map(move |first| {
                (1..=resized - first).prop_map(move |kept| Axis { source, resized, first, kept })
            })
        })
    }

    proptest! {
        #[test]
        fn equals_the_obvious_way(columns in axis(), rows in axis(), seed: u64) {
            let mut state = seed | 1;
            let values: Vec<u8> = (0..columns.source * rows.source * 3).map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 32) as u8
            }).collect();
            let plain = Plain { bytes: &values, stride: columns.source * 3 };
            prop_assert_eq!(resample::<u8, 3>(&plain, columns, rows), slow(&values, columns, rows));
            let make = |bytes: &[u8], row: &mut Vec<Element>| {
                row.extend(bytes.iter().map(|&level| Element(f32::from(level) / 255.0)));
            };
            let tensor = Made { bytes: &values, stride: columns.source * 3, make };
            let tensor = resample::<Element, 3>(&tensor, columns, rows);
            for (found, exact) in tensor.iter().zip(unrounded(&values, columns, rows)) {
                prop_assert!((f64::from(found.0) - exact / 255.0).abs() < 1e-5);
            }
        }
    }
}
