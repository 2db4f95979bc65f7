//! Rows that the invocations of a subgroup read for each other.
//!
//! All invocations of a subgroup need the same rows of the left operand. Where the device lends
//! subgroups, each reads one of them and hands it to the others; elsewhere each reads them all. On
//! adapters that are a CPU, where every invocation's read is an instruction, this is what makes
//! half of the speed.

use std::fmt::{Display, Write as _};

/// How rows are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Rows {
    /// Rows of an invocation.
    pub(super) count: usize,
    /// Invocations that read for each other, a divisor of `count`; 0 where each reads for itself.
    pub(super) lanes: usize,
}

/// Invocations that can read for each other on a device whose smallest subgroup has this size, 0
/// where it has none: 4 or 8, 0 for none.
pub(super) fn lanes(smallest: usize) -> usize {
    match smallest {
        0..4 => 0,
        4..8 => 4,
        _ => 8,
    }
}

impl Rows {
    /// What a text begins with, before anything else. Natively the operations are there without,
    /// and wgpu's compiler does not know the line.
    pub(super) fn enable(self) -> &'static str {
        if self.lanes > 0 && cfg!(target_family = "wasm") { "enable subgroups;\n" } else { "" }
    }

    /// The parameter of `main` that [`places`](Self::places) reads.
    pub(super) fn parameter(self) -> &'static str {
        if self.lanes > 0 { ", @builtin(subgroup_invocation_id) invocation: u32" } else { "" }
    }

    /// Rows that an invocation reads.
    fn reads(self) -> usize {
        self.count / self.lanes.max(1)
    }

    /// `let x{i} = place(row);` for each row that an invocation reads; the first of all is `row`.
    pub(super) fn places(self, text: &mut String, place: impl Fn(&str) -> String) {
        for i in 0..self.reads() {
            let row = match self.lanes {
                0 => format!("row + {i}u"),
                lanes => format!("row + {}u + invocation % {lanes}u", i * lanes),
            };
            let _ = writeln!(text, "let x{i} = {};", place(&row));
        }
    }

    /// `let y{i} = value(x{i});` for each row that an invocation reads.
    pub(super) fn read<T: Display>(self, text: &mut String, value: impl Fn(&str) -> T) {
        for i in 0..self.reads() {
            let _ = writeln!(text, "let y{i} = {};", value(&format!("x{i}")));
        }
    }

    /// What row `r` holds, once [`read`](Self::read) has been written. Control flow has to be
    /// uniform here.
    pub(super) fn row(self, r: usize) -> String {
        match self.lanes {
            0 => format!("y{r}"),
            lanes => format!("subgroupBroadcast(y{}, {}u)", r / lanes, r % lanes),
        }
    }
}
