//! For targets without AMX, or without a way to ask for it.

use super::{LANES, ROWS, Rounded, Sums, Term};

/// No value exists.
#[derive(Clone, Copy, Debug)]
pub(in crate::towers::cpu) enum Amx {}

impl Amx {
    pub(in crate::towers::cpu) fn detect() -> Option<Self> {
        None
    }

    pub(in crate::towers::cpu) fn multiply<const INPUT: usize, const WEIGHT: usize>(
        self,
        _: usize,
        _: &[[Term; INPUT]],
        _: &[[Term; WEIGHT]],
        _: &mut Sums,
    ) {
        match self {}
    }

    pub(super) fn multiply_bytes(self, _: usize, _: &[Rounded], _: &[Rounded], _: &mut [[i32; LANES]; ROWS]) {
        match self {}
    }
}
