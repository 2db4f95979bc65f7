//! `cargo xtask bench evaluate`: time and memory of `pickscore evaluate --scores` on many rows.

use anyhow::Result;
use clap::Args;

use crate::{
    process::{cache, cargo, program, step, target_folder},
    python,
};

/// What to evaluate.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Rows of the dataset
    #[arg(long, default_value_t = 10_000_000)]
    rows: usize,
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let command = ["build", "--release", "--locked", "--package", "pickscore", "--bin", "pickscore"];
    step("the command", &mut cargo(&command))?;
    let python = python::environment("crate/python/tests/cluster/requirements.lock")?;
    let mut evaluate = program(&python, &["tests/peers/data/evaluate.py"]);
    evaluate.arg(target_folder()?.join("release/pickscore")).arg(arguments.rows.to_string());
    evaluate.arg(cache()?.join(format!("bench-evaluate-{}", arguments.rows)));
    step("the evaluation", &mut evaluate)
}
