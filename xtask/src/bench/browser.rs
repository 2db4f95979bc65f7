//! `cargo xtask bench browser`: this engine, onnxruntime-web and transformers.js in the same
//! Chromium. This file prepares models and images; `tests/peers/browser/run.mjs` measures.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::engine;
use crate::{
    process::{cache, program, root, step},
    python,
    web::{browsers, build, node},
};

/// What to measure, and where.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Models: `b32` (ViT-B/32), `h14-stack` (a few blocks of ViT-H/14), `image-reward-stack` (a
    /// few blocks of ImageReward, in f32) and `pickscore` (the whole model; needs 20 GB of memory)
    #[arg(long, value_delimiter = ',', default_value = "b32,h14-stack,image-reward-stack")]
    models: Vec<String>,
    /// Backends: `cpu-1`, `cpu-threads`, `swiftshader`, `lavapipe`, and `gpu` if there is one
    #[arg(long, value_delimiter = ',', default_value = "cpu-1,cpu-threads,swiftshader,lavapipe")]
    places: Vec<String>,
    /// Run few rounds, and print the results without storing them
    #[arg(long)]
    quick: bool,
    /// A Chromium that uses lavapipe, with the driver next to it. Made if not given
    #[arg(long)]
    chromium: Option<PathBuf>,
    /// Measure `dist/` without building it
    #[arg(long)]
    built: bool,
    /// Folder for the results, instead of tests/peers/results
    #[arg(long)]
    out: Option<PathBuf>,
    /// Arguments for `run.mjs`, such as `-- --only kernels --engine pickscore`
    #[arg(last = true)]
    more: Vec<String>,
}

const FOLDER: &str = "tests/peers/browser";
/// The model that is not CLIP's.
const REWARD_STACK: &str = "image-reward-stack";
/// The model that is also measured from files to scores.
const WITH_FILES: &str = "b32";
/// Number of image files, and the size of those that no processor resizes.
const FILES: [&str; 2] = ["16", "224"];

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if !arguments.built {
        build::run()?;
    }
    node::install()?;
    node::install_in(FOLDER)?;
    browsers::require(&[browsers::CHROMIUM])?;
    let mut run = program("node", &["tests/peers/browser/run.mjs"]);
    for model in &arguments.models {
        let directory = if model == REWARD_STACK { export_reward()? } else { export(model)? };
        let mut named = std::ffi::OsString::from(format!("{model}="));
        named.push(&directory);
        run.arg("--model").arg(named);
        if model == WITH_FILES {
            run.arg("--files").arg(files()?);
        }
    }
    for place in &arguments.places {
        run.args(["--place", place]);
        if place == "lavapipe" {
            run.arg("--lavapipe").arg(arguments.chromium.clone().map_or_else(lavapipe, Ok)?);
        }
    }
    if arguments.quick {
        run.arg("--quick");
    }
    if let Some(folder) = &arguments.out {
        run.arg("--out").arg(folder);
    } else if !arguments.quick {
        run.args(["--out", "tests/peers/results"]);
    }
    step("Chromium", run.args(&arguments.more))
}

/// Exports a model's towers to ONNX, from the same weights, with embeddings to check against.
/// Returns the model's directory.
fn export(model: &str) -> Result<PathBuf> {
    let directory = engine::directory(model)?;
    let python = python::environment("tests/parity/reference/requirements.lock")?;
    let mut export = program(python, &["-W", "ignore", "tests/peers/export.py"]);
    export.arg(&directory).args(["check", "f16"]);
    // The quantiser cannot read files over 2 GB.
    if model != "pickscore" {
        export.arg("q8");
    }
    if model == WITH_FILES {
        export.arg("transformers.js");
    }
    step(&format!("{model} as ONNX"), &mut export)?;
    Ok(directory)
}

/// Generates image files, kept between runs.
fn files() -> Result<PathBuf> {
    let folder = cache()?.join("browser-files");
    if !folder.join("files.json").exists() {
        let python = python::environment("tests/parity/reference/requirements.lock")?;
        let mut images = program(python, &["tests/peers/browser/files.py"]);
        step("image files", images.args(FILES).arg(&folder))?;
    }
    Ok(folder)
}

/// Generates the blocks of ImageReward with its authors' package, and exports them to ONNX.
fn export_reward() -> Result<PathBuf> {
    let directory = cache()?.join("models").join(REWARD_STACK);
    let mut export = program(python::authors()?, &["-W", "ignore", "tests/peers/export_reward.py"]);
    step(&format!("{REWARD_STACK} as ONNX"), export.arg(&directory))?;
    Ok(directory)
}

/// A Chromium on lavapipe; made if it is missing or older than the installed one.
fn lavapipe() -> Result<PathBuf> {
    browsers::require(&[browsers::CHROMIUM, browsers::LAVAPIPE, ("/usr/bin/gcc", "gcc")])?;
    let folder = cache()?.join("lavapipe-chromium");
    let make = root().join(FOLDER).join("lavapipe/make.sh");
    step("a Chromium on lavapipe", program("sh", &[]).arg(make).arg(&folder))?;
    Ok(folder.join("chromium"))
}
