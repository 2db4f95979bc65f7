//! The layout of the files that this project writes: one safetensors file with this project's
//! parameter names, in the chosen precision.
//!
//! | parameter | in F32, F16 | in 8-bit blocks |
//! |---|---|---|
//! | matrix or table `x` `[rows, columns]` | `x` | `x.scales` F32 `[rows, ceil(columns / 32)]`, then `x` I8 |
//! | vector `x` | `x`, always F32 | `x`, always F32 |
//!
//! The layout depends only on the configuration and the precision, so parameters can be written in
//! any order. [`Loader`](super::Loader) reads the file like any other.

use super::{
    header::{Dtype, PREFIX, TensorInfo},
    names::SCALES,
    parameter::{Kind, Parameter, parameters},
    quantize,
    values::{Precision, Values},
};
use crate::config::ModelConfig;

/// The layout of a file that contains a whole model in one precision.
#[derive(Debug, Clone)]
pub struct StoredLayout {
    header: Vec<u8>,
    tensors: Vec<StoredTensor>,
    length: u64,
}

/// A tensor of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTensor {
    /// The parameter that it is part of: its values or its scales.
    pub parameter: String,
    /// Its name, data type and shape.
    pub info: TensorInfo,
    /// Its offset in the file.
    pub offset: u64,
    /// How the parameter is used.
    pub kind: Kind,
}

impl StoredLayout {
    /// Computes the layout of a model.
    pub fn new(config: impl Into<ModelConfig>, precision: Precision) -> Self {
        let mut tensors = Vec::new();
        let mut offset = 0;
        for parameter in parameters(config) {
            for info in tensors_of(&parameter, precision) {
                let bytes = info.bytes;
                let (name, kind) = (parameter.name.clone(), parameter.kind);
                tensors.push(StoredTensor { parameter: name, info, offset, kind });
                offset += bytes;
            }
        }
        let mut json = String::from("{");
        for StoredTensor { info, offset, .. } in &tensors {
            if json.len() > 1 {
                json.push(',');
            }
            // The names and shapes need no escaping.
            json.push_str(&format!(
                "\"{}\":{{\"dtype\":\"{}\",\"shape\":{:?},\"data_offsets\":[{},{}]}}",
                info.name,
                info.dtype,
                info.shape,
                offset,
                offset + info.bytes
            ));
        }
        json.push('}');
        // The format requires the data to be aligned to eight bytes.
        json.push_str(&" ".repeat(json.len().next_multiple_of(8) - json.len()));
        let mut header = (json.len() as u64).to_le_bytes().to_vec();
        header.extend_from_slice(json.as_bytes());
        for tensor in &mut tensors {
            tensor.offset += (PREFIX + json.len()) as u64;
        }
        let length = offset + (PREFIX + json.len()) as u64;
        Self { header, tensors, length }
    }

    /// The start of the file: the length of the header, and the header.
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// The tensors, in file order.
    pub fn tensors(&self) -> &[StoredTensor] {
        &self.tensors
    }

    /// The size of the file in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The tensors of a parameter with their bytes, in file order. `values` must have the layout's
    /// precision.
    pub fn pieces<'a>(
        &'a self,
        parameter: &Parameter,
        values: &'a Values,
    ) -> impl Iterator<Item = (&'a StoredTensor, &'a [u8])> {
        let first = self.tensors.iter().position(|tensor| tensor.parameter == parameter.name);
        let bytes = match values {
            Values::F32(values) => vec![bytemuck::cast_slice(values)],
            Values::F16(values) => vec![bytemuck::cast_slice(values)],
            Values::Q8(blocks) => {
                vec![bytemuck::cast_slice(&blocks.scales), bytemuck::cast_slice(&blocks.values)]
            }
        };
        self.tensors[first.unwrap_or(self.tensors.len())..].iter().zip(bytes)
    }
}

/// The tensors that store a parameter.
fn tensors_of(parameter: &Parameter, precision: Precision) -> Vec<TensorInfo> {
    let tensor = |name: String, dtype: Dtype, shape: Vec<usize>| {
        let count = shape.iter().map(|&side| side as u64).product::<u64>();
        let bytes = count * (dtype.bits().unwrap_or(8) / 8);
        TensorInfo { name, dtype, shape, bytes }
    };
    let (name, shape) = (parameter.name.clone(), parameter.shape.clone());
    match precision {
        _ if parameter.kind == Kind::Vector => vec![tensor(name, Dtype::F32, shape)],
        Precision::F32 => vec![tensor(name, Dtype::F32, shape)],
        Precision::F16 => vec![tensor(name, Dtype::F16, shape)],
        Precision::Q8 | Precision::Q8Fast => {
            let columns: usize = shape.iter().skip(1).product();
            let blocks = vec![shape[0], columns.div_ceil(quantize::BLOCK)];
            vec![tensor(format!("{name}{SCALES}"), Dtype::F32, blocks), tensor(name, Dtype::I8, shape)]
        }
    }
}
