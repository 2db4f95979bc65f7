//! The examples of the READMEs, run as they are written in a folder that has what they name.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(clippy::print_stdout, reason = "an example prints its result")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/contributions.rs"]
mod contributions;

use std::{env, fs, path::Path, process::Command};

use common::SMALL;
use contributions::{parquet, plain, showing};
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

/// Runs the examples for Slurm and Kubernetes as several processes, which share the work.
fn jobs_of_clusters(folder: &Path) {
    let command = Path::new(env!("CARGO_BIN_EXE_pickscore"));
    let path = format!("{}:{}", command.parent().unwrap().display(), env::var("PATH").unwrap());
    let array = blocks("crate/bulk/README.md", "bash").join("");
    let job = blocks("crate/bulk/README.md", "yaml").join("");
    let pod = job.lines().find_map(|line| line.trim().strip_prefix("command: ")).unwrap();
    let pod: Vec<String> = serde_json::from_str(pod).unwrap();
    for (program, arguments) in [("bash", &["-c".to_owned(), array][..]), (&*pod[0], &pod[1..])] {
        let _ = fs::remove_dir_all(folder.join("scores"));
        let start = |task: usize| {
            let mut process = Command::new(program);
            process.args(arguments).current_dir(folder).env("PATH", &path);
            process.env("SLURM_ARRAY_TASK_ID", task.to_string()).spawn().unwrap()
        };
        let processes: Vec<_> = (0..4).map(start).collect();
        for mut process in processes {
            assert!(process.wait().unwrap().success(), "{program} {arguments:?}");
        }
        // 400 rows are two files, and nothing else is left.
        assert_eq!(fs::read_dir(folder.join("scores")).unwrap().count(), 2);
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
    fs::create_dir(folder.path().join("pairs")).unwrap();
    let bytes = ["fox.png", "red-apple.png"].map(|name| fs::read(root.join(samples).join(name)).unwrap());
    let pair = |number| {
        let pair = plain(1, ["a fox", "an apple"][number as usize % 2], ["0", "1"], Some([1.0, 0.0]), number);
        showing(pair, bytes.clone())
    };
    fs::write(folder.path().join("pairs/pairs.parquet"), parquet(&(0..400).map(pair).collect::<Vec<_>>()))
        .unwrap();
    for readme in ["README.md", "www/deploy/README.md", "crate/bulk/README.md"] {
        let commands = blocks(readme, "sh").join("").replace("\\\n", "");
        for line in commands.lines().filter(|line| line.starts_with("pickscore ")) {
            let line = line.replacen("pickscore", env!("CARGO_BIN_EXE_pickscore"), 1);
            let output = Command::new("sh").args(["-c", &line]).current_dir(&folder).output().unwrap();
            assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
            count += 1;
        }
    }
    assert!(count > 1, "{count} commands were found in the READMEs");

    jobs_of_clusters(folder.path());

    let rust = blocks("README.md", "rust");
    assert_eq!(rust, [include_str!("example.rs")], "README.md and example.rs differ");
    env::set_current_dir(&folder).unwrap();
    pollster::block_on(print_scores()).unwrap();
}
