//! Opens a contribution: reads its manifest and checksums, and compares its files with them.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, BufReader, Read, Write as _},
    path::{Path, PathBuf},
};

use flate2::read::DeflateDecoder;
use sha2::{Digest as _, Sha256};

use super::{
    error::{SourceFault, unreadable},
    lines::{self, ImageFault, Lines},
    part::Part,
    source::{Source, SourceKind},
    zip::{Zip, part_of},
};
use crate::{
    contribution::manifest::{Listed, MANIFEST, Manifest, ManifestError, SUMS, TEXT, read_sums, shortened},
    limits::IMAGE_BYTES,
};
use pickscore_common::hexadecimal::hexadecimal;

/// Opens the contribution in a folder.
pub(super) fn of_folder(folder: &Path, source: usize, scratch: &Path) -> Result<Source, SourceFault> {
    Contribution { name: folder.display().to_string(), files: Files::Folder(folder), source, scratch }.read()
}

/// Opens the contribution in a zip. Its compressed files are unpacked into `scratch`.
pub(super) fn of_zip(path: &Path, source: usize, scratch: &Path) -> Result<Source, SourceFault> {
    let name = path.display().to_string();
    let files = Files::Zip(Box::new(Zip::open(path, name.clone())?));
    Contribution { name, files, source, scratch }.read()
}

struct Contribution<'a> {
    /// Its path, for reports.
    name: String,
    files: Files<'a>,
    /// The index of the source.
    source: usize,
    /// The folder for temporary files.
    scratch: &'a Path,
}

/// Where the files of a contribution are.
enum Files<'a> {
    Folder(&'a Path),
    Zip(Box<Zip<'a>>),
}

impl Contribution<'_> {
    fn read(self) -> Result<Source, SourceFault> {
        let wrong = |entry: &str, source| SourceFault::Manifest { file: self.within(entry), source };
        let text = self.text(MANIFEST)?;
        let manifest = Manifest::read(&text).map_err(|fault| wrong(MANIFEST, fault))?;
        if !["", "parquet", "jsonl"].contains(&manifest.data.as_str()) {
            return Err(SourceFault::Kind { file: self.name, found: shortened(&manifest.data) });
        }
        let sums = read_sums(&self.text(SUMS)?).map_err(|fault| wrong(SUMS, fault))?;
        let sum = hexadecimal(&Sha256::digest(&text));
        check_sum(&self.within(MANIFEST), &sum, sums.get(MANIFEST), SUMS)?;
        let mut parts = Vec::new();
        let mut lines = Vec::new();
        for listed in &manifest.files {
            let file = self.within(&listed.path);
            let (bytes, sum) = self.sum(&listed.path)?;
            if bytes != listed.bytes {
                let expected = listed.bytes.to_string();
                return Err(SourceFault::Size { file, found: bytes, unit: "bytes", expected });
            }
            check_sum(&file, &sum, Some(&listed.sha256), MANIFEST)?;
            check_sum(&file, &sum, sums.get(listed.path.as_str()), SUMS)?;
            if listed.path.ends_with(".parquet") {
                let mut part = self.part(&listed.path)?;
                part.rows = Some(listed.rows);
                parts.push(part);
            } else if listed.path.ends_with(".jsonl") {
                lines.push(listed);
            }
        }
        // Lines name images, whose checksums are all compared by now.
        let known: BTreeSet<&str> = manifest.files.iter().map(|listed| listed.path.as_str()).collect();
        for listed in lines {
            parts.push(self.lines(listed, &known)?);
        }
        if parts.is_empty() {
            return Err(wrong(MANIFEST, ManifestError::NoData));
        }
        parts.sort_by(|one, other| one.name.cmp(&other.name));
        let kind = SourceKind::Contribution { title: manifest.title, license: manifest.license };
        Ok(Source { name: self.name, kind, parts })
    }

    /// The name of a file in reports.
    fn within(&self, entry: &str) -> String {
        format!("{}/{entry}", self.name)
    }

    /// Reads the manifest or the list of checksums.
    fn text(&self, entry: &str) -> Result<Vec<u8>, SourceFault> {
        let mut bytes = Vec::new();
        self.with(entry, &mut |reader, _| reader.take(TEXT + 1).read_to_end(&mut bytes).map(|_| ()))?;
        if bytes.len() as u64 > TEXT {
            let (file, found) = (self.within(entry), bytes.len() as u64);
            let expected = format!("at most {TEXT}");
            return Err(SourceFault::Size { file, found, unit: "bytes", expected });
        }
        Ok(bytes)
    }

    /// Computes the length and the SHA-256 of a file.
    fn sum(&self, entry: &str) -> Result<(u64, String), SourceFault> {
        let mut hash = Sha256::new();
        let mut bytes = 0;
        self.with(entry, &mut |reader, claimed| {
            bytes = copy(reader, claimed, &mut |piece| {
                hash.update(piece);
                Ok(())
            })?;
            Ok(())
        })?;
        Ok((bytes, hexadecimal(&hash.finalize())))
    }

    /// A Parquet file, unpacked if the zip has it compressed.
    fn part(&self, entry: &str) -> Result<Part, SourceFault> {
        let file = self.within(entry);
        match &self.files {
            Files::Folder(folder) => Ok(Part::new(file, self.source, folder.join(entry), None)),
            Files::Zip(zip) => {
                let (found, range) = zip.find(entry)?;
                if !found.is_deflated {
                    let place = (range.start, range.end - range.start);
                    return Ok(Part::new(file, self.source, zip.path.to_path_buf(), Some(place)));
                }
                let unpacked = self.temporary(&file);
                let mut out = File::create(&unpacked).map_err(|error| unreadable(&file, error))?;
                self.with(entry, &mut |reader, claimed| {
                    copy(reader, claimed, &mut |piece| out.write_all(piece)).map(|_| ())
                })?;
                Ok(Part::new(file, self.source, unpacked, None))
            }
        }
    }

    /// The path of the temporary Parquet file for a file of the contribution.
    fn temporary(&self, file: &str) -> PathBuf {
        self.scratch.join(format!("{}.parquet", hexadecimal(&Sha256::digest(file.as_bytes()))))
    }

    /// Converts JSON Lines and their images to Parquet.
    fn lines(&self, listed: &Listed, known: &BTreeSet<&str>) -> Result<Part, SourceFault> {
        let file = self.within(&listed.path);
        let made = self.temporary(&file);
        let out = File::create(&made).map_err(|error| unreadable(&file, error))?;
        let mut image = |path: &str| {
            if !known.contains(path) {
                return Err(ImageFault::Unlisted { path: shortened(path) });
            }
            let mut bytes = Vec::new();
            let most = IMAGE_BYTES as u64 + 1;
            self.with(path, &mut |reader, _| reader.take(most).read_to_end(&mut bytes).map(|_| ()))
                .map_err(Box::new)?;
            Ok(bytes)
        };
        let mut found = Ok(Lines::default());
        self.with(&listed.path, &mut |reader, _| {
            found = lines::to_parquet(&file, &mut BufReader::new(reader), &mut image, out.try_clone()?);
            Ok(())
        })?;
        let found = found?;
        let rows = found.numbers.len() as u64 + found.fault_count;
        if rows != listed.rows {
            let expected = format!("{}, as its manifest says", listed.rows);
            return Err(SourceFault::Size { file, found: rows, unit: "rows", expected });
        }
        let mut part = Part::new(file, self.source, made, None);
        part.lines = found;
        Ok(part)
    }

    /// Opens a file and passes `take` its reader and its claimed length.
    fn with(
        &self,
        entry: &str,
        take: &mut dyn FnMut(&mut dyn Read, u64) -> io::Result<()>,
    ) -> Result<(), SourceFault> {
        let file = self.within(entry);
        let taken = match &self.files {
            Files::Folder(folder) => {
                let path = folder.join(entry);
                let missing = || SourceFault::Missing { file: self.name.clone(), entry: entry.to_owned() };
                // A symbolic link could lead out of the folder: it is not followed.
                let metadata = path.symlink_metadata().map_err(|_| missing())?;
                if !metadata.is_file() {
                    return Err(missing());
                }
                File::open(&path).and_then(|mut opened| take(&mut opened, metadata.len()))
            }
            Files::Zip(zip) => {
                let (found, range) = zip.find(entry)?;
                part_of(zip.path, &range).and_then(|mut packed| match found.is_deflated {
                    true => take(&mut DeflateDecoder::new(BufReader::new(packed)), found.length),
                    false => take(&mut packed, found.length),
                })
            }
        };
        taken.map_err(|error| unreadable(&file, error))
    }
}

fn check_sum(
    file: &str,
    found: &str,
    listed: Option<&String>,
    listed_in: &'static str,
) -> Result<(), SourceFault> {
    let Some(expected) = listed else {
        return Err(SourceFault::Unlisted { file: file.into(), listed_in });
    };
    if found.eq_ignore_ascii_case(expected) {
        return Ok(());
    }
    Err(SourceFault::Sum { file: file.into(), found: found.into(), listed_in, expected: shortened(expected) })
}

/// Passes on everything that `reader` gives and returns its length. More bytes than claimed are an
/// error.
fn copy(
    reader: &mut dyn Read,
    claimed: u64,
    take: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<u64> {
    let mut piece = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        match reader.read(&mut piece)? {
            0 => return Ok(bytes),
            read => {
                bytes += read as u64;
                if bytes > claimed {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, "it is longer than it claims"));
                }
                take(&piece[..read])?;
            }
        }
    }
}
