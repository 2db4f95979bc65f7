//! Kernels that process one row per workgroup.

/// The workgroups for this many rows. They extend along a second axis, because the number along one
/// axis is limited.
pub(super) fn workgroups(rows: usize) -> [usize; 3] {
    const ACROSS: usize = 32_768;
    let across = rows.clamp(1, ACROSS);
    [across, rows.div_ceil(across), 1]
}

/// A kernel from a body that uses `row`, `lane` and `WIDE`, the number of lanes. `shared` declares
/// workgroup memory.
pub(super) fn kernel(shared: &str, body: &str) -> String {
    format!(
        "const WIDE = 32u;
{shared}
@compute @workgroup_size(WIDE)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32,
) {{
    let row = group.y * groups.x + group.x;
{body}}}
"
    )
}
