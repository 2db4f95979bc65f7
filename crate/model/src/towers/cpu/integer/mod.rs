//! Products of q8 weights in integer arithmetic.
//!
//! wasm, x86 and ARM multiply more integers than f32 values per instruction. Weights stay 8-bit.
//! Each row of the input is rounded to 15 bits and a sign, an error about a hundred times smaller
//! than that of the weights, or to 8 bits for `q8-fast`. The sums within a block are exact
//! integers; the sums of the blocks are scaled and added in f32.
//!
//! One instruction multiplies and adds a [`Group`] of neighbouring steps of a column: `pairs.rs` on
//! any processor, `quads.rs` on processors with an 8-bit dot product, `octets.rs` on those with an
//! 8-bit matrix product, `bytes.rs` for `q8-fast`.

#[cfg(target_arch = "aarch64")]
mod byte_rows;
mod bytes;
#[cfg(test)]
mod case;
mod group;
mod multiply;
#[cfg(target_arch = "aarch64")]
mod octets;
mod pairs;
mod quads;
mod registers;
mod round;

pub(super) use bytes::are_fast as bytes_are_fast;
#[cfg(target_arch = "aarch64")]
pub(super) use group::Octet;
pub(super) use group::{Group, Pair, PanelGroups, Quad, RowScale, Tile};
#[cfg(target_arch = "aarch64")]
pub(super) use octets::are_fast as octets_are_fast;
pub(super) use pairs::are_fast as pairs_are_fast;
pub(super) use quads::are_fast as quads_are_fast;
pub(super) use round::{ByteRounding, round_input};
