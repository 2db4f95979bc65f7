//! Whether two images look the same: a copy in another size or compression.
//!
//! dHash (Neal Krawetz, 2013): the picture shrunk to 9 × 8 grey levels, a bit for each two neighbours of a row that says which is lighter. It
//! keeps its bits under scaling and compression. Flat pictures have all bits alike whatever their colour, so the mean colour must be near too.

use pickscore_pixels::{Limits, Picture, decode};

/// Levels that two means of a channel may lie apart.
const COLOUR: u8 = 12;

const COLUMNS: usize = 9;
const ROWS: usize = 8;

/// What an image looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Look {
    bits: u64,
    mean: [u8; 3],
}

impl Look {
    /// Of an encoded image; `None` for one that cannot be decoded, which is like no other.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        decode(bytes, &Limits::default()).ok().map(|picture| Self::of_picture(&picture))
    }

    fn of_picture(picture: &Picture) -> Self {
        let (width, height) = (picture.width(), picture.height());
        let mut sums = [0_u64; 3];
        let mut grey = [[0.0_f64; COLUMNS]; ROWS];
        for (row, levels) in grey.iter_mut().enumerate() {
            // Each cell is the mean of the pixels it covers; of a picture smaller than the grid, the nearest one.
            let rows = covered(row, ROWS, height);
            for (column, level) in levels.iter_mut().enumerate() {
                let columns = covered(column, COLUMNS, width);
                let mut sum = 0_u64;
                for y in rows.clone() {
                    let pixels =
                        &picture.values()[(y * width + columns.start) * 3..(y * width + columns.end) * 3];
                    // ITU-R 601, in thousandths.
                    sum += pixels
                        .as_chunks::<3>()
                        .0
                        .iter()
                        .map(|&[r, g, b]| 299 * u64::from(r) + 587 * u64::from(g) + 114 * u64::from(b))
                        .sum::<u64>();
                }
                *level = sum as f64 / (rows.len() * columns.len()) as f64;
            }
        }
        for pixel in picture.values().as_chunks::<3>().0 {
            (0..3).for_each(|channel| sums[channel] += u64::from(pixel[channel]));
        }
        let pairs = grey.iter().flat_map(|row| row.windows(2));
        let bits = pairs.fold(0, |bits, pair| bits << 1 | u64::from(pair[0] > pair[1]));
        let pixels = (width * height) as u64;
        Self { bits, mean: sums.map(|sum| ((sum + pixels / 2) / pixels) as u8) }
    }

    /// Whether they differ in at most so many bits, and have about the same colour.
    pub(super) fn is_like(&self, other: &Self, bits: u32) -> bool {
        let near = |(a, b): (&u8, &u8)| a.abs_diff(*b) <= COLOUR;
        (self.bits ^ other.bits).count_ones() <= bits && self.mean.iter().zip(&other.mean).all(near)
    }
}

fn covered(cell: usize, cells: usize, length: usize) -> std::ops::Range<usize> {
    let start = cell * length / cells;
    start..((cell + 1) * length / cells).max(start + 1)
}

/// For each of some looks the first in their order that it is like, itself where there is none before. An image is compared with those that
/// are like no earlier one, so that a chain of small steps does not make two different images one.
pub(super) fn leaders(looks: &[Look], bits: u32) -> Vec<usize> {
    // Of two looks with at most `bits` differing, one of bits + 1 bands is the same.
    let bands = bits as usize + 1;
    let band = |look: &Look, band: usize| {
        let (start, end) = (band * 64 / bands, (band + 1) * 64 / bands);
        let width = end - start;
        if width == 64 { look.bits } else { (look.bits >> start) & ((1 << width) - 1) }
    };
    let mut found: Vec<usize> = Vec::with_capacity(looks.len());
    let mut by_band: std::collections::HashMap<(usize, u64), Vec<usize>> = std::collections::HashMap::new();
    for (at, look) in looks.iter().enumerate() {
        let candidates = (0..bands).filter_map(|index| by_band.get(&(index, band(look, index)))).flatten();
        let leader = candidates.copied().filter(|&leader| looks[leader].is_like(look, bits)).min();
        if leader.is_none() {
            (0..bands).for_each(|index| by_band.entry((index, band(look, index))).or_default().push(at));
        }
        found.push(leader.unwrap_or(at));
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Soft blobs, as generated images have.
    fn picture(seed: u64, width: usize, height: usize, lighter: u8) -> Picture {
        let mut values = Vec::new();
        for y in 0..height {
            for x in 0..width {
                let (x, y) = (x as f64 / width as f64, y as f64 / height as f64);
                for channel in 0..3 {
                    let mut level = 128.0;
                    for blob in 0..6_u64 {
                        let number = pickscore_common::seeded::hashes(seed, "blob", blob * 8 + channel)
                            .next()
                            .unwrap();
                        let (u, v) = ((number & 0xff) as f64 / 255.0, ((number >> 8) & 0xff) as f64 / 255.0);
                        let sign = if number >> 16 & 1 == 0 { 1.0 } else { -1.0 };
                        level += sign * 90.0 * (-((x - u).powi(2) + (y - v).powi(2)) * 12.0).exp();
                    }
                    values.push((level.clamp(0.0, 245.0) as u8).saturating_add(lighter));
                }
            }
        }
        Picture::from_rgb(width, height, values, &Limits::default()).unwrap()
    }

    #[test]
    fn scaled_and_lightened_copies_are_alike_and_others_are_not() {
        for seed in 0..20 {
            let look = Look::of_picture(&picture(seed, 240, 180, 0));
            let copy = Look::of_picture(&picture(seed, 123, 92, 3));
            assert!(look.is_like(&copy, 4), "{seed}: {}", (look.bits ^ copy.bits).count_ones());
            let other = Look::of_picture(&picture(seed + 100, 240, 180, 0));
            assert!(!look.is_like(&other, 4));
        }
    }

    #[test]
    fn flat_pictures_differ_by_colour() {
        let flat = |level: u8| {
            Look::of_picture(&Picture::from_rgb(3, 2, vec![level; 18], &Limits::default()).unwrap())
        };
        assert!(flat(10).is_like(&flat(20), 0) && !flat(10).is_like(&flat(200), 64));
        assert_eq!(Look::of(b"no image"), None);
    }

    proptest! {
        #[test]
        fn bands_find_what_comparing_all_does(
            looks in prop::collection::vec((0u64..64, 0u32..64, 0u32..64, 0u8..20), 0..40), bits in 0u32..=16,
        ) {
            // Few patterns with a bit or two turned, so that many are near.
            let looks: Vec<Look> = looks
                .into_iter()
                .map(|(pattern, one, other, mean)| Look {
                    bits: (pattern % 3).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (1 << one) ^ (1 << other), mean: [mean; 3],
                })
                .collect();
            let mut slow: Vec<usize> = Vec::new();
            for (at, look) in looks.iter().enumerate() {
                let leader = (0..at).find(|&leader| slow[leader] == leader && looks[leader].is_like(look, bits));
                slow.push(leader.unwrap_or(at));
            }
            prop_assert_eq!(leaders(&looks, bits), slow);
        }
    }
}
