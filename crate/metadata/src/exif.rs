//! Reads the text fields of Exif: a TIFF directory (IFD) and the Exif IFD that it points to.
//!
//! Only the text fields of a few tags are read, so the cost of a hostile directory is proportional
//! to its size.

use super::{
    encoding::{lossless, user_comment, utf_16},
    fields::{MAX_LENGTH, TextFields},
};

/// Maximum number of entries read from a directory. Real ones have a few dozen.
const MAX_ENTRIES: usize = 1000;
/// Tag with the offset of the Exif IFD, which contains the user comment.
const EXIF_DIRECTORY: u16 = 0x8769;
const DOCUMENT_NAME: u16 = 0x010d;
const SOFTWARE: u16 = 0x0131;
const COPYRIGHT: u16 = 0x8298;
const XP_COMMENT: u16 = 0x9c9c;
const MAKER_NOTE: u16 = 0x927c;
const USER_COMMENT: u16 = 0x9286;

/// Adds the text fields of Exif data, with or without the `Exif` prefix of JPEG segments.
pub(super) fn read(bytes: &[u8], fields: &mut TextFields) {
    let tiff = bytes.strip_prefix(b"Exif\0\0").unwrap_or(bytes);
    let Some(tiff) = Tiff::new(tiff) else { return };
    let Some(first) = tiff.u32(4) else { return };
    let mut second = None;
    for entry in tiff.entries(first) {
        if entry.tag == EXIF_DIRECTORY {
            second = tiff.u32(entry.at + 8);
        } else {
            tiff.add(&entry, fields);
        }
    }
    for entry in second.into_iter().flat_map(|offset| tiff.entries(offset)) {
        tiff.add(&entry, fields);
    }
}

struct Tiff<'a> {
    bytes: &'a [u8],
    little_endian: bool,
}

struct Entry {
    tag: u16,
    /// Offset of the entry.
    at: usize,
}

impl<'a> Tiff<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        match bytes {
            [b'I', b'I', 42, 0, ..] => Some(Self { bytes, little_endian: true }),
            [b'M', b'M', 0, 42, ..] => Some(Self { bytes, little_endian: false }),
            _ => None,
        }
    }

    fn u16(&self, at: usize) -> Option<u16> {
        let bytes = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.little_endian { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    }

    fn u32(&self, at: usize) -> Option<usize> {
        let bytes = *self.bytes.get(at..)?.first_chunk()?;
        let number = if self.little_endian { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) };
        usize::try_from(number).ok()
    }

    fn entries(&self, offset: usize) -> impl Iterator<Item = Entry> {
        let count = usize::from(self.u16(offset).unwrap_or(0)).min(MAX_ENTRIES);
        (0..count).filter_map(move |index| {
            let at = offset.checked_add(2 + index * 12)?;
            Some(Entry { tag: self.u16(at)?, at })
        })
    }

    /// The bytes of a value with a byte-sized type. A value that extends past the end is truncated.
    fn value(&self, entry: &Entry) -> Option<&'a [u8]> {
        const BYTE: u16 = 1;
        const ASCII: u16 = 2;
        const UNDEFINED: u16 = 7;
        const UTF_8: u16 = 129;
        matches!(self.u16(entry.at + 2)?, BYTE | ASCII | UNDEFINED | UTF_8).then_some(())?;
        let length = self.u32(entry.at + 4)?;
        let start = if length <= 4 { entry.at + 8 } else { self.u32(entry.at + 8)? };
        let bytes = self.bytes.get(start..)?;
        Some(&bytes[..length.min(bytes.len())])
    }

    fn add(&self, entry: &Entry, fields: &mut TextFields) {
        let name = match entry.tag {
            // ComfyUI writes one field per tag, counting down from the tag for the camera's make.
            // In other files, lower tags contain numbers.
            0x0100..=0x010c => "Exif.Other",
            DOCUMENT_NAME => "Exif.DocumentName",
            0x010e => "Exif.ImageDescription",
            0x010f => "Exif.Make",
            0x0110 => "Exif.Model",
            SOFTWARE => "Exif.Software",
            COPYRIGHT => "Exif.Copyright",
            XP_COMMENT => "Exif.XPComment",
            MAKER_NOTE => "Exif.MakerNote",
            USER_COMMENT => "Exif.UserComment",
            _ => return,
        };
        let Some(value) = self.value(entry).filter(|value| value.len() <= MAX_LENGTH) else { return };
        let text = match entry.tag {
            USER_COMMENT => user_comment(value, self.little_endian),
            XP_COMMENT => utf_16(value, true),
            _ => lossless(value),
        };
        let text = text.trim_matches('\0');
        // ComfyUI and its nodes that save images put a name before the value: `prompt:{"3": …`.
        let named = ["prompt", "workflow", "parameters"].into_iter().find_map(|name| {
            let (start, rest) = text.split_at_checked(name.len())?;
            (start.eq_ignore_ascii_case(name)).then_some(())?;
            Some((name, rest.strip_prefix(':')?.trim_start()))
        });
        match named {
            Some((name, text)) => fields.add(name, text.to_owned()),
            None if name == "Exif.Other" => {}
            None => fields.add(name, text.to_owned()),
        }
    }
}
