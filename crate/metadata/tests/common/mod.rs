//! Minimal image files with text fields. Their checksums are wrong, because they are not verified.

#![allow(dead_code, clippy::unwrap_used, reason = "each test uses some of it, and says so by failing")]

use std::io::Write as _;

use flate2::{Compression, write::ZlibEncoder};

/// A PNG file with these chunks.
pub(crate) fn png(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in chunks {
        file.extend((data.len() as u32).to_be_bytes());
        file.extend(*kind);
        file.extend(data);
        file.extend([0; 4]);
    }
    file
}

/// A PNG file with UTF-8 text chunks, which Pillow writes if Latin-1 is not sufficient.
pub(crate) fn png_texts(texts: &[(&str, &str)]) -> Vec<u8> {
    let chunks: Vec<_> =
        texts.iter().map(|(name, text)| international(name, text.as_bytes(), false)).collect();
    png(&chunks)
}

/// A text chunk in UTF-8.
pub(crate) fn international(name: &str, text: &[u8], packed: bool) -> (&'static [u8; 4], Vec<u8>) {
    let text = if packed { deflated(text) } else { text.to_vec() };
    (b"iTXt", [name.as_bytes(), b"\0", &[u8::from(packed), 0], b"\0\0", &text].concat())
}

/// A text chunk with bytes in any encoding.
pub(crate) fn plain(name: &str, text: &[u8]) -> (&'static [u8; 4], Vec<u8>) {
    (b"tEXt", [name.as_bytes(), b"\0", text].concat())
}

pub(crate) fn compressed(name: &str, text: &[u8]) -> (&'static [u8; 4], Vec<u8>) {
    (b"zTXt", [name.as_bytes(), b"\0\0", &deflated(text)].concat())
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// Exif tags.
pub(crate) const MODEL: u16 = 0x0110;
pub(crate) const MAKE: u16 = 0x010f;
pub(crate) const IMAGE_DESCRIPTION: u16 = 0x010e;
pub(crate) const SOFTWARE: u16 = 0x0131;
pub(crate) const USER_COMMENT: u16 = 0x9286;
pub(crate) const MAKER_NOTE: u16 = 0x927c;
/// Exif types.
pub(crate) const ASCII: u16 = 2;
pub(crate) const UNDEFINED: u16 = 7;

/// An Exif field: tag, type and bytes.
pub(crate) type Field<'a> = (u16, u16, &'a [u8]);

/// Exif with two directories, without the prefix of a JPEG segment.
pub(crate) fn tiff(little_endian: bool, first: &[Field<'_>], second: &[Field<'_>]) -> Vec<u8> {
    let short = |number: u16| if little_endian { number.to_le_bytes() } else { number.to_be_bytes() };
    let long = |number: usize| {
        let number = number as u32;
        if little_endian { number.to_le_bytes() } else { number.to_be_bytes() }
    };
    let mut file = if little_endian { b"II".to_vec() } else { b"MM".to_vec() };
    file.extend(short(42));
    file.extend(long(8));
    let size = |fields: usize| 2 + fields * 12 + 4;
    let second_at = 8 + size(first.len() + 1);
    let mut values: Vec<u8> = Vec::new();
    let values_at = second_at + size(second.len());
    for (number, fields) in [first, second].into_iter().enumerate() {
        file.extend(short(fields.len() as u16 + u16::from(number == 0)));
        for (tag, kind, bytes) in fields {
            file.extend([short(*tag), short(*kind)].concat());
            file.extend(long(bytes.len()));
            if bytes.len() <= 4 {
                let mut inline = bytes.to_vec();
                inline.resize(4, 0);
                file.extend(inline);
            } else {
                file.extend(long(values_at + values.len()));
                values.extend(*bytes);
            }
        }
        if number == 0 {
            file.extend([short(0x8769), short(4)].concat());
            file.extend(long(1));
            file.extend(long(second_at));
        }
        file.extend(long(0));
    }
    file.extend(values);
    file
}

/// A JPEG file with APP1 segments.
pub(crate) fn jpeg(segments: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut file = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0".to_vec();
    for (marker, data) in segments {
        file.extend([0xff, *marker]);
        file.extend(((data.len() + 2) as u16).to_be_bytes());
        file.extend(data);
    }
    file.extend(b"\xff\xda\0\x02\xff\xd9");
    file
}

pub(crate) fn jpeg_exif(tiff: &[u8]) -> Vec<u8> {
    jpeg(&[(0xe1, [b"Exif\0\0", tiff].concat())])
}

/// A WebP file with chunks after an empty image.
pub(crate) fn webp(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut body = b"WEBPVP8L\x01\0\0\0\0\0".to_vec();
    for (kind, data) in chunks {
        body.extend(*kind);
        body.extend((data.len() as u32).to_le_bytes());
        body.extend(*data);
        body.resize(body.len().next_multiple_of(2), 0);
    }
    [b"RIFF".as_slice(), &(body.len() as u32).to_le_bytes(), &body].concat()
}

/// Encodes text as UTF-16.
pub(crate) fn utf_16(text: &str, little_endian: bool) -> Vec<u8> {
    let bytes = |unit: u16| if little_endian { unit.to_le_bytes() } else { unit.to_be_bytes() };
    text.encode_utf16().flat_map(bytes).collect()
}
