//! `cargo xtask test`: every test, with its set-up.

use anyhow::Result;

use crate::{
    demonstration, features, fuzz, native,
    pairs::{self, Step},
    process::{cargo, program, step, succeeds},
    prose, readers,
    wasm_target::WasmTarget,
    web, wheel,
};

/// Seconds per fuzz target.
const FUZZ_SECONDS: u32 = 10;

pub(crate) fn run() -> Result<()> {
    components()?;
    step("formatting", &mut cargo(&["fmt", "--all", "--check"]))?;
    prose::check()?;
    demonstration::emoji()?;
    step("tests", &mut native::command(&["test"]))?;
    readers::run()?;
    wheel::test()?;
    let lints = ["clippy", "--locked", "--workspace", "--all-targets", "--", "--deny", "warnings"];
    step("lints", &mut cargo(&lints))?;
    // With the features of the lints, which have checked all dependencies.
    let mut documentation = cargo(&["doc", "--locked", "--workspace", "--no-deps"]);
    step("documentation", documentation.env("RUSTDOCFLAGS", "--deny warnings"))?;
    wasm_lints()?;
    web::build::run()?;
    // A browser leaves half of two cores idle.
    let browsers: Step<'_> = Box::new(|| web::e2e::run(false));
    let others: Step<'_> = Box::new(|| {
        features::check()?;
        // The same properties run as ordinary tests; a fuzzer reaches further.
        fuzz::run(FUZZ_SECONDS, None)
    });
    pairs::run(&[browsers, others])?;
    eprintln!("── all tests passed");
    Ok(())
}

/// Most code of the wasm packages is only compiled for wasm32, which the workspace's lints do not
/// check.
fn wasm_lints() -> Result<()> {
    let target = WasmTarget::find()?;
    if target != WasmTarget::Rustup {
        // Clippy belongs to rustup's compiler and cannot check for another one.
        eprintln!("── lints of the wasm packages: left out, rustup has no wasm32 target here");
        return Ok(());
    }
    let packages = [
        ("pickscore-engine", "web", "gpu,relaxed-simd", web::engine::FLAGS),
        ("pickscore-decoder", "web", "", web::engine::FLAGS),
        ("pickscore-records", "records", "", web::engine::FLAGS),
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
pub(crate) fn components() -> Result<()> {
    for (component, tool) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        if !succeeds(&mut cargo(&[tool, "--version"])) {
            step(component, &mut program("rustup", &["component", "add", component]))?;
        }
    }
    Ok(())
}
