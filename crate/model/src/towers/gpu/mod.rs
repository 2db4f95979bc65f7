//! The WebGPU path: what burn's GPU backend does in eighty dispatches a block, in nine.
//!
//! Stock kernels multiply with 32 invocations a workgroup where an adapter has small subgroups, run layer norm and softmax as seven to nine kernels each, copy
//! query, key and value out of their rows, and unpack a 16- or 8-bit matrix to f32 in memory whenever it is used. Here are the towers' own kernels, in WGSL:
//!
//! ```text
//! linear     activation(residual + input · weightᵀ + bias), weights f32, or 16 or 8 bits unpacked in registers
//! layer_norm one pass over each row
//! attention  scores (straight from the query, key and value rows) ─► softmax ─► mix
//! rows       the rows that are pooled
//! ```
//!
//! All numbers are f32 except stored weights. Six kernels are all that a driver compiles, whatever the shapes: they are read from a buffer. Kernels are WGSL, so
//! this is for devices that take WGSL: a browser, and natively the feature `wgpu` without `gpu`, whose fusion and SPIR-V kernels have no place for them.

mod attention;
mod erf;
mod gemm;
mod kernel;
mod norm;
mod row;
mod rows;
mod subgroup;
mod weight;

#[cfg(test)]
mod tests;

use burn::tensor::{DType, Device, Int, Tensor};
use burn_cubecl::{
    CubeBackend, kernel::into_contiguous, ops::numeric::empty_device_contiguous_dtype, tensor::CubeTensor,
};

pub(super) use weight::DeviceWeight;

use pickscore_checkpoint::config::Activation;

/// Numbers that a kernel reads at once: rows of every operand are whole multiples of it.
pub(super) const LANES: usize = 4;

/// Whether tensors of this device can be computed here: on a GPU, without gradients.
pub(super) fn runs_on(device: &Device) -> bool {
    *device != Device::flex() && !device.is_autodiff()
}

/// Whether [`attention`] takes heads of this width.
pub(super) fn takes_heads(head_width: usize) -> bool {
    head_width.is_multiple_of(LANES)
}

/// Which way of multiplying is fastest: see [`tune`](super::tune).
pub(super) async fn tune(
    device: &Device,
    name: Option<&str>,
    subgroup: usize,
    now: &dyn Fn() -> f64,
) -> Option<&'static str> {
    Some(gemm::tune(device, name, subgroup, now).await)
}

/// input `[rows, in]`, weight `[out, in]`, bias `[out]`, residual `[period, out]` →
/// `activation(residual[row % period] + input · weightᵀ + bias)` `[rows, out]`
pub(super) fn linear(
    input: Tensor<2>,
    weight: &DeviceWeight,
    bias: Option<Tensor<1>>,
    activation: Option<Activation>,
    residual: Option<Tensor<2>>,
) -> Tensor<2> {
    linear_with(gemm::chosen(), input, weight, bias, activation, residual)
}

fn linear_with(
    tile: gemm::Tile,
    input: Tensor<2>,
    weight: &DeviceWeight,
    bias: Option<Tensor<1>>,
    activation: Option<Activation>,
    residual: Option<Tensor<2>>,
) -> Tensor<2> {
    let [rows, _] = input.dims();
    let period = residual.as_ref().map_or(0, |residual| residual.dims()[0]);
    let input = primitive(input);
    let output = empty(&input, [rows, weight.outputs()]);
    let task = gemm::Gemm { rows, period, weight, activation };
    task.run(tile, &input, bias.map(primitive), residual.map(primitive), &output);
    Tensor::from_primitive::<CubeBackend>(output)
}

/// input `[rows, width]`, weight and bias `[width]` → layer norm of each row
pub(super) fn layer_norm(input: Tensor<2>, weight: Tensor<1>, bias: Tensor<1>, epsilon: f64) -> Tensor<2> {
    let shape = input.dims();
    let input = primitive(input);
    let output = empty(&input, shape);
    norm::layer_norm(&input, &primitive(weight), &primitive(bias), epsilon as f32, shape, &output);
    Tensor::from_primitive::<CubeBackend>(output)
}

/// qkv `[batch · sequence, 3 · width]` → `[batch · sequence, width]`
pub(super) fn attention(qkv: Tensor<2>, sequence: usize, heads: usize, causal: bool) -> Tensor<2> {
    let [rows, width] = qkv.dims();
    let width = width / 3;
    let qkv = primitive(qkv);
    let output = empty(&qkv, [rows, width]);
    let task = attention::Attention { batch: rows / sequence, sequence, heads, width, causal };
    task.run(&qkv, &output);
    Tensor::from_primitive::<CubeBackend>(output)
}

/// stream `[rows, width]` → the rows chosen `[chosen, width]`; every one of them is below `rows`
pub(super) fn rows(stream: Tensor<2>, chosen: &[u32]) -> Tensor<2> {
    let [_, width] = stream.dims();
    let stream = primitive(stream);
    let output = empty(&stream, [chosen.len(), width]);
    rows::rows(&stream, chosen, width, &output);
    Tensor::from_primitive::<CubeBackend>(output)
}

/// The GPU backend's own tensor, its numbers in row-major order.
fn primitive<const D: usize>(tensor: Tensor<D>) -> CubeTensor {
    let Ok(tensor) = tensor.try_into_primitive::<CubeBackend>() else {
        unreachable!("callers ask `runs_on` first");
    };
    into_contiguous(tensor)
}

/// The same of whole numbers.
fn integers(tensor: Tensor<1, Int>) -> CubeTensor {
    let Ok(tensor) = tensor.try_into_primitive::<CubeBackend>() else {
        unreachable!("callers ask `runs_on` first");
    };
    into_contiguous(tensor)
}

/// A new tensor on the same device, nothing in it yet.
fn empty(beside: &CubeTensor, shape: [usize; 2]) -> CubeTensor {
    empty_device_contiguous_dtype(beside.client.clone(), beside.device.clone(), shape.into(), DType::F32)
}
