//! Converts the JSON Lines of a contribution and their images to Parquet, so that all later steps
//! read only Parquet.

use std::{
    fs::File,
    io::{self, BufRead, BufWriter, Read as _},
};

use super::error::SourceFault;
use crate::{
    columns::FILES,
    contribution::json_lines,
    error::DatasetError,
    limits::IMAGE_BYTES,
    row::Row,
    write::{WriteOptions, Writer},
};

/// Maximum length of a line, in bytes. JSON escapes can make texts longer than their limit.
const LINE: u64 = 16 << 20;
/// Size of a row group, in bytes.
const GROUP: u64 = 16 << 20;
/// Maximum number of faults in the list.
const LISTED: usize = 100;

/// The result of the conversion.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines {
    /// The line of each row, from 0.
    pub(super) numbers: Vec<u64>,
    /// The first faults of the other lines.
    pub(super) faults: Vec<String>,
    /// Number of the other lines.
    pub(super) fault_count: u64,
}

/// Why a line is refused.
#[derive(Debug, thiserror::Error)]
enum LineFault {
    #[error("row {row} of {file} is longer than {LINE} bytes")]
    Long { file: String, row: u64 },
    #[error("the column `{column}` of {file} in row {row}: {source}")]
    Image { file: String, row: u64, column: &'static str, source: ImageFault },
    #[error(transparent)]
    Dataset(#[from] DatasetError),
}

/// Why the image of a line is refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum ImageFault {
    #[error("nothing; expected an image's path")]
    Unnamed,
    #[error("{path:?}; expected a path that the manifest lists")]
    Unlisted { path: String },
    #[error("an image of {found} bytes; expected 1 to {IMAGE_BYTES}")]
    Size { found: usize },
    #[error(transparent)]
    Source(#[from] Box<SourceFault>),
}

/// Reads the image at a path.
type Images<'a> = &'a mut dyn FnMut(&str) -> Result<Vec<u8>, ImageFault>;

/// Converts lines to a Parquet file. Invalid lines are refused.
pub(super) fn to_parquet(
    file: &str,
    mut lines: &mut dyn BufRead,
    images: Images<'_>,
    out: File,
) -> Result<Lines, SourceFault> {
    let options = WriteOptions { group_bytes: GROUP, collected: true, ..WriteOptions::default() };
    let mut writer = Writer::create(BufWriter::new(out), options)?;
    let mut found = Lines::default();
    let mut line = Vec::new();
    let unread = |source: io::Error| SourceFault::Unreadable { file: file.into(), source };
    for number in 0.. {
        line.clear();
        let read = (&mut lines).take(LINE).read_until(b'\n', &mut line).map_err(unread)?;
        if read == 0 {
            break;
        }
        let row = if read as u64 == LINE && line.last() != Some(&b'\n') {
            skip_line(lines).map_err(unread)?;
            Err(LineFault::Long { file: file.into(), row: number })
        } else {
            row(file, number, &line, images)
        };
        match row {
            Ok(row) => {
                writer.push_checked(row)?;
                found.numbers.push(number);
            }
            Err(fault) => {
                found.fault_count += 1;
                if found.faults.len() < LISTED {
                    found.faults.push(fault.to_string());
                }
            }
        }
    }
    let out = writer.finish()?;
    out.into_inner().map_err(|error| unread(error.into_error()))?;
    Ok(found)
}

fn row(file: &str, number: u64, line: &[u8], images: Images<'_>) -> Result<Row, LineFault> {
    let (mut row, paths) = json_lines::parse(file, number, line)?;
    for ((column, image), path) in FILES.into_iter().zip(&mut row.images).zip(paths) {
        let read = path.ok_or(ImageFault::Unnamed).and_then(|path| images(&path));
        let sized = read.and_then(|bytes| match bytes.len() {
            1..=IMAGE_BYTES => Ok(bytes),
            found => Err(ImageFault::Size { found }),
        });
        image.bytes =
            sized.map_err(|source| LineFault::Image { file: file.into(), row: number, column, source })?;
    }
    Ok(row)
}

/// Skips the rest of a line.
fn skip_line(lines: &mut dyn BufRead) -> io::Result<()> {
    loop {
        let (used, ended) = {
            let buffer = lines.fill_buf()?;
            match buffer.iter().position(|&byte| byte == b'\n') {
                Some(at) => (at + 1, true),
                None => (buffer.len(), buffer.is_empty()),
            }
        };
        lines.consume(used);
        if ended {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn read(lines: &str) -> Lines {
        let folder = tempfile::tempdir().unwrap();
        let out = File::create(folder.path().join("out.parquet")).unwrap();
        let mut images = |path: &str| match path {
            "gone" => Err(ImageFault::Unlisted { path: path.into() }),
            path => Ok(path.as_bytes().to_vec()),
        };
        to_parquet("the file", &mut Cursor::new(lines.as_bytes()), &mut images, out).unwrap()
    }

    #[test]
    fn a_bad_line_costs_that_line() {
        let good = r#"{"caption": "a fox", "label_0": 1, "label_1": 0, "num_example_per_prompt": 1, "pickscore_file_0": "a", "pickscore_file_1": "b"}"#;
        let lines = [
            good.to_owned(),
            "not JSON".into(),
            good.replace("\"a\"", "\"gone\""),
            good.replace(", \"pickscore_file_1\": \"b\"", ""),
            good.replace("\"label_1\": 0", "\"label_1\": 1"),
            format!("{{\"caption\": \"{}", "x".repeat(17 << 20)),
            good.into(),
        ];
        let found = read(&lines.join("\n"));
        assert_eq!((&found.numbers[..], found.fault_count), (&[0, 6][..], 5));
        for (fault, expected) in found.faults.iter().zip([
            "row 1 of the file is not a JSON object",
            "the column `pickscore_file_0` of the file in row 2: \"gone\"; expected a path that the manifest lists",
            "the column `pickscore_file_1` of the file in row 3: nothing; expected an image's path",
            "the column `label_1` of the file has 1 beside 1 in row 4",
            "row 5 of the file is longer than 16777216 bytes",
        ]) {
            assert!(fault.starts_with(expected), "{fault}");
        }
        assert!(read("").numbers.is_empty());
    }
}
