//! Writes safetensors files: whole tensors of f32, and a model under Hugging Face's names.

use std::io::{self, Write};

use super::{Parameter, names::Names, parameters};
use crate::config::ClipConfig;

/// A tensor to be written: its name, its row-major shape, its numbers.
pub type NamedTensor = (String, Vec<usize>, Vec<f32>);

/// Writes tensors as a safetensors file, in the order given.
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
    // The format wants the tensors aligned, by spaces after the JSON.
    json.push_str(&" ".repeat(json.len().next_multiple_of(8) - json.len()));
    out.write_all(&(json.len() as u64).to_le_bytes())?;
    out.write_all(json.as_bytes())?;
    for (_, _, values) in tensors {
        // Little-endian, as every machine is that this runs on; the loader reads it so too.
        out.write_all(bytemuck::cast_slice(values))?;
    }
    Ok(())
}

/// The tensors of a model under Hugging Face's names, which transformers' `CLIPModel` loads; `numbers` gives each parameter's.
pub fn hugging_face_tensors<E>(
    config: &ClipConfig,
    mut numbers: impl FnMut(usize, &Parameter) -> Result<Vec<f32>, E>,
) -> Result<Vec<NamedTensor>, E> {
    let list = parameters(config);
    let names = Names::new(config, &list);
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
