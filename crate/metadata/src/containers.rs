//! Extracts text fields from each file format. PNG and HEIF have modules of their own.

use super::{encoding::lossless, exif, fields::TextFields, heif, png, xmp};

/// Prefix of a JPEG segment that contains XMP.
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const EXIF: &[u8] = b"Exif\0\0";

/// Adds the text fields of a file in any known format.
pub(super) fn read(bytes: &[u8], fields: &mut TextFields) {
    if png::read(bytes, fields) {
        return;
    }
    match bytes {
        [0xff, 0xd8, rest @ ..] => jpeg(rest, fields),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', rest @ ..] => webp(rest, fields),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', rest @ ..] => {
            gif(rest, fields);
        }
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => exif::read(bytes, fields),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => {
            if let Some(found) = heif::exif(bytes) {
                exif::read(found, fields);
            }
        }
        _ => {}
    }
}

/// Reads the APP1 segments (Exif, XMP) and comments before the first scan.
fn jpeg(mut rest: &[u8], fields: &mut TextFields) {
    while let [0xff, marker, after @ ..] = rest {
        match marker {
            // Padding and markers without a length.
            0xff => rest = &rest[1..],
            0x01 | 0xd0..=0xd7 => rest = after,
            0xd9 | 0xda => break,
            _ => {
                let Some((length, after)) = after.split_first_chunk::<2>() else { break };
                let length = usize::from(u16::from_be_bytes(*length));
                let Some(length) = length.checked_sub(2) else { break };
                let Some((data, after)) = after.split_at_checked(length) else { break };
                rest = after;
                match marker {
                    0xe1 if data.starts_with(EXIF) => exif::read(data, fields),
                    0xe1 => {
                        if let Some(packet) = data.strip_prefix(XMP) {
                            xmp::read(packet, fields);
                        }
                    }
                    0xfe => fields.add("Comment", lossless(data).trim_end_matches('\0').to_owned()),
                    _ => {}
                }
            }
        }
    }
}

/// Reads RIFF chunks: a type, a length and the data, padded to an even length.
fn webp(mut rest: &[u8], fields: &mut TextFields) {
    while let Some((kind, after)) = rest.split_first_chunk::<4>() {
        let Some((length, after)) = after.split_first_chunk::<4>() else { break };
        let length = u32::from_le_bytes(*length) as usize;
        let Some((data, after)) = after.split_at_checked(length) else { break };
        match kind {
            b"EXIF" => exif::read(data, fields),
            b"XMP " => xmp::read(data, fields),
            _ => {}
        }
        rest = after.get(length % 2..).unwrap_or_default();
    }
}

/// Reads comment extensions and skips frames.
fn gif(bytes: &[u8], fields: &mut TextFields) -> Option<()> {
    let color_table = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    let flags = *bytes.get(4)?;
    let mut rest = bytes.get(7 + color_table(flags)..)?;
    while !fields.is_full() {
        match rest {
            [0x21, label, after @ ..] => {
                let mut comment = Vec::new();
                rest = blocks(after, |block| {
                    if *label == 0xfe && comment.len() < 1 << 20 {
                        comment.extend(block);
                    }
                })?;
                if *label == 0xfe {
                    fields.add("Comment", lossless(&comment));
                }
            }
            [0x2c, after @ ..] => {
                let flags = *after.get(8)?;
                rest = blocks(after.get(10 + color_table(flags)..)?, |_| {})?;
            }
            _ => break,
        }
    }
    Some(())
}

/// Calls `found` for each data sub-block up to the empty one that ends the list, and returns the
/// remaining bytes.
fn blocks(mut rest: &[u8], mut found: impl FnMut(&[u8])) -> Option<&[u8]> {
    loop {
        let (&length, after) = rest.split_first()?;
        let (block, after) = after.split_at_checked(usize::from(length))?;
        rest = after;
        if length == 0 {
            return Some(rest);
        }
        found(block);
    }
}
