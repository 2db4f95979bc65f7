//! Puts weights in the order in which the CPU kernels read them.

use std::{array, borrow::Cow};

use bytemuck::{Pod, cast_slice};

use super::{integer::Group, parallel::collect_parts, tile::LANES};

/// Steps packed at a time: a cache line of f16 values.
const RUN: usize = 32;

/// Packs `[outputs, inputs]` → `[panels, inputs, LANES]`. The last panel is padded with zeros.
pub(super) fn pack<T: Pod + Send + Sync>(values: &[T], outputs: usize, inputs: usize) -> Vec<T> {
    assert_eq!(values.len(), outputs * inputs);
    let rows: Vec<&[T]> = values.chunks_exact(inputs).collect();
    let steps = collect_parts(outputs.div_ceil(LANES), inputs, |panel, steps| {
        let rows: [&[T]; LANES] = array::from_fn(|lane| *rows.get(panel * LANES + lane).unwrap_or(&&[][..]));
        for start in (0..inputs).step_by(RUN) {
            let mut run = [[T::zeroed(); LANES]; RUN];
            for (lane, row) in rows.iter().enumerate() {
                let row = row.get(start..).unwrap_or_default();
                // The compiler unrolls the loop only if it knows the length.
                match row.first_chunk::<RUN>() {
                    Some(row) => run.iter_mut().zip(row).for_each(|(step, x)| step[lane] = *x),
                    None => run.iter_mut().zip(row).for_each(|(step, x)| step[lane] = *x),
                }
            }
            run.iter().take(inputs - start).for_each(|step| steps.push(*step));
        }
    });
    steps.into_flattened()
}

/// Packs `[outputs, inputs]` → `[panels, ceil(inputs / G::STEPS), LANES]`
pub(super) fn pack_groups<G: Group>(values: &[i8], outputs: usize, inputs: usize) -> Vec<G> {
    assert_eq!(values.len(), outputs * inputs);
    let groups = inputs.div_ceil(G::STEPS);
    let mut values = Cow::from(values);
    if !inputs.is_multiple_of(G::STEPS) {
        let row = |row: &[i8]| [row, &vec![0; groups * G::STEPS - inputs]].concat();
        values = values.chunks_exact(inputs).flat_map(row).collect();
    }
    pack(cast_slice::<i8, G>(&values), outputs, groups)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::towers::cpu::integer::{Pair, Quad};

    proptest! {
        #[test]
        fn every_value_gets_its_place(outputs in 1..70usize, inputs in 1..140usize) {
            let values: Vec<u32> = (1..).take(outputs * inputs).collect();
            let packed = pack(&values, outputs, inputs);
            prop_assert_eq!(packed.len(), outputs.div_ceil(LANES) * inputs * LANES);
            for (index, packed) in packed.into_iter().enumerate() {
                let (panel, step, lane) = (index / (inputs * LANES), index / LANES % inputs, index % LANES);
                let output = panel * LANES + lane;
                let expected = if output < outputs { values[output * inputs + step] } else { 0 };
                prop_assert_eq!(packed, expected);
            }
        }

        #[test]
        fn groups_hold_neighbouring_steps(outputs in 1..70usize, inputs in 1..140usize) {
            fn check<G: Group>(values: &[i8], outputs: usize, inputs: usize) {
                let packed = pack_groups::<G>(values, outputs, inputs);
                let groups = inputs.div_ceil(G::STEPS);
                assert_eq!(packed.len(), outputs.div_ceil(LANES) * groups * LANES);
                for (index, group) in packed.iter().enumerate() {
                    let (panel, lane) = (index / (groups * LANES), index % LANES);
                    let output = panel * LANES + lane;
                    for (step, &x) in (index / LANES % groups * G::STEPS..).zip(cast_slice::<G, i8>(&[*group])) {
                        let exists = output < outputs && step < inputs;
                        assert_eq!(x, if exists { values[output * inputs + step] } else { 0 });
                    }
                }
            }
            let values: Vec<i8> = (0..outputs * inputs).map(|at| (at % 253) as i8).collect();
            check::<Pair>(&values, outputs, inputs);
            check::<Quad<1>>(&values, outputs, inputs);
            check::<Quad<2>>(&values, outputs, inputs);
        }
    }
}
