//! `cargo xtask test`: every test, each with the set-up it needs.

use anyhow::Result;

use crate::{
    demonstration, features, fuzz,
    process::{cargo, program, step, succeeds},
    readers,
    wasm_target::WasmTarget,
    web,
};

/// The features that tests run with. `gpu` is only compiled (by the lints): no test machine has a
/// GPU, and it triples the build.
pub(crate) const NATIVE: [&str; 3] =
    ["--no-default-features", "--features", "pickscore/cli,pickscore/parallel"];

/// Packages whose code is compiled for browsers, or needs a GPU.
const NOT_NATIVE: [&str; 3] = ["pickscore-engine", "pickscore-peer", "pickscore-records"];

/// Seconds that each fuzz target gets here.
const FUZZ_SECONDS: u32 = 10;

pub(crate) fn run() -> Result<()> {
    components()?;
    step("formatting", &mut cargo(&["fmt", "--all", "--check"]))?;
    demonstration::emoji()?;
    // One call, so that both are built with the same features.
    step(
        "tests",
        cargo(&["test", "--locked", "--workspace"])
            .args(NOT_NATIVE.map(|package| format!("--exclude={package}")))
            .args(NATIVE),
    )?;
    readers::run()?;
    let lints = ["clippy", "--locked", "--workspace", "--all-targets", "--", "--deny", "warnings"];
    step("lints", &mut cargo(&lints))?;
    let mut documentation = cargo(&["doc", "--locked", "--workspace", "--no-deps"]);
    documentation.args(NOT_NATIVE.map(|package| format!("--exclude={package}")));
    step("documentation", documentation.args(NATIVE).env("RUSTDOCFLAGS", "--deny warnings"))?;
    engine_lints()?;
    features::check()?;
    web::build::run()?;
    web::e2e::run(false)?;
    // The same properties have run as plain tests; a fuzzer reaches further.
    fuzz::run(FUZZ_SECONDS, None)?;
    eprintln!("── all tests passed");
    Ok(())
}

/// The engine's code exists on wasm32 alone, where the workspace's lints do not look.
fn engine_lints() -> Result<()> {
    let target = WasmTarget::find()?;
    if target != WasmTarget::Rustup {
        // Clippy is of one piece with rustup's compiler, and cannot look through another's eyes.
        eprintln!("── lints of the engine: left out, rustup has no wasm32 target here");
        return Ok(());
    }
    for features in ["relaxed-simd", "gpu"] {
        let clippy = [
            "clippy",
            "--locked",
            "--package",
            "pickscore-engine",
            "--profile",
            "web",
            "--features",
            features,
        ];
        let mut clippy = target.cargo(&clippy)?;
        clippy.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", web::engine::FLAGS);
        step("lints of the engine", clippy.args(["--", "--deny", "warnings"]))?;
    }
    Ok(())
}

/// rustfmt and clippy, which rustup's minimal profile lacks.
fn components() -> Result<()> {
    for (component, tool) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        if !succeeds(&mut cargo(&[tool, "--version"])) {
            step(component, &mut program("rustup", &["component", "add", component]))?;
        }
    }
    Ok(())
}
