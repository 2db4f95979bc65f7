//! Expands arguments to image files.

use std::{
    cmp::Ordering,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use pickscore_common::regular::{open_regular, read_bounded};
use walkdir::WalkDir;

use super::{
    fault::{self, Fault},
    output::Unread,
};
use crate::pixels::{Format, PixelError};

/// File name extensions of images in folders.
const ENDINGS: [&str; 11] =
    ["png", "apng", "jpg", "jpeg", "jpe", "jfif", "webp", "gif", "bmp", "tif", "tiff"];
/// Extensions of images that cannot be decoded; they are reported as skipped.
const UNREAD_ENDINGS: [&str; 34] = [
    "avif", "heic", "heif", "hif", "jxl", "jp2", "j2k", "jpx", "jpf", "psd", "psb", "xcf", "kra", "qoi",
    "ico", "svg", "tga", "dds", "exr", "hdr", "pbm", "pgm", "ppm", "pnm", "dng", "cr2", "cr3", "nef", "arw",
    "raf", "orf", "rw2", "pcx", "icns",
];
/// Number of bytes that identify an image format.
const ENOUGH: u64 = 4096;
/// Levels of folders that are searched.
const DEEPEST: usize = 64;
/// Maximum number of names in a message.
const LISTED: usize = 5;

/// What to read from images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Pixels,
    /// Generation data, which AVIF and HEIC files hold in Exif too.
    Metadata,
}

/// The image files that arguments name.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub(super) files: Vec<PathBuf>,
    /// Images in folders that have an unsupported format.
    pub(super) unread: Vec<Unread>,
}

/// Lists the files that arguments name: files, the images in folders in natural order, the matches
/// of patterns.
///
/// A missing file is listed too; reading it reports the error.
pub(super) fn list(arguments: &[PathBuf], wanted: Wanted) -> Result<Listed, Fault> {
    let mut listed = Listed::default();
    for argument in arguments {
        let mut found = Vec::new();
        if argument.is_dir() {
            found = walk(argument);
            found.sort_by(natural);
            if found.is_empty() {
                let endings = ENDINGS.join(", ");
                return Err(nothing(format!(
                    "{} contains no images (looked for {endings})",
                    argument.display()
                )));
            }
            for path in found {
                match unread_format(&path, wanted) {
                    Some(error) => listed.unread.push(Unread { path: path.display().to_string(), error }),
                    None => listed.files.push(path),
                }
            }
        } else if let Some(pattern) = pattern(argument) {
            let Ok(matches) = glob::glob(pattern) else {
                // Not a pattern, so the name of a missing file.
                listed.files.push(argument.clone());
                continue;
            };
            found.extend(matches.filter_map(Result::ok).filter(|path| path.is_file()));
            found.sort_by(natural);
            if found.is_empty() {
                return Err(nothing(format!("no file matches {pattern}")));
            }
            listed.files.append(&mut found);
        } else {
            listed.files.push(argument.clone());
        }
    }
    if listed.files.is_empty() && !listed.unread.is_empty() {
        return Err(nothing(format!("no image can be read: {}", listed.formats())));
    }
    Ok(listed)
}

impl Listed {
    /// Reports the skipped images in one line.
    ///
    /// # Errors
    ///
    /// If `strict` and an image would be skipped.
    pub(super) fn report_unread(&self, strict: bool) -> Result<(), Fault> {
        match self.unread.first() {
            None => Ok(()),
            Some(Unread { path, error }) if strict => {
                Err(Fault::Input { path: path.clone(), reason: error.clone() })
            }
            Some(_) => {
                fault::report(&format!("skipped {}", self.formats()));
                Ok(())
            }
        }
    }

    fn formats(&self) -> String {
        let names: Vec<&str> = self.unread.iter().take(LISTED).map(|unread| unread.path.as_str()).collect();
        let more = self.unread.len() - names.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let count = self.unread.len();
        let (images, formats, them) =
            if count == 1 { ("image", "a format", "it") } else { ("images", "formats", "them") };
        let ending = names.first().map(|name| ending(Path::new(name))).unwrap_or_default();
        format!(
            "{count} {images} in {formats} that cannot be read: {}{more}; convert {them} to PNG, for example with \
             ImageMagick: magick image.{ending} image.png",
            names.join(", ")
        )
    }
}

fn nothing(reason: String) -> Fault {
    Fault::Nothing { reason }
}

fn ending(path: &Path) -> String {
    path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// Why an image in a folder cannot be read, judging by its name and its first bytes.
fn unread_format(path: &Path, wanted: Wanted) -> Option<String> {
    let ending = ending(path);
    if !UNREAD_ENDINGS.contains(&ending.as_str()) {
        return None;
    }
    let mut first = Vec::new();
    // A file that cannot be opened is reported when it is read.
    open_regular(path).and_then(|file| file.take(ENOUGH).read_to_end(&mut first)).ok()?;
    match Format::of(&first) {
        Ok(_) | Err(PixelError::Empty) => None,
        Err(PixelError::Convertible { found: "AVIF" | "HEIC", .. }) if wanted == Wanted::Metadata => None,
        Err(error @ PixelError::Convertible { .. }) => Some(error.to_string()),
        Err(_) => Some(format!(
            "files that end in .{ending} are not read; convert it to PNG, for example with ImageMagick: \
             magick image.{ending} image.png"
        )),
    }
}

/// The argument as a pattern, if it has wildcards and no file has that name. Shells expand most
/// patterns themselves.
fn pattern(argument: &Path) -> Option<&str> {
    let text = argument.to_str().filter(|text| text.contains(['*', '?', '[']))?;
    (!argument.exists()).then_some(text)
}

/// The images in a folder and in the folders below it. Links to folders are not followed. A folder
/// that cannot be read is reported and skipped.
fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in WalkDir::new(folder).max_depth(DEEPEST) {
        match entry {
            Ok(entry) => {
                let path = entry.into_path();
                let ending = ending(&path);
                let is_image =
                    ENDINGS.contains(&ending.as_str()) || UNREAD_ENDINGS.contains(&ending.as_str());
                if is_image && !path.is_dir() {
                    files.push(path);
                }
            }
            Err(error) => {
                let path = error.path().unwrap_or(folder).display().to_string();
                let reason = match error.into_io_error() {
                    Some(error) => error.to_string(),
                    None => "the folder contains itself".into(),
                };
                fault::report(&Fault::Input { path, reason });
            }
        }
    }
    files
}

/// Natural order: `2.png` comes before `10.png`. A function of its own, because the crate `natord`
/// is no longer maintained.
fn natural(a: &PathBuf, b: &PathBuf) -> Ordering {
    let (a_text, b_text) = (a.to_string_lossy().to_lowercase(), b.to_string_lossy().to_lowercase());
    let (mut a_rest, mut b_rest) = (a_text.as_str(), b_text.as_str());
    while !a_rest.is_empty() && !b_rest.is_empty() {
        let digits = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (a_digits, b_digits) = (digits(a_rest), digits(b_rest));
        let (a_end, b_end, order);
        if a_digits > 0 && b_digits > 0 {
            let (a_number, b_number) =
                (a_rest[..a_digits].trim_start_matches('0'), b_rest[..b_digits].trim_start_matches('0'));
            order = a_number.len().cmp(&b_number.len()).then_with(|| a_number.cmp(b_number));
            (a_end, b_end) = (a_digits, b_digits);
        } else {
            let first = |text: &str| text.chars().next().unwrap_or_default();
            order = first(a_rest).cmp(&first(b_rest));
            (a_end, b_end) = (first(a_rest).len_utf8(), first(b_rest).len_utf8());
        }
        if order != Ordering::Equal {
            return order;
        }
        (a_rest, b_rest) = (&a_rest[a_end..], &b_rest[b_end..]);
    }
    a_rest.len().cmp(&b_rest.len()).then_with(|| a.cmp(b))
}

/// Reads a text file, which may be a pipe, of at most `most` bytes, or says why it cannot be read.
pub(super) fn read_text(path: &Path, most: u64) -> Result<Vec<u8>, String> {
    let read = File::open(path).and_then(|file| read_bounded(file, most));
    read.map_err(|error| format!("the file cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn names_sort_as_people_count() {
        let mut names: Vec<PathBuf> =
            ["b10.png", "a/2.png", "b9.png", "a/10.png", "B9.png", "a/02.png", "b.png", "é.png"]
                .map(PathBuf::from)
                .into();
        names.sort_by(natural);
        let sorted = ["a/02.png", "a/2.png", "a/10.png", "b.png", "B9.png", "b9.png", "b10.png", "é.png"];
        assert_eq!(names, sorted.map(PathBuf::from));
    }

    #[test]
    fn folders_files_and_patterns_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("deep")).unwrap();
        for name in ["10.PNG", "9.png", "deep/1.webp", "notes.txt", "[1].png"] {
            fs::write(at(name), b"x").unwrap();
        }
        let list = |path: PathBuf| super::list(&[path], Wanted::Pixels).map(|listed| listed.files);
        assert_eq!(
            list(folder.path().into()).unwrap(),
            [at("9.png"), at("10.PNG"), at("[1].png"), at("deep/1.webp")]
        );
        assert_eq!(list(at("?.png")).unwrap(), [at("9.png")]);
        // A file of that very name is no pattern.
        assert_eq!(list(at("[1].png")).unwrap(), [at("[1].png")]);
        assert_eq!(list(at("gone.png")).unwrap(), [at("gone.png")]);
        assert!(list(at("*.tiff")).unwrap_err().to_string().contains("no file matches"));
        fs::create_dir(at("empty")).unwrap();
        assert!(list(at("empty")).unwrap_err().to_string().contains("contains no images"));
    }
}
