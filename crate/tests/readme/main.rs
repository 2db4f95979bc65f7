//! The examples of the READMEs, run as they are written in a folder that has what they name.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(clippy::print_stdout, reason = "an example prints its result")]

#[path = "../common/mod.rs"]
mod common;

use std::{env, fs, path::Path, process::Command};

use common::SMALL;
use pickscore_generate::{Convention, Dtype, write_directory};

include!("example.rs");

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The blocks of a README in a language.
fn blocks(readme: &str, language: &str) -> Vec<String> {
    let text = fs::read_to_string(Path::new(ROOT).join(readme)).unwrap();
    let mut blocks = Vec::new();
    let mut parts = text.split("\n```");
    // Text and blocks alternate.
    while let (Some(_), Some(block)) = (parts.next(), parts.next()) {
        if let Some(code) = block.strip_prefix(&format!("{language}\n")) {
            blocks.push(format!("{code}\n"));
        }
    }
    blocks
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

// One test: the working directory belongs to the whole process.
#[test]
fn every_example_of_the_readmes_runs() {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(ROOT).canonicalize().unwrap();
    let model = "www/public/models/pickscore-tiny";
    let samples = "www/public/samples/noto";
    // The page's small model has a vocabulary of its own, which HPS does not read.
    write_directory(&folder.path().join("HPS_v2.1"), SMALL, Convention::OpenClip, 5, Dtype::F32, 1).unwrap();
    for to in [model, "PickScore_v1"] {
        copy_folder(&root.join(model), &folder.path().join(to));
    }
    for to in [samples, "renders"] {
        copy_folder(&root.join(samples), &folder.path().join(to));
    }
    let image = fs::read_dir(root.join(samples)).unwrap().next().unwrap().unwrap().path();
    fs::copy(image, folder.path().join("fox.png")).unwrap();

    let mut count = 0;
    for readme in ["README.md", "www/deploy/README.md"] {
        let commands = blocks(readme, "sh").join("").replace("\\\n", "");
        for line in commands.lines().filter(|line| line.starts_with("pickscore ")) {
            let line = line.replacen("pickscore", env!("CARGO_BIN_EXE_pickscore"), 1);
            let output = Command::new("sh").args(["-c", &line]).current_dir(&folder).output().unwrap();
            assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
            count += 1;
        }
    }
    assert!(count > 1, "{count} commands were found in the READMEs");

    let rust = blocks("README.md", "rust");
    assert_eq!(rust, [include_str!("example.rs")], "README.md and example.rs differ");
    env::set_current_dir(&folder).unwrap();
    pollster::block_on(print_scores()).unwrap();
}
