//! Fingerprints that identify rows by their content.

use std::sync::LazyLock;

use sha2::{Digest as _, Sha256};

use crate::{
    columns::{COLUMNS, Cell, Column, Origin},
    row::Row,
};

/// The first 128 bits of the SHA-256 of a row, with the checksums of its images in place of their
/// bytes. `__index_level_0__` and `num_example_per_prompt` are left out, because they depend on the
/// file.
pub(super) type Fingerprint = [u8; 16];

/// The fingerprint of a row. `images` are the SHA-256 of its images.
pub(super) fn of(row: &Row, images: &[[u8; 32]; 2]) -> Fingerprint {
    let mut hash = Sha256::new();
    hash_row(row, &mut hash);
    hash.update(images[0]);
    hash.update(images[1]);
    first(&hash.finalize())
}

/// A pseudorandom sort key from a seed and a fingerprint.
pub(super) fn order(seed: u64, name: &str, of: &[u8]) -> Fingerprint {
    let hash = Sha256::new().chain_update(seed.to_le_bytes()).chain_update(name).chain_update(of);
    first(&hash.finalize())
}

/// The first 128 bits of a hash.
pub(super) fn first(hash: &[u8]) -> Fingerprint {
    let mut start = [0; 16];
    start.copy_from_slice(&hash[..16]);
    start
}

/// The columns of a fingerprint in their order, and the number of those before the columns of
/// [`Collected`](crate::Collected).
static HASHED: LazyLock<(Vec<&Column>, usize)> = LazyLock::new(|| {
    let mut columns: Vec<&Column> = COLUMNS.iter().filter(|column| column.hashed.is_some()).collect();
    columns.sort_by_key(|column| column.hashed);
    let own = columns.iter().filter(|column| column.origin != Origin::Collected).count();
    (columns, own)
});

/// Hashes an unambiguous encoding of the row.
fn hash_row(row: &Row, hash: &mut Sha256) {
    let (columns, own) = &*HASHED;
    let (own, collected) = columns.split_at(*own);
    own.iter().for_each(|column| hash_cell(row, column, hash));
    hash.update([u8::from(row.collected.is_some())]);
    if row.collected.is_some() {
        collected.iter().for_each(|column| hash_cell(row, column, hash));
    }
}

fn hash_cell(row: &Row, column: &Column, hash: &mut Sha256) {
    match column.cell {
        Cell::Bool(get, _) => hash.update([u8::from(get(row) == Some(true))]),
        Cell::Integer(get, _) | Cell::Time(get, _) => hash.update(get(row).unwrap_or_default().to_le_bytes()),
        // Null is encoded as NaN, which readers never return as a value.
        Cell::Real(get, _) => hash.update(get(row).unwrap_or(f64::NAN).to_le_bytes()),
        Cell::Text(get, _) => {
            let text = get(row);
            if column.optional {
                hash.update([u8::from(text.is_some())]);
            }
            if let Some(text) = text {
                hash.update((text.len() as u32).to_le_bytes());
                hash.update(text);
            }
        }
        Cell::Image(_) => {}
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::row::{Collected, RowImage};

    /// Any row.
    pub(crate) fn any_row() -> impl Strategy<Value = Row> {
        let texts = prop::collection::vec(".{0,6}", 15);
        let reals = prop::collection::vec(prop::option::of(-9.0f64..9.0), 3);
        let flags = prop::collection::vec(any::<bool>(), 8);
        let numbers = prop::collection::vec(any::<i64>(), 4);
        let label = prop::sample::select(vec![None, Some([1.0, 0.0]), Some([0.5, 0.5]), Some([0.0, 1.0])]);
        let images = prop::collection::vec(prop::collection::vec(any::<u8>(), 1..9), 2);
        (texts, reals, flags, numbers, label, images).prop_map(
            |(texts, reals, flags, numbers, label, images)| {
                let mut texts = texts.into_iter();
                let mut text = || texts.next().unwrap_or_default();
                let mut image = |bytes: &Vec<u8>| RowImage {
                    uid: text(),
                    url: text(),
                    model: text(),
                    bytes: bytes.clone(),
                };
                let images = [image(&images[0]), image(&images[1])];
                let collected = flags[0].then(|| Collected {
                    record_version: numbers[3],
                    uid: text(),
                    session_uid: text(),
                    control: flags[1].then(&mut text),
                    retest_of: flags[2].then(&mut text),
                    group_uid: flags[7].then(&mut text),
                    scorer: flags[3].then(&mut text),
                    seconds: reals[0],
                    scores: [reals[1], reals[2]],
                    scores_visible: flags[4],
                    ..Collected::default()
                });
                Row {
                    caption: text(),
                    images,
                    label,
                    best_image_uid: text(),
                    are_different: flags[5],
                    created_at: numbers[0],
                    ranking_id: numbers[1],
                    user_id: numbers[2],
                    num_example_per_prompt: 7,
                    index: 9,
                    kind: flags[6].then(&mut text),
                    collected,
                }
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_spooled_is_read(row in any_row()) {
            let written = postcard::to_extend(&row, Vec::new()).unwrap();
            prop_assert_eq!(postcard::from_bytes::<Row>(&written).unwrap(), row);
        }

        #[test]
        fn different_rows_have_different_fingerprints(one in any_row(), other in any_row()) {
            let sums = [[1; 32], [2; 32]];
            let bare = |row: &Row| {
                let mut row = row.clone();
                row.images.iter_mut().for_each(|image| image.bytes.clear());
                row
            };
            prop_assert_eq!(of(&one, &sums) == of(&other, &sums), bare(&one) == bare(&other));
            let moved = Row { index: 4, num_example_per_prompt: 3, ..one.clone() };
            prop_assert_eq!(of(&one, &sums), of(&moved, &sums));
            prop_assert_ne!(of(&one, &sums), of(&one, &[sums[1], sums[0]]));
        }
    }
}
