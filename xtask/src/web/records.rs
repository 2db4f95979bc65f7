//! `web/records` → `web/records/pkg`: wasm with its JavaScript glue.

use anyhow::Result;

use crate::{
    process::root,
    wasm_target::WasmTarget,
    web::{
        engine,
        package::{self, Package, Source},
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
    let source = Source {
        title: "the records",
        name: "records",
        package: "pickscore-records",
        profile: "records",
        features: "",
        flags: engine::FLAGS,
    };
    let wasm = package::compile(WasmTarget::find()?, &source)?;
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
