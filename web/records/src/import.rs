//! Imports contributions.

use js_sys::Uint8Array;
use pickscore_dataset::contribution::{ImportStep, Importer as InnerImporter};
use pickscore_glue::object;
use tsify::Ts;
use wasm_bindgen::prelude::*;

use crate::convert::to_js;
use crate::values::{PreferenceRecord, Refused};

/// Reads contributions: requests bytes and returns records.
#[wasm_bindgen]
pub struct Importer {
    inner: InnerImporter,
    /// The requested bytes that were added so far.
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

    /// The next step: bytes to add, a record, or null at the end.
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
                let record: Ts<PreferenceRecord> = to_js(*record)?;
                object(&[("record", record.into()), ("left", left), ("right", right)])
            }
            ImportStep::Done => return Ok(JsValue::NULL),
        };
        Ok(step.into())
    }

    /// Adds some of the requested bytes. `length` is the total number.
    pub fn add(&mut self, bytes: &[u8], length: usize) {
        self.given.reserve_exact(length.saturating_sub(self.given.len()));
        self.given.extend_from_slice(bytes);
    }

    /// Gives the added bytes to the importer. There are fewer than requested if the file is
    /// shorter.
    pub fn give(&mut self) {
        self.inner.give(std::mem::take(&mut self.given));
    }

    /// Reports that the requested bytes cannot be read.
    #[wasm_bindgen(js_name = giveUp)]
    pub fn give_up(&mut self, reason: &str) {
        self.given = Vec::new();
        self.inner.give_up(reason);
    }

    /// The refused files and rows.
    pub fn refused(&self) -> Result<Ts<Refused>, JsValue> {
        let refused = self.inner.refused().iter().cloned().map(Into::into).collect();
        to_js(Refused { refused, refused_count: self.inner.refused_count() })
    }
}
