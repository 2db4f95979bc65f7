//! The texts of Exif: a TIFF directory, and a second one that it points to.
//!
//! Only texts of a few tags are taken out, so that a hostile directory costs no more than its size.

use super::{
    encoding::{lossless, user_comment, utf_16},
    texts::{LONGEST, Texts},
};

/// Most entries of a directory that are looked at. Real ones have some dozens.
const MOST_ENTRIES: usize = 1000;
/// The offset of the directory with the user comment.
const EXIF_DIRECTORY: u16 = 0x8769;
const DOCUMENT_NAME: u16 = 0x010d;
const SOFTWARE: u16 = 0x0131;
const COPYRIGHT: u16 = 0x8298;
const XP_COMMENT: u16 = 0x9c9c;
const MAKER_NOTE: u16 = 0x927c;
const USER_COMMENT: u16 = 0x9286;

/// Adds the texts of Exif data, with or without the `Exif` marker of JPEG segments.
pub(super) fn read(bytes: &[u8], texts: &mut Texts) {
    let tiff = bytes.strip_prefix(b"Exif\0\0").unwrap_or(bytes);
    let Some(tiff) = Tiff::new(tiff) else { return };
    let Some(first) = tiff.u32(4) else { return };
    let mut second = None;
    for entry in tiff.entries(first) {
        if entry.tag == EXIF_DIRECTORY {
            second = tiff.u32(entry.at + 8);
        } else {
            tiff.add(&entry, texts);
        }
    }
    for entry in second.into_iter().flat_map(|offset| tiff.entries(offset)) {
        tiff.add(&entry, texts);
    }
}

struct Tiff<'a> {
    bytes: &'a [u8],
    little_endian: bool,
}

struct Entry {
    tag: u16,
    /// Where it is within the bytes.
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
        let count = usize::from(self.u16(offset).unwrap_or(0)).min(MOST_ENTRIES);
        (0..count).filter_map(move |index| {
            let at = offset.checked_add(2 + index * 12)?;
            Some(Entry { tag: self.u16(at)?, at })
        })
    }

    /// The bytes of a value of a type whose units are bytes. One that runs over the end is cut off.
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

    fn add(&self, entry: &Entry, texts: &mut Texts) {
        let name = match entry.tag {
            // ComfyUI counts down from the tag of the camera's maker, a text for each tag. Lower
            // tags hold numbers in other files.
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
        let Some(value) = self.value(entry).filter(|value| value.len() <= LONGEST) else { return };
        let text = match entry.tag {
            USER_COMMENT => user_comment(value, self.little_endian),
            XP_COMMENT => utf_16(value, true),
            _ => lossless(value),
        };
        let text = text.trim_matches('\0');
        // ComfyUI and nodes that save images put a name before the text: `prompt:{"3": …`.
        let named = ["prompt", "workflow", "parameters"].into_iter().find_map(|name| {
            let (start, rest) = text.split_at_checked(name.len())?;
            (start.eq_ignore_ascii_case(name)).then_some(())?;
            Some((name, rest.strip_prefix(':')?.trim_start()))
        });
        match named {
            Some((name, text)) => texts.add(name, text.to_owned()),
            None if name == "Exif.Other" => {}
            None => texts.add(name, text.to_owned()),
        }
    }
}
