//! The tensor names of ImageReward.
//!
//! | this project | ImageReward |
//! |---|---|
//! | `vision.class`, `vision.position` | `blip.visual_encoder.cls_token` `[1, 1, width]`, `….pos_embed` `[1, positions, width]` |
//! | `vision.patch.weight` | `blip.visual_encoder.patch_embed.proj.weight` `[width, 3, p, p]` |
//! | `vision.blocks.N.…` | `blip.visual_encoder.blocks.N.{norm1,attn.qkv,attn.proj,norm2,mlp.fc1,mlp.fc2}` |
//! | `text.blocks.N.attention.{query,key_value,out,norm}` | `blip.text_encoder.encoder.layer.N.attention.{self.query,self.{key,value},output.dense,output.LayerNorm}` |
//! | `text.blocks.N.cross_attention.…` | the same in `….crossattention` |
//! | `text.blocks.N.mlp.{up,down,norm}` | `….intermediate.dense`, `….output.dense`, `….output.LayerNorm` |
//! | `head.N` | `mlp.layers.{0,2,4,6,7}` |
//!
//! Source: `ImageReward/models/BLIP/` of THUDM/ImageReward.

use super::{Names, Slot};
use crate::{config::BlipConfig, weights::parameter::Parameter};

/// The numbers of the layers of the head, whose sequence also counts dropout.
const HEAD: [usize; BlipConfig::HEAD.len()] = [0, 2, 4, 6, 7];

/// Adds the names of a parameter. `plain` is the slot of a tensor that holds all of it.
pub(super) fn add(names: &mut Names, config: &BlipConfig, parameter: &Parameter, plain: Slot) {
    let (path, kind) = parameter.name.rsplit_once('.').unwrap_or(("", &parameter.name));
    let mut parts = path.splitn(4, '.');
    let (name, shape) = match parts.by_ref().take(2).collect::<Vec<_>>()[..] {
        ["vision", "patch"] if kind == "weight" => {
            let (width, patch) = (plain.rows.len(), config.vision.patch_size);
            let name = "blip.visual_encoder.patch_embed.proj.weight".into();
            (name, vec![width, 3, patch, patch])
        }
        ["vision", "patch"] => ("blip.visual_encoder.patch_embed.proj.bias".into(), plain.shape.clone()),
        ["vision", "post_norm"] => (format!("blip.visual_encoder.norm.{kind}"), plain.shape.clone()),
        ["vision"] if kind == "class" => {
            ("blip.visual_encoder.cls_token".into(), vec![1, 1, plain.rows.len()])
        }
        ["vision"] => ("blip.visual_encoder.pos_embed".into(), [&[1], &plain.shape[..]].concat()),
        ["text", "norm"] => (format!("blip.text_encoder.embeddings.LayerNorm.{kind}"), plain.shape.clone()),
        ["text"] => {
            let table = if kind == "token" { "word" } else { "position" };
            (format!("blip.text_encoder.embeddings.{table}_embeddings.weight"), plain.shape.clone())
        }
        ["head", layer] => {
            let layer = layer.parse().ok().and_then(|layer: usize| HEAD.get(layer)).copied().unwrap_or(0);
            (format!("mlp.layers.{layer}.{kind}"), plain.shape.clone())
        }
        [tower, _] => {
            let (layer, module) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
            if tower == "text" && module.ends_with("key_value") {
                return add_key_value(names, layer, module, kind, &plain);
            }
            let name = if tower == "vision" { vision(module) } else { text(module) };
            let blocks =
                if tower == "vision" { "visual_encoder.blocks" } else { "text_encoder.encoder.layer" };
            (format!("blip.{blocks}.{layer}.{name}.{kind}"), plain.shape.clone())
        }
        _ => return,
    };
    names.insert(name, &Slot { shape, ..plain });
}

/// The name of a module in a block of the image encoder.
fn vision(module: &str) -> &str {
    match module {
        "attention.qkv" => "attn.qkv",
        "attention.out" => "attn.proj",
        "mlp.up" => "mlp.fc1",
        "mlp.down" => "mlp.fc2",
        norm => norm,
    }
}

/// The name of a module in a block of the text encoder.
fn text(module: &str) -> &'static str {
    match module {
        "attention.query" => "attention.self.query",
        "attention.out" => "attention.output.dense",
        "attention.norm" => "attention.output.LayerNorm",
        "cross_attention.query" => "crossattention.self.query",
        "cross_attention.out" => "crossattention.output.dense",
        "cross_attention.norm" => "crossattention.output.LayerNorm",
        "mlp.up" => "intermediate.dense",
        "mlp.down" => "output.dense",
        _ => "output.LayerNorm",
    }
}

/// Key and value are two tensors.
fn add_key_value(names: &mut Names, layer: &str, module: &str, kind: &str, whole: &Slot) {
    let attention = if module.starts_with("cross") { "crossattention" } else { "attention" };
    let rows = whole.rows.len() / 2;
    for (part, name) in ["key", "value"].into_iter().enumerate() {
        let mut slot = Slot { rows: part * rows..(part + 1) * rows, ..whole.clone() };
        slot.shape[0] = rows;
        let name = format!("blip.text_encoder.encoder.layer.{layer}.{attention}.self.{name}.{kind}");
        names.insert(name, &slot);
    }
}
