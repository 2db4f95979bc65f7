//! The browser tests.

use std::{fs, path::PathBuf};

use anyhow::Result;

use crate::{
    native,
    process::{cache, program, root, step, target_folder},
    web::{browsers, node},
};

/// Runs the packages' tests in Chromium and Firefox on the built site, and optionally the page's.
pub(crate) fn run(page: bool) -> Result<()> {
    browsers::install(page)?;
    let models = models()?;
    let mut chromium = node::tool("playwright", &["test", "--project=library"]);
    if page {
        chromium.arg("--project=page");
    }
    chromium.current_dir(root().join("tests/e2e")).env("PICKSCORE_TEST_MODELS", &models);
    step("Chromium", &mut chromium)?;
    let mut firefox =
        program("node", &["--test", "--test-concurrency=1", "tests/e2e/firefox/parity.test.mjs"]);
    if page {
        firefox.arg("tests/e2e/firefox/page.test.mjs");
    }
    step("Firefox", firefox.env("PICKSCORE_TEST_MODELS", &models))
}

/// Runs the full-size model in Chromium. On lavapipe, with a Chromium named by
/// `PICKSCORE_CHROMIUM`, this takes minutes; on SwiftShader, hours.
pub(crate) fn full_size() -> Result<()> {
    browsers::install(false)?;
    let programs = native()?;
    let model = cache()?.join("models/pickscore");
    if !model.join("complete").exists() {
        let mut generate = program(programs.join("pickscore-generate"), &["--out"]);
        step("generating ViT-H/14", generate.arg(&model))?;
        fs::write(model.join("complete"), "")?;
    }
    let mut run = program("node", &["tests/e2e/full-size.mjs"]);
    step("ViT-H/14 in Chromium", run.arg(&model).arg(programs.join("pickscore")))
}

/// Exports 10,000 pairs with 1 GB of images from Chromium's storage, and imports them again.
pub(crate) fn large_export() -> Result<()> {
    browsers::install(false)?;
    step("a large export in Chromium", &mut program("node", &["tests/e2e/large-export.mjs"]))
}

/// Builds the native command and the generator, from the dependencies of the tests.
fn native() -> Result<PathBuf> {
    step("the native engine", &mut native::command(&["build", "--bins", "--tests"]))?;
    Ok(target_folder()?.join("debug"))
}

/// Generates the models with the native engine's scores, using the code under test.
fn models() -> Result<PathBuf> {
    let programs = native()?;
    let folder = cache()?.join("e2e-models");
    let mut prepare = program("node", &["tests/e2e/prepare.mjs"]);
    prepare.args([programs.join("pickscore-generate"), programs.join("pickscore")]).arg(&folder);
    step("models of the browser tests", &mut prepare)?;
    Ok(folder)
}
