//! Reading contributions.

use js_sys::{Object, Reflect, Uint8Array};
use pickscore_dataset::contribution::{ImportStep, Importer as InnerImporter, Refusal};
use serde_json::{Value, json};
use wasm_bindgen::prelude::*;

/// Reads contributions: asks for bytes, gives records.
#[wasm_bindgen]
pub struct Importer {
    inner: InnerImporter,
    /// Of what is needed, what has come.
    given: Vec<u8>,
}

#[wasm_bindgen]
impl Importer {
    /// Of files by their paths and lengths.
    #[wasm_bindgen(constructor)]
    pub fn new(paths: Vec<String>, lengths: Vec<f64>, now: f64) -> Self {
        let files = paths.into_iter().zip(lengths.into_iter().map(|length| length as u64)).collect();
        Self { inner: InnerImporter::new(files, now as i64), given: Vec::new() }
    }

    /// What to do next: `{ file, start, length, checks }` to fetch, `{ record, left, right }` to keep, null at the end.
    pub fn step(&mut self) -> Result<JsValue, JsValue> {
        let result = Object::new();
        let set = |name: &str, value: &JsValue| Reflect::set(&result, &name.into(), value);
        match self.inner.step() {
            ImportStep::Need { file, start, length, checks } => {
                set("file", &(file as f64).into())?;
                set("start", &(start as f64).into())?;
                set("length", &(length as f64).into())?;
                set("checks", &checks.into())?;
            }
            ImportStep::Record(record, images) => {
                set("record", &record.to_json().to_string().into())?;
                for (name, image) in ["left", "right"].into_iter().zip(images) {
                    let image =
                        image.map_or(JsValue::NULL, |bytes| Uint8Array::from(bytes.as_slice()).into());
                    set(name, &image)?;
                }
            }
            ImportStep::Done => return Ok(JsValue::NULL),
        }
        Ok(result.into())
    }

    /// Takes the next bytes of what is needed, `length` in all.
    pub fn add(&mut self, bytes: &[u8], length: usize) {
        self.given.reserve_exact(length.saturating_sub(self.given.len()));
        self.given.extend_from_slice(bytes);
    }

    /// All that is needed has been added, or all that there is of it.
    pub fn give(&mut self) {
        self.inner.give(std::mem::take(&mut self.given));
    }

    #[wasm_bindgen(js_name = giveUp)]
    pub fn give_up(&mut self, reason: &str) {
        self.given = Vec::new();
        self.inner.give_up(reason);
    }

    /// JSON of what was not imported, and how much.
    pub fn refused(&self) -> String {
        let refusal = |refusal: &Refusal| {
            json!({
                "file": refusal.file,
                "row": refusal.row,
                "column": refusal.column,
                "message": refusal.message,
            })
        };
        let refused: Vec<Value> = self.inner.refused().iter().map(refusal).collect();
        json!({ "refused": refused, "refusedCount": self.inner.refused_count() }).to_string()
    }
}
