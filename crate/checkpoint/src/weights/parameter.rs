//! The parameters of a model under this project's names, independent of the checkpoint format.

use crate::config::{BlipConfig, ClipConfig, ModelConfig, Transformer};

/// How a parameter is used. This decides its precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `[out, in]`, used in matrix products: stored in the chosen [`Precision`](super::Precision).
    Matrix,
    /// `[vocabulary, width]`, looked up by row on the CPU: stored in the chosen precision.
    Table,
    /// Added or multiplied elementwise, or computed with on the CPU: always f32.
    Vector,
}

/// One parameter of the towers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Parameter {
    /// Its name, for example `vision.blocks.3.attention.qkv.weight`.
    pub name: String,
    /// Row-major shape; `[]` for the logit scale.
    pub shape: Vec<usize>,
    /// How it is used.
    pub kind: Kind,
}

/// All parameters of a model.
///
/// Query, key and value are one matrix `[3 · width, width]` in that order, except in ImageReward's
/// text encoder, where key and value are one matrix `[2 · width, width]` of the rows that they are
/// computed from. The patch convolution is a matrix `[width, 3 · patch²]`.
pub fn parameters(config: impl Into<ModelConfig>) -> Vec<Parameter> {
    match config.into() {
        ModelConfig::Clip(config) => of_clip(&config),
        ModelConfig::Blip(config) => of_blip(&config),
    }
}

fn of_clip(config: &ClipConfig) -> Vec<Parameter> {
    let mut list = Vec::new();
    let (vision, text) = (&config.vision, &config.text);
    let (width, patch) = (vision.transformer.width, vision.patch_size);
    push(&mut list, "vision.class", &[width], Kind::Vector);
    push(&mut list, "vision.patch.weight", &[width, 3 * patch * patch], Kind::Matrix);
    push(&mut list, "vision.position", &[vision.positions(), width], Kind::Vector);
    push_pair(&mut list, "vision.pre_norm", &[width], Kind::Vector);
    push_blocks(&mut list, "vision", &vision.transformer);
    push_pair(&mut list, "vision.post_norm", &[width], Kind::Vector);
    push(&mut list, "vision.projection.weight", &[config.projection, width], Kind::Matrix);

    let width = text.transformer.width;
    push(&mut list, "text.token", &[text.vocabulary, width], Kind::Table);
    push(&mut list, "text.position", &[text.context, width], Kind::Vector);
    push_blocks(&mut list, "text", &text.transformer);
    push_pair(&mut list, "text.final_norm", &[width], Kind::Vector);
    push(&mut list, "text.projection.weight", &[config.projection, width], Kind::Matrix);
    push(&mut list, "logit_scale", &[], Kind::Vector);
    list
}

fn of_blip(config: &BlipConfig) -> Vec<Parameter> {
    let mut list = Vec::new();
    let (vision, text) = (&config.vision, &config.text);
    let (width, patch) = (vision.transformer.width, vision.patch_size);
    push(&mut list, "vision.class", &[width], Kind::Vector);
    push_pair(&mut list, "vision.patch", &[width, 3 * patch * patch], Kind::Matrix);
    push(&mut list, "vision.position", &[vision.positions(), width], Kind::Vector);
    push_blocks(&mut list, "vision", &vision.transformer);
    push_pair(&mut list, "vision.post_norm", &[width], Kind::Vector);

    let (image, width, mlp) = (width, text.transformer.width, text.transformer.mlp);
    push(&mut list, "text.token", &[text.vocabulary, width], Kind::Table);
    push(&mut list, "text.position", &[text.positions, width], Kind::Vector);
    push_pair(&mut list, "text.norm", &[width], Kind::Vector);
    for layer in 0..text.transformer.layers {
        for (part, source) in [("attention", width), ("cross_attention", image)] {
            let name = |kind: &str| format!("text.blocks.{layer}.{part}.{kind}");
            push_pair(&mut list, &name("query"), &[width, width], Kind::Matrix);
            push_pair(&mut list, &name("key_value"), &[2 * width, source], Kind::Matrix);
            push_pair(&mut list, &name("out"), &[width, width], Kind::Matrix);
            push_pair(&mut list, &name("norm"), &[width], Kind::Vector);
        }
        let name = |kind: &str| format!("text.blocks.{layer}.mlp.{kind}");
        push_pair(&mut list, &name("up"), &[mlp, width], Kind::Matrix);
        push_pair(&mut list, &name("down"), &[width, mlp], Kind::Matrix);
        push_pair(&mut list, &name("norm"), &[width], Kind::Vector);
    }
    let mut inputs = width;
    for (layer, outputs) in BlipConfig::HEAD.into_iter().enumerate() {
        push_pair(&mut list, &format!("head.{layer}"), &[outputs, inputs], Kind::Vector);
        inputs = outputs;
    }
    list
}

fn push_blocks(list: &mut Vec<Parameter>, tower: &str, transformer: &Transformer) {
    let (width, mlp) = (transformer.width, transformer.mlp);
    for layer in 0..transformer.layers {
        let name = |part: &str| format!("{tower}.blocks.{layer}.{part}");
        push_pair(list, &name("norm1"), &[width], Kind::Vector);
        push_pair(list, &name("attention.qkv"), &[3 * width, width], Kind::Matrix);
        push_pair(list, &name("attention.out"), &[width, width], Kind::Matrix);
        push_pair(list, &name("norm2"), &[width], Kind::Vector);
        push_pair(list, &name("mlp.up"), &[mlp, width], Kind::Matrix);
        push_pair(list, &name("mlp.down"), &[width, mlp], Kind::Matrix);
    }
}

/// Adds a weight and its bias.
fn push_pair(list: &mut Vec<Parameter>, name: &str, shape: &[usize], kind: Kind) {
    push(list, &format!("{name}.weight"), shape, kind);
    push(list, &format!("{name}.bias"), &shape[..1], Kind::Vector);
}

fn push(list: &mut Vec<Parameter>, name: &str, shape: &[usize], kind: Kind) {
    list.push(Parameter { name: name.into(), shape: shape.into(), kind });
}
