//! Models on disk: what is found, and what is said when nothing is.

#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

mod common;

use std::{collections::HashMap, ops::ControlFlow, path::Path};

use common::{TINY, Tensor, safetensors, tiny, tiny_tensors};
use pickscore_checkpoint::weights::{ModelDirectory, Precision, Role, ShardIndex, Values, WeightError};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn with(self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        std::fs::write(self.path().join(name), bytes).unwrap();
        self
    }
}

fn load(path: &Path) -> Result<HashMap<String, Values>, WeightError> {
    let mut found = HashMap::new();
    let directory = ModelDirectory::open(path)?;
    directory.load(Precision::F32, &mut |_| ControlFlow::Continue(()), &mut |parameter, values| {
        found.insert(parameter.name.clone(), values);
    })?;
    Ok(found)
}

fn refusal(path: &Path) -> String {
    load(path).unwrap_err().to_string()
}

fn sharded() -> Folder {
    let tensors = tiny_tensors();
    let (first, second) = tensors.split_at(tensors.len() / 2);
    let map = |tensors: &[Tensor], file: &str| {
        tensors.iter().map(|t| (t.name.clone(), serde_json::json!(file))).collect::<Vec<_>>()
    };
    let names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
    let weight_map: serde_json::Map<_, _> =
        [map(first, names[0]), map(second, names[1])].concat().into_iter().collect();
    let index = serde_json::json!({"metadata": {"total_size": 1}, "weight_map": weight_map}).to_string();
    Folder::new()
        .with("config.json", TINY)
        .with(names[0], safetensors(first))
        .with(names[1], safetensors(second))
        .with("model.safetensors.index.json", index)
}

#[test]
fn a_folder_a_file_and_shards_are_the_same_model() {
    let folder =
        Folder::new().with("config.json", TINY).with("model.safetensors", safetensors(&tiny_tensors()));
    let whole = load(folder.path()).unwrap();
    assert_eq!(load(&folder.path().join("model.safetensors")).unwrap(), whole);
    let shards = sharded();
    assert_eq!(load(shards.path()).unwrap(), whole);
    assert_eq!(load(&shards.path().join("model.safetensors.index.json")).unwrap(), whole);
    let directory = ModelDirectory::open(folder.path()).unwrap();
    assert_eq!(*directory.config(), tiny());
    assert_eq!(directory.name(), folder.path().file_name().unwrap().to_str().unwrap());
}

#[test]
fn progress_ends_at_the_total_and_can_stop() {
    let folder = sharded();
    let directory = ModelDirectory::open(folder.path()).unwrap();
    let mut seen = Vec::new();
    let mut watch = |progress: pickscore_common::progress::Progress| {
        seen.push((progress.loaded, progress.total));
        ControlFlow::Continue(())
    };
    directory.load(Precision::F32, &mut watch, &mut |_, _| {}).unwrap();
    let total = seen[0].1.unwrap();
    assert_eq!(seen.last().unwrap().0, total);
    assert!(seen.is_sorted());
    let stopped = directory.load(Precision::F32, &mut |_| ControlFlow::Break(()), &mut |_, _| {});
    assert!(matches!(stopped, Err(WeightError::Cancelled)));
}

#[test]
fn a_missing_shard_and_a_missing_tensor_are_named() {
    let folder = sharded();
    std::fs::remove_file(folder.path().join("model-00002-of-00002.safetensors")).unwrap();
    assert!(refusal(folder.path()).contains("model-00002-of-00002.safetensors cannot be read: No such file"));
    let half = safetensors(&tiny_tensors()[..4]);
    let folder = folder.with("model-00002-of-00002.safetensors", half);
    assert!(refusal(folder.path()).contains("is there a second time"));
    let folder = folder.with("model-00002-of-00002.safetensors", safetensors(&[]));
    assert!(refusal(folder.path()).contains("lacks the tensors"));
}

#[test]
fn hostile_indexes() {
    let parse = |json: &str| ShardIndex::parse("index", json.as_bytes()).unwrap_err().to_string();
    for path in ["../secret.safetensors", "/etc/passwd", "a/b.safetensors", "..", "", "c:\\\\x", "a\\u0000b"]
    {
        let error = parse(&format!(r#"{{"weight_map": {{"a": "{path}"}}}}"#));
        assert!(error.contains("expected a plain file name beside it"), "{error}");
    }
    assert!(parse("{}").contains("missing field `weight_map`"));
    assert!(parse(r#"{"weight_map": {}}"#).contains("names no tensor"));
    assert!(parse("<html>").contains("expected value"));
    let many: Vec<String> = (0..5000).map(|i| format!(r#""t{i}": "f{i}""#)).collect();
    assert!(parse(&format!(r#"{{"weight_map": {{{}}}}}"#, many.join(","))).contains("names 5000 files"));
}

#[test]
fn an_empty_folder_says_what_was_expected() {
    let folder = Folder::new();
    let error = refusal(folder.path());
    assert!(
        error.contains("holds no model: expected model.safetensors, model.safetensors.index.json or"),
        "{error}"
    );
    let folder = folder.with("model.safetensors", safetensors(&tiny_tensors()));
    assert!(
        refusal(folder.path()).contains("expected config.json or open_clip_config.json beside the weights")
    );
    assert!(refusal(&folder.path().join("nothing")).contains("cannot be read: No such file"));
}

#[test]
fn a_wrong_configuration_names_its_file() {
    let folder =
        Folder::new().with("config.json", "{}").with("model.safetensors", safetensors(&tiny_tensors()));
    let error = refusal(folder.path());
    assert!(error.contains("config.json: the model's configuration has neither"), "{error}");
    // Then open_clip's own file decides.
    let open_clip = r#"{"model_cfg": {"embed_dim": 6, "vision_cfg": {"pool_type": "avg"}, "text_cfg": {}}}"#;
    let folder = folder.with("open_clip_config.json", open_clip);
    assert!(refusal(folder.path()).contains("config.json: "));
}

#[test]
fn inspection_tells_roles_and_the_first_problem() {
    let mut tensors = tiny_tensors();
    tensors.push(Tensor::f32("head.weight", &[1], &[f32::NAN]));
    let folder = Folder::new().with("config.json", TINY).with("model.safetensors", safetensors(&tensors));
    let inspection = ModelDirectory::open(folder.path()).unwrap().inspect().unwrap();
    assert!(inspection.problem.is_none());
    let found = &inspection.files[0].tensors;
    assert_eq!(found.len(), tensors.len());
    assert_eq!(found[0].role, Role::Parameter("vision.class".into()));
    assert_eq!(found.last().unwrap().role, Role::Unexpected);

    let folder = folder.with("model.safetensors", safetensors(&tensors[1..]));
    let inspection = ModelDirectory::open(folder.path()).unwrap().inspect().unwrap();
    assert!(
        matches!(inspection.problem, Some(WeightError::Missing { ref missing, .. }) if missing.len() == 1)
    );
}
