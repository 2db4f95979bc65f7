//! `cargo xtask bench data`: whole datasets, from files to scores, with the command, the wheel, Ray
//! and transformers; and what a call of the wheel takes.

use anyhow::Result;
use clap::Args;

use super::engine;
use crate::{
    process::{cache, cargo, program, root, step, target_folder},
    python, wheel,
};

/// What to score.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Model, as for `native`
    #[arg(long, default_value = "b32")]
    model: String,
    /// Rows of the dataset. Two ranges of rows are scored, so more than 512 divide unevenly
    #[arg(long, default_value_t = 512)]
    rows: usize,
    /// Runs of each way
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Only these: `command`, `wheel`, `transformers`, `two processes`, `Ray, two actors`
    #[arg(long, value_delimiter = ';')]
    ways: Vec<String>,
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    engine::build()?;
    let command = ["build", "--release", "--locked", "--package", "pickscore", "--bin", "pickscore"];
    step("the command", &mut cargo(&command))?;
    let built = wheel::build()?;
    let packages = python::environment("crate/python/tests/cluster/requirements.lock")?;
    let torch = python::environment("tests/parity/reference/requirements.lock")?;
    let target = target_folder()?;
    let installed = target.join("wheel-bench");
    let install = ["-m", "pip", "install", "--quiet", "--no-deps", "--upgrade", "--target"];
    step("pip install", program(&packages, &install).arg(&installed).arg(built))?;
    let model = engine::directory(&arguments.model)?;
    let mut compare = program(&packages, &["tests/peers/data/compare.py"]);
    compare.arg(model).args([arguments.rows.to_string(), arguments.rounds.to_string()]);
    compare.arg(cache()?.join("bench-data"));
    if !arguments.ways.is_empty() {
        compare.env("PICKSCORE_WAYS", arguments.ways.join(";"));
    }
    compare.env("PICKSCORE_COMMAND", target.join("release/pickscore"));
    compare.env("PICKSCORE_PEER", target.join("release/pickscore-peer"));
    compare.env("PICKSCORE_PYTHON", &packages).env("PICKSCORE_TORCH", torch).env("PYTHONPATH", installed);
    compare.env("PICKSCORE_TINY", root().join("www/public/models/pickscore-tiny"));
    step("the comparison", &mut compare)
}
