//! Writes generated checkpoints to files, one piece at a time.

use std::{
    fmt::Write as _,
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

use half::{bf16, f16};
use pickscore_checkpoint::config::ClipConfig;

use crate::{Convention, tensors, weights};

/// The type in which a checkpoint's numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dtype {
    /// 32-bit floats.
    F32,
    /// 16-bit floats.
    F16,
    /// bfloat16.
    Bf16,
}

impl Dtype {
    fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
        }
    }

    fn bytes(self) -> usize {
        if self == Self::F32 { 4 } else { 2 }
    }

    fn push(self, value: f32, bytes: &mut Vec<u8>) {
        match self {
            Self::F32 => bytes.extend(value.to_le_bytes()),
            Self::F16 => bytes.extend(f16::from_f32(value).to_le_bytes()),
            Self::Bf16 => bytes.extend(bf16::from_f32(value).to_le_bytes()),
        }
    }
}

/// Numbers generated at a time.
const PIECE: usize = 64 << 10;

/// Writes these tensors as one safetensors file.
///
/// # Errors
///
/// If writing to `out` fails.
pub fn write_safetensors(
    list: &[(String, Vec<usize>)],
    seed: u64,
    dtype: Dtype,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut header = String::from("{\"__metadata__\":{\"format\":\"pt\"}");
    let mut offset = 0;
    for (name, shape) in list {
        let end = offset + shape.iter().product::<usize>() * dtype.bytes();
        let dtype = dtype.name();
        // Writing to a string cannot fail.
        let _ = write!(
            header,
            ",\"{name}\":{{\"dtype\":\"{dtype}\",\"shape\":{shape:?},\"data_offsets\":[{offset},{end}]}}"
        );
        offset = end;
    }
    header.push('}');
    out.write_all(&(header.len() as u64).to_le_bytes())?;
    out.write_all(header.as_bytes())?;
    for (name, shape) in list {
        write_numbers(seed, name, shape, dtype, out)?;
    }
    out.flush()
}

/// Writes one tensor's numbers.
pub(crate) fn write_numbers(
    seed: u64,
    name: &str,
    shape: &[usize],
    dtype: Dtype,
    out: &mut impl Write,
) -> io::Result<()> {
    let count: usize = shape.iter().product();
    let (mut numbers, mut bytes) = (vec![0.0; PIECE.min(count)], Vec::new());
    for start in (0..count).step_by(PIECE) {
        let numbers = &mut numbers[..PIECE.min(count - start)];
        weights(seed, name, shape, start, numbers);
        bytes.clear();
        numbers.iter().for_each(|&value| dtype.push(value, &mut bytes));
        out.write_all(&bytes)?;
    }
    Ok(())
}

/// Writes a model directory: the configuration, and the weights in `shards` files.
///
/// # Errors
///
/// If a file cannot be written or the configuration is invalid.
pub fn write_directory(
    folder: &Path,
    config: &str,
    convention: Convention,
    seed: u64,
    dtype: Dtype,
    shards: usize,
) -> io::Result<()> {
    let parsed = ClipConfig::from_json(config.as_bytes()).map_err(io::Error::other)?;
    let list = tensors(&parsed, convention);
    std::fs::create_dir_all(folder)?;
    let write = |name: &str, list: &[(String, Vec<usize>)]| {
        write_safetensors(
            list,
            seed,
            dtype,
            &mut BufWriter::with_capacity(1 << 20, File::create(folder.join(name))?),
        )
    };
    let (config_name, single) = match convention {
        Convention::HuggingFace => ("config.json", "model.safetensors"),
        Convention::OpenClip => ("open_clip_config.json", "open_clip_model.safetensors"),
    };
    std::fs::write(folder.join(config_name), config)?;
    if shards <= 1 {
        return write(single, &list);
    }
    let mut map = serde_json::Map::new();
    let parts: Vec<_> = list.chunks(list.len().div_ceil(shards)).collect();
    for (index, part) in parts.iter().enumerate() {
        let name = format!("model-{:05}-of-{:05}.safetensors", index + 1, parts.len());
        write(&name, part)?;
        map.extend(part.iter().map(|(tensor, _)| (tensor.clone(), name.clone().into())));
    }
    let index = serde_json::json!({ "metadata": {}, "weight_map": map }).to_string();
    std::fs::write(folder.join("model.safetensors.index.json"), index)
}
