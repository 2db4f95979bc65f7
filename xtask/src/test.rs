//! `cargo xtask test`: every test, each with the set-up it needs.

use anyhow::Result;

use crate::{
    demonstration, fuzz,
    process::{cargo, program, step, succeeds},
    readers,
    wasm_target::WasmTarget,
    web,
};

/// The features that tests run with. `gpu` is only compiled (by the lints): no test machine has one, and it triples the build.
pub(crate) const NATIVE: [&str; 3] =
    ["--no-default-features", "--features", "pickscore/cli,pickscore/parallel"];

/// Packages whose code is compiled for browsers alone, or needs a GPU.
const NOT_NATIVE: [&str; 2] = ["pickscore-engine", "pickscore-peer"];

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
    wasm_lints()?;
    web::build::run()?;
    web::e2e::run(false)?;
    // The same properties have run as plain tests; a fuzzer reaches further.
    fuzz::run(FUZZ_SECONDS, None)?;
    eprintln!("── all tests passed");
    Ok(())
}

/// Most code of the wasm packages exists on wasm32 alone, where the workspace's lints do not look.
fn wasm_lints() -> Result<()> {
    let target = WasmTarget::find()?;
    if target != WasmTarget::Rustup {
        // Clippy belongs to rustup's compiler and cannot check for another one.
        eprintln!("── lints of the wasm packages: left out, rustup has no wasm32 target here");
        return Ok(());
    }
    let packages = [
        ("pickscore-engine", "web", "", web::engine::FLAGS),
        ("pickscore-engine", "web", "gpu", web::engine::FLAGS),
        ("pickscore-records", "records", "", ""),
    ];
    for (package, profile, features, flags) in packages {
        let clippy =
            ["clippy", "--locked", "--package", package, "--profile", profile, "--features", features];
        let mut clippy = target.cargo(&clippy)?;
        clippy.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", flags);
        step(&format!("lints of {package}"), clippy.args(["--", "--deny", "warnings"]))?;
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
