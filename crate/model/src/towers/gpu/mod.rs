//! WGSL kernels for GPUs.
//!
//! burn's GPU backend runs a transformer block in eighty dispatches, this module in nine. burn's
//! kernels multiply with 32 invocations per workgroup on adapters with small subgroups, split a
//! layer norm or softmax into seven to nine dispatches, copy query, key and value out of their
//! rows, and unpack f16 and q8 matrices to f32 in memory for each use. The kernels here are:
//!
//! ```text
//! linear     activation(residual + input · weightᵀ + bias), with f32, f16 or q8 weights, which
//!            are unpacked in registers; for q8-fast, a kernel before it rounds the rows of the
//!            input to bytes, and the product is one of bytes
//! layer_norm one pass over each row
//! attention  scores (read directly from the query, key and value rows) ─► softmax ─► mix
//! gather     collects the pooled rows
//! ```
//!
//! Everything is f32 except stored weights, those bytes, and on some devices the operands of
//! products with f16 and q8 weights: in matrices of f16 (`gemm/matrix.rs`) or, for q8, in f16
//! arithmetic (`gemm/blocked.rs`). Shapes are passed in a buffer, so a driver compiles each kernel
//! only once. Buffers and launches are those of burn's runtime; burn's tensors are not used.

mod attention;
#[cfg(not(target_family = "wasm"))]
mod bounds;
mod capabilities;
mod client;
mod erf;
mod gather;
mod gemm;
mod kernel;
mod norm;
mod row;
mod steps;
mod stopwatch;
mod subgroup;
mod tune;
mod weight;
mod wgsl;

#[cfg(test)]
mod tests;

#[cfg(not(target_family = "wasm"))]
pub(super) use bounds::bounds;
#[cfg(not(target_family = "wasm"))]
pub use bounds::{Arithmetic, Bounds, StepBound};
pub use capabilities::Capabilities;
pub use gemm::tuning::Tuning;
pub use tune::tune;
pub use wgsl::Wgsl;
