//! Writes safetensors files in f32, and converts a model to Hugging Face's names.

use std::io::{self, Write};

use super::{
    names::Names,
    parameter::{Parameter, parameters},
};
use crate::config::ClipConfig;

/// A tensor to write: name, row-major shape, values.
pub type NamedTensor = (String, Vec<usize>, Vec<f32>);

/// Writes a safetensors file with the tensors in the given order.
pub fn write_safetensors(out: &mut impl Write, tensors: &[NamedTensor]) -> io::Result<()> {
    let mut entries = serde_json::Map::new();
    let mut end = 0;
    for (name, shape, values) in tensors {
        let begin = end;
        end += values.len() * size_of::<f32>();
        let entry = serde_json::json!({ "dtype": "F32", "shape": shape, "data_offsets": [begin, end] });
        entries.insert(name.clone(), entry);
    }
    let mut json = serde_json::to_string(&entries)?;
    // The format requires aligned tensors; spaces after the JSON pad the header.
    json.push_str(&" ".repeat(json.len().next_multiple_of(8) - json.len()));
    out.write_all(&(json.len() as u64).to_le_bytes())?;
    out.write_all(json.as_bytes())?;
    for (_, _, values) in tensors {
        // All supported targets are little-endian, like the format.
        out.write_all(bytemuck::cast_slice(values))?;
    }
    Ok(())
}

/// The tensors of a model under Hugging Face's names, as transformers' `CLIPModel` loads them.
/// `numbers` returns the values of each parameter.
pub fn hugging_face_tensors<E>(
    config: &ClipConfig,
    mut numbers: impl FnMut(usize, &Parameter) -> Result<Vec<f32>, E>,
) -> Result<Vec<NamedTensor>, E> {
    let list = parameters(config);
    let names = Names::new(&config.into(), &list);
    let mut tensors = Vec::new();
    for (index, parameter) in list.iter().enumerate() {
        let values = numbers(index, parameter)?;
        let columns = values.len() / parameter.shape.first().copied().unwrap_or(1).max(1);
        for (name, slot) in names.hugging_face(index) {
            let rows = slot.rows.start * columns..slot.rows.end * columns;
            tensors.push((name.to_owned(), slot.shape.clone(), values[rows].to_vec()));
        }
    }
    Ok(tensors)
}
