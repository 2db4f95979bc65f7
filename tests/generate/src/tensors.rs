//! The tensors of a checkpoint, with the names and shapes that each library uses.

use pickscore_checkpoint::config::{ClipConfig, Transformer};

/// The library whose names and shapes a checkpoint uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convention {
    /// transformers' `CLIPModel`.
    HuggingFace,
    /// open_clip's `CLIP`.
    OpenClip,
}

/// Names and shapes of a checkpoint's tensors, sorted by name as safetensors writes them.
pub fn tensors(config: &ClipConfig, convention: Convention) -> Vec<(String, Vec<usize>)> {
    let mut list = match convention {
        Convention::HuggingFace => hugging_face(config),
        Convention::OpenClip => open_clip(config),
    };
    list.sort();
    list
}

type Tensors = Vec<(String, Vec<usize>)>;

fn pair(list: &mut Tensors, name: &str, shape: &[usize]) {
    list.push((format!("{name}.weight"), shape.into()));
    list.push((format!("{name}.bias"), vec![shape[0]]));
}

fn hugging_face(config: &ClipConfig) -> Tensors {
    let (vision, text) = (&config.vision, &config.text);
    let (width, patch) = (vision.transformer.width, vision.patch_size);
    let mut list = vec![
        ("logit_scale".into(), vec![]),
        ("vision_model.embeddings.class_embedding".into(), vec![width]),
        ("vision_model.embeddings.patch_embedding.weight".into(), vec![width, 3, patch, patch]),
        ("vision_model.embeddings.position_embedding.weight".into(), vec![vision.positions(), width]),
        ("visual_projection.weight".into(), vec![config.projection, width]),
    ];
    pair(&mut list, "vision_model.pre_layrnorm", &[width]);
    pair(&mut list, "vision_model.post_layernorm", &[width]);
    let width = text.transformer.width;
    list.push(("text_model.embeddings.token_embedding.weight".into(), vec![text.vocabulary, width]));
    list.push(("text_model.embeddings.position_embedding.weight".into(), vec![text.context, width]));
    list.push(("text_projection.weight".into(), vec![config.projection, width]));
    pair(&mut list, "text_model.final_layer_norm", &[width]);
    for (tower, Transformer { width, layers, mlp, .. }) in
        [("vision_model", &vision.transformer), ("text_model", &text.transformer)]
    {
        for layer in 0..*layers {
            let name = |part: &str| format!("{tower}.encoder.layers.{layer}.{part}");
            for part in ["q_proj", "k_proj", "v_proj", "out_proj"] {
                pair(&mut list, &name(&format!("self_attn.{part}")), &[*width, *width]);
            }
            pair(&mut list, &name("layer_norm1"), &[*width]);
            pair(&mut list, &name("layer_norm2"), &[*width]);
            pair(&mut list, &name("mlp.fc1"), &[*mlp, *width]);
            pair(&mut list, &name("mlp.fc2"), &[*width, *mlp]);
        }
    }
    list
}

fn open_clip(config: &ClipConfig) -> Tensors {
    let (vision, text) = (&config.vision, &config.text);
    let (width, patch) = (vision.transformer.width, vision.patch_size);
    let mut list = vec![
        ("logit_scale".into(), vec![]),
        ("visual.class_embedding".into(), vec![width]),
        ("visual.conv1.weight".into(), vec![width, 3, patch, patch]),
        ("visual.positional_embedding".into(), vec![vision.positions(), width]),
        ("visual.proj".into(), vec![width, config.projection]),
    ];
    pair(&mut list, "visual.ln_pre", &[width]);
    pair(&mut list, "visual.ln_post", &[width]);
    let width = text.transformer.width;
    list.push(("token_embedding.weight".into(), vec![text.vocabulary, width]));
    list.push(("positional_embedding".into(), vec![text.context, width]));
    list.push(("text_projection".into(), vec![width, config.projection]));
    pair(&mut list, "ln_final", &[width]);
    for (tower, Transformer { width, layers, mlp, .. }) in
        [("visual.transformer", &vision.transformer), ("transformer", &text.transformer)]
    {
        for layer in 0..*layers {
            let name = |part: &str| format!("{tower}.resblocks.{layer}.{part}");
            list.push((name("attn.in_proj_weight"), vec![3 * width, *width]));
            list.push((name("attn.in_proj_bias"), vec![3 * width]));
            pair(&mut list, &name("attn.out_proj"), &[*width, *width]);
            pair(&mut list, &name("ln_1"), &[*width]);
            pair(&mut list, &name("ln_2"), &[*width]);
            pair(&mut list, &name("mlp.c_fc"), &[*mlp, *width]);
            pair(&mut list, &name("mlp.c_proj"), &[*width, *mlp]);
        }
    }
    list
}
