//! A contribution: its manifest and sums, and whether its files are what those say.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};
use zip::ZipArchive;

use super::{
    SourceFault,
    lines::{self, Lines},
    part::Part,
    source::{Source, SourceKind},
};
use crate::{
    IMAGE_BYTES,
    contribution::manifest::{Listed, MANIFEST, Manifest, SUMS, TEXT, is_within, read_sums, shortened},
};
use pickscore_common::hexadecimal::hexadecimal;

/// Most bytes of a file that is unpacked.
const UNPACKED: u64 = 8 << 30;
/// Most times that a packed file may grow. Parquet is compressed already.
const GROWTH: u64 = 200;
/// Most files of a zip.
const ENTRIES: usize = 1_000_000;

/// Where the files of a contribution are.
enum Files<'a> {
    /// The folder, and where to make files.
    Folder(&'a Path, &'a Path),
    /// The zip, and the folder within it that has the manifest.
    Zip { path: &'a Path, archive: Box<ZipArchive<File>>, prefix: String, scratch: &'a Path },
}

/// A contribution in a folder.
pub(super) fn of_folder(folder: &Path, source: usize, scratch: &Path) -> Result<Source, SourceFault> {
    read(folder.display().to_string(), Files::Folder(folder, scratch), source)
}

/// A contribution in a zip. Files that are compressed there are unpacked into `scratch`.
pub(super) fn of_zip(path: &Path, source: usize, scratch: &Path) -> Result<Source, SourceFault> {
    let file = path.display().to_string();
    let zip = |reason: String| SourceFault::Zip { file: file.clone(), reason };
    let opened = File::open(path)
        .map_err(|error| SourceFault::Unreadable { file: file.clone(), reason: error.to_string() })?;
    let archive = ZipArchive::new(opened).map_err(|error| zip(error.to_string()))?;
    if archive.len() > ENTRIES {
        return Err(zip(format!("it has {} files; expected at most {ENTRIES}", archive.len())));
    }
    let mut prefix: Option<String> = None;
    for name in archive.file_names() {
        let name = name.map_err(|error| zip(error.to_string()))?;
        if !name.ends_with('/') && !is_within(&name) {
            return Err(SourceFault::Path { file, entry: shortened(&name) });
        }
        // The manifest that is least deep says which folder of the zip is the contribution.
        let folder = name.strip_suffix(MANIFEST).filter(|folder| folder.is_empty() || folder.ends_with('/'));
        if let Some(folder) =
            folder.filter(|folder| prefix.as_ref().is_none_or(|prefix| folder.len() < prefix.len()))
        {
            prefix = Some(folder.to_owned());
        }
    }
    let Some(prefix) = prefix else {
        return Err(SourceFault::Missing { file, entry: MANIFEST.into() });
    };
    read(file.clone(), Files::Zip { path, archive: Box::new(archive), prefix, scratch }, source)
}

fn read(name: String, mut files: Files<'_>, source: usize) -> Result<Source, SourceFault> {
    let within = |entry: &str| format!("{name}/{entry}");
    let wrong = |entry: &str, reason: String| SourceFault::Manifest { file: within(entry), reason };
    let text = files.text(&name, MANIFEST)?;
    let manifest = Manifest::read(&text).map_err(|error| wrong(MANIFEST, error.to_string()))?;
    if !["", "parquet", "jsonl"].contains(&manifest.data.as_str()) {
        return Err(SourceFault::Kind { file: name, found: shortened(&manifest.data) });
    }
    let sums = read_sums(&files.text(&name, SUMS)?).map_err(|reason| wrong(SUMS, reason))?;
    check_sum(&within(MANIFEST), &hexadecimal(&Sha256::digest(&text)), sums.get(MANIFEST), SUMS)?;
    let mut parts = Vec::new();
    let mut lines = Vec::new();
    for listed in &manifest.files {
        let file = within(&listed.path);
        let (bytes, sum) = files.sum(&name, &listed.path)?;
        if bytes != listed.bytes {
            return Err(SourceFault::Size {
                file,
                found: bytes,
                unit: "bytes",
                expected: listed.bytes.to_string(),
            });
        }
        check_sum(&file, &sum, Some(&listed.sha256), MANIFEST)?;
        check_sum(&file, &sum, sums.get(listed.path.as_str()), SUMS)?;
        if Path::new(&listed.path).extension().is_some_and(|ending| ending == "parquet") {
            let mut part = files.part(&name, &listed.path, source)?;
            part.rows = Some(listed.rows);
            parts.push(part);
        } else if listed.path.ends_with(".jsonl") {
            lines.push(listed);
        }
    }
    // Now that every file has the sum that it should.
    let known: BTreeSet<&str> = manifest.files.iter().map(|listed| listed.path.as_str()).collect();
    for listed in lines {
        parts.push(files.lines(&name, listed, &known, source)?);
    }
    if parts.is_empty() {
        return Err(wrong(MANIFEST, "it lists no Parquet or JSON Lines".into()));
    }
    parts.sort_by(|one, other| one.name.cmp(&other.name));
    let kind = SourceKind::Contribution { title: manifest.title, license: manifest.license };
    Ok(Source { name, kind, parts })
}

fn check_sum(
    file: &str,
    found: &str,
    listed: Option<&String>,
    listed_in: &'static str,
) -> Result<(), SourceFault> {
    let Some(expected) = listed else {
        let reason = format!("it is not listed in {listed_in}");
        return Err(SourceFault::Manifest { file: file.into(), reason });
    };
    if found.eq_ignore_ascii_case(expected) {
        return Ok(());
    }
    Err(SourceFault::Sum { file: file.into(), found: found.into(), listed_in, expected: shortened(expected) })
}

impl Files<'_> {
    /// Where to make files.
    fn scratch(&self) -> &Path {
        match self {
            Files::Folder(_, scratch) | Files::Zip { scratch, .. } => scratch,
        }
    }

    /// A small file.
    fn text(&mut self, name: &str, entry: &str) -> Result<Vec<u8>, SourceFault> {
        let mut bytes = Vec::new();
        self.with(name, entry, &mut |reader, _| reader.take(TEXT + 1).read_to_end(&mut bytes).map(|_| ()))?;
        if bytes.len() as u64 > TEXT {
            let (file, found) = (format!("{name}/{entry}"), bytes.len() as u64);
            return Err(SourceFault::Size {
                file,
                found,
                unit: "bytes",
                expected: format!("at most {TEXT}"),
            });
        }
        Ok(bytes)
    }

    /// How many bytes a file has, and their sum.
    fn sum(&mut self, name: &str, entry: &str) -> Result<(u64, String), SourceFault> {
        let mut hash = Sha256::new();
        let mut bytes = 0;
        self.with(name, entry, &mut |reader, claimed| {
            bytes = copy(reader, claimed, &mut |piece| {
                hash.update(piece);
                Ok(())
            })?;
            Ok(())
        })?;
        Ok((bytes, hexadecimal(&hash.finalize())))
    }

    /// A Parquet file that can be read at any place.
    fn part(&mut self, name: &str, entry: &str, source: usize) -> Result<Part, SourceFault> {
        let file = format!("{name}/{entry}");
        match self {
            Files::Folder(folder, _) => Ok(Part::new(file, source, folder.join(entry), None)),
            Files::Zip { path, archive, prefix, scratch } => {
                let zip = |reason: String| SourceFault::Zip { file: name.to_owned(), reason };
                let inner =
                    archive.by_name(&format!("{prefix}{entry}")).map_err(|error| zip(error.to_string()))?;
                if inner.compression() == zip::CompressionMethod::Stored {
                    let start = inner.data_start().ok_or_else(|| zip(format!("{entry} has no place")))?;
                    return Ok(Part::new(file, source, path.to_path_buf(), Some((start, inner.size()))));
                }
                drop(inner);
                // Named by what it is, since a contribution may have several.
                let sum = hexadecimal(&Sha256::digest(file.as_bytes()));
                let unpacked: PathBuf = scratch.join(format!("{sum}.parquet"));
                let mut out = File::create(&unpacked).map_err(|error| unread(&file, &error))?;
                self.with(name, entry, &mut |reader, claimed| {
                    copy(reader, claimed, &mut |piece| io::Write::write_all(&mut out, piece)).map(|_| ())
                })?;
                Ok(Part::new(file, source, unpacked, None))
            }
        }
    }

    /// The same files once more: a zip is read at one place at a time.
    fn again(&self, name: &str) -> Result<Self, SourceFault> {
        match self {
            Files::Folder(folder, scratch) => Ok(Files::Folder(folder, scratch)),
            Files::Zip { path, prefix, scratch, .. } => {
                let unreadable = |reason: String| SourceFault::Zip { file: name.to_owned(), reason };
                let opened = File::open(path).map_err(|error| unreadable(error.to_string()))?;
                let archive = ZipArchive::new(opened).map_err(|error| unreadable(error.to_string()))?;
                Ok(Files::Zip { path, archive: Box::new(archive), prefix: prefix.clone(), scratch })
            }
        }
    }

    /// A Parquet file made of JSON Lines and the images that they name.
    fn lines(
        &mut self,
        name: &str,
        listed: &Listed,
        known: &BTreeSet<&str>,
        source: usize,
    ) -> Result<Part, SourceFault> {
        let file = format!("{name}/{}", listed.path);
        let made = self.scratch().join(format!("{}.parquet", hexadecimal(&Sha256::digest(file.as_bytes()))));
        let out = File::create(&made).map_err(|error| unread(&file, &error))?;
        let mut images = self.again(name)?;
        let mut image = |path: &str| {
            if !known.contains(path) {
                return Err(format!("{:?}; expected a path that the manifest lists", shortened(path)));
            }
            let mut bytes = Vec::new();
            let most = IMAGE_BYTES as u64 + 1;
            images
                .with(name, path, &mut |reader, _| reader.take(most).read_to_end(&mut bytes).map(|_| ()))
                .map_err(|fault| fault.to_string())?;
            Ok(bytes)
        };
        let mut found = Ok(Lines::default());
        self.with(name, &listed.path, &mut |reader, _| {
            found = lines::to_parquet(&file, &mut BufReader::new(reader), &mut image, out.try_clone()?);
            Ok(())
        })?;
        let found = found?;
        let rows = found.numbers.len() as u64 + found.fault_count;
        if rows != listed.rows {
            let expected = format!("{}, as its manifest says", listed.rows);
            return Err(SourceFault::Size { file, found: rows, unit: "rows", expected });
        }
        let mut part = Part::new(file, source, made, None);
        part.lines = found;
        Ok(part)
    }

    /// Opens a file for reading from its start, with the size that is claimed for it.
    fn with(
        &mut self,
        name: &str,
        entry: &str,
        take: &mut dyn FnMut(&mut dyn Read, u64) -> io::Result<()>,
    ) -> Result<(), SourceFault> {
        let file = format!("{name}/{entry}");
        let missing = || SourceFault::Missing { file: name.to_owned(), entry: entry.to_owned() };
        match self {
            Files::Folder(folder, _) => {
                let path = folder.join(entry);
                // Not through a link, which could lead anywhere.
                let metadata = path.symlink_metadata().map_err(|_| missing())?;
                if !metadata.is_file() {
                    return Err(missing());
                }
                let mut opened = File::open(&path).map_err(|error| unread(&file, &error))?;
                take(&mut opened, metadata.len()).map_err(|error| unread(&file, &error))
            }
            Files::Zip { archive, prefix, .. } => {
                let mut inner =
                    archive.by_name(&format!("{prefix}{entry}")).map_err(|error| match error {
                        zip::result::ZipError::FileNotFound => missing(),
                        error => {
                            SourceFault::Zip { file: name.to_owned(), reason: format!("{entry}: {error}") }
                        }
                    })?;
                let (packed, claimed) = (inner.compressed_size(), inner.size());
                if claimed > UNPACKED.max(packed) || claimed / GROWTH > packed {
                    let expected = format!("at most {}", UNPACKED.min(packed.saturating_mul(GROWTH)));
                    return Err(SourceFault::Size { file, found: claimed, unit: "bytes", expected });
                }
                take(&mut inner, claimed).map_err(|error| unread(&file, &error))
            }
        }
    }
}

/// Hands over pieces, no more than was claimed, and says how many bytes there were.
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

fn unread(file: &str, error: &io::Error) -> SourceFault {
    SourceFault::Unreadable { file: file.into(), reason: error.to_string() }
}
