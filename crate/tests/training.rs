//! Training as its users call it: the library's `train`, and the command.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod common;
#[path = "common/contributions.rs"]
mod contributions;
#[path = "common/few_columns.rs"]
mod few_columns;

use std::{fs, ops::ControlFlow, path::Path, process::Command};

use burn::tensor::Device;
use pickscore::{
    dataset::{DatasetFiles, Row, RowImage, WriteOptions, Writer},
    train::{
        Decay, Event, Keep, Objective, OptimizerOptions, Outcome, TrainError, TrainOptions, Trainee,
        read_log, train,
    },
    weights::ModelDirectory,
};

/// A row of two of the fixtures.
fn row(index: usize, caption: &str, label: Option<[f64; 2]>, images: [Vec<u8>; 2]) -> Row {
    Row {
        caption: caption.into(),
        images: images.map(|bytes| RowImage { bytes, ..RowImage::default() }),
        label,
        best_image_uid: "tie".into(),
        are_different: true,
        created_at: 0,
        ranking_id: index as i64,
        user_id: 0,
        num_example_per_prompt: 1 + (index % 3) as i64,
        index: index as i64,
        kind: None,
        collected: None,
    }
}

fn images() -> Vec<Vec<u8>> {
    let folder = common::image("");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let readable = |path: &Path| path.extension().is_some_and(|ending| ending == "png");
    files.iter().filter(|path| readable(path)).take(4).map(|path| fs::read(path).unwrap()).collect()
}

/// Data of `rows` rows in row groups of five, whose prompts tell which of the images is preferred.
fn write_data(folder: &Path, split: &str, rows: impl Iterator<Item = Row>) {
    fs::create_dir_all(folder.join("data")).unwrap();
    let file = fs::File::create(folder.join(format!("data/{split}-0.parquet"))).unwrap();
    let options = WriteOptions { group_rows: 5, ..WriteOptions::default() };
    let mut writer = Writer::create(file, options).unwrap();
    rows.for_each(|row| writer.write(&row).unwrap());
    writer.finish().unwrap();
}

fn rows(count: usize) -> impl Iterator<Item = Row> {
    let images = images();
    (0..count).map(move |index| {
        let (first, second) = (index % images.len(), (index + 1) % images.len());
        let label = match index % 3 {
            0 => [1.0, 0.0],
            1 => [0.0, 1.0],
            _ => [0.5, 0.5],
        };
        let caption = format!("picture {first} kind {}", index % 3);
        row(index, &caption, Some(label), [images[first].clone(), images[second].clone()])
    })
}

/// A folder with a configuration, data of both splits, and a place for runs.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    fs::write(folder.path().join("empty/config.json"), common::SMALL).unwrap();
    write_data(&folder.path().join("pairs"), "train", rows(23));
    write_data(&folder.path().join("pairs"), "validation", rows(8));
    folder
}

fn options(objective: Objective, out: &Path) -> TrainOptions {
    TrainOptions {
        objective,
        steps: 8,
        batch: 6,
        micro_batch: 4,
        patch_dropout: if objective == Objective::Contrastive { 0.5 } else { 0.0 },
        seed: 3,
        optimizer: OptimizerOptions {
            learning_rate: 3e-3,
            warm_up: 2,
            decay: Decay::Cosine,
            ..OptimizerOptions::of(objective)
        },
        validate_every: 3,
        validation_rows: 100,
        keep: Keep::Best,
        checkpoint_every: 2,
        out: out.into(),
    }
}

fn run(
    folder: &Path,
    options: &TrainOptions,
    observe: &mut dyn FnMut(Event) -> ControlFlow<()>,
) -> Result<Outcome, TrainError> {
    let directory = ModelDirectory::describe(&folder.join("empty")).unwrap();
    let data =
        ["train", "validation"].map(|split| DatasetFiles::open(&[folder.join("pairs")], split).unwrap());
    let trainee = Trainee::random(directory.clip().unwrap().clone(), options.seed, Device::flex());
    train(options, trainee, &directory, &data[0], Some(&data[1]), &Device::flex(), observe)
}

/// As [`run`], without validation data.
fn run_alone(
    folder: &Path,
    options: &TrainOptions,
    observe: &mut dyn FnMut(Event) -> ControlFlow<()>,
) -> Result<Outcome, TrainError> {
    let directory = ModelDirectory::describe(&folder.join("empty")).unwrap();
    let data = DatasetFiles::open(&[folder.join("pairs")], "train").unwrap();
    let trainee = Trainee::random(directory.clip().unwrap().clone(), options.seed, Device::flex());
    train(options, trainee, &directory, &data, None, &Device::flex(), observe)
}

#[test]
fn what_goes_on_from_a_checkpoint_ends_with_the_same_bits() {
    for objective in [Objective::Preference, Objective::Contrastive] {
        let folder = folder();
        let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
        let outcome =
            run(folder.path(), &options(objective, &whole), &mut |_| ControlFlow::Continue(())).unwrap();
        let mut resumed = Vec::new();
        let mut stopped = 0;
        let again = loop {
            let mut steps = 0;
            let outcome = run(folder.path(), &options(objective, &parts), &mut |event| {
                match event {
                    Event::Resumed(step) => resumed.push(step),
                    Event::Step(_) => steps += 1,
                    Event::Skipped(..) => panic!("every image can be read"),
                    Event::HeldOut { .. } => panic!("there is validation data"),
                }
                if steps == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            match outcome {
                Ok(outcome) => break outcome,
                Err(TrainError::Stopped { .. }) => stopped += 1,
                Err(error) => panic!("{error}"),
            }
        };
        assert_eq!((stopped, &resumed[..]), (2, &[3, 6][..]));
        assert_eq!(outcome, again);
        for file in
            ["checkpoint/parameters.safetensors", "checkpoint/moments.safetensors", "model/model.safetensors"]
        {
            assert!(
                fs::read(whole.join(file)).unwrap() == fs::read(parts.join(file)).unwrap(),
                "{file} differs"
            );
        }
        let losses = |out: &Path| {
            let log = read_log(&out.join("log.csv")).unwrap();
            log.iter().map(|entry| (entry.step, entry.loss, entry.validation)).collect::<Vec<_>>()
        };
        assert_eq!(losses(&whole), losses(&parts));
        assert_eq!(losses(&whole).len(), 8);
        let plot = fs::read_to_string(whole.join("plot.svg")).unwrap();
        assert!(plot.contains("<svg") && plot.contains("validation accuracy"));
    }
}

#[test]
fn preferences_are_learned() {
    let folder = folder();
    let out = folder.path().join("out");
    let options = TrainOptions { steps: 240, validate_every: 240, ..options(Objective::Preference, &out) };
    let outcome = run(folder.path(), &options, &mut |_| ControlFlow::Continue(())).unwrap();
    let log = read_log(&out.join("log.csv")).unwrap();
    let mean = |entries: &[pickscore::train::LogEntry]| {
        entries.iter().map(|entry| entry.loss).sum::<f64>() / entries.len() as f64
    };
    let (first, last) = (mean(&log[..6]), mean(&log[234..]));
    assert!(last < 0.5 * first, "the loss went from {first} to {last}");
    assert!(outcome.kept.1.accuracy >= 0.8, "{:?}", outcome.kept);
}

#[test]
fn another_run_in_the_same_folder_is_refused() {
    let folder = folder();
    let out = folder.path().join("out");
    let first = options(Objective::Preference, &out);
    run(folder.path(), &first, &mut |_| ControlFlow::Continue(())).unwrap();
    let other = TrainOptions { seed: 4, ..first.clone() };
    let error = run(folder.path(), &other, &mut |_| ControlFlow::Continue(())).unwrap_err();
    assert!(matches!(error, TrainError::OtherRun { what: "objective, seed or batch size", .. }), "{error}");
    // The same once more has nothing left to do.
    let outcome = run(folder.path(), &first, &mut |event| {
        assert!(matches!(event, Event::Resumed(8)), "{event:?}");
        ControlFlow::Continue(())
    });
    assert_eq!(outcome.unwrap().steps, 8);
}

#[test]
fn a_damaged_checkpoint_is_said() {
    let folder = folder();
    let out = folder.path().join("out");
    let options = options(Objective::Preference, &out);
    run(folder.path(), &options, &mut |_| ControlFlow::Continue(())).unwrap();
    for file in ["parameters.safetensors", "moments.safetensors", "state.json"] {
        let path = out.join("checkpoint").join(file);
        let good = fs::read(&path).unwrap();
        fs::write(&path, &good[..good.len() / 2]).unwrap();
        let error = run(folder.path(), &options, &mut |_| ControlFlow::Continue(())).unwrap_err();
        assert!(
            matches!(error, TrainError::Checkpoint { .. }) && error.to_string().contains(file),
            "{error}"
        );
        fs::write(&path, good).unwrap();
    }
}

#[test]
fn rows_without_label_or_readable_images_are_passed_over() {
    let folder = folder();
    let images = images();
    let mixed = (0..20).map(|index| {
        let label = (index % 2 == 0).then_some([1.0, 0.0]);
        let second = if index % 4 == 0 { b"no image".to_vec() } else { images[1].clone() };
        row(index, "a picture", label, [images[0].clone(), second])
    });
    write_data(&folder.path().join("pairs"), "train", mixed);
    let out = folder.path().join("out");
    let mut skipped = None;
    run(folder.path(), &options(Objective::Preference, &out), &mut |event| {
        if let Event::Skipped(count, reason) = event {
            skipped = Some((count, reason));
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    let (count, reason) = skipped.unwrap();
    assert!(count >= 5 && reason.starts_with("image 1 of ranking "), "{count}: {reason}");
}

/// One row of a prompt with an image of its own, and nineteen of another: only the first can be
/// held out.
fn two_prompts(folder: &Path, first: &[u8], others: &[u8]) {
    let rows = (0..20).map(|index| {
        let (prompt, image) = if index == 7 { ("alone", first) } else { ("often", others) };
        row(index, prompt, Some([1.0, 0.0]), [image.to_vec(), image.to_vec()])
    });
    write_data(&folder.join("pairs"), "train", rows);
}

#[test]
fn without_validation_data_prompts_are_held_out() {
    let folder = folder();
    let (good, bad) = (images()[0].clone(), b"no image".to_vec());
    let out = |name: &str| options(Objective::Preference, &folder.path().join(name));
    let mut events = Vec::new();
    two_prompts(folder.path(), &good, &good);
    let outcome = run_alone(folder.path(), &out("good"), &mut |event| {
        events.push(event);
        ControlFlow::Continue(())
    });
    assert!(outcome.is_ok());
    assert_eq!(events[0], Event::HeldOut { rows: 1, prompts: 1 });
    // What is held out is validated on, and nothing else is.
    two_prompts(folder.path(), &bad, &good);
    let error = run_alone(folder.path(), &out("first"), &mut |event| {
        assert!(matches!(event, Event::HeldOut { .. }), "{event:?}");
        ControlFlow::Continue(())
    });
    assert!(matches!(error, Err(TrainError::TooFew { split: "validation", .. })), "{error:?}");
    // And it is not learned from: nothing else can be read.
    two_prompts(folder.path(), &good, &bad);
    let error = run_alone(folder.path(), &out("others"), &mut |_| ControlFlow::Continue(()));
    assert!(matches!(error, Err(TrainError::TooFew { split: "training", .. })), "{error:?}");
    // A single prompt cannot be split.
    let rows = (0..9).map(|index| row(index, "often", Some([1.0, 0.0]), [good.clone(), good.clone()]));
    write_data(&folder.path().join("pairs"), "train", rows);
    let error = run_alone(folder.path(), &out("one"), &mut |_| ControlFlow::Continue(()));
    assert!(matches!(error, Err(TrainError::NoValidation)), "{error:?}");
}

#[test]
fn a_run_goes_on_with_the_same_rows_held_out() {
    let folder = folder();
    write_data(&folder.path().join("pairs"), "train", rows(60));
    let out = folder.path().join("out");
    let options = options(Objective::Preference, &out);
    let mut held_out = Vec::new();
    for stop in [3, 100] {
        let mut steps = 0;
        let _ = run_alone(folder.path(), &options, &mut |event| {
            match event {
                Event::HeldOut { rows, prompts } => held_out.push((rows, prompts)),
                Event::Resumed(step) => assert_eq!((step, stop), (3, 100)),
                _ => steps += 1,
            }
            if steps == stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
    }
    assert_eq!(held_out[0], held_out[1]);
    assert!(held_out[0].0 >= 3 && held_out[0].0 < 30, "{held_out:?}");
    assert_eq!(read_log(&out.join("log.csv")).unwrap().len(), 8);
    // With other rows to learn from it would be another run.
    let error = run(folder.path(), &options, &mut |_| ControlFlow::Continue(())).unwrap_err();
    assert!(matches!(error, TrainError::OtherRun { what: "training data", .. }), "{error}");
}

/// Training data without a split for validation: a file, and a folder whose files are named after
/// no split.
#[test]
fn the_command_says_what_it_validates_on() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    write_data(&folder.path().join("pairs"), "train", rows(60));
    let file = path("pairs/data/train-0.parquet");
    fs::create_dir(folder.path().join("loose")).unwrap();
    fs::copy(&file, folder.path().join("loose/pairs.parquet")).unwrap();
    let said = |data: &str, out: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_pickscore"))
            .args(["train", "--from-scratch", "--device", "cpu", "--steps", "1", "--batch", "2"])
            .args(["--model", &path("empty"), "--data", data, "--out", &path(out)])
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{said}");
        said.lines().next().unwrap().to_owned()
    };
    for (data, out) in [(file, "file"), (path("loose"), "folder")] {
        let said = said(&data, out);
        assert!(
            said.starts_with("pickscore: no validation data given: holding out ")
                && said.ends_with(" of the training data; use --validation to choose other data"),
            "{said}"
        );
    }
    assert!(!said(&path("pairs"), "splits").contains("holding out"));
}

#[test]
fn data_without_a_single_label_is_refused() {
    let folder = folder();
    let images = images();
    let none = (0..7).map(|index| row(index, "a picture", None, [images[0].clone(), images[1].clone()]));
    write_data(&folder.path().join("pairs"), "train", none);
    let options = options(Objective::Preference, &folder.path().join("out"));
    let error = run(folder.path(), &options, &mut |_| ControlFlow::Continue(())).unwrap_err();
    assert!(matches!(error, TrainError::TooFew { split: "training", .. }), "{error}");
}

#[test]
fn the_command_trains_and_its_model_scores() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let pickscore = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_pickscore")).args(arguments).output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (model, data, out) = (path("empty"), path("pairs"), path("out"));
    let shared =
        ["train", "--model", &model, "--data", &data, "--out", &out, "--device", "cpu", "--steps", "4"];
    let (code, stdout, stderr) = pickscore(
        &[
            &shared[..],
            &[
                "--from-scratch",
                "--objective",
                "contrastive",
                "--batch",
                "4",
                "--validate-every",
                "2",
                "--format",
                "json",
            ],
        ]
        .concat(),
    );
    assert_eq!(code, Some(0), "{stderr}");
    let result: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(result["steps"], 4);
    assert!(stderr.contains("validation loss"), "{stderr}");
    let image = common::image("").join(
        fs::read_dir(common::image(""))
            .unwrap()
            .find_map(|entry| {
                let name = entry.unwrap().file_name();
                name.to_string_lossy().ends_with(".png").then_some(name)
            })
            .unwrap(),
    );
    let trained = path("out/model");
    let (code, _, stderr) = pickscore(&[
        "score",
        "--model",
        &trained,
        "--prompt",
        "a picture",
        "--device",
        "cpu",
        &image.display().to_string(),
    ]);
    assert_eq!(code, Some(0), "{stderr}");

    let (code, _, stderr) =
        pickscore(&[&shared[..], &["--from-scratch", "--objective", "contrastive", "--batch", "1"]].concat());
    assert_eq!((code, stderr.lines().count()), (Some(2), 1), "{stderr}");
    // Without weights and without being told to draw them.
    let (code, _, stderr) = pickscore(&shared);
    assert_eq!((code, stderr.lines().count()), (Some(1), 1), "{stderr}");
    let (code, _, _) = pickscore(&["train", "--model", &model]);
    assert_eq!(code, Some(2));
}

#[test]
fn a_merged_data_set_trains() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_pickscore")).args(arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{said}");
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    // Two contributions: forty prompts, each with a pair by one of ten raters.
    let images = images();
    let rows: Vec<Row> = (0..40)
        .map(|at| {
            let label = [[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]][at % 3];
            let (rater, prompt) = (format!("rater-{}", at % 10), format!("picture {at}"));
            let row = contributions::collected(&rater, &prompt, ["a", "b"], Some(label), at as i64);
            contributions::showing(row, [0, 1].map(|side| images[(at + side) % images.len()].clone()))
        })
        .collect();
    contributions::Contribution::new(&rows[..25]).write_folder(&folder.path().join("one"));
    contributions::Contribution::new(&rows[25..]).write_folder(&folder.path().join("two"));
    let (one, two, merged, out) = (path("one"), path("two"), path("merged"), path("out"));
    let report = run(&["merge", &one, &two, "--out", &merged, "--format", "json"]);
    assert_eq!((&report["splits"]["train"], &report["splits"]["validation"]), (&32.into(), &4.into()));
    let (model, trained) = (path("empty"), path("out/model"));
    let result = run(&[
        "train",
        "--model",
        &model,
        "--from-scratch",
        "--data",
        &merged,
        "--out",
        &out,
        "--device",
        "cpu",
        "--steps",
        "3",
        "--batch",
        "4",
        "--validate-every",
        "3",
        "--format",
        "json",
    ]);
    assert_eq!(result["steps"], 3);
    // And what was trained is evaluated on the split that it has not seen.
    let report = run(&[
        "evaluate",
        "--model",
        &trained,
        "--data",
        &merged,
        "--split",
        "test_unique",
        "--validation",
        &merged,
        "--device",
        "cpu",
        "--format",
        "json",
    ]);
    assert_eq!((&report["pairs"], &report["validation_pairs"]), (&4.into(), &4.into()));
}

/// The same files are trained on, evaluated, ranked and merged, and what was derived is said once.
#[test]
fn files_with_few_columns_train_and_are_evaluated() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let images = images();
    let prompts = ["a fox", "a hen", "a fox", "a dog", "a cat"];
    let rows: Vec<_> = prompts
        .iter()
        .enumerate()
        .map(|(at, &prompt)| {
            (prompt, [0, 1].map(|side| images[(at + side) % images.len()].clone()), at % 2 == 0)
        })
        .collect();
    let (one, two, out) = (path("one.parquet"), path("two.parquet"), path("out"));
    few_columns::write(one.as_ref(), &rows[..3]);
    few_columns::write(two.as_ref(), &rows[3..]);
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_pickscore")).args(arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{said}");
        let derived: Vec<&str> = said.lines().filter(|line| line.contains("derived: ")).collect();
        assert_eq!(derived.len(), 1, "{said}");
        assert!(derived[0].contains("label_1 (1 minus the other label)"), "{said}");
        let counted = derived[0].contains("num_example_per_prompt (by counting prompts)");
        (serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap(), counted)
    };
    let data = ["--data", &one, &two];
    let (model, trained) = (path("empty"), path("out/model"));
    let train =
        ["train", "--model", &model, "--from-scratch", "--out", &out, "--device", "cpu", "--format", "json"];
    let steps = ["--steps", "2", "--batch", "2", "--validate-every", "2"];
    let (result, counted) = run(&[&train[..], &steps, &data, &["--validation", &two]].concat());
    assert_eq!((&result["steps"], counted), (&2.into(), true));
    let evaluate = ["evaluate", "--format", "json"];
    let (report, counted) = run(&[
        &evaluate[..],
        &data,
        &["--model", &trained, "--device", "cpu", "--validation", &one],
    ]
    .concat());
    assert_eq!(
        (&report["pairs"], &report["prompts"], &report["left_out"]),
        (&5.into(), &4.into(), &0.into())
    );
    assert!(counted);
    let (report, _) = run(&[&evaluate[..], &data, &["--rank", "images"]].concat());
    assert_eq!(report["pairs"], 5);
    let merged = path("merged");
    let (report, counted) = run(&["merge", &one, &two, "--out", &merged, "--format", "json"]);
    assert_eq!(
        (&report["rows"], &report["derived"][0]["column"], counted),
        (&5.into(), &"label_1".into(), false)
    );
}

/// A row without an image is skipped in training, validation and evaluation.
#[test]
fn an_invalid_row_costs_only_itself() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let images = images();
    let mut rows: Vec<_> = ["a fox", "a hen", "a dog", "a cat", "a fox", "a hen"]
        .iter()
        .enumerate()
        .map(|(at, &prompt)| {
            (prompt, [0, 1].map(|side| images[(at + side) % images.len()].clone()), at % 2 == 0)
        })
        .collect();
    rows[2].1[1].clear();
    let (pairs, out) = (path("pairs.parquet"), path("out"));
    few_columns::write(pairs.as_ref(), &rows);
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_pickscore")).args(arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(said.contains("jpg_1") && said.contains("in row 2"), "{said}");
        output.stdout
    };
    let common = ["--device", "cpu", "--format", "json", "--data", &pairs, "--validation", &pairs];
    let (model, trained) = (path("empty"), path("out/model"));
    let train = ["train", "--model", &model, "--from-scratch", "--out", &out, "--steps", "3", "--batch", "3"];
    run(&[&train[..], &common].concat());
    let report = run(&[&["evaluate", "--model", &trained][..], &common].concat());
    let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
    assert_eq!((&report["pairs"], &report["left_out"]), (&5.into(), &1.into()));
}

#[test]
fn a_tokenizer_beyond_the_vocabulary_is_refused() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let config = common::SMALL.replacen("\"eos_token_id\": 2", "\"eos_token_id\": 2, \"vocab_size\": 100", 1);
    fs::write(folder.path().join("empty/config.json"), config).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_pickscore"))
        .args(["train", "--from-scratch", "--device", "cpu", "--steps", "1", "--batch", "2"])
        .args(["--model", &path("empty"), "--data", &path("pairs"), "--out", &path("out")])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{said}");
    assert!(said.contains("tokens up to 49407, but the model's vocabulary has only 100"), "{said}");
}
