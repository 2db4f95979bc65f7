//! The CPU path: what burn's CPU backend does one operation after the other, done together and on all cores.
//!
//! Stock burn-flex 0.22 packs every weight matrix anew for each multiplication, which costs as much as multiplying where rows are few (one image, one
//! prompt); between multiplications it computes `erf` and `exp` one number at a time on one core, copies every head of the attention, and reads and writes
//! each activation again for bias, GELU and residual. Here weights are packed once, when they are loaded. The functions take [`Flex`] tensors apart,
//! compute on their slices and put tensors together again; training has `gradient/`, and other devices take burn's operations.

#![allow(
    unsafe_code,
    reason = "gemm takes pointers, and threads write into one output; each place says why that is good"
)]

mod attention;
#[cfg(feature = "parallel")]
mod crew;
#[cfg(feature = "train")]
pub(super) mod gradient;
mod integer;
mod linear;
mod math;
mod norm;
mod tile;
mod vectorize;
mod weight;

use std::{cell::RefCell, sync::Mutex};

use burn::{
    backend::{Flex, tensor::FloatTensor},
    tensor::{Device, Tensor, TensorData},
};

pub(super) use weight::PackedWeight;

use pickscore_checkpoint::config::Activation;

/// Whether tensors of this device can be computed here: on burn's CPU backend, without gradients.
pub(super) fn runs_on(device: &Device) -> bool {
    *device == Device::flex() && !device.is_autodiff()
}

/// input `[rows, in]`, weight `[out, in]`, bias `[out]`, residual `[rows, out]` →
/// `activation(residual + input · weightᵀ + bias)` `[rows, out]`
pub(super) fn linear(
    input: Tensor<2>,
    weight: &PackedWeight,
    bias: Option<Tensor<1>>,
    activation: Option<Activation>,
    residual: Option<Tensor<2>>,
) -> Tensor<2> {
    let [rows, _] = input.dims();
    let input = primitive(input);
    let bias = bias.map(primitive);
    let accumulate = residual.is_some();
    let task = linear::Linear { rows, weight, bias: bias.as_ref().map(slice), activation, accumulate };
    let output = match residual.map(primitive) {
        Some(mut residual) => {
            task.run(slice(&input), residual.storage_mut());
            residual
        }
        None => matrix(rows, weight.outputs(), |output| task.run(slice(&input), output)),
    };
    Tensor::from_primitive::<Flex>(output)
}

/// input `[rows, width]`, weight and bias `[width]` → layer norm of each row
pub(super) fn layer_norm(input: Tensor<2>, weight: Tensor<1>, bias: Tensor<1>, epsilon: f64) -> Tensor<2> {
    let [rows, width] = input.dims();
    let (input, weight, bias) = (primitive(input), primitive(weight), primitive(bias));
    Tensor::from_primitive::<Flex>(matrix(rows, width, |output| {
        norm::layer_norm(slice(&input), slice(&weight), slice(&bias), epsilon as f32, output);
    }))
}

/// qkv `[batch · sequence, 3 · width]` → `[batch · sequence, width]`
pub(super) fn attention(qkv: Tensor<2>, sequence: usize, heads: usize, causal: bool) -> Tensor<2> {
    let [rows, width] = qkv.dims();
    let width = width / 3;
    let qkv = primitive(qkv);
    let task = attention::Attention { batch: rows / sequence, sequence, heads, width, causal };
    Tensor::from_primitive::<Flex>(matrix(rows, width, |output| task.run(slice(&qkv), output)))
}

/// A tensor of the CPU backend.
type Host = FloatTensor<Flex>;

/// A new tensor `[rows, columns]`, filled by `fill`.
///
/// burn-flex's own `empty` clears its memory and then copies it to where it is aligned otherwise.
fn matrix(rows: usize, columns: usize, fill: impl FnOnce(&mut [f32])) -> Host {
    let mut values = vec![0.0; rows * columns];
    fill(&mut values);
    Host::from_data(TensorData::new(values, [rows, columns]))
}

/// A new tensor `[length]`.
#[cfg(feature = "train")]
fn vector(values: Vec<f32>) -> Host {
    let length = values.len();
    Host::from_data(TensorData::new(values, [length]))
}

/// The CPU backend's own tensor, its numbers in row-major order from the start of its storage.
fn primitive<const D: usize>(tensor: Tensor<D>) -> Host {
    let Ok(tensor) = tensor.try_into_primitive::<Flex>() else {
        unreachable!("callers ask `runs_on` first");
    };
    owned(tensor)
}

/// The same numbers in row-major order from the start of their storage.
fn owned(tensor: Host) -> Host {
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

/// Runs a tower on one of the threads that share its work, rather than having them woken and waited for at each step.
pub(super) fn inside<T: Send>(device: &Device, task: impl FnOnce() -> T + Send) -> T {
    #[cfg(feature = "parallel")]
    if runs_on(device) {
        return crew::run(task);
    }
    let _ = device;
    task()
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
    over(count, |index| SCRATCH.with_borrow_mut(|scratch| task(scratch, index)));
}

/// Runs `task(0..count)` on all cores.
fn over(count: usize, task: impl Fn(usize) + Sync + Send) {
    #[cfg(feature = "parallel")]
    if count > 1 {
        use rayon::prelude::*;
        if !crew::share(count, &task) {
            // One at a time: they are few and large, and a thread that took two in a row would keep the others waiting.
            (0..count).into_par_iter().with_max_len(1).for_each(task);
        }
        return;
    }
    (0..count).for_each(task);
}

/// Runs `task` with `length` numbers of memory that this thread keeps for the next time.
fn with_packed(length: usize, task: impl FnOnce(&mut [f32])) {
    thread_local! {
        static PACKED: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
    }
    // Taken out while it is used: the thread may be one that shares in the work, and come here again.
    let mut packed = PACKED.take();
    if packed.len() < length {
        packed.resize(length, 0.0);
    }
    task(&mut packed[..length]);
    PACKED.set(packed);
}

/// Runs `task(index, chunk)` on all cores, on chunks of this length.
fn for_each_chunk(values: &mut [f32], length: usize, task: impl Fn(usize, &mut [f32]) + Sync + Send) {
    for_each_part(values.chunks_mut(length).enumerate().collect(), |(index, chunk)| task(index, chunk));
}

/// Runs `task` on all cores, on parts that may differ in length.
fn for_each_part<T: Send>(parts: Vec<T>, task: impl Fn(T) + Sync + Send) {
    let parts: Vec<_> = parts.into_iter().map(|part| Mutex::new(Some(part))).collect();
    over(parts.len(), |index| {
        let part = parts[index].lock().ok().and_then(|mut part| part.take());
        part.into_iter().for_each(&task);
    });
}
