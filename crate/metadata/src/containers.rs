//! Where JPEG, WebP, GIF and TIFF files hold texts.

use super::{encoding::lossless, exif, heif, png, texts::Texts, xmp};

/// What precedes XMP in a JPEG segment.
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const EXIF: &[u8] = b"Exif\0\0";

/// Adds the texts of a file of any known format.
pub(super) fn read(bytes: &[u8], texts: &mut Texts) {
    if png::read(bytes, texts) {
        return;
    }
    match bytes {
        [0xff, 0xd8, rest @ ..] => jpeg(rest, texts),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', rest @ ..] => webp(rest, texts),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', rest @ ..] => {
            gif(rest, texts);
        }
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => exif::read(bytes, texts),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => {
            if let Some(found) = heif::exif(bytes) {
                exif::read(found, texts);
            }
        }
        _ => {}
    }
}

/// Segments up to the first scan: application data 1 (Exif, XMP) and comments.
fn jpeg(mut rest: &[u8], texts: &mut Texts) {
    while let [0xff, marker, after @ ..] = rest {
        match marker {
            // Padding, and markers without a length.
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
                    0xe1 if data.starts_with(EXIF) => exif::read(data, texts),
                    0xe1 => {
                        if let Some(packet) = data.strip_prefix(XMP) {
                            xmp::read(packet, texts);
                        }
                    }
                    0xfe => texts.add("Comment", lossless(data).trim_end_matches('\0').to_owned()),
                    _ => {}
                }
            }
        }
    }
}

/// RIFF chunks: a type, a length and as many bytes, padded to an even number.
fn webp(mut rest: &[u8], texts: &mut Texts) {
    while let Some((kind, after)) = rest.split_first_chunk::<4>() {
        let Some((length, after)) = after.split_first_chunk::<4>() else { break };
        let length = u32::from_le_bytes(*length) as usize;
        let Some((data, after)) = after.split_at_checked(length) else { break };
        match kind {
            b"EXIF" => exif::read(data, texts),
            b"XMP " => xmp::read(data, texts),
            _ => {}
        }
        rest = after.get(length % 2..).unwrap_or_default();
    }
}

/// Comment extensions; frames are passed over.
fn gif(bytes: &[u8], texts: &mut Texts) -> Option<()> {
    let color_table = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    let flags = *bytes.get(4)?;
    let mut rest = bytes.get(7 + color_table(flags)..)?;
    while !texts.is_full() {
        match rest {
            [0x21, label, after @ ..] => {
                let mut comment = Vec::new();
                rest = blocks(after, |block| {
                    if *label == 0xfe && comment.len() < 1 << 20 {
                        comment.extend(block);
                    }
                })?;
                if *label == 0xfe {
                    texts.add("Comment", lossless(&comment));
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

/// Blocks of at most 255 bytes, each after its length, to the empty one. Returns what comes after
/// it.
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
