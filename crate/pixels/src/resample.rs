//! Pillow's antialiased bicubic resampling, to the last bit.
//!
//! Pillow (`src/libImaging/Resample.c`) computes weights in f64, rounds them to 22 binary places, and resamples first along rows and then
//! along columns, rounding to 8 bits between the two. Libraries that resample 8-bit images with narrower weights come close but not equal:
//! fast_image_resize 6 with its Catmull-Rom filter (the same cubic) leaves 14 % of the levels of a 1024 × 1024 picture off by one, more elsewhere,
//! and the bound is a thousandth. So these two passes are written here.
//!
//! Only what the centre crop keeps is computed: each pass treats its pixels independently, so leaving some out changes none of the others.

/// Binary places of the weights.
const PLACES: u32 = 32 - 8 - 2;
/// Half the width of the filter, in source pixels where nothing is made smaller.
const SUPPORT: f64 = 2.0;

/// The part of one axis that is kept: `kept` neighbours from `first` on of `resized`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Axis {
    pub(super) source: usize,
    pub(super) resized: usize,
    pub(super) first: usize,
    pub(super) kept: usize,
}

/// `values [rows.source, columns.source, 3]` → `[rows.kept, columns.kept, 3]`
pub(super) fn resample(values: &[u8], columns: Axis, rows: Axis) -> Vec<u8> {
    let row_weights = Weights::new(rows);
    let top = row_weights.starts.first().copied().unwrap_or(0);
    let bottom =
        row_weights.starts.last().map_or(0, |start| start + row_weights.counts.last().copied().unwrap_or(0));
    let narrowed = along_rows(&values[top * columns.source * 3..bottom * columns.source * 3], columns);
    along_columns(&narrowed, columns.kept * 3, &row_weights, top)
}

/// What each output pixel takes from which source pixels.
struct Weights {
    starts: Vec<usize>,
    counts: Vec<usize>,
    /// For each output pixel `longest` weights, of which `counts` are used.
    weights: Vec<i32>,
    longest: usize,
}

impl Weights {
    fn new(axis: Axis) -> Self {
        let (mut starts, mut counts) = (Vec::with_capacity(axis.kept), Vec::with_capacity(axis.kept));
        let scale = axis.source as f64 / axis.resized as f64;
        // Making larger interpolates, making smaller widens the filter to cover what falls away.
        let widening = scale.max(1.0);
        let support = SUPPORT * widening;
        let longest = support.ceil() as usize * 2 + 1;
        let mut weights = vec![0; axis.kept * longest];
        let mut exact = Vec::with_capacity(longest);
        for (output, weights) in weights.chunks_exact_mut(longest).enumerate() {
            let center = ((axis.first + output) as f64 + 0.5) * scale;
            let start = (center - support + 0.5).max(0.0) as usize;
            let end = ((center + support + 0.5) as usize).min(axis.source);
            exact.clear();
            exact.extend((start..end).map(|x| bicubic((x as f64 - center + 0.5) * (1.0 / widening))));
            let sum: f64 = exact.iter().sum();
            for (weight, exact) in weights.iter_mut().zip(&exact) {
                let exact = if sum == 0.0 { *exact } else { exact / sum };
                let scaled = exact * f64::from(1 << PLACES);
                // Away from zero at the half, by truncation.
                *weight = (scaled + if exact < 0.0 { -0.5 } else { 0.5 }) as i32;
            }
            starts.push(start);
            counts.push(end - start);
        }
        Self { starts, counts, weights, longest }
    }

    fn of(&self, output: usize) -> (usize, &[i32]) {
        (self.starts[output], &self.weights[output * self.longest..][..self.counts[output]])
    }
}

/// Keys's cubic with a = −½.
fn bicubic(x: f64) -> f64 {
    const A: f64 = -0.5;
    let x = x.abs();
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}

/// `[height, columns.source, 3]` → `[height, columns.kept, 3]`
fn along_rows(values: &[u8], columns: Axis) -> Vec<u8> {
    let height = values.len() / (columns.source * 3);
    let mut output = vec![0; height * columns.kept * 3];
    let weights = Weights::new(columns);
    for_rows(&mut output, columns.kept * 3, |row, output| {
        let source = &values[row * columns.source * 3..][..columns.source * 3];
        if columns.resized == columns.source {
            output.copy_from_slice(&source[columns.first * 3..][..columns.kept * 3]);
            return;
        }
        for (at, pixel) in output.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let (start, weights) = weights.of(at);
            let source = source[start * 3..][..weights.len() * 3].as_chunks::<3>().0;
            let mut sums = [1 << (PLACES - 1); 3];
            for (weight, source) in weights.iter().zip(source) {
                for channel in 0..3 {
                    sums[channel] += weight * i32::from(source[channel]);
                }
            }
            *pixel = sums.map(level);
        }
    });
    output
}

/// `[height, width]` from source row `top` on → `[kept, width]`
fn along_columns(values: &[u8], width: usize, weights: &Weights, top: usize) -> Vec<u8> {
    let mut output = vec![0; weights.starts.len() * width];
    for_rows(&mut output, width, |row, output| {
        let (start, weights) = weights.of(row);
        let mut sums = vec![1 << (PLACES - 1); width];
        for (weight, source) in weights.iter().zip(values[(start - top) * width..].chunks_exact(width)) {
            for (sum, source) in sums.iter_mut().zip(source) {
                *sum += weight * i32::from(*source);
            }
        }
        output.iter_mut().zip(sums).for_each(|(level_of, sum)| *level_of = level(sum));
    });
    output
}

fn level(sum: i32) -> u8 {
    // Within 0..=255 after the clamp.
    (sum >> PLACES).clamp(0, 255) as u8
}

/// Each row of the output, on all cores where there are several.
fn for_rows(output: &mut [u8], width: usize, row: impl Fn(usize, &mut [u8]) + Sync) {
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        output.par_chunks_exact_mut(width.max(1)).enumerate().for_each(|(index, output)| row(index, output));
    }
    #[cfg(not(feature = "parallel"))]
    output.chunks_exact_mut(width.max(1)).enumerate().for_each(|(index, output)| row(index, output));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Everything at once, each output pixel by itself, then the crop.
    fn slow(values: &[u8], columns: Axis, rows: Axis) -> Vec<u8> {
        let pass = |source: &dyn Fn(usize) -> u8, axis: Axis, at: usize| -> u8 {
            let whole = Axis { first: 0, kept: axis.resized, ..axis };
            let weights = Weights::new(whole);
            let (start, weights) = weights.of(at);
            let sum = weights
                .iter()
                .enumerate()
                .map(|(k, weight)| weight * i32::from(source(start + k)))
                .sum::<i32>();
            level(sum + (1 << (PLACES - 1)))
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
            prop_assert_eq!(resample(&values, columns, rows), slow(&values, columns, rows));
        }
    }
}
