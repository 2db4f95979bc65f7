//! The text chunks of a PNG file.

use std::io::Read as _;

use flate2::read::ZlibDecoder;

use super::texts::{LONGEST, MOST, lossless};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Keywords and texts, in the file's order. What is cut off or damaged ends the list or is left out.
pub(super) fn texts(bytes: &[u8]) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    let Some(mut rest) = bytes.strip_prefix(SIGNATURE) else { return texts };
    while let Some((kind, data, after)) = chunk(rest) {
        rest = after;
        let text = match kind {
            b"tEXt" => plain(data),
            b"zTXt" => compressed(data),
            b"iTXt" => international(data),
            b"IEND" => break,
            _ => None,
        };
        texts.extend(text.filter(|(_, text)| text.len() <= LONGEST));
        if texts.len() == MOST {
            break;
        }
    }
    texts
}

/// A chunk's type and data, and what comes after it. Its checksum is not looked at: a wrong one harms nobody here.
fn chunk(bytes: &[u8]) -> Option<(&[u8; 4], &[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (kind, rest) = rest.split_first_chunk::<4>()?;
    let (data, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    Some((kind, data, rest.get(4..)?))
}

/// What comes before a zero byte, and what after.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|&byte| byte == 0)?;
    Some((&bytes[..at], &bytes[at + 1..]))
}

fn plain(data: &[u8]) -> Option<(String, String)> {
    let (keyword, text) = split(data)?;
    (text.len() <= LONGEST).then(|| (lossless(keyword), lossless(text)))
}

fn compressed(data: &[u8]) -> Option<(String, String)> {
    let (keyword, rest) = split(data)?;
    let (&method, packed) = rest.split_first()?;
    (method == 0).then_some(())?;
    Some((lossless(keyword), lossless(&unpacked(packed)?)))
}

fn international(data: &[u8]) -> Option<(String, String)> {
    let (keyword, rest) = split(data)?;
    let ([flag, method], rest) = rest.split_first_chunk::<2>()?;
    let (_language, rest) = split(rest)?;
    let (_translated, text) = split(rest)?;
    let text = match (flag, method) {
        (0, _) if text.len() <= LONGEST => text.to_vec(),
        (1, 0) => unpacked(text)?,
        _ => return None,
    };
    Some((lossless(keyword), String::from_utf8(text).ok()?))
}

/// What zlib's bytes unpack to, where that is not too long.
fn unpacked(packed: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    ZlibDecoder::new(packed).take(LONGEST as u64 + 1).read_to_end(&mut text).ok()?;
    (text.len() <= LONGEST).then_some(text)
}
