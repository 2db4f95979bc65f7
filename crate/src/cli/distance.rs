//! `pickscore distance`

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::Args;
use serde::Serialize;

use super::{
    arguments::{RunArguments, TableOrJson},
    fault::Fault,
    features::{Encoder, Metric, Set, distance},
    images::{self, Wanted},
    output::Unread,
    text::{counted, printable},
};
use crate::evaluate::Bootstrap;

/// Measure how far two folders of images are apart.
#[derive(Debug, Args)]
pub(super) struct DistanceArguments {
    /// Folder of images; searched recursively.
    #[arg(value_name = "A")]
    one: PathBuf,
    /// Folder of images to compare with.
    #[arg(value_name = "B")]
    other: PathBuf,
    /// Distance to compute.
    #[arg(long, value_enum, value_name = "METRIC")]
    metric: Metric,
    /// CLIP model whose image embeddings are compared; for fid, the file of its network.
    ///
    /// That file is pt_inception-2015-12-05-6726825d.pth of the package pytorch-fid.
    #[arg(long, value_name = "DIR|FILE")]
    model: Option<PathBuf>,
    #[command(flatten)]
    run: RunArguments,
    /// Number of bootstrap resamples for the 95 % interval of mmd.
    #[arg(long, value_name = "N", default_value_t = Bootstrap::default().resamples as u32, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    resamples: u32,
    /// Random seed.
    #[arg(long, value_name = "N", default_value_t = Bootstrap::default().seed)]
    seed: u64,
    /// Output format.
    #[arg(long, value_enum, default_value_t = TableOrJson::Table)]
    format: TableOrJson,
    /// Stop at the first image that cannot be read instead of skipping it.
    #[arg(long)]
    strict: bool,
}

#[derive(Serialize)]
struct Answer<'a> {
    metric: &'static str,
    encoder: &'a str,
    value: f64,
    /// `None` for distances without an interval.
    interval: Option<[f64; 2]>,
    images: [usize; 2],
    notes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Unread>,
}

pub(super) fn run(arguments: &DistanceArguments) -> Result<(), Fault> {
    let options = arguments.run.options()?;
    let folders = [&arguments.one, &arguments.other];
    // Report wrong arguments before loading gigabytes.
    let mut errors = Vec::new();
    let mut list = |folder: &PathBuf| -> Result<Vec<PathBuf>, Fault> {
        if !folder.is_dir() {
            let path = folder.display().to_string();
            return Err(Fault::Input { path, reason: "expected a folder of images".into() });
        }
        let listed = images::list(std::slice::from_ref(folder), Wanted::Pixels)?;
        listed.report_unread(arguments.strict)?;
        errors.extend(listed.unread);
        at_least_two(folder, listed.files.len())?;
        Ok(listed.files)
    };
    let files = [list(folders[0])?, list(folders[1])?];
    let model = ("--model", arguments.model.as_deref());
    let encoder = Encoder::open(arguments.metric, model, &options, arguments.run.threads)?;
    let mut set_of = |folder: &Path, files: &[PathBuf]| -> Result<Set, Fault> {
        let mut unread = |path: PathBuf, error| {
            errors.push(Unread { path: path.display().to_string(), error });
        };
        let set = Set::of_files(&encoder, arguments.metric, files, arguments.strict, &mut unread)?;
        at_least_two(folder, set.count())?;
        Ok(set)
    };
    let sets = [set_of(folders[0], &files[0])?, set_of(folders[1], &files[1])?];
    let bootstrap = Bootstrap { resamples: arguments.resamples as usize, seed: arguments.seed };
    let [one, other] = &sets;
    let nothing = || Fault::Nothing { reason: "the features of an image are not finite numbers".into() };
    let (value, interval) = distance(one, other, &bootstrap).ok_or_else(nothing)?;
    let mut notes = encoder.notes(arguments.metric);
    for (folder, set) in folders.into_iter().zip(&sets) {
        notes.extend(set.too_few(&folder.display().to_string()));
    }
    let images = [one.count(), other.count()];
    let (metric, encoder) = (arguments.metric.name(), encoder.name());
    Answer { metric, encoder, value, interval, images, notes, errors }.write(arguments.format)
}

/// Refuses a folder without two images.
pub(super) fn at_least_two(folder: &Path, count: usize) -> Result<(), Fault> {
    if count >= 2 {
        return Ok(());
    }
    let reason = format!("{} that can be read; a distance needs at least two", counted(count, "image"));
    Err(Fault::Input { path: folder.display().to_string(), reason })
}

impl Answer<'_> {
    fn write(&self, format: TableOrJson) -> Result<(), Fault> {
        let mut out = io::stdout().lock();
        if format == TableOrJson::Json {
            serde_json::to_writer_pretty(&mut out, self)?;
            return Ok(writeln!(out)?);
        }
        write!(out, "{} {:.4}", self.metric, self.value)?;
        if let Some([low, high]) = self.interval {
            write!(out, " (95 %: {low:.4} to {high:.4})")?;
        }
        let [one, other] = self.images;
        writeln!(out, "  {}, {one} and {other} images", printable(self.encoder))?;
        self.notes.iter().try_for_each(|note| writeln!(out, "{}", printable(note)))?;
        Ok(())
    }
}
