//! The texts of a file, by their names.

use std::io::Cursor;

use exif::{Context, Exif, Reader, Value};

use super::png;

/// Most bytes of a text; workflows of ComfyUI have some hundred kilobytes.
pub(super) const LONGEST: usize = 4 << 20;
/// Most texts of a file.
pub(super) const MOST: usize = 64;
/// Exif's tags, by their numbers: some programs put them where they do not belong.
const IMAGE_DESCRIPTION: u16 = 0x010e;
const MAKE: u16 = 0x010f;
const MODEL: u16 = 0x0110;
const SOFTWARE: u16 = 0x0131;
const MAKER_NOTE: u16 = 0x927c;
const USER_COMMENT: u16 = 0x9286;

/// Texts by their names: those of a PNG file under their keywords, those of Exif under `Exif.UserComment` and the like.
#[derive(Debug, Default)]
pub(super) struct Texts(Vec<(String, String)>);

impl Texts {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut texts = Self(png::texts(bytes));
        // piexif leaves out an offset that nobody needs: what can be read is taken.
        let read = Reader::new().continue_on_error(true).read_from_container(&mut Cursor::new(bytes));
        if let Ok(exif) = read.or_else(|error| error.distill_partial_result(|_| {})) {
            texts.add_exif(&exif);
        }
        texts
    }

    /// The text of a name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, text)| text.as_str())
    }

    fn add_exif(&mut self, exif: &Exif) {
        for field in exif.fields() {
            let name = match (field.tag.context(), field.tag.number()) {
                (Context::Tiff, IMAGE_DESCRIPTION) => "Exif.ImageDescription",
                (Context::Tiff, MAKE) => "Exif.Make",
                (Context::Tiff, MODEL) => "Exif.Model",
                (Context::Tiff, SOFTWARE) => "Exif.Software",
                (_, MAKER_NOTE) => "Exif.MakerNote",
                (_, USER_COMMENT) => "Exif.UserComment",
                _ => continue,
            };
            let text = match &field.value {
                Value::Ascii(parts) => parts.first().map(|part| lossless(part)),
                Value::Undefined(bytes, _) | Value::Byte(bytes) => Some(user_comment(bytes)),
                _ => None,
            };
            if let Some(text) = text.filter(|text| text.len() <= LONGEST && self.0.len() < MOST) {
                self.0.push((name.into(), text));
            }
        }
    }
}

/// UTF-8 where it is, else Latin-1, which any bytes are: programs write both where the formats ask for ASCII or Latin-1.
pub(super) fn lossless(bytes: &[u8]) -> String {
    let text = std::str::from_utf8(bytes).map(str::to_owned);
    text.unwrap_or_else(|_| bytes.iter().map(|&byte| char::from(byte)).collect())
}

/// A user comment: eight bytes that name its encoding, then the text.
fn user_comment(bytes: &[u8]) -> String {
    let Some((encoding, text)) = bytes.split_at_checked(8) else { return lossless(bytes) };
    match encoding {
        b"UNICODE\0" => utf_16(text),
        b"ASCII\0\0\0" | [0, 0, 0, 0, 0, 0, 0, 0] => lossless(text).trim_end_matches('\0').to_owned(),
        _ => lossless(bytes),
    }
}

/// UTF-16 of whichever order of bytes. Exif says that of its numbers, but piexif, which most programs use, always writes the big end first: of
/// the text's characters, most are below 256, and tell.
fn utf_16(bytes: &[u8]) -> String {
    let (pairs, _) = bytes.as_chunks::<2>();
    let [big, little] = [0, 1].map(|at| pairs.iter().filter(|pair| pair[at] == 0).count());
    let read = if big >= little { u16::from_be_bytes } else { u16::from_le_bytes };
    let units: Vec<u16> = pairs.iter().map(|&pair| read(pair)).collect();
    String::from_utf16_lossy(&units).trim_matches(['\0', '\u{feff}']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_comments_of_every_encoding() {
        let text = "Füchse 🦊";
        let units: Vec<u16> = text.encode_utf16().collect();
        let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        for (bytes, expected) in [
            ([b"UNICODE\0".as_slice(), &big].concat(), text),
            ([b"UNICODE\0".as_slice(), &little].concat(), text),
            (b"ASCII\0\0\0a fox\0".to_vec(), "a fox"),
            (b"\0\0\0\0\0\0\0\0a fox".to_vec(), "a fox"),
            (b"{\"prompt\": 1}".to_vec(), "{\"prompt\": 1}"),
            (b"short".to_vec(), "short"),
            (b"UNICODE\0\xd8".to_vec(), ""),
            (Vec::new(), ""),
        ] {
            assert_eq!(user_comment(&bytes), expected);
        }
    }
}
