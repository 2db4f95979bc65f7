//! Writing a contribution, one record's images at a time.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Card, Chunk, ExportError, Format, Packing, WrittenFile,
    counts::per_prompt,
    croissant, csv_table,
    json_lines::Line,
    manifest,
    packer::{Packer, Pipe},
    plan::Plan,
    row::row_of,
};
use crate::{WriteOptions, Writer};
use pickscore_preferences::{Record, image_uid};

/// A row group of a contribution: what a reader holds at a time, and what the export does.
const GROUP_BYTES: u64 = 16 << 20;
/// Lines of text that are gathered before they are written.
const LINES: usize = 256;

/// What to write and how.
#[derive(Debug, Clone)]
pub struct ExportOptions {
    /// What the data are.
    pub format: Format,
    /// How the files are put together.
    pub packing: Packing,
    /// What the visitor says about it.
    pub card: Card,
    /// The version of the page.
    pub app_version: String,
    /// The time, in milliseconds since 1970.
    pub now: i64,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// A name for a file or folder of it.
    pub name: String,
    /// How many records it has.
    pub records: u64,
    /// Bytes of the zip, or of all files.
    pub bytes: u64,
    /// The files.
    pub files: Vec<WrittenFile>,
}

/// Writes a contribution.
///
/// ```text
/// new(options, records, sizes of images)
/// while wanted() names images: give(their bytes), take() pieces and keep them
/// finish(), take() the last pieces
/// ```
pub struct Exporter {
    options: ExportOptions,
    plan: Plan,
    packer: Packer,
    /// How many rows each prompt has.
    examples: BTreeMap<String, i64>,
    step: Step,
}

/// What is written next.
enum Step {
    /// A row of a Parquet file, which is open where the writer is there.
    Row {
        at: usize,
        writer: Option<Box<(Writer<Pipe>, Pipe)>>,
    },
    /// An image of its own.
    Image {
        uids: Vec<String>,
        at: usize,
        files: BTreeMap<String, String>,
    },
    /// Tables of text; for JSON Lines with the images' files.
    Tables {
        files: BTreeMap<String, String>,
    },
    Done,
}

impl std::fmt::Debug for Exporter {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Exporter")
            .field("options", &self.options)
            .field("counts", &self.plan.counts)
            .finish()
    }
}

impl Exporter {
    /// Decides what will be written. `sizes` are the bytes of the images that there are, by their uids; for CSV they do not matter.
    ///
    /// # Errors
    ///
    /// When something on the card is not what it may be, and when no record is left.
    pub fn new(
        options: ExportOptions,
        records: Vec<Record>,
        sizes: &BTreeMap<String, u64>,
    ) -> Result<Self, ExportError> {
        options.card.check()?;
        let plan = Plan::of(records, sizes, options.format, options.now)?;
        let examples = per_prompt(&plan.records);
        let examples = examples.into_iter().map(|(prompt, count)| (prompt.to_owned(), count)).collect();
        let step = match options.format {
            Format::Parquet => Step::Row { at: 0, writer: None },
            Format::JsonLines => {
                let uids: BTreeSet<&String> = plan
                    .records
                    .iter()
                    .flat_map(|record| [&record.left.image_uid, &record.right.image_uid])
                    .collect();
                Step::Image { uids: uids.into_iter().cloned().collect(), at: 0, files: BTreeMap::new() }
            }
            Format::Csv => Step::Tables { files: BTreeMap::new() },
        };
        let packer = Packer::new(options.packing, options.now);
        Ok(Self { options, plan, packer, examples, step })
    }

    /// Records that are not written, by their uids, each with the reason.
    pub fn left_out(&self) -> &[(String, String)] {
        &self.plan.left_out
    }

    /// How many steps of [`Exporter::give`] there are in all.
    pub fn steps(&self) -> u64 {
        match (&self.step, self.options.format) {
            (Step::Image { uids, .. }, _) => uids.len() as u64,
            (_, Format::Parquet) => self.plan.records.len() as u64,
            _ => 0,
        }
    }

    /// The images whose bytes are to be given next: two for a row of Parquet, one for JSON Lines, none when only [`Exporter::finish`] is left.
    pub fn wanted(&self) -> Vec<&str> {
        match &self.step {
            Step::Row { at, .. } => {
                let record = self.plan.records.get(*at);
                record.map_or_else(Vec::new, |record| {
                    vec![record.left.image_uid.as_str(), record.right.image_uid.as_str()]
                })
            }
            Step::Image { uids, at, .. } => uids.get(*at).map(String::as_str).into_iter().collect(),
            Step::Tables { .. } | Step::Done => Vec::new(),
        }
    }

    /// Takes the images that were wanted, in that order.
    ///
    /// # Errors
    ///
    /// When they are others, and when something cannot be written.
    pub fn give(&mut self, images: Vec<Vec<u8>>) -> Result<(), ExportError> {
        let wanted: Vec<String> = self.wanted().into_iter().map(str::to_owned).collect();
        if wanted.is_empty() || wanted.len() != images.len() {
            return Err(ExportError::Order { reason: "other images were given than wanted" });
        }
        for (uid, image) in wanted.iter().zip(&images) {
            if image_uid(image) != *uid {
                let reason = "has other bytes than its uid says".into();
                return Err(ExportError::Image { uid: uid.clone(), reason });
            }
        }
        match &self.step {
            Step::Row { .. } => self.row(images),
            _ => self.image(images),
        }
    }

    /// One row of Parquet.
    fn row(&mut self, images: Vec<Vec<u8>>) -> Result<(), ExportError> {
        let Step::Row { at, writer } = std::mem::replace(&mut self.step, Step::Done) else { return Ok(()) };
        let number = self.plan.files.iter().position(|file| file.contains(&at)).unwrap_or_default();
        let file = self.plan.files[number].clone();
        let (mut writer, pipe) = match writer {
            Some(open) => *open,
            None => {
                self.packer.open(&self.path(number))?;
                let pipe = Pipe::default();
                let options =
                    WriteOptions { group_bytes: GROUP_BYTES, collected: true, ..WriteOptions::default() };
                (Writer::create(pipe.clone(), options)?, pipe)
            }
        };
        let record = &self.plan.records[at];
        let mut row = row_of(record, self.examples[&record.prompt], at as i64);
        for (image, bytes) in row.images.iter_mut().zip(images) {
            image.bytes = bytes;
        }
        writer.push(row)?;
        let at = at + 1;
        let open = if at == file.end {
            writer.finish()?;
            self.packer.write(&pipe.take())?;
            self.packer.close(file.len() as u64)?;
            None
        } else {
            self.packer.write(&pipe.take())?;
            Some(Box::new((writer, pipe)))
        };
        self.step = if at == self.plan.records.len() { Step::Done } else { Step::Row { at, writer: open } };
        Ok(())
    }

    /// One image of JSON Lines.
    fn image(&mut self, images: Vec<Vec<u8>>) -> Result<(), ExportError> {
        let Step::Image { uids, at, mut files } = std::mem::replace(&mut self.step, Step::Done) else {
            return Ok(());
        };
        for (uid, image) in uids.get(at).into_iter().zip(&images) {
            let path = format!("images/{uid}.{}", ending(image));
            self.packer.whole(&path, image)?;
            files.insert(uid.clone(), path);
        }
        let at = at + 1;
        self.step = if at == uids.len() { Step::Tables { files } } else { Step::Image { uids, at, files } };
        Ok(())
    }

    /// The path of a file of data.
    fn path(&self, number: usize) -> String {
        let (count, ending) = (self.plan.files.len(), self.options.format.name());
        format!("data/train-{number:05}-of-{count:05}.{ending}")
    }

    /// The files of text, of the rows of each.
    fn tables(&mut self, files: &BTreeMap<String, String>) -> Result<(), ExportError> {
        for (number, range) in self.plan.files.clone().into_iter().enumerate() {
            self.packer.open(&self.path(number))?;
            let mut lines = match self.options.format {
                Format::Csv => csv_table::header(),
                _ => Vec::new(),
            };
            for at in range.clone() {
                let record = &self.plan.records[at];
                let row = row_of(record, self.examples[&record.prompt], at as i64);
                if self.options.format == Format::Csv {
                    lines.extend(csv_table::row(&row));
                } else {
                    let path = |uid: &String| files.get(uid).map(String::as_str).unwrap_or_default();
                    let files = [path(&record.left.image_uid), path(&record.right.image_uid)];
                    let line = serde_json::to_string(&Line { row: &row, files });
                    lines.extend(
                        line.map_err(|error| ExportError::Write { reason: error.to_string() })?.as_bytes(),
                    );
                    lines.push(b'\n');
                }
                if at % LINES == LINES - 1 {
                    self.packer.write(&std::mem::take(&mut lines))?;
                }
            }
            self.packer.write(&lines)?;
            self.packer.close(range.len() as u64)?;
        }
        Ok(())
    }

    /// What has come together: to be written in this order.
    pub fn take(&mut self) -> Vec<Chunk> {
        self.packer.take()
    }

    /// Writes what is left: tables of text, the card, the metadata, the sums.
    ///
    /// # Errors
    ///
    /// When images are still wanted, and when something cannot be written.
    pub fn finish(&mut self) -> Result<Exported, ExportError> {
        match std::mem::replace(&mut self.step, Step::Done) {
            Step::Done => {}
            Step::Tables { files } => self.tables(&files)?,
            step @ (Step::Row { .. } | Step::Image { .. }) => {
                self.step = step;
                return Err(ExportError::Order { reason: "images are still wanted" });
            }
        }
        let ExportOptions { format, card, app_version, now, .. } = self.options.clone();
        let counts = &self.plan.counts;
        let readme = card.markdown(format, counts, &app_version, now);
        let croissant = croissant::croissant(&card, format, &self.packer.files, now);
        self.packer.whole("README.md", readme.as_bytes())?;
        self.packer.whole("croissant.json", croissant.as_bytes())?;
        let manifest = manifest::manifest(&card, format, counts, &self.packer.files, &app_version, now);
        self.packer.whole("contribution.json", manifest.as_bytes())?;
        let sums = manifest::sums(&self.packer.files);
        self.packer.whole("SHA256SUMS", sums.as_bytes())?;
        self.packer.finish()?;
        let records = self.plan.records.len() as u64;
        let name = format!("pickscore-{}-{records}-pairs", super::time::day(now));
        Ok(Exported { name, records, bytes: self.packer.bytes, files: self.packer.files.clone() })
    }
}

/// How the file of an image ends, by its first bytes.
fn ending(image: &[u8]) -> &'static str {
    let starts = |start: &[u8]| image.starts_with(start);
    let brand = image.get(8..12).unwrap_or_default();
    match () {
        () if starts(b"\x89PNG\r\n\x1a\n") => "png",
        () if starts(b"\xff\xd8\xff") => "jpg",
        () if starts(b"RIFF") && brand == b"WEBP" => "webp",
        () if starts(b"GIF8") => "gif",
        () if starts(b"BM") => "bmp",
        () if image.get(4..8) == Some(b"ftyp") && matches!(brand, b"avif" | b"avis") => "avif",
        () => "bin",
    }
}
