//! Records and their comparison.

use pickscore_glue::Fault;
use pickscore_preferences::evaluate::{
    Bootstrap, correlation::kendall as tau, scorer_agreement as agreement_of,
    self_agreement as self_agreement_of,
};
use pickscore_preferences::{Comparison as InnerComparison, Record, image_uid as uid_of};
use serde_json::Value;
use tsify::Ts;
use wasm_bindgen::prelude::*;

use crate::convert::to_js;
use crate::fault;
use crate::values::{Agreement, Comparison, PreferenceRecord, ScorerAgreement};

/// `imageUid`.
#[wasm_bindgen(js_name = imageUid)]
pub fn image_uid(bytes: &[u8]) -> String {
    uid_of(bytes)
}

/// `checkRecord`. `json` is a record of any version.
#[wasm_bindgen(js_name = checkRecord)]
pub fn check_record(json: &str, now: f64) -> Result<Ts<PreferenceRecord>, JsValue> {
    let record = Record::from_json(&parsed(json, "record")?, now as i64).map_err(fault::record)?;
    to_js(record)
}

/// `compareRecords`. The arguments are JSON arrays of records.
#[wasm_bindgen(js_name = compareRecords)]
pub fn compare_records(known: &str, incoming: &str, now: f64) -> Result<Ts<Comparison>, JsValue> {
    to_js(InnerComparison::of(&records(known, now)?, records(incoming, now)?))
}

/// `selfAgreement`. `json` is an array of records.
#[wasm_bindgen(js_name = selfAgreement)]
pub fn self_agreement(json: &str, now: f64) -> Result<Ts<Agreement>, JsValue> {
    to_js(self_agreement_of(&records(json, now)?, &Bootstrap::default()))
}

/// `scorerAgreement`. `json` is an array of records.
#[wasm_bindgen(js_name = scorerAgreement)]
pub fn scorer_agreement(json: &str, now: f64) -> Result<Option<Ts<ScorerAgreement>>, JsValue> {
    agreement_of(&records(json, now)?, &Bootstrap::default()).map(to_js).transpose()
}

/// `kendall`.
#[wasm_bindgen]
pub fn kendall(one: &[f64], other: &[f64]) -> Option<f64> {
    tau(one, other)
}

fn parsed(json: &str, code: &'static str) -> Result<Value, Fault> {
    serde_json::from_str(json).map_err(|error| Fault::new(code, error))
}

/// Reads a JSON array of records, which must all be valid.
pub(crate) fn records(json: &str, now: f64) -> Result<Vec<Record>, Fault> {
    let value = parsed(json, "record")?;
    let list = value.as_array().ok_or_else(|| Fault::new("bad-argument", "the records are not a list"))?;
    let numbered = |(at, value)| {
        Record::from_json(value, now as i64)
            .map_err(|error| Fault::new("record", format!("record {at}: {error}")))
    };
    list.iter().enumerate().map(numbered).collect()
}
