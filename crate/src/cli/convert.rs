//! `pickscore convert`

use std::{
    io::{self, Write},
    ops::ControlFlow,
};

use serde_json::json;

use super::{
    arguments::{ConvertArguments, InspectFormat},
    fault::Fault,
    load,
};
use crate::weights::{ModelDirectory, convert};

pub(super) fn run(arguments: &ConvertArguments) -> Result<(), Fault> {
    let directory = ModelDirectory::open(&arguments.model)?;
    let bar = load::bar("{msg} {wide_bar} {bytes}/{total_bytes}");
    bar.set_message("Converting");
    let shard = arguments.shard_size.map(|megabytes| u64::from(megabytes) << 20);
    let converted = convert(&directory, arguments.precision.into(), &arguments.out, shard, &mut |progress| {
        bar.set_length(progress.total.unwrap_or(progress.loaded));
        bar.set_position(progress.loaded);
        ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    let converted = converted?;
    let mut out = io::stdout().lock();
    match arguments.format {
        InspectFormat::Json => {
            let document =
                json!({ "out": arguments.out, "bytes": converted.bytes, "files": converted.files });
            writeln!(out, "{document}")?;
        }
        InspectFormat::Table => {
            let (files, megabytes) = (converted.files, converted.bytes as f64 / 1e6);
            writeln!(out, "{}: {files} files, {megabytes:.1} MB", arguments.out.display())?;
        }
    }
    Ok(())
}
