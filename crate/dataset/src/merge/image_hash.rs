//! Detects near-duplicate images: copies in another size or compression.
//!
//! dHash (Neal Krawetz, 2013) scales an image down to 9 × 8 grey levels, and stores for each pair
//! of horizontal neighbours which one is lighter. These bits survive scaling and compression.
//! Images of a single colour all have the same bits, so the mean colours are compared too.

use pickscore_pixels::{Limits, Picture, decode};

/// Maximum difference of the mean of a colour channel.
const COLOUR: u8 = 12;

const COLUMNS: usize = 9;
const ROWS: usize = 8;

/// The perceptual hash of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ImageHash {
    bits: u64,
    mean: [u8; 3],
}

impl ImageHash {
    /// The hash of an encoded image; `None` if it cannot be decoded.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        decode(bytes, &Limits::default()).ok().map(|picture| Self::of_picture(&picture))
    }

    fn of_picture(picture: &Picture) -> Self {
        let (width, height) = (picture.width(), picture.height());
        let mut sums = [0_u64; 3];
        let mut grey = [[0.0_f64; COLUMNS]; ROWS];
        for (row, levels) in grey.iter_mut().enumerate() {
            // Each cell is the mean of its pixels, or the nearest pixel if the image is smaller
            // than the grid.
            let rows = covered(row, ROWS, height);
            for (column, level) in levels.iter_mut().enumerate() {
                let columns = covered(column, COLUMNS, width);
                let mut sum = 0_u64;
                for y in rows.clone() {
                    let pixels =
                        &picture.values()[(y * width + columns.start) * 3..(y * width + columns.end) * 3];
                    // Luma of ITU-R BT.601, in thousandths.
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

    /// Whether two hashes differ in at most `bits` bits and have a similar colour.
    pub(super) fn is_similar(&self, other: &Self, bits: u32) -> bool {
        let near = |(a, b): (&u8, &u8)| a.abs_diff(*b) <= COLOUR;
        (self.bits ^ other.bits).count_ones() <= bits && self.mean.iter().zip(&other.mean).all(near)
    }
}

fn covered(cell: usize, cells: usize, length: usize) -> std::ops::Range<usize> {
    let start = cell * length / cells;
    start..((cell + 1) * length / cells).max(start + 1)
}

/// For each hash, the index of the first similar one that has no similar one before it, or its own
/// index. Comparing only with such leaders keeps a chain of small differences from joining
/// different images.
pub(super) fn leaders(hashes: &[ImageHash], bits: u32) -> Vec<usize> {
    // If at most `bits` bits differ, at least one of bits + 1 bands is equal.
    let bands = bits as usize + 1;
    let band = |hash: &ImageHash, band: usize| {
        let (start, end) = (band * 64 / bands, (band + 1) * 64 / bands);
        let width = end - start;
        if width == 64 { hash.bits } else { (hash.bits >> start) & ((1 << width) - 1) }
    };
    let mut found: Vec<usize> = Vec::with_capacity(hashes.len());
    let mut by_band: std::collections::HashMap<(usize, u64), Vec<usize>> = std::collections::HashMap::new();
    for (at, hash) in hashes.iter().enumerate() {
        let candidates = (0..bands).filter_map(|index| by_band.get(&(index, band(hash, index)))).flatten();
        let leader = candidates.copied().filter(|&leader| hashes[leader].is_similar(hash, bits)).min();
        if leader.is_none() {
            (0..bands).for_each(|index| by_band.entry((index, band(hash, index))).or_default().push(at));
        }
        found.push(leader.unwrap_or(at));
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An image of soft blobs.
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
            let hash = ImageHash::of_picture(&picture(seed, 240, 180, 0));
            let copy = ImageHash::of_picture(&picture(seed, 123, 92, 3));
            assert!(hash.is_similar(&copy, 4), "{seed}: {}", (hash.bits ^ copy.bits).count_ones());
            let other = ImageHash::of_picture(&picture(seed + 100, 240, 180, 0));
            assert!(!hash.is_similar(&other, 4));
        }
    }

    #[test]
    fn flat_pictures_differ_by_colour() {
        let flat = |level: u8| {
            ImageHash::of_picture(&Picture::from_rgb(3, 2, vec![level; 18], &Limits::default()).unwrap())
        };
        assert!(flat(10).is_similar(&flat(20), 0) && !flat(10).is_similar(&flat(200), 64));
        assert_eq!(ImageHash::of(b"no image"), None);
    }

    proptest! {
        #[test]
        fn bands_find_what_comparing_all_does(
            hashes in prop::collection::vec((0u64..64, 0u32..64, 0u32..64, 0u8..20), 0..40), bits in 0u32..=16,
        ) {
            // A few patterns with one or two flipped bits, so that many are similar.
            let hashes: Vec<ImageHash> = hashes
                .into_iter()
                .map(|(pattern, one, other, mean)| ImageHash {
                    bits: (pattern % 3).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (1 << one) ^ (1 << other), mean: [mean; 3],
                })
                .collect();
            let mut slow: Vec<usize> = Vec::new();
            for (at, hash) in hashes.iter().enumerate() {
                let leader = (0..at).find(|&leader| slow[leader] == leader && hashes[leader].is_similar(hash, bits));
                slow.push(leader.unwrap_or(at));
            }
            prop_assert_eq!(leaders(&hashes, bits), slow);
        }
    }
}
