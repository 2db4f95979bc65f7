//! Each kernel against its definition in f64, over odd shapes, on whatever adapter there is: `cargo xtask parity --gpu`.

#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

use std::sync::OnceLock;

use burn::tensor::{DType, Device, Tensor, TensorData, wgpu::wgpu::Features};
use half::f16;
use proptest::prelude::*;

use super::{DeviceWeight, gemm::Tile, subgroup};
use crate::{
    config::Activation,
    weights::{Blocks, Values},
};

fn device() -> &'static Device {
    static DEVICE: OnceLock<Device> = OnceLock::new();
    DEVICE.get_or_init(|| {
        let (device, setup) = Device::wgpu_options().init_with_setup().unwrap();
        if setup.device.features().contains(Features::SUBGROUP) {
            subgroup::lend(setup.adapter.get_info().subgroup_min_size as usize);
        }
        device
    })
}

fn numbers(length: usize, seed: u64) -> Vec<f32> {
    (0..length as u64)
        .map(|i| {
            let mixed = (i + 1).wrapping_mul(seed | 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
            mixed as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

fn matrix(values: &[f32], rows: usize) -> Tensor<2> {
    let data = TensorData::new(values.to_vec(), [rows, values.len() / rows]);
    Tensor::from_data(data, (device(), DType::F32))
}

fn vector(values: &[f32]) -> Tensor<1> {
    Tensor::from_data(values, (device(), DType::F32))
}

fn read(tensor: Tensor<2>) -> Vec<f32> {
    tensor.into_data().try_into_vec::<f32>().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_weight_tile_and_epilogue_equals_the_definition(
        batch in 1usize..4,
        period in 1usize..20,
        steps in prop_oneof![1usize..40, 120usize..280],
        columns in 1usize..80,
        store in 0..3,
        tile in 0..Tile::ALL.len(),
        block in prop::sample::select(vec![4usize, 28, 32, 64, 1000]),
        with_bias: bool,
        residual in 0..3,
        activation in prop::sample::select(vec![None, Some(Activation::Gelu), Some(Activation::QuickGelu)]),
        seed: u64,
    ) {
        let (rows, inputs, outputs) = (batch * period, 4 * steps, 4 * columns);
        let input = numbers(rows * inputs, seed);
        let bias = with_bias.then(|| numbers(outputs, seed ^ 9));
        // None, one that begins anew, and one as long as the output.
        let residual = match residual {
            0 => None,
            1 => Some(numbers(period * outputs, seed ^ 5)),
            _ => Some(numbers(rows * outputs, seed ^ 5)),
        };
        let full = numbers(outputs * inputs, seed ^ 3);
        let (values, exact) = match store {
            0 => (Values::F32(full.clone()), full),
            1 => {
                let halves: Vec<f16> = full.iter().map(|&x| f16::from_f32(x)).collect();
                (Values::F16(halves.clone()), halves.iter().map(|x| x.to_f32()).collect())
            }
            _ => {
                let bytes: Vec<i8> = full.iter().map(|&x| (x * 127.0) as i8).collect();
                let blocks = inputs.div_ceil(block);
                let scales: Vec<f32> =
                    numbers(outputs * blocks, seed ^ 7).iter().map(|x| x.abs() / 64.0).collect();
                let exact = (0..outputs * inputs)
                    .map(|i| f32::from(bytes[i]) * scales[i / inputs * blocks + i % inputs / block])
                    .collect();
                (Values::Q8(Blocks { values: bytes, scales, block }), exact)
            }
        };
        let weight = DeviceWeight::new(values, [outputs, inputs], device()).unwrap();
        let held = residual.as_ref().map(|residual| matrix(residual, residual.len() / outputs));
        let tile = Tile::ALL[tile].0;
        device();
        prop_assume!(tile.runs_with(subgroup::lanes()));
        let found =
            super::linear_with(tile, matrix(&input, rows), &weight, bias.as_deref().map(vector), activation, held);
        for (i, found) in read(found).into_iter().enumerate() {
            let (row, column) = (i / outputs, i % outputs);
            let terms = || {
                let weight = &exact[column * inputs..][..inputs];
                input[row * inputs..][..inputs].iter().zip(weight).map(|(&x, &w)| f64::from(x) * f64::from(w))
            };
            let bias = bias.as_ref().map_or(0.0, |bias| f64::from(bias[column]));
            let residual = residual.as_ref().map_or(0.0, |residual| f64::from(residual[i % residual.len()]));
            let sum = terms().sum::<f64>() + bias + residual;
            let value = match activation {
                None => sum,
                Some(Activation::Gelu) => 0.5 * sum * (1.0 + libm::erf(sum / 2f64.sqrt())),
                Some(Activation::QuickGelu) => sum / (1.0 + (-1.702 * sum).exp()),
            };
            // As on the CPU: roundings of half a unit each, which add up as a random walk does; and here a device's own `exp`.
            let size = terms().map(f64::abs).sum::<f64>() + bias.abs() + residual.abs();
            let bound = 1.2 * f64::from(f32::EPSILON) / 2.0 * (inputs as f64 + 2.0).sqrt() * size
                + 1e-6 * (1.0 + sum.abs());
            prop_assert!((f64::from(found) - value).abs() <= bound, "{found} {value} at {row}, {column}");
        }
    }

    #[test]
    fn layer_norm_equals_the_definition(
        rows in 1usize..40, width in 1usize..200, mean in -100f32..100.0, seed: u64,
    ) {
        let input: Vec<f32> = numbers(rows * width, seed).iter().map(|x| x + mean).collect();
        let (weight, bias) = (numbers(width, seed ^ 3), numbers(width, seed ^ 5));
        let found = read(super::layer_norm(matrix(&input, rows), vector(&weight), vector(&bias), 1e-5));
        for (input, found) in input.chunks(width).zip(found.chunks(width)) {
            let exact = |x: &f32| f64::from(*x);
            let mean = input.iter().map(exact).sum::<f64>() / width as f64;
            let variance = input.iter().map(|x| (exact(x) - mean).powi(2)).sum::<f64>() / width as f64;
            for (i, found) in found.iter().enumerate() {
                let normed = (exact(&input[i]) - mean) / (variance + 1e-5).sqrt();
                let expected = normed * exact(&weight[i]) + exact(&bias[i]);
                // A mean of 100 leaves 1e-5 of each number, which a small variance multiplies.
                let bound = 1e-5 * (1.0 + 10.0 * mean.abs() / (variance + 1e-5).sqrt());
                prop_assert!((exact(found) - expected).abs() <= bound, "{found} {expected}");
            }
        }
    }

    #[test]
    fn attention_equals_the_definition(
        batch in 1usize..4,
        sequence in 1usize..70,
        heads in 1usize..5,
        quarter in 1usize..21,
        causal: bool,
        seed: u64,
    ) {
        let head_width = 4 * quarter;
        let width = heads * head_width;
        let qkv: Vec<f32> = numbers(batch * sequence * 3 * width, seed).iter().map(|x| 2.0 * x).collect();
        let found = read(super::attention(matrix(&qkv, batch * sequence), sequence, heads, causal));
        let at = |sample: usize, position: usize, part: usize, column: usize| {
            f64::from(qkv[(sample * sequence + position) * 3 * width + part * width + column])
        };
        for (row, found) in found.chunks(width).enumerate() {
            let (sample, i) = (row / sequence, row % sequence);
            for (head, found) in found.chunks(head_width).enumerate() {
                let columns = head * head_width..(head + 1) * head_width;
                let seen = if causal { i + 1 } else { sequence };
                let weights: Vec<f64> = (0..seen)
                    .map(|j| columns.clone().map(|c| at(sample, i, 0, c) * at(sample, j, 1, c)).sum::<f64>())
                    .map(|score| (score / (head_width as f64).sqrt()).exp())
                    .collect();
                let sum: f64 = weights.iter().sum();
                for (column, found) in columns.zip(found) {
                    let expected =
                        (0..seen).map(|j| weights[j] * at(sample, j, 2, column)).sum::<f64>() / sum;
                    prop_assert!((f64::from(*found) - expected).abs() <= 1e-5, "{found} {expected}");
                }
            }
        }
    }

    #[test]
    fn rows_are_those_chosen(rows in 1usize..50, width in 1usize..100, chosen in prop::collection::vec(0usize..50, 1..20)) {
        let stream: Vec<f32> = (0..rows * width).map(|i| i as f32).collect();
        let chosen: Vec<u32> = chosen.iter().map(|&row| (row % rows) as u32).collect();
        let found = read(super::rows(matrix(&stream, rows), &chosen));
        let expected: Vec<f32> =
            chosen.iter().flat_map(|&row| stream[row as usize * width..][..width].iter().copied()).collect();
        prop_assert_eq!(found, expected);
    }
}
