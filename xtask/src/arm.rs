//! `cargo xtask arm`: tests and lints of the CPU kernels for 64-bit ARM, emulated by QEMU.

use std::process::Command;

use anyhow::{Result, bail};

use crate::{
    process::{Program, cargo, require, step},
    test::components,
    wasm_target::add_target,
};

const TARGET: &str = "aarch64-unknown-linux-gnu";
const NEEDED: [Program; 3] = [
    ("/usr/bin/aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu"),
    ("/usr/aarch64-linux-gnu/lib/libc.so", "libc6-dev-arm64-cross"),
    ("/usr/bin/qemu-aarch64", "qemu-user"),
];

/// QEMU's processors with 8-bit matrix products, with only 8-bit dot products, and with neither.
const PROCESSORS: [&str; 3] = ["max", "neoverse-n1", "cortex-a53"];

/// The kernels' tests, and those of small models in f32 and 8 bits.
const TESTS: [&str; 4] = [
    "towers::cpu",
    "the_cpu_passes_in_every_precision",
    "every_architecture_equals_the_reference",
    "eight_bits_stay_recognisable",
];

pub(crate) fn run() -> Result<()> {
    require("ARM compiler and emulator", &NEEDED)?;
    if !add_target(TARGET) {
        bail!("this needs `rustup target add {TARGET}`");
    }
    for processor in PROCESSORS {
        let mut test = on_model("test", &["--lib", "--test", "parity_towers", "--"]);
        let runner = format!("{} -cpu {processor} -L /usr/aarch64-linux-gnu", NEEDED[2].0);
        test.args(TESTS).env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER", runner);
        step(&format!("tests on {processor}"), &mut test)?;
    }
    // The lints of `cargo xtask test` leave out what is only compiled for ARM.
    components()?;
    step("lints", &mut on_model("clippy", &["--all-targets", "--", "--deny", "warnings"]))
}

/// A cargo command on the package of the kernels.
fn on_model(command: &str, arguments: &[&str]) -> Command {
    let mut cargo = cargo(&[command, "--locked", "--target", TARGET, "--package", "pickscore-model"]);
    cargo.args(["--no-default-features", "--features", "parallel"]).args(arguments);
    cargo.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", NEEDED[0].0);
    cargo
}
