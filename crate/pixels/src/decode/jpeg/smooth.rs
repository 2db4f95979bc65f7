//! libjpeg's block smoothing (`decompress_smooth_data` of `jdcoefct.c`): a progressive file whose
//! last scans are missing has its first coefficients estimated from the DC values around a block.

use super::entropy::Block;

/// Precision of each of the first ten coefficients: the number of low bits still missing, or −1 for
/// an unknown coefficient.
pub(super) type Known = [i32; 10];

/// Position in the block of each estimated coefficient, in the order of the file.
const POSITIONS: [usize; 10] = [0, 1, 8, 16, 9, 2, 3, 10, 17, 24];

type Weights = [i32; 25];

/// Weights of the 5 × 5 DC values for each coefficient where no AC coefficient is known.
#[rustfmt::skip]
const WITHOUT_AC: [Weights; 10] = [
    [ -2, -6, -8, -6, -2,  -6, 6, 42, 6, -6,  -8, 42, 152, 42, -8,  -6, 6, 42, 6, -6,  -2, -6, -8, -6, -2],
    [ -1, -1, 0, 1, 1,  -3, 13, 0, -13, 3,  -3, 38, 0, -38, 3,  -3, 13, 0, -13, 3,  -1, -1, 0, 1, 1],
    [ -1, -3, -3, -3, -1,  -1, 13, 38, 13, -1,  0, 0, 0, 0, 0,  1, -13, -38, -13, 1,  1, 3, 3, 3, 1],
    [ 0, 0, 1, 0, 0,  0, 2, 7, 2, 0,  0, -5, -14, -5, 0,  0, 2, 7, 2, 0,  0, 0, 1, 0, 0],
    [ -1, 0, 0, 0, 1,  0, 9, 0, -9, 0,  0, 0, 0, 0, 0,  0, -9, 0, 9, 0,  1, 0, 0, 0, -1],
    [ 0, 0, 0, 0, 0,  0, 2, -5, 2, 0,  1, 7, -14, 7, 1,  0, 2, -5, 2, 0,  0, 0, 0, 0, 0],
    [ 0, 0, 0, 0, 0,  0, 1, 0, -1, 0,  0, 2, 0, -2, 0,  0, 1, 0, -1, 0,  0, 0, 0, 0, 0],
    [ 0, 0, 0, 0, 0,  0, 1, -3, 1, 0,  0, 0, 0, 0, 0,  0, -1, 3, -1, 0,  0, 0, 0, 0, 0],
    [ 0, 0, 0, 0, 0,  0, 1, 0, -1, 0,  0, -3, 0, 3, 0,  0, 1, 0, -1, 0,  0, 0, 0, 0, 0],
    [ 0, 0, 0, 0, 0,  0, 1, 2, 1, 0,  0, 0, 0, 0, 0,  0, -1, -2, -1, 0,  0, 0, 0, 0, 0],
];

/// The same where some are known; coefficients from the sixth on are not estimated.
#[rustfmt::skip]
const WITH_AC: [Weights; 6] = [
    [0; 25],
    [ 0, 0, 0, 0, 0,  0, 0, 0, 0, 0,  -7, 50, 0, -50, 7,  0, 0, 0, 0, 0,  0, 0, 0, 0, 0],
    [ 0, 0, -7, 0, 0,  0, 0, 50, 0, 0,  0, 0, 0, 0, 0,  0, 0, -50, 0, 0,  0, 0, 7, 0, 0],
    [ 0, 0, -1, 0, 0,  0, 0, 13, 0, 0,  0, 0, -24, 0, 0,  0, 0, 13, 0, 0,  0, 0, -1, 0, 0],
    [ 0, -1, 0, 1, 0,  -1, 10, 0, -10, 1,  0, 0, 0, 0, 0,  1, -10, 0, 10, -1,  0, 1, 0, -1, 0],
    [ 0, 0, 0, 0, 0,  0, 0, 0, 0, 0,  -1, 13, -24, 13, -1,  0, 0, 0, 0, 0,  0, 0, 0, 0, 0],
];

/// Whether the divisors of the estimate in a table are nonzero.
pub(super) fn divisible(table: &[u16; 64]) -> bool {
    POSITIONS.iter().all(|&position| table[position] != 0)
}

/// The block with estimates in it. `dc` are the DC values around it, row by row.
pub(super) fn smooth(block: &Block, table: &[u16; 64], known: &Known, dc: &[i32; 25]) -> Block {
    let mut out = *block;
    let none_known = known[1..].iter().all(|&bits| bits == -1);
    let weights: &[Weights] = if none_known { &WITHOUT_AC } else { &WITH_AC };
    let scale = |index: usize| i64::from(table[POSITIONS[index]]);
    for (index, weights) in weights.iter().enumerate().skip(1) {
        let bits = known[index];
        let position = POSITIONS[index];
        if bits == 0 || out[position] != 0 {
            continue;
        }
        let mut estimate = estimate(scale(0), scale(index), weights, dc);
        if bits > 0 {
            let most = (1 << bits) - 1;
            estimate = estimate.clamp(-most, most);
        }
        out[position] = estimate as i16;
    }
    if none_known {
        out[0] = estimate(scale(0), scale(0), &WITHOUT_AC[0], dc) as i16;
    }
    out
}

fn estimate(dc_scale: i64, scale: i64, weights: &Weights, dc: &[i32; 25]) -> i64 {
    let sum: i64 = weights.iter().zip(dc).map(|(&weight, &dc)| i64::from(weight * dc)).sum();
    let sum = dc_scale * sum;
    let half = scale << 7;
    if sum >= 0 { (half + sum) / (scale << 8) } else { -((half - sum) / (scale << 8)) }
}
