//! Compares the integer loops with their definition.

use proptest::prelude::*;

use super::group::{Group, PanelGroups, RowScale, Tile};
use crate::towers::{
    cpu::{
        prefetch::Ahead,
        tile::{LANES, MOST_ROWS},
    },
    definitions::numbers,
};

/// What computes a tile.
pub(super) type Compute<G> = Box<dyn Fn(Tile<'_, G>)>;
/// A name, the most rows, and what computes a tile.
pub(super) type Run<G> = (String, usize, Compute<G>);

/// A tile of pseudorandom numbers.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) rows: usize,
    pub(super) groups: usize,
    /// Groups per block, and groups of the first block that precede the tile.
    pub(super) block: usize,
    pub(super) before: usize,
    pub(super) seed: u64,
}

impl Case {
    fn values(&self, length: usize, most: f32, salt: u64) -> impl Iterator<Item = f32> {
        numbers(length, self.seed ^ salt).into_iter().map(move |x| x * most)
    }

    /// Compares the runs with the definition. `input` packs a row's numbers of a group, and
    /// `weight` a column's weights.
    pub(super) fn check<G: Group, const STEPS: usize>(
        &self,
        runs: Vec<Run<G>>,
        number: impl Fn(f32) -> i32,
        input: impl Fn([i32; STEPS]) -> G::Input,
        weight: impl Fn([i8; STEPS]) -> G,
    ) -> Result<(), TestCaseError> {
        let &Self { rows, groups, block, before, .. } = self;
        let numbers: Vec<i32> = self.values(STEPS * groups * rows, 1.0, 0).map(number).collect();
        let bytes: Vec<i8> = self.values(STEPS * groups * LANES, 127.5, 1).map(|x| x as i8).collect();
        let packed: Vec<_> = numbers.as_chunks().0.iter().map(|&x| input(x)).collect();
        let weight: Vec<_> = bytes.as_chunks().0.iter().map(|&w| weight(w)).collect();
        let blocks = (before + groups).div_ceil(block);
        let scales: Vec<f32> = self.values(blocks * LANES, 0.01, 2).collect();
        let row_scales = self.values(rows, 1.0, 3).zip(self.values(rows, 300.0, 4));
        let row_scales: Vec<_> = row_scales.map(|(scale, zero)| RowScale { scale, zero }).collect();
        let columns: Vec<f32> = self.values(LANES, 1.0, 5).collect();
        let columns = *columns.first_chunk().expect("as many as lanes");
        for (name, most, run) in runs {
            // Each kind of registers has its own limit; the numbers are laid out by rows.
            if rows > most {
                continue;
            }
            let mut sums = [[f32::NAN; LANES]; MOST_ROWS];
            let panel = PanelGroups { weight: &weight, scales: scales.as_chunks().0, block, before, columns };
            run(Tile {
                rows,
                input: &packed,
                row_scales: &row_scales,
                panel,
                ahead: Ahead::default(),
                sums: &mut sums,
            });
            for (row, lane) in (0..rows).flat_map(|row| (0..LANES).map(move |lane| (row, lane))) {
                let RowScale { scale: row_scale, zero } = row_scales[row];
                let start = -f64::from(zero) * f64::from(columns[lane]);
                let (mut expected, mut magnitude) = (start, start.abs());
                for (group, step) in (0..groups).flat_map(|group| (0..STEPS).map(move |step| (group, step))) {
                    let x = f64::from(numbers[(group * rows + row) * STEPS + step]);
                    let w = f64::from(bytes[(group * LANES + lane) * STEPS + step]);
                    let product = x * w * f64::from(scales[(before + group) / block * LANES + lane]);
                    (expected, magnitude) = (expected + product, magnitude + product.abs());
                }
                let row_scale = f64::from(row_scale);
                let error = (f64::from(sums[row][lane]) - expected * row_scale).abs();
                let bound = 1e-5 * magnitude * row_scale.abs();
                prop_assert!(error <= bound, "{name}: row {row}, column {lane}, {error}");
            }
        }
        Ok(())
    }
}
