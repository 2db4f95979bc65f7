//! Hugging Face's `config.json`, with the defaults of transformers' `configuration_clip.py`.

use serde_json::Value;

use super::{
    bounds,
    clip::{Activation, ClipConfig, TextConfig, TextPooling, Transformer, VisionConfig},
    error::ConfigError,
    fields::Fields,
};

/// transformers' defaults for the fields of a tower.
pub(super) struct Defaults {
    pub(super) width: usize,
    pub(super) heads: usize,
    pub(super) mlp: usize,
}

/// Whether a configuration is in this format.
pub(super) fn matches(file: &Fields<'_>) -> bool {
    let has = |name: &str| file.get(name).is_some();
    (has("text_config") || has("text_config_dict")) && (has("vision_config") || has("vision_config_dict"))
}

/// Reads a configuration.
pub(super) fn read(file: &Fields<'_>) -> Result<ClipConfig, ConfigError> {
    if let Some(kind) = file.get("model_type")
        && kind != "clip"
    {
        return Err(file.unsupported("model_type", kind, "\"clip\""));
    }
    let text = section(file, "text_config_dict", "text_config")?;
    let vision = section(file, "vision_config_dict", "vision_config")?;
    Ok(ClipConfig {
        text: TextConfig {
            transformer: transformer(&text, &Defaults { width: 512, heads: 8, mlp: 2048 })?,
            context: text.count("max_position_embeddings", 77, bounds::CONTEXT.0, bounds::CONTEXT.1)?,
            vocabulary: text.count("vocab_size", 49408, 1, bounds::VOCABULARY)?,
            pooling: pooling(&text)?,
        },
        vision: vision_tower(&vision)?,
        projection: file.count("projection_dim", 512, 1, bounds::WIDTH)?,
    })
}

/// The section of a tower. Old files have two; in transformers `*_config_dict` takes precedence,
/// including its defaults.
fn section<'a>(file: &Fields<'a>, old: &'a str, new: &'a str) -> Result<Fields<'a>, ConfigError> {
    let section = file.section(old)?.map_or_else(|| file.section(new), |section| Ok(Some(section)))?;
    section.ok_or(ConfigError::NotClip)
}

/// The fields of a vision tower.
pub(super) fn vision_tower(vision: &Fields<'_>) -> Result<VisionConfig, ConfigError> {
    if let Some(channels) = vision.get("num_channels")
        && channels != &Value::from(3)
    {
        return Err(vision.unsupported("num_channels", channels, "3"));
    }
    let image_size = vision.count("image_size", 224, 1, bounds::IMAGE)?;
    Ok(VisionConfig {
        transformer: transformer(vision, &Defaults { width: 768, heads: 12, mlp: 3072 })?,
        image_size,
        patch_size: vision.count("patch_size", 32, 1, image_size as u64)?,
    })
}

/// The fields that both towers have.
pub(super) fn transformer(tower: &Fields<'_>, defaults: &Defaults) -> Result<Transformer, ConfigError> {
    let width = tower.count("hidden_size", defaults.width, 1, bounds::WIDTH)?;
    let heads = tower.count("num_attention_heads", defaults.heads, 1, bounds::WIDTH)?;
    if !width.is_multiple_of(heads) {
        return Err(ConfigError::NotDivisible { field: tower.name("hidden_size"), width, parts: heads });
    }
    Ok(Transformer {
        width,
        heads,
        layers: tower.count("num_hidden_layers", 12, 1, bounds::LAYERS)?,
        mlp: tower.count("intermediate_size", defaults.mlp, 1, bounds::MLP)?,
        activation: match tower.text("hidden_act", "quick_gelu")? {
            "gelu" => Activation::Gelu,
            "quick_gelu" => Activation::QuickGelu,
            other => {
                return Err(tower.unsupported("hidden_act", &other.into(), "\"gelu\" or \"quick_gelu\""));
            }
        },
        layer_norm_eps: tower.number("layer_norm_eps", 1e-5, 0.0, 1.0)?,
    })
}

/// Files from before transformers used this field have `eos_token_id: 2`. For them, the position
/// with the highest id represents the prompt (`CLIPTextTransformer.forward` in `modeling_clip.py`).
fn pooling(text: &Fields<'_>) -> Result<TextPooling, ConfigError> {
    let id = text.count("eos_token_id", 49407, 0, bounds::VOCABULARY)?;
    Ok(match u32::try_from(id) {
        Ok(id) if id != 2 => TextPooling::FirstOf(id),
        _ => TextPooling::HighestId,
    })
}
