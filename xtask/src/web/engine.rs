//! `web/engine` → `web/engine/pkg/{gpu,cpu,cpu-threads}`: wasm with its JavaScript glue.

use anyhow::Result;

use crate::{
    process::root,
    wasm_target::WasmTarget,
    web::package::{self, Package, Source},
};

/// A build of the engine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Variant {
    /// Its folder in `pkg`.
    pub(crate) name: &'static str,
    features: &'static str,
    /// Whether its threads share memory.
    threads: bool,
}

/// The build for WebGPU, which includes the CPU code.
pub(crate) const GPU: Variant = Variant { name: "gpu", features: "gpu", threads: false };
/// The CPU code alone, a third of the size, for browsers without WebGPU.
pub(crate) const CPU: Variant = Variant { name: "cpu", features: "relaxed-simd", threads: false };
/// The same for all cores, if the page may share memory.
pub(crate) const CPU_THREADS: Variant =
    Variant { name: "cpu-threads", features: "relaxed-simd,threads", threads: true };

/// Every browser that has what the engine needs has SIMD.
pub(crate) const FLAGS: &str = "-C target-feature=+simd128";
/// Memory shared by threads, up to 4 GB, and what each thread needs to start.
const THREADS: &str = "-C target-feature=+simd128,+atomics,+bulk-memory -C link-arg=--shared-memory \
    -C link-arg=--import-memory -C link-arg=--max-memory=4294967296 -C link-arg=--export=__wasm_init_tls \
    -C link-arg=--export=__tls_size -C link-arg=--export=__tls_align -C link-arg=--export=__tls_base";
/// The wasm features and optimisations that Binaryen uses.
pub(super) const OPTIMISE: [&str; 11] = [
    "-O2",
    "--strip-debug",
    // The innermost loops stay separate functions: inlined into larger functions, they make
    // browsers run out of registers.
    "--one-caller-inline-max-function-size=200",
    "--strip-producers",
    "--enable-simd",
    "--enable-threads",
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
];

/// Builds a variant; an unchanged one is taken from the cache.
pub(crate) fn build(variant: Variant) -> Result<()> {
    let target = if variant.threads { WasmTarget::find_with_source() } else { WasmTarget::find() };
    let Variant { name, features, threads } = variant;
    let source = Source {
        title: &format!("the engine ({name})"),
        name,
        package: "pickscore-engine",
        profile: "web",
        features,
        flags: if threads { THREADS } else { FLAGS },
    };
    let wasm = package::compile(target?, &source)?;
    package::make(
        &wasm,
        &Package {
            label: name,
            cache: "engine",
            output: "engine",
            folder: root().join("web/engine/pkg").join(name),
            options: &OPTIMISE,
            // With a GPU, the CPU's code only prepares images.
            relaxed: name != "gpu",
        },
    )
}
