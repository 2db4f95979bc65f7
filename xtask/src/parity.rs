//! `cargo xtask parity`: the full size, which takes minutes and gigabytes.

use anyhow::Result;

use crate::process::{cargo, step};

pub(crate) fn run() -> Result<()> {
    let mut towers =
        cargo(&["test", "--locked", "--release", "--package", "pickscore", "--test", "parity_towers"]);
    towers.args(["--no-default-features", "--features", "parallel", "--", "--ignored", "--nocapture"]);
    step("towers at full size", &mut towers)
}
