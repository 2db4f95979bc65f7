//! The tile of a workgroup whose subgroups multiply matrices of f16, on tensor cores for example.
//!
//! WGSL has no such matrices yet; this is wgpu's extension of it for native devices, which
//! [`Capabilities::of`](crate::towers::Capabilities::of) detects.

use std::fmt::Write as _;

use half::f16;

use super::{half as halves, store::Store};

/// The extent of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::towers::gpu) struct Matrices {
    /// Rows and columns of a matrix.
    pub(in crate::towers::gpu) side: usize,
    /// Matrices of a subgroup along each axis.
    pub(in crate::towers::gpu) count: usize,
    /// Invocations of a subgroup.
    pub(in crate::towers::gpu) lanes: usize,
}

/// Directives that enable matrices of f16.
pub(in crate::towers::gpu) const DIRECTIVES: &str = "enable f16;\nenable wgpu_cooperative_matrix;\n";
/// Subgroups of a workgroup along each axis.
pub(in crate::towers::gpu) const SUBGROUPS: usize = 2;
/// Steps of four values that are loaded at a time.
const STEPS: usize = 8;
/// Steps from a row to the next in workgroup memory. The padding spreads rows over its banks.
const STRIDE: usize = STEPS + 2;

/// How many f16 an input is split into.
pub(in crate::towers::gpu) fn terms(store: Store) -> usize {
    if store == Store::F16 { 2 } else { 1 }
}

impl Matrices {
    /// Rows and columns per workgroup.
    pub(super) fn extent(self) -> usize {
        SUBGROUPS * self.count * self.side
    }

    /// Bytes of workgroup memory that the kernel needs at most.
    pub(super) fn memory(self) -> usize {
        let operands = (terms(Store::F16) + 1) * self.extent() * STRIDE * size_of::<[f16; 4]>();
        operands + SUBGROUPS * SUBGROUPS * self.side * self.side * size_of::<f32>()
    }

    /// The kernel. Its operands are f16 and its sums f32. Inputs that are multiplied by f16 weights
    /// are split into two terms, which together keep 21 bits, or in small values have an error of
    /// at most 2⁻²⁵, so that only the rounding of weights costs accuracy. q8 weights are so much
    /// less accurate that one term is enough. Finished matrices go through workgroup memory,
    /// because it is unspecified which invocation holds which of their values.
    pub(super) fn body(self, store: Store) -> String {
        let Self { side, count, lanes } = self;
        let (extent, width) = (self.extent(), SUBGROUPS * SUBGROUPS * lanes);
        let steps = side / 4;
        let terms = terms(store);
        // The first term is cut off with a mask. A compiler may remove rounding to f16 and back,
        // and the second term would be zero.
        let split = match terms {
            2 => {
                "let leading = bitcast<vec4f>(bitcast<vec4u>(one) & vec4u(0xffffe000u));
            left[place * STRIDE + step] = rounded(leading);
            left[(EXTENT + place) * STRIDE + step] = rounded(one - leading);"
            }
            _ => "left[place * STRIDE + step] = rounded(one);",
        };
        let matrix = |of: &str, role: &str| format!("coop_mat{side}x{side}<{of}, {role}>");
        let all = || (0..count).flat_map(move |i| (0..count).map(move |j| (i, j)));
        let mut text = format!(
            "{}const EXTENT = {extent}u; const WIDTH = {width}u; const STEPS = {STEPS}u; const STRIDE = {STRIDE}u;\n\
             var<workgroup> left: array<vec4<f16>, {terms}u * EXTENT * STRIDE>;\n\
             var<workgroup> right: array<vec4<f16>, EXTENT * STRIDE>;\n\
             var<workgroup> finished: array<vec4f, {}>;\n",
            halves::ROUNDED,
            SUBGROUPS * SUBGROUPS * side * steps,
        );
        let _ = write!(
            text,
            "
@compute @workgroup_size(WIDTH)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(local_invocation_index) lane: u32,
    @builtin(subgroup_id) subgroup: u32,
    @builtin(subgroup_invocation_id) invocation: u32,
) {{
    let rows = info[0]; let outputs = info[1]; let steps = info[2];
    let top = subgroup / {SUBGROUPS}u * {part}u; let start = subgroup % {SUBGROUPS}u * {part}u;
",
            part = count * side,
        );
        for (i, j) in all() {
            let _ = writeln!(text, "var m{i}_{j} = {}();", matrix("f32", "C"));
        }
        let _ = write!(
            text,
            "
    for (var first = 0u; first < steps; first += STEPS) {{
        for (var i = lane; i < EXTENT * STEPS; i += WIDTH) {{
            let place = i / STEPS; let step = i % STEPS;
            var one = vec4f(); var other = vec4f();
            if (first + step < steps) {{
                one = input[min(group.x * EXTENT + place, rows - 1u) * steps + first + step];
                let nearest = min(group.y * EXTENT + place, outputs - 1u);
                var values = weights(nearest * steps + first + step);
                {}
                other = values;
            }}
            right[place * STRIDE + step] = rounded(other);
            {split}
        }}
        workgroupBarrier();
",
            store.scaling()
        );
        for step in (0..STEPS).step_by(steps) {
            text += "{\n";
            // The columns of the right matrix are rows of weights.
            for i in 0..count {
                let (at, b) = (i * side, matrix("f16", "B"));
                let place = format!("(start + {at}u) * STRIDE + {step}u");
                let _ = writeln!(text, "let b{i} = coopLoad<{b}>(&right[{place}], STRIDE);");
            }
            for (i, term) in (0..count).flat_map(|i| (0..terms).map(move |term| (i, term))) {
                let (at, a) = (i * side, matrix("f16", "A"));
                let place = format!("({term}u * EXTENT + top + {at}u) * STRIDE + {step}u");
                let _ = writeln!(text, "let a{i}_{term} = coopLoadT<{a}>(&left[{place}], STRIDE);");
                for j in 0..count {
                    let _ = writeln!(text, "m{i}_{j} = coopMultiplyAdd(a{i}_{term}, b{j}, m{i}_{j});");
                }
            }
            text += "}\n";
        }
        text += "workgroupBarrier();\n}\n";
        for (i, j) in all() {
            let _ = write!(
                text,
                "
    coopStoreT(m{i}_{j}, &finished[subgroup * {size}u], {steps}u);
    workgroupBarrier();
    for (var i = invocation; i < {size}u; i += {lanes}u) {{
        let row = group.x * EXTENT + top + {}u + i / {steps}u;
        let column = (group.y * EXTENT + start + {}u) / 4u + i % {steps}u;
        finish(row, column, finished[subgroup * {size}u + i]);
    }}
    workgroupBarrier();
",
                i * side,
                j * side,
                size = side * steps,
            );
        }
        text + "}\n"
    }
}
