//! Converts the values of one parameter to the target precision, a few at a time.

use half::f16;

use super::{
    halves, quantize,
    values::{Blocks, Precision, Values},
};

/// An incomplete parameter, `[rows, columns]`.
#[derive(Debug)]
pub(super) struct Target {
    columns: usize,
    values: Values,
    /// Values of an incomplete 8-bit block.
    pending: Vec<f32>,
}

/// A value that the target precision cannot represent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Unfit {
    /// Its index in the source slice.
    pub(super) index: usize,
    /// The value.
    pub(super) value: f32,
}

impl Target {
    /// Creates an empty target. With `reserve`, all memory is allocated immediately; otherwise it
    /// grows with the data. Returns `None` if the allocation fails.
    pub(super) fn new(rows: usize, columns: usize, precision: Precision, reserve: bool) -> Option<Self> {
        let count = rows.checked_mul(columns)?;
        let reserved = if reserve { count } else { 0 };
        let values = match precision {
            Precision::F32 => Values::F32(vec_of(reserved)?),
            Precision::F16 => Values::F16(vec_of(reserved)?),
            Precision::Q8 | Precision::Q8Fast => {
                let block = quantize::BLOCK.min(columns.max(1));
                let scales = vec_of(if reserve { rows * columns.div_ceil(block) } else { 0 })?;
                Values::Q8(Blocks { values: vec_of(reserved)?, scales, block })
            }
        };
        Some(Self { columns, values, pending: Vec::new() })
    }

    /// Writes values from `start` on. Values within a row must arrive in order; rows may arrive in
    /// any order.
    pub(super) fn write(&mut self, start: usize, source: &[f32]) -> Result<(), Unfit> {
        // A fold without branches can be vectorised; this runs over every weight.
        if !source.iter().fold(true, |all, x| all & x.is_finite()) {
            return Err(unfit(source, |x| !x.is_finite()));
        }
        match &mut self.values {
            Values::F32(values) => {
                put(values, start, source, 0.0);
            }
            Values::F16(values) => {
                fit(values, start + source.len(), f16::ZERO);
                let target = &mut values[start..start + source.len()];
                halves::narrow_all(source, target);
                if !halves::all_finite(target) {
                    return Err(unfit(source, |x| !f16::from_f32(x).is_finite()));
                }
            }
            Values::Q8(blocks) => {
                let columns = self.columns;
                let mut end = start;
                let mut rest = source;
                while !rest.is_empty() {
                    // A block ends at its full length or at the end of the row.
                    let column = end % columns;
                    let block_end = (column / blocks.block + 1) * blocks.block;
                    let (taken, later) = rest.split_at((block_end.min(columns) - column).min(rest.len()));
                    self.pending.extend_from_slice(taken);
                    (end, rest) = (end + taken.len(), later);
                    let column = column + taken.len();
                    if column == block_end || column == columns {
                        let first = end - self.pending.len();
                        let per_row = columns.div_ceil(blocks.block);
                        let scale = first / columns * per_row + first % columns / blocks.block;
                        fit(&mut blocks.values, end, 0);
                        fit(&mut blocks.scales, scale + 1, 0.0);
                        blocks.scales[scale] = quantize::block(&self.pending, &mut blocks.values[first..end]);
                        self.pending.clear();
                    }
                }
            }
        }
        Ok(())
    }

    /// As [`write`](Self::write), from f16, which an f16 target only copies. Other targets get them
    /// in `scratch`.
    pub(super) fn write_halves(
        &mut self,
        start: usize,
        source: &[f16],
        scratch: &mut Vec<f32>,
    ) -> Result<(), Unfit> {
        let Values::F16(values) = &mut self.values else {
            scratch.resize(source.len(), 0.0);
            halves::widen_all(source, scratch);
            return self.write(start, scratch);
        };
        if !halves::all_finite(source) {
            let index = source.iter().position(|x| !x.is_finite()).unwrap_or(0);
            return Err(Unfit { index, value: source[index].to_f32() });
        }
        put(values, start, source, f16::ZERO);
        Ok(())
    }

    /// Copies 8-bit values from `start` on, unchanged, and the scales of all blocks of their
    /// tensor, which starts at `row`. Only for 8-bit targets.
    pub(super) fn adopt(&mut self, start: usize, values: &[i8], row: usize, scales: &[f32]) {
        let Values::Q8(blocks) = &mut self.values else { return };
        put(&mut blocks.values, start, values, 0);
        let first = row * self.columns.div_ceil(blocks.block);
        fit(&mut blocks.scales, first + scales.len(), 0.0);
        blocks.scales[first..first + scales.len()].copy_from_slice(scales);
    }

    /// Returns the complete parameter.
    pub(super) fn finish(self) -> Values {
        self.values
    }
}

fn vec_of<T>(reserved: usize) -> Option<Vec<T>> {
    let mut vec = Vec::new();
    vec.try_reserve_exact(reserved).ok()?;
    Some(vec)
}

/// Grows `vec` to at least `length`.
fn fit<T: Copy>(vec: &mut Vec<T>, length: usize, filler: T) {
    if vec.len() < length {
        vec.resize(length, filler);
    }
}

/// Copies `source` to `start`, usually the end of `vec`, which grows to hold it.
fn put<T: Copy>(vec: &mut Vec<T>, start: usize, source: &[T], filler: T) {
    if start == vec.len() {
        vec.extend_from_slice(source);
    } else {
        fit(vec, start + source.len(), filler);
        vec[start..start + source.len()].copy_from_slice(source);
    }
}

fn unfit(source: &[f32], is: impl Fn(f32) -> bool) -> Unfit {
    let index = source.iter().position(|&x| is(x)).unwrap_or(0);
    Unfit { index, value: source[index] }
}
