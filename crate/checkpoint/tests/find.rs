//! Finding a model on a server: which files are requested, and in which order.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::{cell::RefCell, collections::BTreeMap};

use pickscore_checkpoint::weights::{Folder, ModelFiles, WeightError, find};

const CONFIG: &str = include_str!("../../../www/public/models/pickscore-tiny/config.json");

/// A server, which cannot list its files and records the requests.
#[derive(Default)]
struct Server {
    files: BTreeMap<String, Vec<u8>>,
    asked: RefCell<Vec<String>>,
}

impl Server {
    fn with(mut self, name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.files.insert(name.into(), bytes.into());
        self
    }

    fn find(&self, file: Option<&str>) -> Result<ModelFiles, WeightError> {
        self.asked.borrow_mut().clear();
        pollster::block_on(find(self, file, None))
    }

    fn refusal(&self, file: Option<&str>) -> String {
        self.find(file).unwrap_err().to_string()
    }
}

impl Folder for Server {
    type Error = WeightError;

    fn place(&self) -> String {
        "https://example.org/model/".into()
    }

    fn path(&self, name: &str) -> String {
        name.into()
    }

    fn names(&self) -> Option<Vec<String>> {
        None
    }

    async fn small(&self, name: &str, _longest: u64) -> Result<Option<Vec<u8>>, WeightError> {
        self.asked.borrow_mut().push(name.into());
        Ok(self.files.get(name).cloned())
    }

    async fn has(&self, name: &str) -> Result<bool, WeightError> {
        self.asked.borrow_mut().push(format!("has {name}"));
        Ok(self.files.contains_key(name))
    }
}

#[test]
fn weights_are_opened_after_everything_small() {
    let server = Server::default().with("config.json", CONFIG).with("pytorch_model.bin", "");
    assert_eq!(server.find(None).unwrap().weights, ["pytorch_model.bin"]);
    let asked = server.asked.borrow().clone();
    let first_weights = asked.iter().position(|name| name.starts_with("has ")).unwrap();
    assert_eq!(asked[0], "config.json");
    assert!(asked[..first_weights].contains(&"tokenizer.json".to_owned()));
    assert!(asked[first_weights..].iter().all(|name| name.starts_with("has ")), "{asked:?}");

    // Only the specified file is requested.
    let server = server.with("model.safetensors", "");
    assert_eq!(server.find(Some("pytorch_model.bin")).unwrap().weights, ["pytorch_model.bin"]);
    assert!(!server.asked.borrow().contains(&"has model.safetensors".to_owned()));
    assert_eq!(server.find(None).unwrap().weights, ["model.safetensors"]);
}

#[test]
fn an_index_names_the_files() {
    let index = r#"{"weight_map": {"a": "2.safetensors", "b": "1.safetensors"}}"#;
    let server = Server::default()
        .with("config.json", CONFIG)
        .with("model.safetensors.index.json", index)
        .with("1.safetensors", "")
        .with("2.safetensors", "");
    assert_eq!(server.find(None).unwrap().weights, ["1.safetensors", "2.safetensors"]);
}

#[test]
fn errors_name_missing_files() {
    let error = Server::default().refusal(None);
    assert!(error.ends_with("expected config.json or open_clip_config.json next to the weights"), "{error}");
    let server = Server::default().with("config.json", CONFIG);
    assert!(server.refusal(None).contains("expected model.safetensors"));
    assert!(server.refusal(Some("x.pt")).contains("there is no x.pt"));
    assert!(server.refusal(Some("my-shards.json")).contains("there is no my-shards.json"));
}

/// The start of a safetensors file with the tensors that determine a configuration.
fn weights() -> Vec<u8> {
    let mut header = serde_json::Map::new();
    let mut end = 0;
    for (name, shape) in [
        ("vision_model.embeddings.patch_embedding.weight", &[128, 3, 8, 8][..]),
        ("vision_model.embeddings.position_embedding.weight", &[17, 128]),
        ("vision_model.encoder.layers.0.mlp.fc1.weight", &[160, 128]),
        ("text_model.embeddings.token_embedding.weight", &[300, 64]),
        ("text_model.embeddings.position_embedding.weight", &[20, 64]),
        ("text_model.encoder.layers.1.mlp.fc1.weight", &[96, 64]),
        ("visual_projection.weight", &[12, 128]),
    ] {
        let start = end;
        end += 4 * shape.iter().product::<usize>();
        let tensor = serde_json::json!({ "dtype": "F32", "shape": shape, "data_offsets": [start, end] });
        header.insert(name.into(), tensor);
    }
    let header = serde_json::Value::Object(header).to_string();
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat()
}

#[test]
fn weights_without_a_configuration_are_read_from_their_address() {
    let server = Server::default().with("any.safetensors", weights());
    let found = server.find(Some("any.safetensors")).unwrap();
    assert_eq!(found.weights, ["any.safetensors"]);
    let config = &found.description.config;
    assert_eq!((config.projection(), config.vision().image_size, config.context()), (Some(12), 32, 20));
    // A configuration that says nothing of the architecture does not count.
    const OTHER: &str = r#"{"model_type": "scorer"}"#;
    let server = server.with("config.json", OTHER).with("model.safetensors", weights());
    for file in [Some("any.safetensors"), None] {
        assert_eq!(server.find(file).unwrap().description.config, *config);
    }
    let error = Server::default().with("config.json", OTHER).with("model.safetensors", "{}").refusal(None);
    assert!(error.contains("config.json"), "{error}");
}
