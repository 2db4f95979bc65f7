//! `cargo xtask bench steps`: the time of each step of the vision tower on the CPU, compared with
//! what the processor's arithmetic and memory allow.

use anyhow::Result;

use crate::process::{cargo, step};

pub(super) fn run() -> Result<()> {
    let test = "towers::cpu::step_times::where_the_time_goes";
    let package = ["--package", "pickscore-model", "--no-default-features", "--features", "parallel"];
    let mut measure = cargo(&["test", "--release", "--locked", "--lib"]);
    step("the steps", measure.args(package).args(["--", "--ignored", "--exact", "--nocapture", test]))
}
