//! `web/decoder` → `web/engine/pkg/decoder`: wasm with its JavaScript glue, for the workers that
//! decode images.

use anyhow::Result;

use super::engine::{FLAGS, OPTIMISE};
use crate::{
    process::{root, step, target_folder},
    wasm_target::{TARGET, WasmTarget},
    web::package::{self, Package},
};

/// Builds the package; an unchanged one is taken from the cache.
pub(crate) fn build() -> Result<()> {
    let folder = target_folder()?.join("web-decoder");
    let mut command = WasmTarget::find()?.cargo(&["build", "--locked", "--profile", "web"])?;
    command.args(["--package", "pickscore-decoder", "--target-dir"]).arg(&folder);
    command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", FLAGS);
    step("the decoder", &mut command)?;
    package::make(
        &folder.join(TARGET).join("web/pickscore_decoder.wasm"),
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
