//! Sharing of rows within a subgroup.
//!
//! All invocations of a subgroup need the same rows of the left operand. With subgroup operations
//! each invocation reads one row and broadcasts it; otherwise each reads all rows. On adapters that
//! run on a CPU, where each read is an instruction, this doubles the speed.

use std::fmt::{Display, Write as _};

/// How rows are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Rows {
    /// Rows per invocation.
    pub(super) count: usize,
    /// Invocations that share rows, a divisor of `count`; 0 if each reads all rows.
    pub(super) lanes: usize,
}

/// Number of invocations that can share rows on a device with this smallest subgroup size: 4, 8, or
/// 0 for none.
pub(super) fn lanes(smallest: usize) -> usize {
    match smallest {
        0..4 => 0,
        4..8 => 4,
        _ => 8,
    }
}

impl Rows {
    /// The directive that enables subgroup operations. Natively wgpu does not need it and rejects
    /// it.
    pub(super) fn directives(self) -> &'static str {
        if self.lanes > 0 && cfg!(target_family = "wasm") { "enable subgroups;\n" } else { "" }
    }

    /// The parameter of `main` that [`places`](Self::places) uses.
    pub(super) fn parameter(self) -> &'static str {
        if self.lanes > 0 { ", @builtin(subgroup_invocation_id) invocation: u32" } else { "" }
    }

    /// Number of rows that an invocation reads.
    fn reads(self) -> usize {
        self.count / self.lanes.max(1)
    }

    /// Appends `let x{i} = place(row);` for each row that the invocation reads, starting at `row`.
    pub(super) fn places(self, text: &mut String, place: impl Fn(&str) -> String) {
        for i in 0..self.reads() {
            let row = match self.lanes {
                0 => format!("row + {i}u"),
                lanes => format!("row + {}u + invocation % {lanes}u", i * lanes),
            };
            let _ = writeln!(text, "let x{i} = {};", place(&row));
        }
    }

    /// Appends `let y{i} = value(x{i});` for each row that the invocation reads.
    pub(super) fn read<T: Display>(self, text: &mut String, value: impl Fn(&str) -> T) {
        for i in 0..self.reads() {
            let _ = writeln!(text, "let y{i} = {};", value(&format!("x{i}")));
        }
    }

    /// The value of row `r`, after [`read`](Self::read). Control flow must be uniform.
    pub(super) fn row(self, r: usize) -> String {
        match self.lanes {
            0 => format!("y{r}"),
            lanes => format!("subgroupBroadcast(y{}, {}u)", r / lanes, r % lanes),
        }
    }
}
