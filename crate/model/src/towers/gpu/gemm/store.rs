//! How a kernel reads and multiplies a weight matrix.

use crate::towers::gpu::kernel::Buffers;

/// How a weight matrix is stored and multiplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::towers::gpu) enum Store {
    F32,
    F16,
    /// q8, not multiplied as bytes.
    Q8,
    /// q8, multiplied with inputs that [`round`](super::round) has rounded to bytes.
    Bytes,
}

impl Store {
    /// The buffers of a kernel that reads such a matrix.
    pub(super) fn buffers(self) -> Buffers {
        match self {
            Store::F32 => &[
                ("input", "vec4f"),
                ("weight", "vec4f"),
                ("bias", "vec4f"),
                ("residual", "vec4f"),
                ("output", "vec4f"),
            ],
            Store::F16 => &[
                ("input", "vec4f"),
                ("weight", "vec2u"),
                ("bias", "vec4f"),
                ("residual", "vec4f"),
                ("output", "vec4f"),
            ],
            Store::Q8 => &[
                ("input", "vec4f"),
                ("weight", "u32"),
                ("scales", "f32"),
                ("bias", "vec4f"),
                ("residual", "vec4f"),
                ("output", "vec4f"),
            ],
            Store::Bytes => &[
                ("input", "vec4u"),
                ("weight", "vec4u"),
                ("scales", "f32"),
                ("bias", "vec4f"),
                ("residual", "vec4f"),
                ("output", "vec4f"),
            ],
        }
    }

    /// The type of a step: four neighbouring values of a row, or sixteen bytes.
    pub(super) fn step(self) -> &'static str {
        if self == Self::Bytes { "vec4u" } else { "vec4f" }
    }

    /// Statements that multiply `values`, the weights of a step, by the scale of their block, if
    /// there are scales. `nearest` is the column, and `first + step` the step.
    pub(super) fn scaling(self) -> &'static str {
        if self == Self::Q8 {
            "let length = info[3];
             values *= scales[nearest * ((steps + length - 1u) / length) + (first + step) / length];\n"
        } else {
            ""
        }
    }

    /// Defines `weights(at)`, which reads the weights of a step, and `product(a, b)`, the sum of
    /// the products of a step. The sums of q8 weights must then be multiplied by the scale of their
    /// block.
    pub(super) fn text(self) -> &'static str {
        match self {
            Store::F32 => {
                "
fn weights(at: u32) -> vec4f { return weight[at]; }
fn product(a: vec4f, b: vec4f) -> f32 { return dot(a, b); }
"
            }
            Store::F16 => {
                "
fn weights(at: u32) -> vec4f { let pairs = weight[at]; return vec4f(unpack2x16float(pairs.x), unpack2x16float(pairs.y)); }
fn product(a: vec4f, b: vec4f) -> f32 { return dot(a, b); }
"
            }
            Store::Q8 => {
                "
fn weights(at: u32) -> vec4f { return unpack4x8snorm(weight[at]); }
fn product(a: vec4f, b: vec4f) -> f32 { return dot(a, b); }
"
            }
            Store::Bytes => {
                "
fn weights(at: u32) -> vec4u { return weight[at]; }
fn product(a: vec4u, b: vec4u) -> i32 {
    return dot4I8Packed(a.x, b.x) + dot4I8Packed(a.y, b.y) + dot4I8Packed(a.z, b.z) + dot4I8Packed(a.w, b.w);
}
"
            }
        }
    }
}
