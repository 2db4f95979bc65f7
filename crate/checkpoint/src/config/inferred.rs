//! A configuration for weights that come without one, from the names and shapes of their tensors.
//!
//! Shapes determine everything but the number of heads and the activation. Published CLIP models
//! have heads of 64 values, except for the vision towers listed in [`WIDE_HEADS`].

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{blip, clip::Activation, error::ConfigError, fields::Fields};

/// Widths of vision towers whose heads are not 64 wide, with their number of heads: open_clip's
/// ViT-H, ViT-g and ViT-bigG.
const WIDE_HEADS: [(usize, usize); 3] = [(1280, 16), (1408, 16), (1664, 16)];

/// The names of the tensors that determine a configuration, in one naming convention.
struct Convention {
    patch: &'static str,
    vision_position: &'static str,
    vision_layers: &'static str,
    text_prefixes: &'static [&'static str],
    token: &'static str,
    text_position: &'static str,
    text_layers: &'static str,
    mlp: &'static str,
    projection: &'static str,
    /// Whether `projection` is `[width, projection]`.
    transposed: bool,
}

const CONVENTIONS: [Convention; 2] = [
    // Hugging Face.
    Convention {
        patch: "vision_model.embeddings.patch_embedding.weight",
        vision_position: "vision_model.embeddings.position_embedding.weight",
        vision_layers: "vision_model.encoder.layers.",
        text_prefixes: &["text_model."],
        token: "embeddings.token_embedding.weight",
        text_position: "embeddings.position_embedding.weight",
        text_layers: "encoder.layers.",
        mlp: ".mlp.fc1.weight",
        projection: "visual_projection.weight",
        transposed: false,
    },
    // OpenAI and open_clip, whose `CustomTextCLIP` has the text tower in a module of its own.
    Convention {
        patch: "visual.conv1.weight",
        vision_position: "visual.positional_embedding",
        vision_layers: "visual.transformer.resblocks.",
        text_prefixes: &["", "text."],
        token: "token_embedding.weight",
        text_position: "positional_embedding",
        text_layers: "transformer.resblocks.",
        mlp: ".mlp.c_fc.weight",
        projection: "visual.proj",
        transposed: true,
    },
];

/// A `config.json` in Hugging Face's form for a CLIP model with these tensors, or in this project's
/// for ImageReward; `None` if they are neither's.
pub(crate) fn infer<'a>(
    tensors: impl IntoIterator<Item = (&'a str, &'a [usize])>,
    activation: Activation,
) -> Option<Value> {
    let shapes: HashMap<&str, &[usize]> = tensors.into_iter().collect();
    // Wrappers such as `module.` precede every name; the shortest is the model itself.
    let wrapper = |name: &str| {
        let wrappers = shapes.keys().filter_map(|found| found.strip_suffix(name));
        wrappers.min_by_key(|wrapper| (wrapper.len(), *wrapper))
    };
    let clip = CONVENTIONS
        .iter()
        .find_map(|convention| read(&shapes, convention, wrapper(convention.patch)?, activation));
    clip.or_else(|| read_blip(&shapes, wrapper(BLIP_PATCH)?))
}

/// The patch embedding of ImageReward.
const BLIP_PATCH: &str = "blip.visual_encoder.patch_embed.proj.weight";

fn read_blip(shapes: &HashMap<&str, &[usize]>, wrapper: &str) -> Option<Value> {
    let shape = |name: &str| shapes.get(format!("{wrapper}{name}").as_str()).copied();
    let &[width, 3, patch, _] = shape(BLIP_PATCH)? else { return None };
    let &[1, positions, _] = shape("blip.visual_encoder.pos_embed")? else { return None };
    let embeddings = "blip.text_encoder.embeddings.";
    let &[vocabulary, text_width] = shape(&format!("{embeddings}word_embeddings.weight"))? else {
        return None;
    };
    let &[text_positions, _] = shape(&format!("{embeddings}position_embeddings.weight"))? else {
        return None;
    };
    let of = |prefix: &str, mlp| blocks(shapes, &[format!("{wrapper}{prefix}")], mlp);
    let (layers, mlp) = of("blip.visual_encoder.blocks.", ".mlp.fc1.weight")?;
    let (text_layers, text_mlp) = of("blip.text_encoder.encoder.layer.", ".intermediate.dense.weight")?;
    let image = positions.checked_sub(1)?.isqrt().checked_mul(patch)?;
    blip::write(&blip::Sizes {
        width,
        layers,
        mlp,
        patch,
        image,
        text_width,
        text_layers,
        text_mlp,
        positions: text_positions,
        vocabulary,
    })
}

fn read(
    shapes: &HashMap<&str, &[usize]>,
    names: &Convention,
    wrapper: &str,
    activation: Activation,
) -> Option<Value> {
    let shape = |name: String| shapes.get(name.as_str()).copied();
    let &[width, 3, patch, _] = shape(format!("{wrapper}{}", names.patch))? else { return None };
    let &[positions, _] = shape(format!("{wrapper}{}", names.vision_position))? else { return None };
    let grid = positions.checked_sub(1)?.isqrt();
    let &[rows, columns] = shape(format!("{wrapper}{}", names.projection))? else { return None };
    let projection = if names.transposed { columns } else { rows };
    let text = |name: &str| {
        let found = names.text_prefixes.iter().map(|prefix| format!("{wrapper}{prefix}{name}"));
        found.map(|name| shape(name).map(<[usize]>::to_vec)).find_map(|shape| shape)
    };
    let [vocabulary, text_width] = text(names.token)?[..] else { return None };
    let [context, _] = text(names.text_position)?[..] else { return None };
    let vision_layers = format!("{wrapper}{}", names.vision_layers);
    let (layers, mlp) = blocks(shapes, &[vision_layers], names.mlp)?;
    let prefixes: Vec<String> =
        names.text_prefixes.iter().map(|prefix| format!("{wrapper}{prefix}{}", names.text_layers)).collect();
    let (text_layers, text_mlp) = blocks(shapes, &prefixes, names.mlp)?;
    let wide = WIDE_HEADS.iter().find(|(wide, _)| *wide == width).map(|(_, heads)| *heads);
    let heads = wide.or_else(|| width.is_multiple_of(64).then_some(width / 64))?;
    let text_heads = text_width.is_multiple_of(64).then_some(text_width / 64)?;
    let activation = match activation {
        Activation::Gelu => "gelu",
        Activation::QuickGelu => "quick_gelu",
    };
    Some(json!({
        "model_type": "clip",
        "projection_dim": projection,
        "text_config": {
            "hidden_size": text_width,
            "intermediate_size": text_mlp,
            "num_hidden_layers": text_layers,
            "num_attention_heads": text_heads,
            "max_position_embeddings": context,
            "vocab_size": vocabulary,
            "hidden_act": activation,
            "eos_token_id": 2,
        },
        "vision_config": {
            "hidden_size": width,
            "intermediate_size": mlp,
            "num_hidden_layers": layers,
            "num_attention_heads": heads,
            "image_size": grid.checked_mul(patch)?,
            "patch_size": patch,
            "hidden_act": activation,
        },
    }))
}

/// Whether an inferred configuration is ImageReward's.
pub(crate) fn is_blip(config: &Value) -> bool {
    config.get("model_type").is_some_and(|kind| kind == blip::MODEL_TYPE)
}

/// Takes over what ImageReward's `med_config.json` says of the text encoder and shapes do not show.
/// Sizes in the file are ignored: tensors show them, and the authors' code overrides one of them.
///
/// # Errors
///
/// Fails if the file is not a JSON object, or another activation is in it.
pub(crate) fn add_encoder_settings(config: &mut Value, settings: &[u8]) -> Result<(), ConfigError> {
    let parsed = serde_json::from_slice::<Value>(settings);
    let settings = parsed.map_err(|error| ConfigError::NotJson { reason: error.to_string() })?;
    let fields = Fields::of("the top level", &settings)?.at_root();
    if let Some(activation) = fields.get("hidden_act").filter(|activation| *activation != "gelu") {
        return Err(fields.unsupported("hidden_act", activation, "\"gelu\""));
    }
    let Some(text) = config.get_mut("text_config").filter(|text| text.is_object()) else { return Ok(()) };
    for name in ["num_attention_heads", "layer_norm_eps"] {
        if let Some(value) = settings.get(name) {
            text[name] = value.clone();
        }
    }
    Ok(())
}

/// The number of blocks and the width of their MLP.
fn blocks(shapes: &HashMap<&str, &[usize]>, prefixes: &[String], mlp: &str) -> Option<(usize, usize)> {
    let found = shapes.iter().filter_map(|(name, shape)| {
        let rest = prefixes.iter().find_map(|prefix| name.strip_prefix(prefix.as_str()))?;
        let layer: usize = rest.strip_suffix(mlp)?.parse().ok()?;
        Some((layer.checked_add(1)?, *shape.first()?))
    });
    found.max()
}
