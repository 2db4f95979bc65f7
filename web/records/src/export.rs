//! Exports contributions.

use std::collections::BTreeMap;

use js_sys::{Array, Uint8Array};
use pickscore_dataset::contribution::{Chunk, ExportOptions, Exporter as InnerExporter, Format, Packing};
use pickscore_glue::Fault;
use pickscore_preferences::Record;
use serde_json::Value;
use tsify::Ts;
use wasm_bindgen::prelude::*;

use crate::convert::{parse, to_js};
use crate::fault;
use crate::values::{Card, Exported, LeftOut};

/// Writes a contribution: takes images and returns pieces of the output.
#[wasm_bindgen]
pub struct Exporter {
    exporter: InnerExporter,
    /// Records that cannot be parsed.
    unread: Vec<LeftOut>,
}

#[wasm_bindgen]
impl Exporter {
    /// `records` is a JSON array, `card` the JSON of a `Card`, `sizes` a JSON object of the images'
    /// sizes in bytes by their uids.
    #[wasm_bindgen(constructor)]
    pub fn new(
        records: &str,
        sizes: &str,
        card: &str,
        #[wasm_bindgen(unchecked_param_type = "Format")] format: &str,
        is_zip: bool,
        app_version: &str,
        now: f64,
    ) -> Result<Self, JsValue> {
        let list: Vec<Value> =
            serde_json::from_str(records).map_err(|error| Fault::new("bad-argument", error))?;
        let (mut records, mut unread) = (Vec::with_capacity(list.len()), Vec::new());
        for value in list {
            // The exporter checks the values.
            match Record::parse(&value) {
                Ok(record) => records.push(record),
                Err(error) => {
                    let uid = value["uid"].as_str().unwrap_or_default().into();
                    unread.push(LeftOut { uid, reason: error.to_string() });
                }
            }
        }
        let sizes: BTreeMap<String, u64> =
            serde_json::from_str(sizes).map_err(|error| Fault::new("bad-argument", error))?;
        let card: Card =
            serde_json::from_str(card).map_err(|error| Fault::new("card", format!("the card: {error}")))?;
        let format = Format::of(format)
            .ok_or_else(|| Fault::new("bad-argument", "a format is \"parquet\", \"jsonl\" or \"csv\""))?;
        let packing = if is_zip { Packing::Zip } else { Packing::Folder };
        let options = ExportOptions {
            format,
            packing,
            card: card.into(),
            app_version: app_version.into(),
            now: now as i64,
        };
        let exporter = InnerExporter::new(options, records, &sizes).map_err(fault::export)?;
        Ok(Self { exporter, unread })
    }

    /// The records that are left out.
    #[wasm_bindgen(js_name = leftOut, unchecked_return_type = "LeftOut[]")]
    pub fn left_out(&self) -> Result<JsValue, JsValue> {
        let planned = self.exporter.left_out().iter();
        let planned = planned.map(|(uid, reason)| LeftOut { uid: uid.clone(), reason: reason.clone() });
        let all: Vec<LeftOut> = self.unread.iter().cloned().chain(planned).collect();
        parse(serde_json::to_string(&all))
    }

    pub fn steps(&self) -> f64 {
        self.exporter.steps() as f64
    }

    /// The uids of the images to give next; empty if only `finish` is left.
    pub fn wanted(&self) -> Vec<String> {
        self.exporter.wanted().into_iter().map(str::to_owned).collect()
    }

    /// Gives the bytes of the images of `wanted`.
    pub fn give(&mut self, images: Vec<Uint8Array>) -> Result<(), JsValue> {
        let images = images.iter().map(Uint8Array::to_vec).collect();
        Ok(self.exporter.give(images).map_err(fault::export)?)
    }

    /// Writes the rest.
    pub fn finish(&mut self) -> Result<Ts<Exported>, JsValue> {
        to_js(self.exporter.finish().map_err(fault::export)?)
    }

    /// The pieces that were written since the last call: bytes, the path of a file that starts, or
    /// null at the end of a file.
    #[wasm_bindgen(unchecked_return_type = "(Uint8Array | string | null)[]")]
    pub fn take(&mut self) -> Array {
        let pieces = self.exporter.take().into_iter().map(|chunk| match chunk {
            Chunk::Open(path) => JsValue::from(path),
            Chunk::Bytes(bytes) => Uint8Array::from(bytes.as_slice()).into(),
            Chunk::Close => JsValue::NULL,
        });
        pieces.collect()
    }
}
