//! The CPU path: what burn's CPU backend does one operation after the other, done together and on all cores.
//!
//! Stock burn-flex 0.22 runs its matrix multiplications at the same speed as these, but between them it computes `erf` and `exp`
//! one number at a time on one core, copies every head of the attention, and reads and writes each activation again for bias,
//! GELU and residual. The functions here take [`Flex`] tensors apart, compute on their slices with `gemm` (burn-flex's own) and put
//! tensors together again; other devices and training take burn's operations.

#![allow(unsafe_code, reason = "gemm takes pointers; each call says why its pointers are good")]

mod attention;
mod linear;
mod math;

use std::cell::RefCell;

use burn::{
    backend::{Flex, tensor::FloatTensor},
    tensor::{DType, Device, Tensor},
};

use crate::{config::Activation, weights::Blocks};

/// Whether tensors of this device can be computed here: on burn's CPU backend, without gradients.
pub(super) fn runs_on(device: &Device) -> bool {
    *device == Device::flex() && !device.is_autodiff()
}

/// A weight matrix `[out, in]` as the CPU path reads it.
pub(super) enum Matrix<'a> {
    /// f32 or f16.
    Float(&'a Tensor<2>),
    /// 8-bit blocks.
    Blocks(&'a Blocks),
}

/// input `[rows, in]`, weight `[out, in]`, bias `[out]`, residual `[rows, out]` →
/// `activation(residual + input · weightᵀ + bias)` `[rows, out]`
pub(super) fn linear(
    input: Tensor<2>,
    weight: Matrix<'_>,
    bias: Option<Tensor<1>>,
    activation: Option<Activation>,
    residual: Option<Tensor<2>>,
) -> Tensor<2> {
    let [rows, inputs] = input.dims();
    let input = primitive(input);
    let bias = bias.map(primitive);
    let floats;
    let (outputs, weight) = match weight {
        Matrix::Blocks(blocks) => {
            let weight =
                linear::Weight::Q8 { values: &blocks.values, scales: &blocks.scales, block: blocks.block };
            (blocks.values.len() / inputs, weight)
        }
        Matrix::Float(tensor) => {
            let [outputs, _] = tensor.dims();
            floats = primitive(tensor.clone());
            let weight = match floats.dtype() {
                DType::F16 => linear::Weight::F16(slice(&floats)),
                _ => linear::Weight::F32(slice(&floats)),
            };
            (outputs, weight)
        }
    };
    let accumulate = residual.is_some();
    let mut output = match residual {
        Some(residual) => primitive(residual),
        None => FloatTensor::<Flex>::empty([rows, outputs].into(), DType::F32),
    };
    let task = linear::Linear {
        rows,
        inputs,
        outputs,
        weight,
        bias: bias.as_ref().map(slice),
        activation,
        accumulate,
    };
    task.run(slice(&input), output.storage_mut());
    Tensor::from_primitive::<Flex>(output)
}

/// qkv `[batch · sequence, 3 · width]` → `[batch · sequence, width]`
pub(super) fn attention(qkv: Tensor<2>, sequence: usize, heads: usize, causal: bool) -> Tensor<2> {
    let [rows, width] = qkv.dims();
    let width = width / 3;
    let qkv = primitive(qkv);
    let mut output = FloatTensor::<Flex>::empty([rows, width].into(), DType::F32);
    let task = attention::Attention { batch: rows / sequence, sequence, heads, width, causal };
    task.run(slice(&qkv), output.storage_mut());
    Tensor::from_primitive::<Flex>(output)
}

/// The CPU backend's own tensor, its numbers in row-major order from the start of its storage.
fn primitive<const D: usize>(tensor: Tensor<D>) -> FloatTensor<Flex> {
    let Ok(tensor) = tensor.try_into_primitive::<Flex>() else {
        unreachable!("callers ask `runs_on` first");
    };
    if tensor.layout().contiguous_offsets() == Some((0, tensor.layout().num_elements())) {
        tensor
    } else {
        tensor.to_contiguous()
    }
}

/// All numbers of a [`primitive`].
fn slice<E: burn::tensor::Element + bytemuck::Pod>(tensor: &FloatTensor<Flex>) -> &[E] {
    &tensor.storage::<E>()[..tensor.layout().num_elements()]
}

/// Threads that share the work.
fn threads() -> usize {
    #[cfg(feature = "parallel")]
    return rayon::current_num_threads();
    #[cfg(not(feature = "parallel"))]
    1
}

/// Runs `task(scratch, 0..count)` on all cores, each with its own scratch memory.
fn for_each(count: usize, task: impl Fn(&mut Vec<f32>, usize) + Sync + Send) {
    thread_local! {
        static SCRATCH: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
    }
    let task = |index| SCRATCH.with_borrow_mut(|scratch| task(scratch, index));
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        // One task at a time: they are few and large, and a thread that took two in a row would keep the others waiting.
        (0..count).into_par_iter().with_max_len(1).for_each(task);
    }
    #[cfg(not(feature = "parallel"))]
    (0..count).for_each(task);
}
