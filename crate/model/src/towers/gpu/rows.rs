//! The rows that are pooled.

use burn_cubecl::cubecl::client::Client;

use super::{
    Buffer,
    kernel::{Buffers, Kernel},
};

/// `output[i] = matrix[rows[i]]`; every one of them is below the matrix's rows
pub(super) fn rows(client: &Client, matrix: &Buffer, rows: &[usize], output: &Buffer) {
    let width = matrix.columns;
    let info: Vec<u32> = std::iter::once(width).chain(rows.iter().copied()).map(|x| x as u32).collect();
    let workgroups = [width.div_ceil(WIDE), rows.len(), 1];
    Kernel::Rows.launch(client, &[&matrix.handle, &output.handle], &info, workgroups);
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
