//! The demonstration's training in miniature: its own images, prompts, tokenizer and model, and a
//! few steps of each objective.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::{fs, ops::ControlFlow, path::Path, process::Command};

use burn::tensor::Device;
use pickscore::{
    dataset::DatasetFiles,
    train::{Keep, Objective, OptimizerOptions, TrainOptions, Trainee, Validation, read_log, train},
    weights::ModelDirectory,
};

fn maker(arguments: &[&str], out: &Path) {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = Command::new(env!("CARGO_BIN_EXE_pickscore-demonstration"))
        .args(arguments)
        .arg("--packages")
        .arg(home.join("node_modules"))
        .arg("--out")
        .arg(out)
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}

/// Trains, and validates after the first step, whose rate is nearly zero, and after the last.
/// Returns both results.
fn stage(begins: &Path, data: &Path, options: &TrainOptions) -> [Validation; 2] {
    let (directory, trainee) = if begins.join("model.safetensors").exists() {
        let directory = ModelDirectory::open(begins).unwrap();
        let trainee = Trainee::open(&directory, Device::flex(), &mut |_| ControlFlow::Continue(()));
        (directory, trainee.unwrap())
    } else {
        let directory = ModelDirectory::describe(begins).unwrap();
        let trainee = Trainee::random(directory.clip().unwrap().clone(), options.seed, Device::flex());
        (directory, trainee)
    };
    let files =
        ["train", "validation"].map(|split| DatasetFiles::open(&[data.to_path_buf()], split).unwrap());
    let observe = &mut |_| ControlFlow::Continue(());
    let first = TrainOptions { steps: 1, out: options.out.join("first"), ..options.clone() };
    let first =
        TrainOptions { optimizer: OptimizerOptions { learning_rate: 0.0, ..first.optimizer }, ..first };
    let untrained = Trainee::random(directory.clip().unwrap().clone(), options.seed, Device::flex());
    train(&first, untrained, &directory, &files[0], Some(&files[1]), &Device::flex(), observe).unwrap();
    train(options, trainee, &directory, &files[0], Some(&files[1]), &Device::flex(), observe).unwrap();
    [&first.out, &options.out].map(|out| {
        let log = read_log(&out.join("log.csv")).unwrap();
        log.last().and_then(|entry| entry.validation).unwrap()
    })
}

#[test]
fn a_short_run_improves_on_the_untrained_model() {
    let folder = tempfile::tempdir().unwrap();
    let [empty, data] = ["empty", "data"].map(|name| folder.path().join(name));
    maker(&["vocabulary"], &empty);
    let described = Path::new(env!("CARGO_MANIFEST_DIR")).join("model");
    let processor = "preprocessor_config.json";
    fs::copy(described.join(processor), empty.join(processor)).unwrap();
    let config = fs::read(described.join("config.json")).unwrap();
    let mut config: serde_json::Value = serde_json::from_slice(&config).unwrap();
    for tower in ["vision_config", "text_config"] {
        // With all layers, which `cargo xtask demonstration --short` trains, this takes minutes.
        config[tower]["num_hidden_layers"] = 2.into();
    }
    fs::write(empty.join("config.json"), config.to_string()).unwrap();
    let size = ["--pretrain", "3000", "--preference", "1500", "--size", "64"];
    maker(&[&["data", "--split", "all"], &size[..]].concat(), &data);

    let contrastive = TrainOptions {
        objective: Objective::Contrastive,
        steps: 160,
        batch: 64,
        micro_batch: 64,
        patch_dropout: 0.5,
        seed: 42,
        optimizer: OptimizerOptions { warm_up: 10, ..OptimizerOptions::of(Objective::Contrastive) },
        validate_every: 160,
        validation_rows: 256,
        keep: Keep::Last,
        checkpoint_every: 160,
        out: folder.path().join("contrastive"),
    };
    let [untrained, trained] = stage(&empty, &data.join("pretrain"), &contrastive);
    println!("contrastive: {untrained:?} → {trained:?}");
    assert!(trained.loss < untrained.loss - 0.3, "{untrained:?} {trained:?}");
    assert!(trained.accuracy > 2.0 * untrained.accuracy, "{untrained:?} {trained:?}");

    let preference = TrainOptions {
        objective: Objective::Preference,
        steps: 60,
        validate_every: 60,
        patch_dropout: 0.0,
        optimizer: OptimizerOptions {
            learning_rate: 5e-4,
            warm_up: 5,
            ..OptimizerOptions::of(Objective::Preference)
        },
        out: folder.path().join("preference"),
        ..contrastive.clone()
    };
    let [untrained, trained] = stage(&contrastive.out.join("model"), &data.join("preference"), &preference);
    println!("preference: {untrained:?} → {trained:?}");
    assert!(trained.accuracy > untrained.accuracy + 0.03, "{untrained:?} {trained:?}");
    assert!(trained.loss < untrained.loss, "{untrained:?} {trained:?}");
}
