//! Gathers rows of a matrix.

use burn_cubecl::cubecl::client::Client;

use super::{
    kernel::{self, Buffers, Kernel},
    wgsl::Buffer,
};

/// `output[i] = matrix[rows[i]]`: matrix `[all, width]`, rows `[rows]` in `0..all`, output
/// `[rows, width]`
pub(super) fn gather(client: &Client, matrix: &Buffer, rows: &[usize], output: &Buffer) {
    let width = matrix.columns;
    let info: Vec<u32> = std::iter::once(width).chain(rows.iter().copied()).map(|x| x as u32).collect();
    let workgroups = [width.div_ceil(WIDE), rows.len(), 1];
    kernel::launch(Gather, client, &[&matrix.handle, &output.handle], &info, workgroups);
}

/// Invocations per workgroup, as in the text.
const WIDE: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Gather;

impl Kernel for Gather {
    fn buffers(self) -> Buffers {
        &[("stream", "f32"), ("output", "f32")]
    }

    fn body(self) -> String {
        BODY.into()
    }
}

const BODY: &str = "
@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(global_invocation_id) global: vec3u) {
    let width = info[0];
    if (global.x < width) {
        output[group.y * width + global.x] = stream[info[1u + group.y] * width + global.x];
    }
}
";
