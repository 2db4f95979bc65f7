//! Models on disk: finding them, and the errors.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

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
    assert_eq!(*directory.clip().unwrap(), tiny());
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
    assert!(
        refusal(folder.path())
            .contains("there is no model-00002-of-00002.safetensors, which its index lists")
    );
    let half = safetensors(&tiny_tensors()[..4]);
    let folder = folder.with("model-00002-of-00002.safetensors", half);
    assert!(refusal(folder.path()).contains("is a duplicate"));
    let folder = folder.with("model-00002-of-00002.safetensors", safetensors(&[]));
    assert!(refusal(folder.path()).contains("lacks the tensors"));
}

#[test]
fn hostile_indexes() {
    let parse = |json: &str| ShardIndex::parse("index", json.as_bytes()).unwrap_err().to_string();
    for path in ["../secret.safetensors", "/etc/passwd", "a/b.safetensors", "..", "", "c:\\\\x", "a\\u0000b"]
    {
        let error = parse(&format!(r#"{{"weight_map": {{"a": "{path}"}}}}"#));
        assert!(error.contains("expected a plain file name in the same folder"), "{error}");
    }
    assert!(parse("{}").contains("missing field `weight_map`"));
    assert!(parse(r#"{"weight_map": {}}"#).contains("lists no tensors"));
    assert!(parse("<html>").contains("expected value"));
    let many: Vec<String> = (0..5000).map(|i| format!(r#""t{i}": "f{i}""#)).collect();
    assert!(parse(&format!(r#"{{"weight_map": {{{}}}}}"#, many.join(","))).contains("lists 5000 files"));
}

#[test]
fn an_empty_folder_says_what_was_expected() {
    let folder = Folder::new();
    let error = refusal(folder.path());
    assert!(
        error.contains("does not contain a model: expected model.safetensors, open_clip_model.safetensors, model.safetensors.index.json"),
        "{error}"
    );
    let folder = folder.with("model.safetensors", safetensors(&tiny_tensors()));
    assert!(
        refusal(folder.path()).contains("expected config.json or open_clip_config.json next to the weights")
    );
    assert!(
        refusal(&folder.path().join("nothing")).contains("nothing does not exist; download a model first")
    );
}

#[test]
fn a_wrong_configuration_names_its_file() {
    let folder =
        Folder::new().with("config.json", "{}").with("model.safetensors", safetensors(&tiny_tensors()));
    let error = refusal(folder.path());
    assert!(error.contains("config.json: the model's configuration has neither"), "{error}");
    // open_clip's configuration is used instead.
    let open_clip = r#"{"model_cfg": {"embed_dim": 6, "vision_cfg": {"pool_type": "avg"}, "text_cfg": {}}}"#;
    let folder = folder.with("open_clip_config.json", open_clip);
    assert!(refusal(folder.path()).contains("config.json: "));
}

#[test]
fn inspection_has_roles_and_the_first_problem() {
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

/// A folder with files split into parts of 1000 bytes, with hashes by the system's `sha256sum`.
fn in_parts(files: &[(&str, Vec<u8>)]) -> Folder {
    let folder = Folder::new();
    let files = files.iter().map(|(name, bytes)| {
        let part = |(at, part): (usize, &[u8])| {
            let path = format!("{name}.{at:03}");
            std::fs::write(folder.path().join(&path), part).unwrap();
            let hash =
                std::process::Command::new("sha256sum").arg(folder.path().join(&path)).output().unwrap();
            let sha256 = String::from_utf8(hash.stdout).unwrap()[..64].to_owned();
            serde_json::json!({ "path": path, "bytes": part.len(), "sha256": sha256 })
        };
        let parts: Vec<_> = bytes.chunks(1000).enumerate().map(part).collect();
        serde_json::json!({ "name": name, "parts": parts })
    });
    let files: Vec<_> = files.collect();
    let manifest = serde_json::json!({ "format": "pickscore-shards", "version": 1, "files": files });
    folder.with("pickscore-shards.json", manifest.to_string())
}

#[test]
fn a_model_in_parts_is_the_same_model() {
    let weights = safetensors(&tiny_tensors());
    let whole = Folder::new().with("config.json", TINY).with("model.safetensors", &weights);
    let files = [("model.safetensors", weights.clone()), ("config.json", TINY.as_bytes().to_vec())];
    let folder = in_parts(&files);
    assert_eq!(load(folder.path()).unwrap(), load(whole.path()).unwrap());
    assert_eq!(load(&folder.path().join("pickscore-shards.json")).unwrap(), load(whole.path()).unwrap());
    let inspection = ModelDirectory::open(folder.path()).unwrap().inspect().unwrap();
    assert_eq!(inspection.files[0].bytes, weights.len() as u64);
    assert!(inspection.problem.is_none());

    // Each part is checked before its bytes are used.
    let part = folder.path().join("model.safetensors.000");
    let good = std::fs::read(&part).unwrap();
    let mut bad = good.clone();
    *bad.last_mut().unwrap() ^= 1;
    std::fs::write(&part, &bad).unwrap();
    assert!(refusal(folder.path()).contains("its part model.safetensors.000 is damaged"));
    std::fs::write(&part, &good[1..]).unwrap();
    let error = refusal(folder.path());
    assert!(error.contains(&format!("has {} bytes; expected {}", good.len() - 1, good.len())), "{error}");
    std::fs::remove_file(&part).unwrap();
    assert!(refusal(folder.path()).contains("its part model.safetensors.000 cannot be read: No such file"));
    // Whole weights in the same folder take precedence.
    let folder = folder.with("config.json", TINY).with("model.safetensors", &weights);
    assert!(load(folder.path()).is_ok());
    assert!(refusal(in_parts(&files[1..]).path()).contains("it lists neither model.safetensors"));
}

#[test]
fn hostile_manifests() {
    let refusal = |json: &str| refusal(Folder::new().with("pickscore-shards.json", json).path());
    let manifest = |part: &str| {
        format!(
            r#"{{"format": "pickscore-shards", "version": 1, "files": [{{"name": "model.safetensors", "parts": [{part}]}}]}}"#
        )
    };
    let part = |path: &str, bytes: u64| format!(r#"{{"path": "{path}", "bytes": {bytes}, "sha256": "00"}}"#);
    for path in ["../secret", "/etc/passwd", "a/b", "..", "", "c:\\\\x", "a\\u0000b"] {
        let error = refusal(&manifest(&part(path, 1)));
        assert!(error.contains("expected a plain file name in the same folder"), "{error}");
    }
    let error = refusal(&manifest(&part("a", 1 << 40)));
    assert!(error.contains("its part a has 1099511627776 bytes; expected 1 to 67108864"), "{error}");
    let error = refusal(&manifest(&vec![part("a", 1); 9000].join(",")));
    assert!(error.contains("it lists 9000 parts; expected at most 8192"), "{error}");
    let error = refusal(&manifest(&part("a", 1)).replace("\"version\": 1", "\"version\": 2"));
    assert!(error.contains("version 2; expected \"pickscore-shards\", version 1"), "{error}");
    assert!(
        refusal("<html>").contains("pickscore-shards.json is not a valid shard manifest: expected value")
    );
}

#[test]
fn invalid_weights_are_reported_before_a_missing_configuration() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3944517836\n";
    for name in ["model.safetensors", "pytorch_model.bin"] {
        let error = refusal(Folder::new().with(name, pointer).path());
        assert!(
            error.contains(&format!("{name} is a git-lfs pointer to a file of 3,944,517,836 bytes")),
            "{error}"
        );
        let error =
            refusal(Folder::new().with(name, "<!DOCTYPE html><html><body>Sign in</body></html>").path());
        assert!(error.contains(&format!("{name} is an HTML page")), "{error}");
    }
    // The configuration may be a pointer too.
    let folder =
        Folder::new().with("model.safetensors", safetensors(&tiny_tensors())).with("config.json", pointer);
    let error = refusal(folder.path());
    assert!(error.contains("config.json") && error.contains("it is a git-lfs pointer"), "{error}");
    let error = refusal(folder.with("config.json", "<html></html>").path());
    assert!(error.contains("it is an HTML or XML page"), "{error}");
}

#[test]
fn several_weight_files_are_named() {
    let weights = safetensors(&tiny_tensors());
    let folder = Folder::new()
        .with("config.json", TINY)
        .with("b.safetensors", &weights)
        .with("a.safetensors", &weights);
    let error = refusal(folder.path());
    assert!(
        error
            .contains("none of its 2 weight files (a.safetensors, b.safetensors) is named model.safetensors"),
        "{error}"
    );
}
