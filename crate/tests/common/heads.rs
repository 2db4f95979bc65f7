//! Heads of aesthetic scorers.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::{fs, path::Path};

use serde_json::{Value, json};

/// A head of 12 inputs as LAION's, with `layers` hidden layers of that many outputs.
pub(crate) fn write_head(path: &Path, numbers: &[usize], widths: &[usize]) {
    let (mut header, mut data, mut inputs) = (serde_json::Map::new(), Vec::new(), 12);
    for (number, &outputs) in numbers.iter().zip(widths) {
        for (kind, shape) in [("weight", vec![outputs, inputs]), ("bias", vec![outputs])] {
            let start = data.len();
            for index in 0..shape.iter().product::<usize>() {
                data.extend_from_slice(&((index % 7) as f32 / 10.0 - 0.25).to_le_bytes());
            }
            let tensor = json!({ "dtype": "F32", "shape": shape, "data_offsets": [start, data.len()] });
            header.insert(format!("layers.{number}.{kind}"), tensor);
        }
        inputs = outputs;
    }
    let header = Value::Object(header).to_string();
    let file = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &data].concat();
    fs::write(path, file).unwrap();
}
