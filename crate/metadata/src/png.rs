//! Reads the text chunks of a PNG file.

use std::io::Read as _;

use flate2::read::ZlibDecoder;

use super::{
    encoding::lossless,
    exif,
    fields::{MAX_LENGTH, TextFields},
    xmp,
};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Adds the text chunks in file order, including those after the image data. Reading stops at a
/// truncated chunk; damaged chunks are skipped. Returns whether the file is a PNG.
pub(super) fn read(bytes: &[u8], fields: &mut TextFields) -> bool {
    let Some(mut rest) = bytes.strip_prefix(SIGNATURE) else { return false };
    while let Some((kind, data, after)) = chunk(rest) {
        rest = after;
        let text = match kind {
            // ComfyUI's own chunk in animations, with the same content as tEXt.
            b"tEXt" | b"comf" => plain(data),
            b"zTXt" => compressed(data),
            b"iTXt" => international(data),
            b"eXIf" => {
                exif::read(data, fields);
                None
            }
            b"IEND" => break,
            _ => None,
        };
        if let Some((keyword, text)) = text {
            add(&keyword, text, fields);
        }
        if fields.is_full() {
            break;
        }
    }
    true
}

fn add(keyword: &str, text: String, fields: &mut TextFields) {
    match keyword {
        "XML:com.adobe.xmp" => xmp::read(text.as_bytes(), fields),
        // ImageMagick's encoding of a converted file's Exif.
        "Raw profile type exif" | "Raw profile type APP1" => {
            if let Some(bytes) = raw_profile(&text) {
                exif::read(&bytes, fields);
            }
        }
        "Raw profile type xmp" => {
            if let Some(bytes) = raw_profile(&text) {
                xmp::read(&bytes, fields);
            }
        }
        _ => fields.add(keyword, text),
    }
}

/// Splits off a chunk: its type, its data and the remaining bytes. The checksum is not verified,
/// because a wrong one has no effect on the metadata.
fn chunk(bytes: &[u8]) -> Option<(&[u8; 4], &[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (kind, rest) = rest.split_first_chunk::<4>()?;
    let (data, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    Some((kind, data, rest.get(4..)?))
}

/// Splits bytes at the first zero byte.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|&byte| byte == 0)?;
    Some((&bytes[..at], &bytes[at + 1..]))
}

fn plain(data: &[u8]) -> Option<(String, String)> {
    let (keyword, text) = split(data)?;
    (text.len() <= MAX_LENGTH).then(|| (lossless(keyword), lossless(text)))
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
        (0, _) if text.len() <= MAX_LENGTH => lossless(text),
        (1, 0) => lossless(&unpacked(text)?),
        _ => return None,
    };
    Some((lossless(keyword), text))
}

/// Decompresses a text, unless it is too long.
fn unpacked(packed: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    ZlibDecoder::new(packed).take(MAX_LENGTH as u64 + 1).read_to_end(&mut text).ok()?;
    (text.len() <= MAX_LENGTH).then_some(text)
}

/// Decodes a raw profile: its name, its length and hexadecimal digits, separated by line breaks.
fn raw_profile(text: &str) -> Option<Vec<u8>> {
    let mut words = text.split_ascii_whitespace();
    let (_name, length) = (words.next()?, words.next()?.parse::<usize>().ok()?);
    (length <= text.len() / 2).then_some(())?;
    let digits: Vec<u8> = words
        .flat_map(str::bytes)
        .map_while(|byte| (byte as char).to_digit(16))
        .map(|digit| digit as u8)
        .collect();
    let (pairs, _) = digits.as_chunks::<2>();
    Some(pairs.iter().take(length).map(|[high, low]| high << 4 | low).collect())
}
