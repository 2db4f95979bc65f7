//! Each kernel against its definition, over odd shapes, on whatever adapter there is: `cargo xtask parity --gpu`.

#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

use std::sync::OnceLock;

use burn::tensor::{DType, Device, Tensor, TensorData, wgpu::wgpu::Features};
use proptest::prelude::*;

use super::{DeviceWeight, gemm::Tile, subgroup};
use crate::towers::definitions::{self, numbers, stored};
use pickscore_checkpoint::config::Activation;

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

/// Holds numbers against what they should be, each with how far it may lie from that.
fn close(found: &[f32], expected: Vec<(f64, f64)>) -> Result<(), TestCaseError> {
    prop_assert_eq!(found.len(), expected.len());
    for (at, (found, (expected, bound))) in found.iter().zip(expected).enumerate() {
        prop_assert!((f64::from(*found) - expected).abs() <= bound, "{} {} at {}", found, expected, at);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_weight_tile_and_epilogue_equals_the_definition(
        batch in 1usize..4,
        period in 1usize..20,
        steps in prop_oneof![1usize..40, 120usize..280],
        columns in 1usize..80,
        store in 0usize..3,
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
        let (values, exact) = stored(store, [outputs, inputs], block, seed);
        let weight = DeviceWeight::new(values, [outputs, inputs], device()).unwrap();
        let held = residual.as_ref().map(|residual| matrix(residual, residual.len() / outputs));
        let tile = Tile::ALL[tile].0;
        device();
        prop_assume!(tile.runs_with(subgroup::lanes()));
        let found =
            super::linear_with(tile, matrix(&input, rows), &weight, bias.as_deref().map(vector), activation, held);
        let (bias, residual) = (bias.as_deref(), residual.as_deref());
        close(&read(found), definitions::linear(&input, &exact, inputs, bias, residual, activation))?;
    }

    #[test]
    fn layer_norm_equals_the_definition(
        rows in 1usize..40, width in 1usize..200, mean in -100f32..100.0, seed: u64,
    ) {
        let input: Vec<f32> = numbers(rows * width, seed).iter().map(|x| x + mean).collect();
        let (weight, bias) = (numbers(width, seed ^ 3), numbers(width, seed ^ 5));
        let found = read(super::layer_norm(matrix(&input, rows), vector(&weight), vector(&bias), 1e-5));
        close(&found, definitions::layer_norm(&input, &weight, &bias, 1e-5))?;
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
        let expected = definitions::attention(&qkv, sequence, heads, head_width, causal);
        close(&found, expected.into_iter().map(|value| (value, 1e-5)).collect())?;
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
