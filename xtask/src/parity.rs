//! `cargo xtask parity`: what takes minutes and gigabytes, or a GPU.

use anyhow::Result;

use crate::process::{cargo, step};

pub(crate) fn run(gpu: bool) -> Result<()> {
    if gpu {
        let mut towers = cargo(&["test", "--locked", "--package", "pickscore", "--test", "parity_towers"]);
        towers.args(["--no-default-features", "--features", "gpu,parallel"]);
        return step("towers on the GPU", towers.args(["--", "--ignored", "--nocapture", "gpu"]));
    }
    let full = [
        "test",
        "--locked",
        "--release",
        "--package",
        "pickscore",
        "--no-default-features",
        "--features",
        "parallel",
        "--test",
        "parity_towers",
        "--test",
        "parity_end_to_end",
        "--",
        "--ignored",
        "--nocapture",
        "full_size",
    ];
    step("full size", &mut cargo(&full))
}
