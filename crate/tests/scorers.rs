//! The scorers that the command recognises, and bare checkpoints without a configuration.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common;
#[path = "common/heads.rs"]
mod heads;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use common::image;
use heads::write_head;
use pickscore_generate::{Convention, Dtype, write_directory};
use serde_json::Value;

/// A model whose heads are 64 wide, as in published models.
const MODEL: &str = r#"{
    "model_type": "clip",
    "projection_dim": 12,
    "text_config": {"hidden_size": 64, "num_attention_heads": 1, "num_hidden_layers": 2, "intermediate_size": 96,
                    "hidden_act": "gelu", "eos_token_id": 2},
    "vision_config": {"hidden_size": 128, "num_attention_heads": 2, "num_hidden_layers": 3, "intermediate_size": 160,
                      "image_size": 32, "patch_size": 8, "hidden_act": "gelu"}
}"#;

fn model(convention: Convention) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_directory(folder.path(), MODEL, convention, 5, Dtype::F32, 1).unwrap();
    folder
}

fn score(model: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pickscore"));
    command.args(["score", "--device", "cpu", "--model"]).arg(model).args(more);
    command.args([image("photo.png"), image("noise.png")]).output().unwrap()
}

fn document(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

const JSON: [&str; 4] = ["--prompt", "a fox", "--format", "json"];

fn scores(document: &Value) -> Vec<f64> {
    let images = document["images"].as_array().unwrap();
    images.iter().map(|image| image["score"].as_f64().unwrap()).collect()
}

/// Moves the weights to a name without a configuration next to them.
fn bare(folder: &Path, name: &str) -> PathBuf {
    let weights = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let weights = weights.into_iter().find(|path| path.extension().is_some_and(|end| end == "safetensors"));
    let bare = folder.join("bare");
    fs::create_dir(&bare).unwrap();
    fs::copy(weights.unwrap(), bare.join(name)).unwrap();
    bare
}

#[test]
fn weights_without_a_configuration_score_the_same() {
    for convention in [Convention::HuggingFace, Convention::OpenClip] {
        let folder = model(convention);
        let with = document(&score(folder.path(), &JSON));
        let bare = bare(folder.path(), "weights.safetensors");
        for path in [&bare, &bare.join("weights.safetensors")] {
            let without = document(&score(path, &JSON));
            assert_eq!(scores(&without), scores(&with));
            assert_eq!(without["scorer"], "clip");
        }
    }
}

/// As some copies of scorers are published.
#[test]
fn a_configuration_that_says_nothing_of_the_architecture_is_ignored() {
    let folder = model(Convention::OpenClip);
    let with = document(&score(folder.path(), &JSON));
    let bare = bare(folder.path(), "model.safetensors");
    fs::write(bare.join("config.json"), r#"{"library_name": "a scorer"}"#).unwrap();
    assert_eq!(scores(&document(&score(&bare, &JSON))), scores(&with));
}

#[test]
fn hps_is_recognised_by_its_name_and_scores_cosines() {
    let folder = model(Convention::OpenClip);
    let bare = bare(folder.path(), "HPS_v2.1_compressed.safetensors");
    let output = score(&bare, &JSON);
    let found = document(&output);
    assert_eq!(found["scorer"], "hps-v2.1");
    assert!(said(&output).contains("assuming the scorer hps-v2.1"), "{}", said(&output));
    assert!(scores(&found).iter().all(|score| score.abs() <= 1.0));
    assert!(found["images"][0]["probability"].is_null());
    let chosen = document(&score(&bare, &[&JSON[..], &["--scorer", "clip"]].concat()));
    assert!(chosen["images"][0]["probability"].is_number());
    let table = String::from_utf8(score(&bare, &["--prompt", "a fox"]).stdout).unwrap();
    assert!(table.starts_with("rank     score  image\n"), "{table}");
    let threshold = score(&bare, &["--prompt", "a fox", "--tie-threshold", "0.1"]);
    assert_eq!(threshold.status.code(), Some(2));
}

#[test]
fn aesthetic_scorers_need_a_head_and_no_prompt() {
    let folder = model(Convention::HuggingFace);
    let asked = ["--scorer", "aesthetic-v2", "--format", "json"];
    let output = score(folder.path(), &asked);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("aesthetic-v2 needs a head"), "{}", said(&output));

    let head = folder.path().join("sac+logos+ava1-l14-linearMSE.safetensors");
    write_head(&head, &[0, 2, 4], &[5, 3, 1]);
    let found = document(&score(folder.path(), &["--format", "json"]));
    assert_eq!(found["scorer"], "aesthetic-v2");
    assert!(found["prompt"].is_null());
    let prompted = score(folder.path(), &JSON);
    assert!(said(&prompted).contains("aesthetic-v2 reads no prompt"), "{}", said(&prompted));
    assert_eq!(scores(&document(&prompted)), scores(&found));

    // The same values by hand from the embeddings.
    let mut embed = Command::new(env!("CARGO_BIN_EXE_pickscore"));
    embed.args(["embed", "--device", "cpu", "--format", "json", "--model"]).arg(folder.path());
    let embedded = document(&embed.arg("--image").arg(image("photo.png")).output().unwrap());
    let mut x: Vec<f64> = embedded["images"][0]["embedding"]
        .as_array()
        .unwrap()
        .iter()
        .map(|value| value.as_f64().unwrap())
        .collect();
    for outputs in [5, 3, 1] {
        let value = |index: usize| f64::from((index % 7) as f32 / 10.0 - 0.25);
        let row = |row: usize| (0..x.len()).map(|at| value(row * x.len() + at) * x[at]).sum::<f64>();
        x = (0..outputs).map(|output| row(output) + value(output)).collect();
    }
    assert!((scores(&found)[0] - x[0]).abs() < 1e-5, "{} {}", scores(&found)[0], x[0]);

    write_head(&head, &[0, 2, 4], &[5, 3, 2]);
    let output = score(folder.path(), &asked);
    assert!(said(&output).contains("the head gives 2 numbers; expected one"), "{}", said(&output));
}

#[test]
fn a_scorer_that_contradicts_the_configuration_is_an_error() {
    let folder = model(Convention::HuggingFace);
    let config = folder.path().join("config.json");
    let mut json: Value = serde_json::from_slice(&fs::read(&config).unwrap()).unwrap();
    json["scorer"] = "ict".into();
    fs::write(&config, json.to_string()).unwrap();
    assert_eq!(document(&score(folder.path(), &JSON))["scorer"], "ict");
    let output = score(folder.path(), &[&JSON[..], &["--scorer", "hps-v2"]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("configuration says ict"), "{}", said(&output));
    json["scorer"] = "nonsense".into();
    fs::write(&config, json.to_string()).unwrap();
    let output = score(folder.path(), &JSON);
    assert!(said(&output).contains("names the scorer `nonsense`"), "{}", said(&output));
}

#[test]
fn a_scorer_that_reads_prompts_needs_one() {
    let folder = model(Convention::HuggingFace);
    let output = score(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("needs a prompt"), "{}", said(&output));
}

fn convert(model: &Path, out: &Path, more: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pickscore"));
    command.args(["convert", "--precision", "f32", "--model"]).arg(model).arg("--out").arg(out).args(more);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn converted_models_name_their_scorer_and_keep_their_head() {
    let folder = model(Convention::OpenClip);
    let bare = bare(folder.path(), "HPS_v2_compressed.safetensors");
    let scored = document(&score(&bare, &JSON));
    for (name, more) in [("whole", &[][..]), ("shards", &["--shard-size", "1"][..])] {
        let out = folder.path().join(name);
        convert(&bare, &out, more);
        let output = score(&out, &JSON);
        assert_eq!(said(&output), "");
        let again = document(&output);
        assert_eq!((&again["scorer"], scores(&again)), (&"hps-v2".into(), scores(&scored)));
    }

    let folder = model(Convention::HuggingFace);
    write_head(&folder.path().join("ava+logos-l14-reluMSE.safetensors"), &[0, 3, 6], &[5, 3, 1]);
    let scored = document(&score(folder.path(), &["--format", "json"]));
    assert_eq!(scored["scorer"], "aesthetic-v2");
    for (name, more) in [("whole", &[][..]), ("shards", &["--shard-size", "1"][..])] {
        let out = folder.path().join(name);
        convert(folder.path(), &out, more);
        let again = document(&score(&out, &["--format", "json"]));
        assert_eq!((&again["scorer"], scores(&again)), (&"aesthetic-v2".into(), scores(&scored)));
    }
}

/// A small ImageReward in its authors' layout, and what their package computes with it.
fn image_reward() -> (tempfile::TempDir, Value) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/parity/fixtures/scorers");
    let case: Value = serde_json::from_slice(&fs::read(fixtures.join("image-reward.json")).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let stored = fs::read(fixtures.join("image-reward.pt.zlib")).unwrap();
    let file = fs::File::create(folder.path().join("ImageReward.pt")).unwrap();
    pickscore_generate::fill(&stored, &mut std::io::BufWriter::new(file)).unwrap();
    fs::write(folder.path().join("med_config.json"), case["med_config"].to_string()).unwrap();
    (folder, case)
}

#[test]
fn image_reward_scores_and_has_no_embeddings() {
    let (folder, case) = image_reward();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pickscore"));
        command.args(arguments).args(["--device", "cpu", "--model"]).arg(folder.path()).output().unwrap()
    };
    let prompt = case["prompts"][1].as_str().unwrap();
    let photo = image("photo.png").display().to_string();
    let found = document(&run(&["score", "--prompt", prompt, "--format", "json", &photo]));
    assert_eq!(found["scorer"], "image-reward");
    let only = &found["images"][0];
    let expected = case["rewards_f64"][1][0].as_f64().unwrap();
    assert!((only["score"].as_f64().unwrap() - expected).abs() < 4e-4, "{only}");
    assert_eq!(only["probability"], Value::Null);

    let without = run(&["score", &photo]);
    assert!(said(&without).contains("--prompt"), "{}", said(&without));
    let embedded = run(&["embed", "--image", &photo]);
    assert_eq!(
        said(&embedded).trim(),
        "pickscore: image-reward reads prompt and image together; it has no embeddings"
    );
    let as_clip = run(&["score", "--prompt", prompt, "--scorer", "clip", &photo]);
    assert_eq!(said(&as_clip).trim(), "pickscore: these files do not contain a model for the scorer clip");
    let described = Command::new(env!("CARGO_BIN_EXE_pickscore"))
        .args(["inspect", "--format", "json"])
        .arg(folder.path())
        .output()
        .unwrap();
    let described = document(&described);
    assert_eq!(described["scorer"], "image-reward");
    assert_eq!((&described["problem"], &described["unexpected"]), (&Value::Null, &Value::Array(Vec::new())));
}

/// Folders and options that would score with the wrong head.
#[test]
fn ambiguous_ignored_and_damaged_heads_are_refused() {
    let folder = model(Convention::HuggingFace);
    let one = folder.path().join("sac+logos+ava1-l14-linearMSE.safetensors");
    write_head(&one, &[0, 2, 4], &[5, 3, 1]);
    let ignored = score(folder.path(), &["--scorer", "clip", "--prompt", "a", "--head", "none.pth"]);
    assert_eq!(
        said(&ignored).trim(),
        "pickscore: the scorer clip has no head; leave out --head, or choose the head's scorer with --scorer"
    );
    let as_first = score(folder.path(), &["--scorer", "aesthetic-v1"]);
    assert!(said(&as_first).contains("a head of 3 layers is not that of the scorer aesthetic-v1"));

    // With the head of another scorer next to it, the requested scorer decides.
    write_head(&folder.path().join("mlp_pytorch_model.safetensors"), &[0, 2, 4], &[7, 2, 1]);
    let both = score(folder.path(), &["--format", "json"]);
    assert!(said(&both).contains("several heads are next to the model"), "{}", said(&both));
    let chosen = ["--scorer", "aesthetic-v2", "--format", "json"];
    let given = [&chosen[..], &["--head", one.to_str().unwrap()]].concat();
    assert_eq!(
        scores(&document(&score(folder.path(), &chosen))),
        scores(&document(&score(folder.path(), &given)))
    );

    let mut bytes = fs::read(&one).unwrap();
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(&one, bytes).unwrap();
    let damaged = score(folder.path(), &chosen);
    assert!(said(&damaged).contains("the head has a number that is not finite"), "{}", said(&damaged));
}

/// ImageReward beside a CLIP model: which one is meant must be said.
#[test]
fn a_folder_with_two_models_is_refused() {
    let (folder, case) = image_reward();
    let prompt = case["prompts"][1].as_str().unwrap();
    let asked = ["--prompt", prompt, "--format", "json"];
    let as_reward = scores(&document(&score(folder.path(), &asked)));
    let clip = model(Convention::HuggingFace);
    let as_clip = scores(&document(&score(clip.path(), &asked)));
    for name in ["config.json", "model.safetensors"] {
        fs::copy(clip.path().join(name), folder.path().join(name)).unwrap();
    }
    // It belongs to the CLIP model.
    fs::write(folder.path().join("tokenizer.json"), CLIP_TOKENIZER).unwrap();
    let refused = |other: &str| {
        let place = folder.path().display();
        format!(
            "pickscore: {place} contains ImageReward (ImageReward.pt) and {other}; choose one by its file, or with \
             the scorer image-reward or clip\n"
        )
    };
    let output = score(folder.path(), &asked);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert_eq!(said(&output), refused("another model (model.safetensors)"));
    let chosen = [&asked[..], &["--scorer", "image-reward"]].concat();
    assert_eq!(scores(&document(&score(folder.path(), &chosen))), as_reward);
    assert_eq!(scores(&document(&score(&folder.path().join("ImageReward.pt"), &asked))), as_reward);
    fs::remove_file(folder.path().join("tokenizer.json")).unwrap();
    let chosen = [&asked[..], &["--scorer", "clip"]].concat();
    assert_eq!(scores(&document(&score(folder.path(), &chosen))), as_clip);
    assert_eq!(scores(&document(&score(&folder.path().join("model.safetensors"), &asked))), as_clip);
    // Only the configuration of a CLIP model.
    fs::remove_file(folder.path().join("model.safetensors")).unwrap();
    assert_eq!(said(&score(folder.path(), &asked)), refused("the configuration of a CLIP model"));
    let chosen = [&asked[..], &["--scorer", "image-reward"]].concat();
    assert_eq!(scores(&document(&score(folder.path(), &chosen))), as_reward);
}

/// A `tokenizer.json` of another kind than BERT's.
const CLIP_TOKENIZER: &str = r#"{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}"#;

#[test]
fn a_tokenizer_that_is_not_berts_is_named() {
    let (folder, _) = image_reward();
    fs::write(folder.path().join("tokenizer.json"), CLIP_TOKENIZER).unwrap();
    assert_eq!(
        said(&score(folder.path(), &JSON)),
        "pickscore: tokenizer.json: its `model.type` is \"BPE\"; expected \"WordPiece\", as in bert-base-uncased\n"
    );
}

/// Files that belong to a model but are none.
#[test]
fn files_in_the_place_of_a_model_or_a_head_are_named() {
    let folder = model(Convention::HuggingFace);
    let path = |name: &str| folder.path().join(name);
    let published = path("sac+logos+ava1-l14-linearMSE.safetensors");
    write_head(&published, &[0, 2, 4], &[5, 3, 1]);
    fs::create_dir(path("apart")).unwrap();
    fs::copy(&published, path("apart/my-head.safetensors")).unwrap();
    let head = "is the head of a scorer, not a model; load its CLIP model, with this file as the head\n";
    for file in [published, path("apart/my-head.safetensors")] {
        let output = score(&file, &JSON);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(said(&output), format!("pickscore: {} {head}", file.display()));
    }
    let tensor = r#"{"Conv2d_1a_3x3.conv.weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    let file = [&(tensor.len() as u64).to_le_bytes()[..], tensor.as_bytes(), &[0; 4]].concat();
    for name in ["apart/inception.safetensors", "pt_inception-2015-12-05-6726825d.pth"] {
        fs::write(path(name), &file).unwrap();
        let message = said(&score(&path(name), &JSON));
        let expected = "is the network of the Fréchet Inception distance, not a CLIP model; only the metric fid uses it\n";
        assert!(message.ends_with(expected) && message.contains(name), "{message}");
    }
    let photo = image("photo.png");
    let photo = photo.to_str().unwrap();
    for (file, kind) in [(photo, "a PNG image"), (path("config.json").to_str().unwrap(), "a JSON document")] {
        let output = score(folder.path(), &["--scorer", "aesthetic-v2", "--head", file]);
        let expected =
            format!("pickscore: {file}: it is {kind}, not a safetensors file or PyTorch checkpoint");
        assert!(said(&output).starts_with(&expected), "{}", said(&output));
        assert_eq!(said(&output).lines().count(), 1);
    }
}

/// `convert` and `inspect` have no option for a head.
#[test]
fn errors_name_no_option_that_a_command_lacks() {
    let folder = model(Convention::HuggingFace);
    let (model, out) = (folder.path().to_str().unwrap(), folder.path().join("out"));
    let out = out.to_str().unwrap();
    let run = |arguments: &[&str]| {
        said(&Command::new(env!("CARGO_BIN_EXE_pickscore")).args(arguments).output().unwrap())
    };
    let converted = run(&["convert", "--model", model, "--out", out, "--scorer", "hp"]);
    assert_eq!(
        converted,
        "pickscore: hp needs a head, and there is none next to the model; put its file there\n"
    );
    let scored = said(&score(folder.path(), &["--scorer", "hp"]));
    assert!(scored.ends_with("next to the model; give its file with --head\n"), "{scored}");
    for name in ["sac+logos+ava1-l14-linearMSE.safetensors", "ava+logos-l14-reluMSE.safetensors"] {
        write_head(&folder.path().join(name), &[0, 2, 4], &[5, 3, 1]);
    }
    let converted = run(&["convert", "--model", model, "--out", out]);
    assert!(
        converted.ends_with("; choose the scorer with --scorer, or leave only one there\n"),
        "{converted}"
    );
    let inspected = run(&["inspect", model]);
    assert!(inspected.ends_with("linearMSE.safetensors); leave only one there\n"), "{inspected}");
    let scored = said(&score(folder.path(), &JSON));
    assert!(
        scored.ends_with("; choose the scorer with --scorer, or choose one head with --head\n"),
        "{scored}"
    );
}
