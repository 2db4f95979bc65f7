//! Writing contributions.

use std::collections::BTreeMap;

use js_sys::{Array, Object, Reflect, Uint8Array};
use pickscore_dataset::contribution::{
    Card, Chunk, ExportError, ExportOptions, Exporter as InnerExporter, Format, Packing, WrittenFile,
};
use pickscore_preferences::Record;
use serde_json::{Value, json};
use wasm_bindgen::prelude::*;

use crate::fault::Fault;

impl From<ExportError> for Fault {
    fn from(error: ExportError) -> Self {
        let code = match &error {
            ExportError::Card { .. } => "card",
            ExportError::Empty => "nothing-to-export",
            ExportError::Image { .. } => "image",
            ExportError::Order { .. } => "internal",
            ExportError::Write { .. } => "write",
        };
        Self::new(code, error)
    }
}

/// Writes a contribution: images in, pieces out.
#[wasm_bindgen]
pub struct Exporter {
    exporter: InnerExporter,
    /// Records that cannot be read, each with the reason.
    unread: Vec<Value>,
}

#[wasm_bindgen]
impl Exporter {
    /// `records` and `card` are JSON, `sizes` JSON of the images' bytes by their uids.
    #[wasm_bindgen(constructor)]
    pub fn new(
        records: &str,
        sizes: &str,
        card: &str,
        format: &str,
        is_zip: bool,
        app_version: &str,
        now: f64,
    ) -> Result<Self, JsValue> {
        let list: Vec<Value> =
            serde_json::from_str(records).map_err(|error| Fault::new("bad-argument", error))?;
        let (mut records, mut unread) = (Vec::with_capacity(list.len()), Vec::new());
        for value in list {
            match Record::from_json(&value, now as i64) {
                Ok(record) => records.push(record),
                Err(error) => {
                    let uid = value["uid"].as_str().unwrap_or_default();
                    unread.push(json!({ "uid": uid, "reason": error.to_string() }));
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
        let options =
            ExportOptions { format, packing, card, app_version: app_version.into(), now: now as i64 };
        let exporter = InnerExporter::new(options, records, &sizes).map_err(Fault::from)?;
        Ok(Self { exporter, unread })
    }

    /// JSON of the records that are not written, each with the reason.
    #[wasm_bindgen(js_name = leftOut)]
    pub fn left_out(&self) -> String {
        let planned =
            self.exporter.left_out().iter().map(|(uid, reason)| json!({ "uid": uid, "reason": reason }));
        Value::Array(self.unread.iter().cloned().chain(planned).collect()).to_string()
    }

    pub fn steps(&self) -> f64 {
        self.exporter.steps() as f64
    }

    /// The uids of the images to give next; empty when only `finish` is left.
    pub fn wanted(&self) -> Vec<String> {
        self.exporter.wanted().into_iter().map(str::to_owned).collect()
    }

    /// Takes the images that were wanted; gives the pieces that came of it.
    pub fn give(&mut self, images: Vec<Uint8Array>) -> Result<Array, JsValue> {
        let images = images.iter().map(Uint8Array::to_vec).collect();
        self.exporter.give(images).map_err(Fault::from)?;
        Ok(self.take())
    }

    /// Writes what is left. The last pieces are at `chunks` of the result, the rest as JSON at `exported`.
    pub fn finish(&mut self) -> Result<JsValue, JsValue> {
        let exported = self.exporter.finish().map_err(Fault::from)?;
        let file = |file: &WrittenFile| json!({ "path": file.path, "bytes": file.bytes, "rows": file.rows, "sha256": file.sha256 });
        let files: Vec<Value> = exported.files.iter().map(file).collect();
        let json = json!({
            "name": exported.name,
            "records": exported.records,
            "bytes": exported.bytes,
            "files": files,
        });
        let result = Object::new();
        Reflect::set(&result, &"chunks".into(), &self.take())?;
        Reflect::set(&result, &"exported".into(), &json.to_string().into())?;
        Ok(result.into())
    }

    /// A piece is bytes, the path of a file that begins, or null where one ends.
    fn take(&mut self) -> Array {
        let pieces = self.exporter.take().into_iter().map(|chunk| match chunk {
            Chunk::Open(path) => JsValue::from(path),
            Chunk::Bytes(bytes) => Uint8Array::from(bytes.as_slice()).into(),
            Chunk::Close => JsValue::NULL,
        });
        pieces.collect()
    }
}
