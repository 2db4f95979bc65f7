//! Finds a model's files in a folder that JavaScript provides.

use js_sys::{Array, Object, Uint8Array};
use pickscore_checkpoint::weights::{self, Description, Folder, LogicalFile, MAX_HEAD_LENGTH, WeightError};
use pickscore_glue::object;
use pickscore_model::scorer::chosen_head;
use pickscore_score::Scorer;
use wasm_bindgen::prelude::*;

use crate::fault::Fault;

#[wasm_bindgen]
extern "C" {
    /// The interface `Folder` of `../js/worker/folder.ts`.
    pub type JsFolder;

    #[wasm_bindgen(method, getter)]
    fn place(this: &JsFolder) -> String;
    #[wasm_bindgen(method, getter)]
    fn names(this: &JsFolder) -> Option<Vec<String>>;
    #[wasm_bindgen(method, catch)]
    async fn small(this: &JsFolder, name: &str, longest: f64) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    async fn start(this: &JsFolder, name: &str, longest: f64) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    async fn has(this: &JsFolder, name: &str) -> Result<JsValue, JsValue>;
}

/// A JavaScript exception.
pub struct Failure(JsValue);

impl From<WeightError> for Failure {
    fn from(error: WeightError) -> Self {
        Self(Fault::from(error).into())
    }
}

impl Folder for JsFolder {
    type Error = Failure;

    fn place(&self) -> String {
        self.place()
    }

    fn path(&self, name: &str) -> String {
        name.into()
    }

    fn names(&self) -> Option<Vec<String>> {
        self.names()
    }

    async fn small(&self, name: &str, longest: u64) -> Result<Option<Vec<u8>>, Failure> {
        let bytes = self.small(name, longest as f64).await.map_err(Failure)?;
        Ok(bytes.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec))
    }

    async fn start(&self, name: &str, longest: u64) -> Result<Option<Vec<u8>>, Failure> {
        let bytes = self.start(name, longest as f64).await.map_err(Failure)?;
        Ok(bytes.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec))
    }

    async fn has(&self, name: &str) -> Result<bool, Failure> {
        Ok(self.has(name).await.map_err(Failure)?.is_truthy())
    }
}

/// Whether a URL that ends in this name refers to a model file rather than a folder.
#[wasm_bindgen]
pub fn is_model_file(name: &str) -> bool {
    weights::is_model_file(name)
}

/// Finds a model's files; `file` is the file that the user named, and `scorer` the scorer, if any.
/// If the user gave a head, `has_head`, none is looked for.
///
/// Returns `{ config, tokenizer, preprocessor, inferred, head, weights: [{ name, parts }] }`:
/// `inferred` is whether the configuration was inferred from the weights; `head` the name of a
/// head's file in the folder or `null`; `parts` is `[{ path, bytes, sha256 }]` for a sharded file
/// and otherwise `null`.
#[wasm_bindgen]
pub async fn find_model(
    folder: JsFolder,
    file: Option<String>,
    scorer: Option<String>,
    has_head: bool,
) -> Result<Object, JsValue> {
    let scorer = scorer.as_deref().and_then(Scorer::named);
    let found = weights::find(&folder, file.as_deref(), scorer).await.map_err(|Failure(error)| error)?;
    let Description { heads, scorer: written, .. } = &found.description;
    let heads = if has_head { &[][..] } else { heads };
    let head = match chosen_head(heads, scorer, written.as_deref()).map_err(Fault::from)? {
        Some(name) => {
            let bytes = found.small(&folder, &name, MAX_HEAD_LENGTH).await.map_err(|Failure(error)| error)?;
            bytes.map(|bytes| head_object(&name, &bytes))
        }
        None => None,
    };
    let description = found.description;
    let bytes = |json: Option<Vec<u8>>| match json {
        Some(json) => Uint8Array::from(json.as_slice()).into(),
        None => JsValue::NULL,
    };
    let listed = |name: &String| found.parts.as_ref()?.files.iter().find(|file| file.name == *name);
    let weights = found.weights.iter().map(|name| {
        let parts = listed(name).map_or(JsValue::NULL, parts);
        object(&[("name", name.as_str().into()), ("parts", parts)])
    });
    Ok(object(&[
        ("config", bytes(Some(description.config_json))),
        ("tokenizer", bytes(description.tokenizer)),
        ("preprocessor", bytes(description.preprocessor)),
        ("inferred", description.is_inferred.into()),
        ("head", head.unwrap_or(JsValue::NULL)),
        ("weights", weights.collect::<Array>().into()),
    ]))
}

/// Looks for a published head of a scorer in a folder that cannot be listed. Returns `{ name, bytes
/// }` or `null`.
#[wasm_bindgen]
pub async fn find_head(folder: JsFolder, scorer: &str) -> Result<JsValue, JsValue> {
    for name in Scorer::named(scorer).map_or(&[][..], |scorer| scorer.heads) {
        let bytes = Folder::small(&folder, name, MAX_HEAD_LENGTH).await.map_err(|Failure(error)| error)?;
        if let Some(bytes) = bytes {
            return Ok(head_object(name, &bytes));
        }
    }
    Ok(JsValue::NULL)
}

fn head_object(name: &str, bytes: &[u8]) -> JsValue {
    object(&[("name", name.into()), ("bytes", Uint8Array::from(bytes).into())]).into()
}

/// The shards of a file as JavaScript objects.
fn parts(file: &LogicalFile) -> JsValue {
    let parts = file.parts.iter().map(|part| {
        object(&[
            ("path", part.path.as_str().into()),
            ("bytes", (part.bytes as f64).into()),
            ("sha256", part.sha256.as_str().into()),
        ])
    });
    parts.collect::<Array>().into()
}
