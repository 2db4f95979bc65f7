//! Compares each kernel with its definition, over odd shapes, on the default adapter:
//! `cargo xtask parity --gpu`.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::sync::OnceLock;

use burn::tensor::{Device, wgpu::wgpu::Features};
use pickscore_checkpoint::config::Activation;
use pollster::FutureExt as _;
use proptest::prelude::*;

use super::{Tuning, Wgsl, gemm::Gemm, wgsl::Buffer};
use crate::towers::{
    definitions::{self, numbers, stored},
    steps::{Heads, Scoring as _, Steps as _},
};

/// The kernels with every tuning that the adapter supports.
fn all() -> &'static [Wgsl] {
    static ALL: OnceLock<Vec<Wgsl>> = OnceLock::new();
    ALL.get_or_init(|| {
        let (device, setup) = Device::wgpu_options().init_with_setup().unwrap();
        let has_subgroups = setup.device.features().contains(Features::SUBGROUP);
        let smallest = setup.adapter.get_info().subgroup_min_size as usize;
        let subgroup = if has_subgroups { smallest } else { 0 };
        let tunings = Tuning::all(subgroup).chain([Tuning::default()]);
        tunings.map(|tuning| Wgsl::new(&device, tuning).unwrap()).collect()
    })
}

fn read(wgsl: &Wgsl, matrix: Buffer) -> Vec<f32> {
    wgsl.read(matrix).block_on().unwrap()
}

/// Compares values with expected values and their error bounds.
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
        tuning: prop::sample::Selector,
        block in prop::sample::select(vec![4usize, 28, 32, 64, 1000]),
        with_bias: bool,
        residual in 0..3,
        activation in prop::sample::select(vec![None, Some(Activation::Gelu), Some(Activation::QuickGelu)]),
        seed: u64,
    ) {
        let (rows, inputs, outputs) = (batch * period, 4 * steps, 4 * columns);
        let input = numbers(rows * inputs, seed);
        let bias = with_bias.then(|| numbers(outputs, seed ^ 9));
        // None, one that repeats, and one as long as the output.
        let residual = match residual {
            0 => None,
            1 => Some(numbers(period * outputs, seed ^ 5)),
            _ => Some(numbers(rows * outputs, seed ^ 5)),
        };
        let (values, exact) = stored(store, [outputs, inputs], block, seed);
        let wgsl = tuning.select(all());
        let weight = wgsl.weight(values, [outputs, inputs]);
        let held = residual.as_ref().map(|residual| wgsl.matrix(residual.clone(), outputs));
        let held_bias = bias.clone().map(|bias| wgsl.vector(bias));
        let input_matrix = wgsl.matrix(input.clone(), inputs);
        let gemm =
            Gemm { weight: &weight, bias: held_bias.as_ref(), activation, residual: held.as_ref() };
        let found = gemm.run(wgsl, &input_matrix);
        let (bias, residual) = (bias.as_deref(), residual.as_deref());
        close(&read(wgsl, found), definitions::linear(&input, &exact, inputs, bias, residual, activation))?;
    }

    #[test]
    fn layer_norm_equals_the_definition(
        rows in 1usize..40, width in 1usize..200, mean in -100f32..100.0, seed: u64,
    ) {
        let input: Vec<f32> = numbers(rows * width, seed).iter().map(|x| x + mean).collect();
        let (weight, bias) = (numbers(width, seed ^ 3), numbers(width, seed ^ 5));
        let wgsl = &all()[0];
        let (held_weight, held_bias) = (wgsl.vector(weight.clone()), wgsl.vector(bias.clone()));
        let matrix = wgsl.matrix(input.clone(), width);
        let found = read(wgsl, wgsl.layer_norm(&matrix, &held_weight, &held_bias, 1e-5));
        close(&found, definitions::layer_norm(&input, &weight, &bias, 1e-5))?;
    }

    #[test]
    fn attention_equals_the_definition(
        batch in 1usize..4,
        sequence in 1usize..70,
        heads in 1usize..5,
        quarter in 1usize..21,
        causal: bool,
        tuning: prop::sample::Selector,
        seed: u64,
    ) {
        let wgsl = tuning.select(all());
        let head_width = 4 * quarter;
        let width = heads * head_width;
        let qkv: Vec<f32> = numbers(batch * sequence * 3 * width, seed).iter().map(|x| 2.0 * x).collect();
        let shape = Heads { sequence, count: heads, causal };
        let found = read(wgsl, wgsl.attention(wgsl.matrix(qkv.clone(), 3 * width), shape));
        let expected = definitions::attention(&qkv, sequence, heads, head_width, causal);
        close(&found, expected.into_iter().map(|value| (value, 1e-5)).collect())?;
    }

    #[test]
    fn attention_over_other_sequences_equals_the_definition(
        case in definitions::attending(21),
        tuning: prop::sample::Selector,
        seed: u64,
    ) {
        let wgsl = tuning.select(all());
        let (shape, query, memory) = case.widened(4).build(seed);
        let width = query.len() / (shape.over.len() * shape.queries);
        let held = (wgsl.matrix(query.clone(), width), wgsl.matrix(memory.clone(), 2 * width));
        let found = read(wgsl, wgsl.attend(held.0, &held.1, &shape));
        let expected = definitions::attend(&shape, &query, &memory);
        close(&found, expected.into_iter().map(|value| (value, 1e-5)).collect())?;
    }

    #[test]
    fn gather_returns_the_chosen_rows(rows in 1usize..50, width in 1usize..100, chosen in prop::collection::vec(0usize..50, 1..20)) {
        let stream: Vec<f32> = (0..rows * width).map(|i| i as f32).collect();
        let chosen: Vec<usize> = chosen.iter().map(|&row| row % rows).collect();
        let wgsl = &all()[0];
        let found = read(wgsl, wgsl.gather(wgsl.matrix(stream.clone(), width), &chosen));
        let expected: Vec<f32> =
            chosen.iter().flat_map(|&row| stream[row * width..][..width].iter().copied()).collect();
        prop_assert_eq!(found, expected);
    }
}
