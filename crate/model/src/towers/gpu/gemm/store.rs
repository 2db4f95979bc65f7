//! How a kernel reads a weight matrix.

use crate::towers::gpu::kernel::Buffers;

/// The precision in which a weight matrix is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::towers::gpu) enum Store {
    F32,
    F16,
    Q8,
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
        }
    }

    /// Defines `weights(at)`, which reads four neighbouring weights of a row. q8 weights must then
    /// be multiplied by 127 times the scale of their block.
    pub(super) fn text(self) -> &'static str {
        match self {
            Store::F32 => "fn weights(at: u32) -> vec4f { return weight[at]; }\n",
            Store::F16 => {
                "fn weights(at: u32) -> vec4f { let pairs = weight[at]; return vec4f(unpack2x16float(pairs.x), unpack2x16float(pairs.y)); }\n"
            }
            Store::Q8 => "fn weights(at: u32) -> vec4f { return unpack4x8snorm(weight[at]); }\n",
        }
    }
}
