//! The files of the output: their names, and what is noted in them.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

use pickscore_dataset::table::ScoreTable;

/// Digits of a hash in a name.
pub(crate) const DIGITS: usize = 16;
/// Digits of the number of a row in a name.
const ROW_DIGITS: usize = 10;
/// Maximum length of the part of a name that comes from the input's name.
const LONGEST_STEM: usize = 60;
/// The start of a name of which nothing is left.
const NAMELESS: &str = "data";

/// The parts of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Named<'a> {
    /// From the input's name.
    pub(crate) stem: &'a str,
    /// Digits of the hash of the input.
    pub(crate) input: &'a str,
    /// Digits of the hash of the models.
    pub(crate) models: &'a str,
}

/// What a file notes about the input that was scored.
#[derive(Debug)]
pub(crate) struct Noted {
    table: ScoreTable,
}

impl<'a> Named<'a> {
    /// The name for rows from `start` to `end`.
    pub(crate) fn with_rows(self, start: u64, end: u64) -> String {
        let Self { stem, input, models } = self;
        format!("{stem}-{input}-{models}-{start:010}-{end:010}.parquet")
    }

    /// The parts of a name; `None` if the file is not of the output.
    pub(crate) fn parse(name: &'a str) -> Option<Self> {
        let mut parts = name.strip_suffix(".parquet")?.rsplitn(5, '-');
        let is_row = |part: &str| part.len() >= ROW_DIGITS && part.bytes().all(|byte| byte.is_ascii_digit());
        let is_hash = |part: &str| {
            part.len() == DIGITS && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        let (end, start, models, input) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let is_result = is_row(end) && is_row(start) && is_hash(models) && is_hash(input);
        is_result.then_some(Self { stem: parts.next()?, input, models })
    }
}

/// The start of the names of an input's files. Readers of folders skip files whose names start with
/// a dot or an underscore.
pub(crate) fn stem(name: &str) -> String {
    let stem = PathBuf::from(name).with_extension("");
    let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    let safe: String = stem.to_string_lossy().chars().map(safe).collect();
    let safe: String = safe.trim_start_matches(['.', '_']).chars().take(LONGEST_STEM).collect();
    if safe.is_empty() { NAMELESS.into() } else { safe }
}

/// Whether a path is named as the files of the output are.
pub fn is_result(path: &Path) -> bool {
    path.file_name().and_then(|name| Named::parse(name.to_str()?)).is_some()
}

/// The names of the files of the output in a folder, sorted. None if there is no folder.
pub(crate) fn names_in(out: &Path) -> Vec<String> {
    let entries = fs::read_dir(out).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| Named::parse(name).is_some()).collect();
    names.sort();
    names
}

/// Of names, the first of each input and models.
pub(crate) fn one_each<'a>(
    names: &'a [String],
    keep: &'a dyn Fn(&Named<'_>) -> bool,
) -> impl Iterator<Item = &'a String> {
    let mut seen = HashSet::new();
    names.iter().filter(move |name| {
        let Some(parts) = Named::parse(name) else { return false };
        keep(&parts) && seen.insert(parts)
    })
}

impl Noted {
    /// What is noted in a file; `None` if it cannot be read.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        Some(Self { table: ScoreTable::open(path).ok()? })
    }

    /// The value under a name of [`notes`](crate::shard::notes).
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.table.note(name)
    }

    /// The numbers of rows without a score of some model, and without any; they are counted if they
    /// are not noted.
    pub(crate) fn without_scores(&self) -> Option<(u64, u64)> {
        let number = |name| self.get(name)?.parse().ok();
        if let Some(found) = number("pickscore.failed").zip(number("pickscore.unscored")) {
            return Some(found);
        }
        let rows = self.table.read().ok()?;
        let scores: Vec<_> = rows.models.iter().flat_map(|model| &model.images).collect();
        let all = 0..rows.keys.len();
        let failed = all.clone().filter(|&row| scores.iter().any(|scores| scores[row].is_err()));
        let unscored = all.filter(|&row| scores.iter().all(|scores| scores[row].is_err()));
        Some((failed.count() as u64, unscored.count() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_in_a_file_system() {
        assert_eq!(stem("data/train-0001.parquet"), "data_train-0001");
        assert!(stem(&"x".repeat(1000)).len() <= LONGEST_STEM);
    }

    /// pyarrow, pandas and Spark skip files whose names start with a dot or an underscore.
    #[test]
    fn names_do_not_start_with_a_dot_or_an_underscore() {
        for (name, expected) in [
            ("../a b\u{e9}.csv", "a_b_"),
            ("/data/a.csv", "data_a"),
            ("./dB/a.csv", "dB_a"),
            ("_a.csv", "a"),
            ("\u{e9}t\u{e9}.csv", "t_"),
            ("\u{65e5}\u{672c}.csv", "data"),
            ("-a.csv", "-a"),
        ] {
            assert_eq!(stem(name), expected, "{name}");
        }
    }

    #[test]
    fn names_are_recognised() {
        let parts = Named { stem: "a-b", input: "8d8bc120f2b01fa5", models: "f52e7adc3046defa" };
        let name = parts.with_rows(256, 512);
        assert_eq!(name, "a-b-8d8bc120f2b01fa5-f52e7adc3046defa-0000000256-0000000512.parquet");
        assert_eq!(Named::parse(&name), Some(parts));
        for other in ["train-00000-of-00001.parquet", "a.parquet", &name[1 + 3..], &name.replace("f5", "F5")]
        {
            assert_eq!(Named::parse(other), None, "{other}");
        }
    }
}
