//! `cargo xtask parity`: the parity tests that take minutes and gigabytes, or a GPU.

use anyhow::Result;

use crate::process::{cargo, step};

pub(crate) fn run(gpu: bool) -> Result<()> {
    if gpu {
        return on_gpu();
    }
    let full = [
        "test",
        "--locked",
        "--release",
        "--package",
        "pickscore-model",
        "--features",
        "parallel",
        "--test",
        "parity_towers",
        "--test",
        "parity_end_to_end",
        "--test",
        "parity_scorers",
        "--test",
        "parity_image_reward",
        "--",
        "--ignored",
        "--nocapture",
        "full_size",
    ];
    step("full size", &mut cargo(&full))
}

/// Tests the WGSL kernels against their definitions. Then tests the small models with these kernels
/// and with burn's, first in WGSL and then, with `spirv`, as burn runs them on this GPU.
fn on_gpu() -> Result<()> {
    let mut kernels = cargo(&["test", "--locked", "--package", "pickscore-model", "--lib"]);
    step("kernels", kernels.args(["--features", "gpu,parallel", "towers::gpu"]))?;
    for features in ["gpu,parallel", "spirv,parallel"] {
        let mut towers =
            cargo(&["test", "--locked", "--package", "pickscore-model", "--test", "parity_towers"]);
        towers.args(["--features", features]);
        step(
            &format!("towers on the GPU ({features})"),
            towers.args(["--", "--ignored", "--nocapture", "gpu"]),
        )?;
    }
    Ok(())
}
