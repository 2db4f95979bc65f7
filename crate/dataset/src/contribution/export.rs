//! Writes a contribution, with the images of one record in memory at a time.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    card::Card,
    counts::per_prompt,
    croissant, csv_table,
    error::ExportError,
    format::Format,
    json_lines::Line,
    manifest,
    packer::{Chunk, Packer, Packing, Pipe, WrittenFile},
    plan::Plan,
    row::row_of,
    time,
};
use crate::write::{WriteOptions, Writer};
use pickscore_preferences::{Record, image_uid};

/// Size of a row group, in bytes. Reader and writer hold one in memory.
const GROUP_BYTES: u64 = 16 << 20;
/// Number of lines of text that are written at a time.
const LINES: usize = 256;

/// Options of an export.
#[derive(Debug, Clone)]
pub struct ExportOptions {
    /// The file format of the data.
    pub format: Format,
    /// Whether to write a zip or separate files.
    pub packing: Packing,
    /// The visitor's information for the data card.
    pub card: Card,
    /// The version of the page.
    pub app_version: String,
    /// The current time, in milliseconds since 1970.
    pub now: i64,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// A suggested name for the file or folder.
    pub name: String,
    /// Number of records.
    pub records: u64,
    /// Size of the zip or of all files, in bytes.
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
    /// The number of rows of each prompt.
    examples: BTreeMap<String, i64>,
    step: Step,
}

/// What to write next.
enum Step {
    /// A row of a Parquet file. The writer is there if the file is open.
    Row {
        at: usize,
        writer: Option<Box<(Writer<Pipe>, Pipe)>>,
    },
    /// The file of an image.
    Image {
        uids: Vec<String>,
        at: usize,
        files: BTreeMap<String, String>,
    },
    /// JSON Lines or CSV. `files` are the paths of the images by their uids.
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
    /// Checks the records and plans the files. `sizes` are the sizes of the available images in
    /// bytes, by their uids; CSV does not need them.
    ///
    /// # Errors
    ///
    /// If the card is invalid, or no record is left or there are too many.
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

    /// The uids of the records that are left out, each with the reason.
    pub fn left_out(&self) -> &[(String, String)] {
        &self.plan.left_out
    }

    /// The total number of calls of [`Exporter::give`].
    pub fn steps(&self) -> u64 {
        match (&self.step, self.options.format) {
            (Step::Image { uids, .. }, _) => uids.len() as u64,
            (_, Format::Parquet) => self.plan.records.len() as u64,
            _ => 0,
        }
    }

    /// The uids of the images to give next: two for a row of Parquet, one for JSON Lines, none if
    /// only [`Exporter::finish`] is left.
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

    /// Gives the bytes of the images of [`Exporter::wanted`], in the same order.
    ///
    /// # Errors
    ///
    /// If the images do not match their uids, or something cannot be written.
    pub fn give(&mut self, images: Vec<Vec<u8>>) -> Result<(), ExportError> {
        let wanted: Vec<String> = self.wanted().into_iter().map(str::to_owned).collect();
        if wanted.is_empty() || wanted.len() != images.len() {
            return Err(ExportError::Order { reason: "other images were given than wanted" });
        }
        for (uid, image) in wanted.iter().zip(&images) {
            if image_uid(image) != *uid {
                return Err(ExportError::Image { uid: uid.clone() });
            }
        }
        match &self.step {
            Step::Row { .. } => self.row(images),
            _ => self.image(images),
        }
    }

    /// Writes a row of Parquet.
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
        // The plan has checked the record, and `give` its images.
        writer.push_checked(row)?;
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

    /// Writes an image of JSON Lines.
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

    /// The path of a data file.
    fn path(&self, number: usize) -> String {
        let (count, ending) = (self.plan.files.len(), self.options.format.name());
        format!("data/train-{number:05}-of-{count:05}.{ending}")
    }

    /// Writes the JSON Lines or CSV files.
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
                    serde_json::to_writer(&mut lines, &Line { row: &row, files })?;
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

    /// Takes the pieces that were written since the last call, in order.
    pub fn take(&mut self) -> Vec<Chunk> {
        self.packer.take()
    }

    /// Writes the rest: JSON Lines or CSV, the card, the metadata and the checksums.
    ///
    /// # Errors
    ///
    /// If images are still wanted, or something cannot be written.
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
        let name = format!("pickscore-{}-{records}-pairs", time::day(now));
        Ok(Exported { name, records, bytes: self.packer.bytes, files: self.packer.files.clone() })
    }
}

/// The file extension of an image, from its first bytes.
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
