//! What a row says, as bytes: for knowing it again, and for keeping it on disk.

use std::io::{self, Read, Write};

use sha2::{Digest as _, Sha256};

use crate::{Collected, Row, RowImage};

/// 128 bits of SHA-256 of all that a row says, its images' sums in place of their bytes. `__index_level_0__` and `num_example_per_prompt` are
/// about the file and not the row.
pub(super) type Fingerprint = [u8; 16];

/// A row's fingerprint, given its images' sums.
pub(super) fn of(row: &Row, images: &[[u8; 32]; 2]) -> Fingerprint {
    let mut hash = Sha256::new();
    let _ = write_row(row, false, &mut Hashing(&mut hash));
    hash.update(images[0]);
    hash.update(images[1]);
    first(&hash.finalize())
}

/// What a seed makes of a fingerprint: an order that no one can guess from the rows.
pub(super) fn order(seed: u64, name: &str, of: &[u8]) -> Fingerprint {
    let hash = Sha256::new().chain_update(seed.to_le_bytes()).chain_update(name).chain_update(of);
    first(&hash.finalize())
}

fn first(hash: &[u8]) -> Fingerprint {
    let mut start = [0; 16];
    start.copy_from_slice(&hash[..16]);
    start
}

struct Hashing<'a>(&'a mut Sha256);

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes a row; `whole` with its images and what is about the file.
pub(super) fn write_row(row: &Row, whole: bool, out: &mut dyn Write) -> io::Result<()> {
    text(&row.caption, out)?;
    for image in &row.images {
        text(&image.uid, out)?;
        text(&image.url, out)?;
        text(&image.model, out)?;
        if whole {
            bytes(&image.bytes, out)?;
        }
    }
    let label = row.label.map(|label| label[0]);
    real(label, out)?;
    text(&row.best_image_uid, out)?;
    out.write_all(&[u8::from(row.are_different)])?;
    for number in [row.created_at, row.ranking_id, row.user_id] {
        out.write_all(&number.to_le_bytes())?;
    }
    if whole {
        out.write_all(&row.num_example_per_prompt.to_le_bytes())?;
        out.write_all(&row.index.to_le_bytes())?;
    }
    maybe(row.kind.as_ref(), out)?;
    let Some(collected) = &row.collected else { return out.write_all(&[0]) };
    out.write_all(&[1])?;
    out.write_all(&collected.record_version.to_le_bytes())?;
    for one in [
        &collected.uid,
        &collected.session_uid,
        &collected.rater_uid,
        &collected.side_0,
        &collected.mode,
        &collected.app_version,
    ] {
        text(one, out)?;
    }
    for one in [&collected.control, &collected.retest_of, &collected.scorer, &collected.scorer_version] {
        maybe(one.as_ref(), out)?;
    }
    for one in [collected.seconds, collected.scores[0], collected.scores[1]] {
        real(one, out)?;
    }
    out.write_all(&[u8::from(collected.scores_visible)])
}

/// Reads what [`write_row`] has written whole.
pub(super) fn read_row(from: &mut dyn Read) -> io::Result<Row> {
    let caption = read_text(from)?;
    let image = |from: &mut dyn Read| -> io::Result<RowImage> {
        Ok(RowImage {
            uid: read_text(from)?,
            url: read_text(from)?,
            model: read_text(from)?,
            bytes: read_bytes(from)?,
        })
    };
    let images = [image(from)?, image(from)?];
    let label = read_real(from)?.map(|left| [left, 1.0 - left]);
    let best_image_uid = read_text(from)?;
    let are_different = read_byte(from)? != 0;
    let [created_at, ranking_id, user_id] = [read_integer(from)?, read_integer(from)?, read_integer(from)?];
    let [num_example_per_prompt, index] = [read_integer(from)?, read_integer(from)?];
    let kind = read_maybe(from)?;
    let collected = if read_byte(from)? == 0 {
        None
    } else {
        let record_version = read_integer(from)?;
        let mut next = || read_text(from);
        let (uid, session_uid, rater_uid) = (next()?, next()?, next()?);
        let (side_0, mode, app_version) = (next()?, next()?, next()?);
        let (control, retest_of) = (read_maybe(from)?, read_maybe(from)?);
        let (scorer, scorer_version) = (read_maybe(from)?, read_maybe(from)?);
        let seconds = read_real(from)?;
        let scores = [read_real(from)?, read_real(from)?];
        let scores_visible = read_byte(from)? != 0;
        Some(Collected {
            record_version,
            uid,
            session_uid,
            rater_uid,
            side_0,
            mode,
            control,
            retest_of,
            seconds,
            scores_visible,
            scorer,
            scorer_version,
            scores,
            app_version,
        })
    };
    Ok(Row {
        caption,
        images,
        label,
        best_image_uid,
        are_different,
        created_at,
        ranking_id,
        user_id,
        num_example_per_prompt,
        index,
        kind,
        collected,
    })
}

fn bytes(bytes: &[u8], out: &mut dyn Write) -> io::Result<()> {
    out.write_all(&(bytes.len() as u32).to_le_bytes())?;
    out.write_all(bytes)
}

fn text(text: &str, out: &mut dyn Write) -> io::Result<()> {
    bytes(text.as_bytes(), out)
}

fn maybe(value: Option<&String>, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(&[u8::from(value.is_some())])?;
    value.map_or(Ok(()), |value| text(value, out))
}

fn real(value: Option<f64>, out: &mut dyn Write) -> io::Result<()> {
    // Nothing is written as the one pattern of NaN that a value never has: readers make nothing of NaN.
    out.write_all(&value.unwrap_or(f64::NAN).to_le_bytes())
}

fn read_array<const N: usize>(from: &mut dyn Read) -> io::Result<[u8; N]> {
    let mut found = [0; N];
    from.read_exact(&mut found)?;
    Ok(found)
}

fn read_byte(from: &mut dyn Read) -> io::Result<u8> {
    Ok(read_array::<1>(from)?[0])
}

fn read_integer(from: &mut dyn Read) -> io::Result<i64> {
    Ok(i64::from_le_bytes(read_array(from)?))
}

fn read_real(from: &mut dyn Read) -> io::Result<Option<f64>> {
    Ok(Some(f64::from_le_bytes(read_array(from)?)).filter(|value| !value.is_nan()))
}

fn read_bytes(from: &mut dyn Read) -> io::Result<Vec<u8>> {
    let length = u32::from_le_bytes(read_array(from)?) as usize;
    let mut found = vec![0; length];
    from.read_exact(&mut found)?;
    Ok(found)
}

fn read_text(from: &mut dyn Read) -> io::Result<String> {
    String::from_utf8(read_bytes(from)?).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

fn read_maybe(from: &mut dyn Read) -> io::Result<Option<String>> {
    if read_byte(from)? == 0 { Ok(None) } else { read_text(from).map(Some) }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Any row.
    pub(crate) fn any_row() -> impl Strategy<Value = Row> {
        let texts = prop::collection::vec(".{0,6}", 14);
        let reals = prop::collection::vec(prop::option::of(-9.0f64..9.0), 3);
        let flags = prop::collection::vec(any::<bool>(), 7);
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
        fn what_is_written_is_read(row in any_row()) {
            let mut written = Vec::new();
            write_row(&row, true, &mut written).unwrap();
            let mut from = &written[..];
            prop_assert_eq!(read_row(&mut from).unwrap(), row);
            prop_assert!(from.is_empty());
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
