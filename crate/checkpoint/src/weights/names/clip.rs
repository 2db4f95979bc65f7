//! The tensor names of CLIP models: Hugging Face's and open_clip's.
//!
//! | this project | Hugging Face | open_clip |
//! |---|---|---|
//! | `vision.class` | `vision_model.embeddings.class_embedding` | `visual.class_embedding` |
//! | `vision.patch.weight` | `vision_model.embeddings.patch_embedding.weight` `[width, 3, p, p]` | `visual.conv1.weight`, same shape |
//! | `….attention.qkv.weight` | `….self_attn.{q,k,v}_proj.weight` | `….attn.in_proj_weight` |
//! | `….attention.out`, `….mlp.up`, `….mlp.down` | `….self_attn.out_proj`, `….mlp.fc1`, `….mlp.fc2` | `….attn.out_proj`, `….mlp.c_fc`, `….mlp.c_proj` |
//! | `….norm1`, `….norm2` | `….layer_norm1`, `….layer_norm2` | `….ln_1`, `….ln_2` |
//! | `vision.projection.weight` | `visual_projection.weight` | `visual.proj`, transposed |
//! | `text.projection.weight` | `text_projection.weight` | `text_projection`, transposed |
//!
//! Sources: transformers' `modeling_clip.py`, open_clip's `model.py` and `transformer.py`.

use super::{Names, Slot};
use crate::{config::ClipConfig, weights::parameter::Parameter};

/// Adds the names of a parameter. `plain` is the slot of a tensor that holds all of it.
pub(super) fn add(names: &mut Names, config: &ClipConfig, parameter: &Parameter, plain: Slot) {
    let rows = plain.rows.len();
    let (tower, rest) = parameter.name.split_once('.').unwrap_or(("", &parameter.name));
    let (hugging_face, open_clip) = if tower == "vision" {
        ("vision_model.", &["visual."][..])
    } else {
        // open_clip's `CustomTextCLIP` has a separate module for the text tower.
        ("text_model.", &["", "text."][..])
    };
    if let Some(rest) = rest.strip_prefix("blocks.") {
        let (layer, part) = rest.split_once('.').unwrap_or((rest, ""));
        let (module, kind) = part.rsplit_once('.').unwrap_or((part, ""));
        let encoder = format!("{hugging_face}encoder.layers.{layer}.");
        let (theirs, ours) = match module {
            "attention.qkv" => return add_qkv(names, &plain, &encoder, open_clip, layer, kind),
            "attention.out" => ("self_attn.out_proj", "attn.out_proj"),
            "mlp.up" => ("mlp.fc1", "mlp.c_fc"),
            "mlp.down" => ("mlp.fc2", "mlp.c_proj"),
            "norm1" => ("layer_norm1", "ln_1"),
            _ => ("layer_norm2", "ln_2"),
        };
        names.insert(format!("{encoder}{theirs}.{kind}"), &plain);
        for prefix in open_clip {
            names.insert(format!("{prefix}transformer.resblocks.{layer}.{ours}.{kind}"), &plain);
        }
        return;
    }
    let transposed =
        || Slot { transposed: true, shape: parameter.shape.iter().rev().copied().collect(), ..plain.clone() };
    let patch = config.vision.patch_size;
    let kernel = || Slot { shape: vec![rows, 3, patch, patch], ..plain.clone() };
    // (Hugging Face's name, open_clip's name after its prefix, Hugging Face's slot, open_clip's
    // slot)
    let (theirs, ours, slot, other) = match parameter.name.as_str() {
        "vision.class" => {
            ("vision_model.embeddings.class_embedding", "class_embedding", plain.clone(), plain)
        }
        "vision.patch.weight" => {
            ("vision_model.embeddings.patch_embedding.weight", "conv1.weight", kernel(), kernel())
        }
        "vision.position" => (
            "vision_model.embeddings.position_embedding.weight",
            "positional_embedding",
            plain.clone(),
            plain,
        ),
        "vision.pre_norm.weight" => {
            ("vision_model.pre_layrnorm.weight", "ln_pre.weight", plain.clone(), plain)
        }
        "vision.pre_norm.bias" => ("vision_model.pre_layrnorm.bias", "ln_pre.bias", plain.clone(), plain),
        "vision.post_norm.weight" => {
            ("vision_model.post_layernorm.weight", "ln_post.weight", plain.clone(), plain)
        }
        "vision.post_norm.bias" => ("vision_model.post_layernorm.bias", "ln_post.bias", plain.clone(), plain),
        "vision.projection.weight" => ("visual_projection.weight", "proj", plain.clone(), transposed()),
        "text.token" => {
            ("text_model.embeddings.token_embedding.weight", "token_embedding.weight", plain.clone(), plain)
        }
        "text.position" => {
            ("text_model.embeddings.position_embedding.weight", "positional_embedding", plain.clone(), plain)
        }
        "text.final_norm.weight" => {
            ("text_model.final_layer_norm.weight", "ln_final.weight", plain.clone(), plain)
        }
        "text.final_norm.bias" => ("text_model.final_layer_norm.bias", "ln_final.bias", plain.clone(), plain),
        "text.projection.weight" => {
            ("text_projection.weight", "text_projection", plain.clone(), transposed())
        }
        other => (other, other, plain.clone(), plain),
    };
    names.insert(theirs.into(), &slot);
    for prefix in open_clip {
        names.insert(format!("{prefix}{ours}"), &other);
    }
}

/// Query, key and value are one matrix in open_clip and three in Hugging Face's format.
fn add_qkv(names: &mut Names, whole: &Slot, encoder: &str, open_clip: &[&str], layer: &str, kind: &str) {
    for prefix in open_clip {
        names.insert(format!("{prefix}transformer.resblocks.{layer}.attn.in_proj_{kind}"), whole);
    }
    let rows = whole.rows.len() / 3;
    for (part, name) in ["q", "k", "v"].into_iter().enumerate() {
        let mut slot = Slot { rows: part * rows..(part + 1) * rows, ..whole.clone() };
        slot.shape[0] = rows;
        names.insert(format!("{encoder}self_attn.{name}_proj.{kind}"), &slot);
    }
}
