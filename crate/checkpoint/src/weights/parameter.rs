//! The parameters of a CLIP model under this project's own names: what the towers need, whatever the checkpoint calls it.

use crate::config::{ClipConfig, Transformer};

/// How a parameter is used, which decides how it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `[out, in]`, multiplied: stored in the chosen [`Precision`](super::Precision).
    Matrix,
    /// `[vocabulary, width]`, looked up by row on the host: stored in the chosen precision.
    Table,
    /// Added or scaled by: always f32.
    Vector,
}

/// One parameter of the towers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Parameter {
    /// For example `vision.blocks.3.attention.qkv.weight`.
    pub name: String,
    /// Row-major shape; `[]` for the logit scale.
    pub shape: Vec<usize>,
    /// How it is used.
    pub kind: Kind,
}

/// Every parameter of a model, each once.
///
/// Query, key and value are one matrix `[3 · width, width]` in that order, and the patch convolution is the matrix
/// `[width, 3 · patch²]` that it is.
pub fn parameters(config: &ClipConfig) -> Vec<Parameter> {
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

/// A weight and the bias of its rows.
fn push_pair(list: &mut Vec<Parameter>, name: &str, shape: &[usize], kind: Kind) {
    push(list, &format!("{name}.weight"), shape, kind);
    push(list, &format!("{name}.bias"), &shape[..1], Kind::Vector);
}

fn push(list: &mut Vec<Parameter>, name: &str, shape: &[usize], kind: Kind) {
    list.push(Parameter { name: name.into(), shape: shape.into(), kind });
}
