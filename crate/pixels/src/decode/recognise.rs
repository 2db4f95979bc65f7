//! The format of a file, by its first bytes.

use crate::{error::PixelError, format::Format};

impl Format {
    /// Recognises a format by a file's first bytes.
    ///
    /// # Errors
    ///
    /// When the format is not supported. Other known formats are named.
    pub fn of(bytes: &[u8]) -> Result<Self, PixelError> {
        const TIFF: [&[u8]; 6] = [b"II*\0", b"MM\0*", b"MM*\0", b"II\0*", b"II+\0", b"MM\0+"];
        let at =
            |offset: usize, magic: &[u8]| bytes.get(offset..).is_some_and(|rest| rest.starts_with(magic));
        let convertible = |found, extension| Err(PixelError::Convertible { found, extension });
        let found = match () {
            () if bytes.is_empty() => return Err(PixelError::Empty),
            () if at(0, b"\x89PNG\r\n\x1a\n") => return Ok(Self::Png),
            () if at(0, b"\xff\xd8\xff") => return Ok(Self::Jpeg),
            () if at(0, b"RIFF") && at(8, b"WEBP") => return Ok(Self::WebP),
            () if at(0, b"GIF87a") || at(0, b"GIF89a") => return Ok(Self::Gif),
            () if at(0, b"BM") => return Ok(Self::Bmp),
            () if TIFF.iter().any(|magic| at(0, magic)) => return Ok(Self::Tiff),
            () if at(0, b"\xff\x0a") || at(0, b"\0\0\0\x0cJXL \r\n\x87\n") => {
                return convertible("JPEG XL", "jxl");
            }
            () if at(0, b"\0\0\0\x0cjP  \r\n\x87\n") || at(0, b"\xff\x4f\xff\x51") => {
                return convertible("JPEG 2000", "jp2");
            }
            () if at(4, b"ftyp") => return Err(Self::media(bytes)),
            () if at(0, b"8BPS") => return convertible("a Photoshop document", "psd"),
            () if at(0, b"qoif") => return convertible("QOI", "qoi"),
            () if at(0, b"\0\0\x01\0") => return convertible("an icon", "ico"),
            () if at(0, b"%PDF") => "PDF",
            () if at(0, b"<svg") || at(0, b"<?xml") => "SVG or other XML",
            () if at(0, b"<!DOCTYPE") || at(0, b"<!doctype") || at(0, b"<html") => "a web page",
            () if at(0, b"\x1aE\xdf\xa3") => "a video",
            () => return Err(PixelError::NoImage),
        };
        Err(PixelError::OtherFormat { found })
    }

    /// The error for an ISO media file, by its major and compatible brands.
    fn media(bytes: &[u8]) -> PixelError {
        let length = bytes.first_chunk().map_or(0, |&length| u32::from_be_bytes(length));
        let end = usize::try_from(length).unwrap_or(usize::MAX).min(bytes.len()).min(4096);
        let main = bytes.get(8..12).unwrap_or_default();
        let others = bytes.get(16..end).unwrap_or_default().as_chunks::<4>().0;
        let brands = || std::iter::once(main).chain(others.iter().map(<[u8; 4]>::as_slice));
        let any =
            |names: &[&[u8; 4]]| brands().any(|brand| names.iter().any(|name| brand == name.as_slice()));
        if any(&[b"avif", b"avis"]) {
            PixelError::Convertible { found: "AVIF", extension: "avif" }
        } else if any(&[
            b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1",
        ]) {
            PixelError::Convertible { found: "HEIC", extension: "heic" }
        } else {
            PixelError::OtherFormat { found: "a video" }
        }
    }
}
