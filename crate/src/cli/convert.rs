//! `pickscore convert`

use std::{
    io::{self, Write},
    ops::ControlFlow,
    path::PathBuf,
};

use clap::{Args, ValueEnum};
use serde_json::json;

use super::{
    arguments::{TableOrJson, scorers},
    fault::{self, Fault},
    load,
    text::counted,
};
use crate::{
    PickScore,
    score::Scorer,
    scorer::OpenOptions,
    weights::{ModelDirectory, Precision, convert},
};

/// Convert a model to another precision, or split it into shards for hosts with a file-size limit.
///
/// Only this project's command and page read the result.
#[derive(Debug, Args)]
pub(super) struct ConvertArguments {
    /// Model directory, or weights file.
    ///
    /// Weights are safetensors or PyTorch files; code in a file is never run.
    #[arg(long, value_name = "DIR|FILE")]
    model: PathBuf,
    /// Output folder; must be new or empty.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Scorer that the model is; auto recognises it.
    ///
    /// Its name is written to the configuration.
    #[arg(long, value_name = "NAME", default_value = "auto", value_parser = scorers())]
    scorer: String,
    /// Precision of the converted weights.
    #[arg(long, value_enum, default_value_t = StoredPrecision::F16)]
    precision: StoredPrecision,
    /// Split the files into shards of at most this many MiB; 24 suits every host.
    ///
    /// A manifest, `pickscore-shards.json`, lists the shards and their hashes.
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u16).range(1..=64))]
    shard_size: Option<u16>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = TableOrJson::Table)]
    format: TableOrJson,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StoredPrecision {
    /// 32-bit floating point.
    F32,
    /// 16-bit floating point.
    F16,
    /// 8-bit integers with a scale for each block.
    Q8,
}

impl From<StoredPrecision> for Precision {
    fn from(precision: StoredPrecision) -> Self {
        match precision {
            StoredPrecision::F32 => Self::F32,
            StoredPrecision::F16 => Self::F16,
            StoredPrecision::Q8 => Self::Q8,
        }
    }
}

pub(super) fn run(arguments: &ConvertArguments) -> Result<(), Fault> {
    let given = Scorer::named(&arguments.scorer);
    let directory = ModelDirectory::open_as(&arguments.model, given)?;
    let options = OpenOptions { scorer: given, ..OpenOptions::default() };
    let recognised = PickScore::recognise(&arguments.model, &options);
    let scoring = recognised.map_err(|error| Fault::Nothing { reason: fault::without_head(&error, true) })?;
    let is_known = given.is_some()
        || scoring.is_guess
        || directory.description().scorer.is_some()
        || scoring.scorer == Scorer::IMAGE_REWARD;
    let scorer = is_known.then_some(scoring.scorer.name);
    let bar = load::bar("{msg} {wide_bar} {bytes}/{total_bytes}");
    bar.set_message("Converting");
    let shard = arguments.shard_size.map(|megabytes| u64::from(megabytes) << 20);
    let converted =
        convert(&directory, arguments.precision.into(), scorer, &arguments.out, shard, &mut |progress| {
            bar.set_length(progress.total.unwrap_or(progress.loaded));
            bar.set_position(progress.loaded);
            ControlFlow::Continue(())
        });
    bar.finish_and_clear();
    let converted = converted?;
    let mut out = io::stdout().lock();
    match arguments.format {
        TableOrJson::Json => {
            let document =
                json!({ "out": arguments.out, "bytes": converted.bytes, "files": converted.files });
            writeln!(out, "{document}")?;
        }
        TableOrJson::Table => {
            let (files, megabytes) = (counted(converted.files, "file"), converted.bytes as f64 / 1e6);
            writeln!(out, "{}: {files}, {megabytes:.1} MB", arguments.out.display())?;
        }
    }
    Ok(())
}
