//! `web/records` → `web/records/pkg`: wasm with its JavaScript glue.

use anyhow::Result;

use crate::{
    process::{root, step, target_folder},
    wasm_target::{TARGET, WasmTarget},
    web::{
        engine,
        package::{self, Package},
    },
};

/// The wasm features that Binaryen uses; it optimises for size.
const OPTIMISE: [&str; 9] = [
    "-Os",
    "--strip-debug",
    "--strip-producers",
    "--enable-simd",
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
];

/// Builds the package; an unchanged one is taken from the cache.
pub(crate) fn build() -> Result<()> {
    let folder = target_folder()?.join("web-records");
    let mut command = WasmTarget::find()?.cargo(&["build", "--locked", "--profile", "records"])?;
    command.args(["--package", "pickscore-records", "--target-dir"]).arg(&folder);
    command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", engine::FLAGS);
    step("the records", &mut command)?;
    let wasm = folder.join(TARGET).join("records/pickscore_records.wasm");
    package::make(
        &wasm,
        &Package {
            label: "records",
            cache: "records",
            output: "records",
            folder: root().join("web/records/pkg"),
            options: &OPTIMISE,
            relaxed: false,
        },
    )
}
