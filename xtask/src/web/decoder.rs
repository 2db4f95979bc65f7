//! `web/decoder` → `web/engine/pkg/decoder`: wasm with its JavaScript glue, for the workers that
//! decode images.

use anyhow::Result;

use super::engine::{FLAGS, OPTIMISE};
use crate::{
    process::root,
    wasm_target::WasmTarget,
    web::package::{self, Package, Source},
};

/// Builds the package; an unchanged one is taken from the cache.
pub(crate) fn build() -> Result<()> {
    let source = Source {
        title: "the decoder",
        name: "decoder",
        package: "pickscore-decoder",
        profile: "web",
        features: "",
        flags: FLAGS,
    };
    let wasm = package::compile(WasmTarget::find()?, &source)?;
    package::make(
        &wasm,
        &Package {
            label: "decoder",
            cache: "decoder",
            output: "decoder",
            folder: root().join("web/engine/pkg/decoder"),
            options: &OPTIMISE,
            relaxed: false,
        },
    )
}
