//! The innermost f32 loop: a tile of rows times one panel of the weight.
//!
//! Both operands are packed in the order in which they are read: step `k` of the input holds the
//! values of all rows, step `k` of the weight the [`LANES`] columns of the panel. The sums stay in
//! registers from the first step to the last.
//!
//! The loop also prefetches what the next tiles read.

use std::ops::Range;

use pulp::{
    Simd, WithSimd,
    bytemuck::{cast_slice, cast_slice_mut},
};

use super::prefetch::{Ahead, FIRST_LEVEL, prefetch};

/// Output columns per panel.
pub(super) const LANES: usize = 32;
/// Most rows of a tile in vector registers on any processor.
pub(super) const MOST_ROWS: usize = 12;

/// The sums of a tile, `[rows, LANES]`.
pub(super) type Sums = [[f32; LANES]; MOST_ROWS];

/// The heights that tiles may have on this processor.
pub(super) fn heights() -> Heights {
    struct MostRows;
    impl WithSimd for MostRows {
        type Output = usize;
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> usize {
            // A row needs two registers of sums; the weight needs two more and the input one. Wasm
            // has no limit, but the browser's compiler has 16 registers on most processors, some of
            // which hold products: with five rows it spills sums and is half as fast as with four.
            match S::REGISTER_COUNT {
                _ if cfg!(target_family = "wasm") => 4,
                32.. => 12,
                _ => 6,
            }
        }
    }
    Heights::up_to(pulp::Arch::new().dispatch(MostRows))
}

/// The heights that tiles may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heights {
    /// Most rows, a multiple of `multiple`.
    pub(super) most: usize,
    /// Every height is a multiple of this.
    pub(super) multiple: usize,
}

impl Heights {
    /// All heights of at most `most` rows.
    pub(super) fn up_to(most: usize) -> Self {
        Self { most, multiple: 1 }
    }
}

/// A split of rows into tiles of nearly equal height, the taller ones first. The last tile may end
/// after the last row.
#[derive(Clone, Copy)]
pub(super) struct Tiles {
    pub(super) count: usize,
    /// Rows of the taller tiles; the others have `multiple` rows less.
    height: usize,
    /// Number of taller tiles.
    tall: usize,
    multiple: usize,
}

impl Tiles {
    /// Splits `rows`, which is at least 1.
    pub(super) fn new(rows: usize, Heights { most, multiple }: Heights) -> Self {
        let units = rows.div_ceil(multiple);
        let count = units.div_ceil(most / multiple);
        let height = units.div_ceil(count);
        Self { count, height: height * multiple, tall: units - count * (height - 1), multiple }
    }

    /// The rows of the tile at this index.
    pub(super) fn rows(&self, tile: usize) -> Range<usize> {
        let start = |tile: usize| tile * self.height - tile.saturating_sub(self.tall) * self.multiple;
        start(tile)..start(tile + 1)
    }

    /// Rows of all tiles.
    pub(super) fn all_rows(&self) -> usize {
        self.rows(self.count - 1).end
    }
}

/// sums `[rows, LANES]` = input `[steps, rows]`ᵀ · weight `[steps, LANES]`
pub(super) struct Tile<'a> {
    pub(super) rows: usize,
    pub(super) input: &'a [f32],
    pub(super) weight: &'a [f32],
    pub(super) ahead: Ahead<'a>,
    pub(super) sums: &'a mut Sums,
}

impl WithSimd for Tile<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.rows {
            1 => self.run::<S, 1>(simd),
            2 => self.run::<S, 2>(simd),
            3 => self.run::<S, 3>(simd),
            4 => self.run::<S, 4>(simd),
            5 => self.run::<S, 5>(simd),
            6 => self.run::<S, 6>(simd),
            7 => self.run::<S, 7>(simd),
            8 => self.run::<S, 8>(simd),
            9 => self.run::<S, 9>(simd),
            10 => self.run::<S, 10>(simd),
            11 => self.run::<S, 11>(simd),
            _ => self.run::<S, 12>(simd),
        }
    }
}

impl Tile<'_> {
    // Inlined, so that it is compiled for the selected instruction set. Wasm has only one, and
    // there the browser's compiler runs out of registers within a larger function.
    #[cfg_attr(not(target_family = "wasm"), inline(always))]
    #[cfg_attr(target_family = "wasm", inline(never))]
    fn run<S: Simd, const ROWS: usize>(self, simd: S) {
        let width = S::F32_LANES;
        if 2 * width > LANES {
            // No known processor has registers this wide.
            return self.scalar::<ROWS>();
        }
        // Two registers of columns at a time: the whole panel on AVX-512, half of it on AVX2, a
        // quarter on NEON and wasm.
        let mut ahead = self.ahead.over(self.weight.len() / LANES);
        for first in (0..LANES).step_by(2 * width) {
            let last = first + 2 * width == LANES;
            let mut sums = [[simd.splat_f32s(0.0); 2]; ROWS];
            let steps = self.input.as_chunks::<ROWS>().0.iter().zip(self.weight.as_chunks::<LANES>().0);
            for (input, weight) in steps {
                // The first pass prefetches this panel, the last pass what follows it.
                if first == 0 {
                    prefetch::<FIRST_LEVEL>(weight.as_ptr().wrapping_add(AHEAD * LANES).cast());
                    prefetch::<FIRST_LEVEL>(weight.as_ptr().wrapping_add(AHEAD * LANES + LANES / 2).cast());
                }
                if last {
                    ahead.step();
                }
                let columns: &[S::f32s] = cast_slice(&weight[first..first + 2 * width]);
                let [left, right] = [columns[0], columns[1]];
                for row in 0..ROWS {
                    let x = simd.splat_f32s(input[row]);
                    sums[row] = [
                        simd.mul_add_e_f32s(x, left, sums[row][0]),
                        simd.mul_add_e_f32s(x, right, sums[row][1]),
                    ];
                }
            }
            for (sum, row) in sums.iter().zip(self.sums.iter_mut()) {
                let columns: &mut [S::f32s] = cast_slice_mut(&mut row[first..first + 2 * width]);
                [columns[0], columns[1]] = *sum;
            }
        }
    }

    fn scalar<const ROWS: usize>(self) {
        let steps = self.input.as_chunks::<ROWS>().0.iter().zip(self.weight.as_chunks::<LANES>().0);
        self.sums[..ROWS].fill([0.0; LANES]);
        for (input, weight) in steps {
            for (x, sums) in input.iter().zip(self.sums.iter_mut()) {
                sums.iter_mut().zip(weight).for_each(|(sum, w)| *sum += x * w);
            }
        }
    }
}

/// How many steps ahead the panel is prefetched. The hardware prefetcher stops at the end of a
/// page, which holds only 32 steps.
const AHEAD: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_all_rows_and_differ_by_at_most_one_multiple() {
        for (most, multiple) in
            (1..13).map(|most| (most, 1)).chain([(6, 2), (8, 2), (12, 4), (4, 4), (32, 2)])
        {
            for rows in 1usize..200 {
                let tiles = Tiles::new(rows, Heights { most, multiple });
                let padded = rows.next_multiple_of(multiple);
                assert!((0..tiles.count).flat_map(|tile| tiles.rows(tile)).eq(0..padded), "{rows} {most}");
                assert_eq!(tiles.all_rows(), padded);
                let heights: Vec<_> = (0..tiles.count).map(|tile| tiles.rows(tile).len()).collect();
                let (tallest, last) = (heights[0], heights[heights.len() - 1]);
                assert!(heights.is_sorted_by(|a, b| a >= b) && tallest - last <= multiple);
                assert!(tallest <= most && heights.iter().all(|height| height.is_multiple_of(multiple)));
                assert_eq!(tiles.count, rows.div_ceil(most));
            }
        }
    }
}
