//! The rows that are pooled.

use burn_cubecl::tensor::CubeTensor;

use super::kernel::{Buffers, Kernel};

/// `output[i] = stream[chosen[i]]`, each a row of this width
pub(super) fn rows(stream: &CubeTensor, chosen: &[u32], width: usize, output: &CubeTensor) {
    let info: Vec<u32> = std::iter::once(width as u32).chain(chosen.iter().copied()).collect();
    Kernel::Rows.launch(&[stream, output], &info, [width.div_ceil(WIDE), chosen.len(), 1]);
}

/// Invocations of a workgroup, as the text has them.
const WIDE: usize = 32;

pub(super) const BUFFERS: Buffers = &[("stream", "f32"), ("output", "f32")];

pub(super) const BODY: &str = "
@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(global_invocation_id) global: vec3u) {
    let width = info[0];
    if (global.x < width) {
        output[group.y * width + global.x] = stream[info[1u + group.y] * width + global.x];
    }
}
";
