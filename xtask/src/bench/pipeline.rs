//! `cargo xtask bench pipeline`: whether images are decoded while the device computes, in Chromium.
//! `tests/peers/browser/pipeline.mjs` measures.

use anyhow::Result;
use clap::Args;

use crate::{
    process::{program, step},
    web::{browsers, build, node},
};

/// How to measure.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Measure `dist/` without building it
    #[arg(long)]
    built: bool,
    /// Arguments for `pipeline.mjs`, such as `-- --pngs 20 --jpegs 10`
    #[arg(last = true)]
    more: Vec<String>,
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    if !arguments.built {
        build::run()?;
    }
    node::install()?;
    browsers::require(&[browsers::CHROMIUM])?;
    let mut run = program("node", &["tests/peers/browser/pipeline.mjs"]);
    run.args(["--model", "www/public/models/pickscore-tiny"]);
    step("decoding and computing in Chromium", run.args(&arguments.more))
}
