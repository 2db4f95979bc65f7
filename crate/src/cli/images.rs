//! From what was typed to the image files that it means.

use std::{
    cmp::Ordering,
    fs, io,
    path::{Path, PathBuf},
};

use super::fault::Fault;

/// File name endings that count as images within a folder.
const ENDINGS: [&str; 8] = ["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff"];
/// Largest file that is read. 100 megapixels of uncompressed 16-bit colour have 800 MB.
const LARGEST: u64 = 1 << 30;
/// Deepest folder within a folder; a deeper one is a loop of links.
const DEEPEST: usize = 64;

/// The files behind arguments: each file itself, a folder's images in natural order, a pattern's matches.
///
/// A file that is not there is listed all the same, for the reading to report.
pub(super) fn list(arguments: &[PathBuf]) -> Result<Vec<PathBuf>, Fault> {
    let mut files = Vec::new();
    for argument in arguments {
        let before = files.len();
        if argument.is_dir() {
            walk(argument, 0, &mut files)?;
            files[before..].sort_by(natural);
            if files.len() == before {
                let endings = ENDINGS.join(", ");
                return Err(nothing(format!("{} holds no images; looked for {endings}", argument.display())));
            }
        } else if let Some(pattern) = pattern(argument) {
            let matches = glob::glob(pattern)
                .map_err(|error| Fault::Usage { reason: format!("{pattern}: {error}") })?;
            files.extend(matches.filter_map(Result::ok).filter(|path| path.is_file()));
            files[before..].sort_by(natural);
            if files.len() == before {
                return Err(nothing(format!("no file matches {pattern}")));
            }
        } else {
            files.push(argument.clone());
        }
    }
    Ok(files)
}

fn nothing(reason: String) -> Fault {
    Fault::Nothing { reason }
}

/// The argument as a pattern, where it is one and no such file exists. Shells expand most of them before they come here.
fn pattern(argument: &Path) -> Option<&str> {
    let text = argument.to_str().filter(|text| text.contains(['*', '?', '[']))?;
    (!argument.exists()).then_some(text)
}

fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Fault> {
    let unreadable =
        |error: io::Error| Fault::Input { path: folder.display().to_string(), reason: error.to_string() };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        if path.is_dir() {
            if depth < DEEPEST && !path.is_symlink() {
                walk(&path, depth + 1, files)?;
            }
        } else if ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str())) {
            files.push(path);
        }
    }
    Ok(())
}

/// Numbers within names count as numbers: `2.png` comes before `10.png`.
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

/// A file's bytes.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let length = fs::metadata(path)?.len();
    if length > LARGEST {
        return Err(io::Error::other(format!("it has {length} bytes; expected at most {LARGEST}")));
    }
    fs::read(path)
}

#[cfg(test)]
mod tests {
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
        assert_eq!(
            list(&[folder.path().into()]).unwrap(),
            [at("9.png"), at("10.PNG"), at("[1].png"), at("deep/1.webp")]
        );
        assert_eq!(list(&[at("?.png")]).unwrap(), [at("9.png")]);
        // A file of that very name is no pattern.
        assert_eq!(list(&[at("[1].png")]).unwrap(), [at("[1].png")]);
        assert_eq!(list(&[at("gone.png")]).unwrap(), [at("gone.png")]);
        assert!(list(&[at("*.tiff")]).unwrap_err().to_string().contains("no file matches"));
        fs::create_dir(at("empty")).unwrap();
        assert!(list(&[at("empty")]).unwrap_err().to_string().contains("holds no images"));
    }
}
