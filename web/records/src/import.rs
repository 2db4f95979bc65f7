//! Reading contributions.

use js_sys::Uint8Array;
use pickscore_dataset::contribution::{ImportStep, Importer as InnerImporter};
use pickscore_glue::object;
use tsify::Ts;
use wasm_bindgen::prelude::*;

use crate::convert::told;
use crate::values::{PreferenceRecord, Refused};

/// Reads contributions: asks for bytes, returns records.
#[wasm_bindgen]
pub struct Importer {
    inner: InnerImporter,
    /// The part of the needed bytes that was added so far.
    given: Vec<u8>,
}

#[wasm_bindgen]
impl Importer {
    /// Reads files with these paths and lengths.
    #[wasm_bindgen(constructor)]
    pub fn new(paths: Vec<String>, lengths: Vec<f64>, now: f64) -> Self {
        let files = paths.into_iter().zip(lengths.into_iter().map(|length| length as u64)).collect();
        Self { inner: InnerImporter::new(files, now as i64), given: Vec::new() }
    }

    /// What to do next: bytes to add, a record to keep, or nothing at the end.
    #[wasm_bindgen(
        unchecked_return_type = "{ file: number; start: number; length: number; checks: boolean } | \
        { record: PreferenceRecord; left: Uint8Array | null; right: Uint8Array | null } | null"
    )]
    pub fn step(&mut self) -> Result<JsValue, JsValue> {
        let step = match self.inner.step() {
            ImportStep::Need { file, start, length, checks } => object(&[
                ("file", (file as f64).into()),
                ("start", (start as f64).into()),
                ("length", (length as f64).into()),
                ("checks", checks.into()),
            ]),
            ImportStep::Record(record, images) => {
                let [left, right] = images.map(|image| {
                    image.map_or(JsValue::NULL, |bytes| Uint8Array::from(bytes.as_slice()).into())
                });
                let record: Ts<PreferenceRecord> = told(*record)?;
                object(&[("record", record.into()), ("left", left), ("right", right)])
            }
            ImportStep::Done => return Ok(JsValue::NULL),
        };
        Ok(step.into())
    }

    /// Adds the next bytes of those that are needed, `length` in all.
    pub fn add(&mut self, bytes: &[u8], length: usize) {
        self.given.reserve_exact(length.saturating_sub(self.given.len()));
        self.given.extend_from_slice(bytes);
    }

    /// All bytes that are needed were added, or all that there are.
    pub fn give(&mut self) {
        self.inner.give(std::mem::take(&mut self.given));
    }

    /// The bytes that are needed cannot be read.
    #[wasm_bindgen(js_name = giveUp)]
    pub fn give_up(&mut self, reason: &str) {
        self.given = Vec::new();
        self.inner.give_up(reason);
    }

    /// What was not imported.
    pub fn refused(&self) -> Result<Ts<Refused>, JsValue> {
        let refused = self.inner.refused().iter().cloned().map(Into::into).collect();
        Ok(told(Refused { refused, refused_count: self.inner.refused_count() })?)
    }
}
