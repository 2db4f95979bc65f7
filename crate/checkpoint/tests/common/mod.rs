//! Code shared by several tests.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(dead_code, unreachable_pub, reason = "each test uses a part")]

pub mod collect;

use std::fmt::Write as _;

use pickscore_checkpoint::config::ClipConfig;

/// A tensor to write to a safetensors file.
#[derive(Clone, Debug)]
pub struct Tensor {
    pub name: String,
    pub dtype: &'static str,
    pub shape: Vec<usize>,
    pub bytes: Vec<u8>,
}

impl Tensor {
    pub fn f32(name: &str, shape: &[usize], values: &[f32]) -> Self {
        let bytes = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        Self { name: name.into(), dtype: "F32", shape: shape.into(), bytes }
    }
}

/// Writes a safetensors file.
pub fn safetensors(tensors: &[Tensor]) -> Vec<u8> {
    let mut json = String::from("{\"__metadata__\":{\"format\":\"pt\"}");
    let mut offset = 0;
    for tensor in tensors {
        let end = offset + tensor.bytes.len();
        let (name, dtype, shape) = (&tensor.name, tensor.dtype, &tensor.shape);
        write!(
            json,
            ",\"{name}\":{{\"dtype\":\"{dtype}\",\"shape\":{shape:?},\"data_offsets\":[{offset},{end}]}}"
        )
        .unwrap();
        offset = end;
    }
    json.push('}');
    with_header(json.as_bytes(), &tensors.iter().flat_map(|tensor| tensor.bytes.clone()).collect::<Vec<_>>())
}

/// A file with this header, valid or not.
pub fn with_header(json: &[u8], data: &[u8]) -> Vec<u8> {
    [&(json.len() as u64).to_le_bytes()[..], json, data].concat()
}

/// A tiny model.
pub const TINY: &str = include_str!("tiny.json");

pub fn tiny() -> ClipConfig {
    ClipConfig::from_json(TINY.as_bytes()).unwrap()
}

/// All tensors of the tiny model under Hugging Face's names. Value `i` of tensor `n` is `n + i /
/// 1000`.
pub fn tiny_tensors() -> Vec<Tensor> {
    let mut shapes: Vec<(String, Vec<usize>)> = vec![
        ("vision_model.embeddings.class_embedding".into(), vec![8]),
        ("vision_model.embeddings.patch_embedding.weight".into(), vec![8, 3, 2, 2]),
        ("vision_model.embeddings.position_embedding.weight".into(), vec![5, 8]),
        ("vision_model.pre_layrnorm.weight".into(), vec![8]),
        ("vision_model.pre_layrnorm.bias".into(), vec![8]),
        ("vision_model.post_layernorm.weight".into(), vec![8]),
        ("vision_model.post_layernorm.bias".into(), vec![8]),
        ("visual_projection.weight".into(), vec![6, 8]),
        ("text_model.embeddings.token_embedding.weight".into(), vec![11, 8]),
        ("text_model.embeddings.position_embedding.weight".into(), vec![5, 8]),
        ("text_model.final_layer_norm.weight".into(), vec![8]),
        ("text_model.final_layer_norm.bias".into(), vec![8]),
        ("text_projection.weight".into(), vec![6, 8]),
        ("logit_scale".into(), vec![]),
    ];
    for tower in ["vision_model", "text_model"] {
        for (name, shape) in [
            ("self_attn.k_proj", [8, 8]),
            ("self_attn.out_proj", [8, 8]),
            ("self_attn.q_proj", [8, 8]),
            ("self_attn.v_proj", [8, 8]),
            ("mlp.fc1", [12, 8]),
            ("mlp.fc2", [8, 12]),
        ] {
            shapes.push((format!("{tower}.encoder.layers.0.{name}.weight"), shape.into()));
            shapes.push((format!("{tower}.encoder.layers.0.{name}.bias"), vec![shape[0]]));
        }
        for norm in ["layer_norm1", "layer_norm2"] {
            for kind in ["weight", "bias"] {
                shapes.push((format!("{tower}.encoder.layers.0.{norm}.{kind}"), vec![8]));
            }
        }
    }
    let tensor = |(index, (name, shape)): (usize, (String, Vec<usize>))| {
        let count: usize = shape.iter().product();
        let values: Vec<f32> = (0..count).map(|i| index as f32 + i as f32 / 1000.0).collect();
        Tensor::f32(&name, &shape, &values)
    };
    shapes.into_iter().enumerate().map(tensor).collect()
}
