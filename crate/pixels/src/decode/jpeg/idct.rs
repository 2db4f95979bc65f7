//! The inverse DCT of libjpeg's `jidctint.c`, with the 16-bit arithmetic of libjpeg-turbo's SIMD
//! code, which matters for coefficients out of range.

const CONST_BITS: u32 = 13;
const PASS1_BITS: u32 = 2;

// Sums of libjpeg's constants, scaled by 2^13: the SIMD code multiplies in pairs.
const F_0_541: i32 = 4433;
const F_0_541_PLUS_0_765: i32 = 4433 + 6270;
const F_0_541_MINUS_1_847: i32 = 4433 - 15137;
const F_1_175: i32 = 9633;
const F_1_175_MINUS_1_961: i32 = 9633 - 16069;
const F_1_175_MINUS_0_390: i32 = 9633 - 3196;
const F_0_298_MINUS_0_899: i32 = 2446 - 7373;
const F_0_899: i32 = 7373;
const F_1_501_MINUS_0_899: i32 = 12299 - 7373;
const F_2_053_MINUS_2_562: i32 = 16819 - 20995;
const F_2_562: i32 = 20995;
const F_3_072_MINUS_2_562: i32 = 25172 - 20995;

type Lanes = [i32; 8];

/// Eight transforms at a time: `rows[k][lane]` is input k of a lane. Values are those of 16 bits.
#[inline(always)]
fn transform<const SHIFT: u32>(rows: &mut [Lanes; 8]) {
    #[expect(clippy::needless_range_loop, reason = "all rows are read and written at one lane")]
    for lane in 0..8 {
        let [d0, d1, d2, d3, d4, d5, d6, d7] = std::array::from_fn(|k| rows[k][lane]);
        let wrap = |sum: i32| i32::from(sum as i16);
        // Even part.
        let even = d2 * F_0_541_PLUS_0_765 + d6 * F_0_541;
        let odd = d2 * F_0_541 + d6 * F_0_541_MINUS_1_847;
        let sum = wrap(d0 + d4) << CONST_BITS;
        let difference = wrap(d0 - d4) << CONST_BITS;
        let half = 1 << (SHIFT - 1);
        let (e0, e3) = (sum + even + half, sum - even + half);
        let (e1, e2) = (difference + odd + half, difference - odd + half);
        // Odd part.
        let (z3, z4) = (wrap(d7 + d3), wrap(d5 + d1));
        let w3 = z3 * F_1_175_MINUS_1_961 + z4 * F_1_175;
        let w4 = z3 * F_1_175 + z4 * F_1_175_MINUS_0_390;
        let o0 = d7 * F_0_298_MINUS_0_899 - d1 * F_0_899 + w3;
        let o1 = d5 * F_2_053_MINUS_2_562 - d3 * F_2_562 + w4;
        let o2 = d3 * F_3_072_MINUS_2_562 - d5 * F_2_562 + w3;
        let o3 = d1 * F_1_501_MINUS_0_899 - d7 * F_0_899 + w4;
        let pack = |sum: i32| (sum >> SHIFT).clamp(-32768, 32767);
        rows[0][lane] = pack(e0.wrapping_add(o3));
        rows[7][lane] = pack(e0.wrapping_sub(o3));
        rows[1][lane] = pack(e1.wrapping_add(o2));
        rows[6][lane] = pack(e1.wrapping_sub(o2));
        rows[2][lane] = pack(e2.wrapping_add(o1));
        rows[5][lane] = pack(e2.wrapping_sub(o1));
        rows[3][lane] = pack(e3.wrapping_add(o0));
        rows[4][lane] = pack(e3.wrapping_sub(o0));
    }
}

#[inline(always)]
fn transpose(rows: &[Lanes; 8]) -> [Lanes; 8] {
    std::array::from_fn(|a| std::array::from_fn(|b| rows[b][a]))
}

fn level(value: i32) -> u8 {
    // At most 255 after the clamp.
    (value.clamp(-128, 127) + 128) as u8
}

/// Coefficients, row by row, times `table` → 8 rows of 8 levels, `stride` apart from `start` on.
pub(super) fn inverse(block: &[i16; 64], table: &[u16; 64], output: &mut [u8], start: usize, stride: usize) {
    let times = |index: usize| i32::from(block[index].wrapping_mul(table[index] as i16));
    let Some(output) = output.get_mut(start..) else { return };
    if block[1..].iter().all(|&coefficient| coefficient == 0) {
        let flat = i32::from((times(0) << PASS1_BITS) as i16);
        let flat = level((flat + 16) >> (PASS1_BITS + 3));
        for row in output.chunks_mut(stride).take(8) {
            if let Some(row) = row.get_mut(..8) {
                row.fill(flat);
            }
        }
        return;
    }
    let mut rows: [Lanes; 8] = std::array::from_fn(|y| std::array::from_fn(|x| times(y * 8 + x)));
    if rows[1..].iter().flatten().all(|&value| value == 0) {
        // The SIMD code has this shortcut too, in which values wrap instead of saturating.
        rows = [rows[0].map(|value| i32::from((value << PASS1_BITS) as i16)); 8];
    } else {
        transform::<{ CONST_BITS - PASS1_BITS }>(&mut rows);
    }
    let mut columns = transpose(&rows);
    transform::<{ CONST_BITS + PASS1_BITS + 3 }>(&mut columns);
    let rows = transpose(&columns);
    for (row, values) in output.chunks_mut(stride).zip(&rows) {
        if let Some(row) = row.first_chunk_mut::<8>() {
            *row = values.map(level);
        }
    }
}
