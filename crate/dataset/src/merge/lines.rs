//! A contribution's JSON Lines and the images beside them, made into Parquet on disk, so that all that follows reads one kind of file.

use std::{
    fs::File,
    io::{self, BufRead, BufWriter, Read as _},
};

use serde_json::{Map, Value};

use super::SourceFault;
use crate::{
    WriteOptions, Writer,
    contribution::json_lines,
    limits::{IMAGE_BYTES, Place},
};

/// Most bytes of a line: of every text in it the most, as JSON may write it.
const LINE: u64 = 16 << 20;
/// Bytes of a row group.
const GROUP: u64 = 16 << 20;
/// Faults that are told one by one.
const TOLD: usize = 100;

/// What lines were made into.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines {
    /// Which line each row was, from 0.
    pub(super) numbers: Vec<u64>,
    /// What is wrong with the first of the others.
    pub(super) faults: Vec<String>,
    /// How many others there are.
    pub(super) fault_count: u64,
}

/// Where images are by their paths.
type Images<'a> = &'a mut dyn FnMut(&str) -> Result<Vec<u8>, String>;

/// Writes the rows of lines as Parquet. What is wrong with a line costs that line.
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
    let unread = |error: io::Error| SourceFault::Unreadable { file: file.into(), reason: error.to_string() };
    for number in 0.. {
        line.clear();
        let read = (&mut lines).take(LINE).read_until(b'\n', &mut line).map_err(unread)?;
        if read == 0 {
            break;
        }
        let mut fault = |said: String| {
            found.fault_count += 1;
            if found.faults.len() < TOLD {
                found.faults.push(said);
            }
        };
        if read as u64 == LINE && line.last() != Some(&b'\n') {
            skip_line(lines).map_err(unread)?;
            fault(format!("row {number} of {file} is longer than {LINE} bytes"));
            continue;
        }
        match row(file, number, &line, images) {
            Err(said) => fault(said),
            Ok(row) => match writer.write(&row) {
                Ok(()) => found.numbers.push(number),
                Err(error) => fault(format!("row {number} of {file}: {error}")),
            },
        }
    }
    let out = writer.finish()?;
    out.into_inner().map_err(|error| unread(error.into_error()))?;
    Ok(found)
}

fn row(file: &str, number: u64, line: &[u8], images: Images<'_>) -> Result<crate::Row, String> {
    let line: Map<String, Value> = serde_json::from_slice(line)
        .map_err(|error| format!("row {number} of {file} is no JSON object: {error}"))?;
    let place = Place { file, row: number };
    let (mut row, paths) = json_lines::read(&place, &line).map_err(|error| error.to_string())?;
    for (side, (image, path)) in row.images.iter_mut().zip(paths).enumerate() {
        let column = ["pickscore_file_0", "pickscore_file_1"][side];
        let wrong = |said: String| format!("the column `{column}` of {file} in row {number}: {said}");
        let path = path.ok_or_else(|| wrong("nothing; expected an image's path".into()))?;
        image.bytes = images(&path).map_err(wrong)?;
        if image.bytes.is_empty() || image.bytes.len() > IMAGE_BYTES {
            let bytes = image.bytes.len();
            return Err(wrong(format!("an image of {bytes} bytes; expected 1 to {IMAGE_BYTES}")));
        }
    }
    Ok(row)
}

/// Passes over what is left of a line.
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
        let mut images = |path: &str| {
            if path == "gone" { Err("there is no such file".into()) } else { Ok(path.as_bytes().to_vec()) }
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
            "row 1 of the file is no JSON object",
            "the column `pickscore_file_0` of the file in row 2: there is no such file",
            "the column `pickscore_file_1` of the file in row 3: nothing; expected an image's path",
            "the column `label_1` of the file has 1 beside 1 in row 4",
            "row 5 of the file is longer than 16777216 bytes",
        ]) {
            assert!(fault.starts_with(expected), "{fault}");
        }
        assert!(read("").numbers.is_empty());
    }
}
