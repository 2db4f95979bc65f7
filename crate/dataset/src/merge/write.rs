//! The second pass: reads the rows again and writes the files of the splits.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::BufWriter,
    path::PathBuf,
};

use super::{
    decide::{Kept, Plan, Split},
    error::MergeError,
    options::MergeOptions,
    report::{MergeReport, SourceNote, Splits},
    scan::Scanned,
    source::SourceKind,
    spool::Spool,
    target::{Target, failed},
    watch::{Watch, tell},
};
use crate::{
    columns::Columns,
    row::Row,
    write::{WriteOptions, Writer},
};

/// Size of a row group, in bytes. Five splits can be open, each with up to two row groups in
/// memory.
const GROUP: u64 = 16 << 20;

pub(super) fn write(
    plan: Plan,
    target: &Target,
    options: &MergeOptions,
    watch: Watch<'_>,
) -> Result<MergeReport, MergeError> {
    let Plan { kept, scanned, .. } = &plan;
    if kept.is_empty() {
        let reasons = scanned.refused.iter().map(|refused| &refused.reason).chain(&scanned.refused_rows);
        return Err(MergeError::Nothing {
            refused: scanned.refused.len(),
            refused_rows: scanned.refused_row_count,
            removed: plan.removed.rows(),
            reasons: reasons.cloned().collect(),
        });
    }
    let mut spool = Spool::new(target.scratch(), kept.iter().map(|kept| u64::from(kept.bytes)).sum());
    read_again(kept, scanned, &mut spool, watch)?;
    let write = WriteOptions {
        group_bytes: GROUP,
        kind: scanned.has[0],
        collected: scanned.has[1],
        ..WriteOptions::default()
    };
    let mut files = Split::ALL.map(|split| SplitFiles::new(target.data(), split, write, options.shard_bytes));
    let (mut written, total) = (0, kept.len() as u64);
    spool.read(&mut |mut row, index| {
        if written % 256 == 0 {
            tell(watch, "writing", written, total)?;
        }
        row.index = written as i64;
        written += 1;
        for split in kept[index].splits() {
            files.iter_mut().filter(|files| files.split == split).try_for_each(|files| files.write(&row))?;
        }
        Ok(())
    })?;
    let mut splits = Splits::default();
    for files in files {
        let count = match files.split {
            Split::Train => &mut splits.train,
            Split::Validation => &mut splits.validation,
            Split::Test => &mut splits.test,
            Split::ValidationUnique => &mut splits.validation_unique,
            Split::TestUnique => &mut splits.test_unique,
        };
        *count = files.finish()?;
    }
    tell(watch, "writing", total, total)?;
    Ok(report(plan, splits, options))
}

/// Reads the row groups with rows to keep, one at a time.
fn read_again(
    kept: &[Kept],
    scanned: &Scanned,
    spool: &mut Spool,
    watch: Watch<'_>,
) -> Result<(), MergeError> {
    let mut index = 0;
    for of_part in kept.chunk_by(|one, other| one.part == other.part) {
        let part = &scanned.parts[of_part[0].part as usize];
        let reader = part.reopen()?;
        let changed = || MergeError::Changed { file: part.name.clone() };
        let (mut next, mut first) = (0, 0);
        for (group, claimed) in reader.row_groups().iter().enumerate() {
            let end = first + claimed.rows;
            first = end;
            if of_part.get(next).is_none_or(|kept| u64::from(kept.row) >= end) {
                continue;
            }
            tell(watch, "sorting", index as u64, kept.len() as u64)?;
            let found = reader.read_sound(group, Columns::All).map_err(|_| changed())?;
            for (mut row, number) in found.rows.into_iter().zip(found.numbers) {
                let Some(kept) = of_part.get(next).filter(|kept| u64::from(kept.row) == number) else {
                    continue;
                };
                row.num_example_per_prompt = kept.examples.into();
                spool.write(&row, kept, index)?;
                (next, index) = (next + 1, index + 1);
            }
        }
        if next != of_part.len() {
            return Err(changed());
        }
    }
    Ok(())
}

/// The files of a split.
struct SplitFiles {
    folder: PathBuf,
    split: Split,
    options: WriteOptions,
    shard_bytes: u64,
    writer: Option<Writer<BufWriter<File>>>,
    shards: usize,
    bytes: u64,
    rows: u64,
}

impl SplitFiles {
    fn new(folder: PathBuf, split: Split, options: WriteOptions, shard_bytes: u64) -> Self {
        Self { folder, split, options, shard_bytes, writer: None, shards: 0, bytes: 0, rows: 0 }
    }

    fn path(&self, shard: usize) -> PathBuf {
        self.folder.join(format!("{}-{shard:05}", self.split.name()))
    }

    fn write(&mut self, row: &Row) -> Result<(), MergeError> {
        let bytes = row.images.iter().map(|image| image.bytes.len() as u64).sum::<u64>();
        if self.writer.is_some() && self.bytes + bytes > self.shard_bytes {
            self.close()?;
        }
        if self.writer.is_none() {
            self.begin()?;
        }
        if let Some(writer) = &mut self.writer {
            // The reader has checked it.
            writer.push_checked(row.clone())?;
        }
        (self.bytes, self.rows) = (self.bytes + bytes, self.rows + 1);
        Ok(())
    }

    fn begin(&mut self) -> Result<(), MergeError> {
        let path = self.path(self.shards);
        let file = File::create(&path).map_err(|error| failed(&path, error))?;
        self.writer = Some(Writer::create(BufWriter::new(file), self.options)?);
        (self.shards, self.bytes) = (self.shards + 1, 0);
        Ok(())
    }

    fn close(&mut self) -> Result<(), MergeError> {
        let Some(writer) = self.writer.take() else { return Ok(()) };
        let path = self.path(self.shards - 1);
        let file = writer.finish()?.into_inner().map_err(|error| failed(&path, error.into_error()))?;
        file.sync_all().map_err(|error| failed(&path, error))
    }

    /// Gives the files the names of Hugging Face, which contain the number of files. Returns the
    /// number of rows.
    fn finish(mut self) -> Result<u64, MergeError> {
        if self.shards == 0 {
            // A split without rows has an empty file, because readers expect all five splits.
            self.begin()?;
        }
        self.close()?;
        for shard in 0..self.shards {
            let path = self.path(shard);
            let name = format!("{}-{shard:05}-of-{:05}.parquet", self.split.name(), self.shards);
            fs::rename(&path, self.folder.join(name)).map_err(|error| failed(&path, error))?;
        }
        Ok(self.rows)
    }
}

fn report(plan: Plan, splits: Splits, options: &MergeOptions) -> MergeReport {
    let Plan { kept, scanned, removed, repeats, left_out, counts, agreement } = plan;
    let mut of_source = vec![0_u64; scanned.sources.len()];
    kept.iter().for_each(|kept| of_source[scanned.parts[kept.part as usize].source] += 1);
    let mut licenses: BTreeMap<String, u64> = BTreeMap::new();
    let note = |((path, kind, rows), kept): ((String, SourceKind, u64), u64)| {
        let (kind, title, license) = match kind {
            SourceKind::Contribution { title, license } => ("contribution", title, license),
            SourceKind::Plain => ("parquet", String::new(), String::new()),
        };
        *licenses.entry(license.clone()).or_default() += kept;
        SourceNote { path, kind: kind.into(), title, license, rows, kept }
    };
    let sources: Vec<SourceNote> = scanned.sources.into_iter().zip(of_source).map(note).collect();
    let [labelled, ties, prompts, raters, images] = counts;
    MergeReport {
        rows: kept.len() as u64,
        labelled,
        ties,
        prompts,
        raters,
        images,
        splits,
        sources,
        licenses,
        refused: scanned.refused,
        refused_rows: scanned.refused_row_count,
        refused_row_reasons: scanned.refused_rows,
        derived: scanned.derived,
        removed,
        repeats,
        agreement,
        left_out,
        seed: options.seed,
    }
}
