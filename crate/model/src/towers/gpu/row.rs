//! Kernels in which a workgroup takes a row, and its invocations share it out.

/// Workgroups for so many rows. Along one axis every adapter takes so many of them: rows go on in
/// the next.
pub(super) fn workgroups(rows: usize) -> [usize; 3] {
    const ACROSS: usize = 32_768;
    let across = rows.clamp(1, ACROSS);
    [across, rows.div_ceil(across), 1]
}

/// The kernel of a body that knows its `row`, its `lane`, and that there are `WIDE` lanes; before
/// it comes the memory that they share.
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
