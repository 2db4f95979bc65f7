//! Compares each kernel with its definition, over odd shapes, on the default adapter:
//! `cargo xtask parity --gpu`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests fail by panicking, and print")]

use std::sync::OnceLock;

use burn::tensor::Device;
use half::f16;
use pickscore_checkpoint::{
    config::Activation,
    weights::{Blocks, Precision, Values},
};
use pollster::FutureExt as _;
use proptest::prelude::*;

use super::{
    Arithmetic, Capabilities, StepBound, Tuning, Wgsl, bounds,
    gemm::{
        Gemm,
        round::{self, BLOCK},
    },
    tune,
    wgsl::Buffer,
};
use crate::towers::{
    Q8Inputs,
    block::{Attention, Block, LayerNorm, Mlp},
    definitions::{self, numbers, stored},
    linear::Linear,
    steps::{Heads, Scoring as _, Steps as _},
};

/// The device and its capabilities.
fn device() -> &'static (Device, Capabilities) {
    static DEVICE: OnceLock<(Device, Capabilities)> = OnceLock::new();
    DEVICE.get_or_init(|| {
        let (device, setup) = Device::wgpu_options().init_with_setup().unwrap();
        (device, Capabilities::of(&setup))
    })
}

/// The kernels with every tuning that the adapter supports, but none that rounds inputs.
fn all() -> &'static [Wgsl] {
    static ALL: OnceLock<Vec<Wgsl>> = OnceLock::new();
    ALL.get_or_init(|| {
        let (device, capabilities) = device();
        let tunings = Tuning::all(*capabilities).chain([Tuning::default()]);
        tunings.map(|tuning| Wgsl::new(device, tuning, Q8Inputs::Fine).unwrap()).collect()
    })
}

/// The kernels that multiply matrices of f16, with every tile that the adapter supports; none on
/// most.
fn matrices() -> &'static [Wgsl] {
    static MATRICES: OnceLock<Vec<Wgsl>> = OnceLock::new();
    MATRICES.get_or_init(|| of_halves(|tuning| !tuning.adds_halves()))
}

/// The kernels that multiply and add f16; none if the adapter has no f16.
fn halves() -> &'static [Wgsl] {
    static HALVES: OnceLock<Vec<Wgsl>> = OnceLock::new();
    HALVES.get_or_init(|| of_halves(Tuning::adds_halves))
}

fn of_halves(wanted: impl Fn(Tuning) -> bool) -> Vec<Wgsl> {
    let (device, capabilities) = device();
    let tunings: Vec<_> = Tuning::default().halves(*capabilities).filter(|tuning| wanted(*tuning)).collect();
    println!(
        "{} tiles for products of f16: {:?}",
        tunings.len(),
        tunings.iter().map(|tuning| tuning.name()).collect::<Vec<_>>()
    );
    tunings.into_iter().map(|tuning| Wgsl::new(device, tuning, Q8Inputs::Fine).unwrap()).collect()
}

/// The kernels that multiply bytes, with every tile that the adapter supports.
fn bytes() -> &'static [Wgsl] {
    static BYTES: OnceLock<Vec<Wgsl>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let (device, capabilities) = device();
        let tunings = Tuning::all(*capabilities);
        tunings.map(|tuning| Wgsl::new(device, tuning, Q8Inputs::Bytes).unwrap()).collect()
    })
}

/// An input `[rows, inputs]` rounded to bytes, `[rows, padded]`, and each row's scale and zero.
fn rounded(wgsl: &Wgsl, input: &Buffer) -> (Vec<i8>, Vec<(f32, f32)>) {
    let padded = input.columns.next_multiple_of(BLOCK);
    let handle = round::round(wgsl, input);
    let all = read(wgsl, Buffer { handle, rows: input.rows, columns: padded / 4 + 4 });
    let (bytes, rows) = all.split_at(input.rows * padded / 4);
    (bytemuck::cast_slice(bytes).to_vec(), rows.chunks(4).map(|row| (row[0], row[1])).collect())
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
    fn products_of_matrices_equal_the_definition(
        rows in 1usize..150,
        steps in prop_oneof![1usize..40, 120usize..280],
        columns in 1usize..80,
        // f16 and q8.
        store in 1usize..3,
        tuning: prop::sample::Selector,
        block in prop::sample::select(vec![4usize, 28, 32, 64, 1000]),
        with_bias: bool,
        activation in prop::sample::select(vec![None, Some(Activation::Gelu), Some(Activation::QuickGelu)]),
        seed: u64,
    ) {
        if matrices().is_empty() {
            return Ok(());
        }
        let (inputs, outputs) = (4 * steps, 4 * columns);
        let to_half = |x: f32| f16::from_f32(x).to_f32();
        let input = numbers(rows * inputs, seed);
        let bias = with_bias.then(|| numbers(outputs, seed ^ 9));
        let residual = numbers(rows * outputs, seed ^ 5);
        let (values, exact) = stored(store, [outputs, inputs], block, seed);
        let wgsl = tuning.select(matrices());
        let weight = wgsl.weight(values, [outputs, inputs]);
        let held = wgsl.matrix(residual.clone(), outputs);
        let held_bias = bias.clone().map(|bias| wgsl.vector(bias));
        let gemm = Gemm { weight: &weight, bias: held_bias.as_ref(), activation, residual: Some(&held) };
        let found = read(wgsl, gemm.run(wgsl, &wgsl.matrix(input.clone(), inputs)));
        // q8 weights are rounded too. The kernel has them with an error of f32, so a few that are
        // halfway between two f16 may be rounded the other way.
        let exact: Vec<f32> = exact.into_iter().map(to_half).collect();
        let leading = |x: f32| f32::from_bits(x.to_bits() & 0xffff_e000);
        let split = |x: f32| {
            if store == 1 { to_half(leading(x)) + to_half(x - leading(x)) } else { to_half(x) }
        };
        let input: Vec<f32> = input.into_iter().map(split).collect();
        let largest = |values: &[f32]| values.iter().fold(0f64, |most, x| most.max(f64::from(x.abs())));
        let other_way = if store == 2 { 8.0 * largest(&input) * largest(&exact) / 1024.0 } else { 0.0 };
        let expected = definitions::linear(&input, &exact, inputs, bias.as_deref(), Some(&residual), activation);
        close(&found, expected.into_iter().map(|(value, bound)| (value, bound + other_way)).collect())?;
    }

    #[test]
    fn products_in_f16_equal_the_definition(
        rows in 1usize..80,
        steps in prop_oneof![1usize..40, 120usize..280],
        columns in 1usize..80,
        // Of these, only 32 and 64 are multiplied in f16.
        block in prop::sample::select(vec![4usize, 28, 32, 64, 1000]),
        with_bias: bool,
        activation in prop::sample::select(vec![None, Some(Activation::Gelu), Some(Activation::QuickGelu)]),
        seed: u64,
    ) {
        let Some(wgsl) = halves().first() else {
            return Ok(());
        };
        let (inputs, outputs) = (4 * steps, 4 * columns);
        let input = numbers(rows * inputs, seed);
        let bias = with_bias.then(|| numbers(outputs, seed ^ 9));
        let residual = numbers(rows * outputs, seed ^ 5);
        let (values, exact) = stored(2, [outputs, inputs], block, seed);
        let weight = wgsl.weight(values, [outputs, inputs]);
        let held = wgsl.matrix(residual.clone(), outputs);
        let held_bias = bias.clone().map(|bias| wgsl.vector(bias));
        let gemm = Gemm { weight: &weight, bias: held_bias.as_ref(), activation, residual: Some(&held) };
        let found = read(wgsl, gemm.run(wgsl, &wgsl.matrix(input.clone(), inputs)));
        let expected = definitions::linear(&input, &exact, inputs, bias.as_deref(), Some(&residual), activation);
        // Each product adds a rounding error of its input, and one of a sum of up to sixteen
        // products, which accumulate like a random walk.
        let largest = |values: &[f32]| values.iter().fold(0f64, |most, x| most.max(f64::from(x.abs())));
        let in_f16 = matches!(block, 32 | 64);
        let product = largest(&input) * largest(&exact);
        let rounding = if in_f16 { 16.0 / 4096.0 * (inputs as f64).sqrt() * product } else { 0.0 };
        close(&found, expected.into_iter().map(|(value, bound)| (value, bound + rounding)).collect())?;
    }

    #[test]
    fn bytes_are_half_a_level_from_their_inputs(
        rows in 1usize..6,
        steps in 1usize..100,
        size in prop::sample::select(vec![1e-30f32, 1e-6, 1.0, 1e5]),
        shift in -2f32..2.0,
        seed: u64,
    ) {
        let (wgsl, inputs) = (&bytes()[0], 4 * steps);
        let input: Vec<f32> = numbers(rows * inputs, seed).iter().map(|x| size * (x + shift)).collect();
        let (found, scales) = rounded(wgsl, &wgsl.matrix(input.clone(), inputs));
        let rows = input.chunks(inputs).zip(found.chunks(inputs.next_multiple_of(BLOCK)));
        for ((input, bytes), (scale, zero)) in rows.zip(scales) {
            // Zero always lies within the range, and is exact.
            let bounds = input.iter().fold([0f32; 2], |[a, b], &x| [a.min(x), b.max(x)]);
            let level = f64::from(bounds[1] - bounds[0]) / 254.0;
            prop_assert!(zero.fract() == 0.0 && (-128.0..=127.0).contains(&zero), "{zero}");
            for (x, byte) in input.iter().zip(bytes) {
                let value = f64::from(scale) * (f64::from(*byte) - f64::from(zero));
                prop_assert!((value - f64::from(*x)).abs() <= 0.5001 * level, "{x} {value} {level}");
            }
        }
    }

    #[test]
    fn products_of_bytes_equal_the_definition(
        rows in 1usize..50,
        steps in prop_oneof![1usize..40, 120usize..280],
        columns in 1usize..80,
        tuning: prop::sample::Selector,
        shift in -2f32..2.0,
        // Weights of 127 only, and inputs at both ends of the range.
        extreme: bool,
        with_bias: bool,
        activation in prop::sample::select(vec![None, Some(Activation::Gelu), Some(Activation::QuickGelu)]),
        seed: u64,
    ) {
        let (inputs, outputs) = (4 * steps, 4 * columns);
        let numbers_of = |x: f32| if extreme { x.signum() } else { x + shift };
        let input: Vec<f32> = numbers(rows * inputs, seed).into_iter().map(numbers_of).collect();
        let (mut values, mut exact) = stored(2, [outputs, inputs], BLOCK, seed);
        if extreme && let Values::Q8(blocks) = &mut values {
            blocks.values.fill(127);
            exact = blocks.unpack(inputs);
        }
        let bias = with_bias.then(|| numbers(outputs, seed ^ 9));
        let residual = numbers(rows * outputs, seed ^ 5);
        let wgsl = tuning.select(bytes());
        let weight = wgsl.weight(values, [outputs, inputs]);
        let held = wgsl.matrix(residual.clone(), outputs);
        let held_bias = bias.clone().map(|bias| wgsl.vector(bias));
        let input = wgsl.matrix(input, inputs);
        let gemm = Gemm { weight: &weight, bias: held_bias.as_ref(), activation, residual: Some(&held) };
        let found = read(wgsl, gemm.run(wgsl, &input));

        // The definition multiplies what the bytes stand for. The kernel also rounds the sums that
        // cancel each other: of the bytes, and of the zeros.
        let (bytes, scales) = rounded(wgsl, &input);
        let bytes = bytes.chunks(inputs.next_multiple_of(BLOCK)).map(|row| &row[..inputs]);
        let values: Vec<f32> = bytes
            .zip(&scales)
            .flat_map(|(row, (scale, zero))| row.iter().map(move |byte| scale * (f32::from(*byte) - zero)))
            .collect();
        let expected = definitions::linear(&values, &exact, inputs, bias.as_deref(), Some(&residual), activation);
        let sizes: Vec<f64> =
            exact.chunks(inputs).map(|row| row.iter().map(|w| f64::from(w.abs())).sum()).collect();
        let expected = expected.into_iter().enumerate().map(|(at, (value, bound))| {
            let size = 256.0 * f64::from(scales[at / outputs].0) * sizes[at % outputs];
            (value, bound + f64::from(f32::EPSILON) * (inputs as f64).sqrt() * size)
        });
        close(&found, expected.collect())?;
    }

    #[test]
    fn products_of_bytes_are_as_far_from_q8_as_rounding_explains(
        rows in 8usize..50,
        steps in 100usize..280,
        columns in 8usize..40,
        tuning: prop::sample::Selector,
        shift in -1f32..1.0,
        seed: u64,
    ) {
        let (inputs, outputs) = (4 * steps, 4 * columns);
        let input: Vec<f32> = numbers(rows * inputs, seed).iter().map(|x| x + shift).collect();
        let (values, exact) = stored(2, [outputs, inputs], BLOCK, seed);
        let wgsl = tuning.select(bytes());
        let weight = wgsl.weight(values, [outputs, inputs]);
        let found = read(wgsl, wgsl.linear(wgsl.matrix(input.clone(), inputs), &weight, None, None));
        let expected = definitions::linear(&input, &exact, inputs, None, None, None);
        let change: f64 = found.iter().zip(&expected).map(|(x, (value, _))| (f64::from(*x) - value).abs()).sum();
        // Each value is off by up to half a level, evenly distributed.
        let levels = input.chunks(inputs).map(|row| {
            let [least, most] = row.iter().fold([0f32; 2], |[a, b], &x| [a.min(x), b.max(x)]);
            f64::from(most - least) / 254.0
        });
        let norms = exact.chunks(inputs).map(|row| row.iter().map(|w| f64::from(*w).powi(2)).sum::<f64>().sqrt());
        let mean = (2.0 / std::f64::consts::PI).sqrt() / 12f64.sqrt();
        let explained = mean * levels.sum::<f64>() * norms.sum::<f64>();
        prop_assert!((0.75..1.33).contains(&(change / explained)), "{change} {explained}");
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

#[test]
fn extreme_rows_stay_in_a_byte() {
    let wgsl = &bytes()[0];
    // Both ends of these ranges lie half-way between two levels, so both may be rounded away from
    // zero.
    for (smallest, largest) in [(-101.5, 152.5), (-100.5, 153.5), (0.0, 254.0), (-254.0, 0.0), (0.0, 0.0)] {
        let input = wgsl.matrix(vec![smallest, largest, 0.0, 0.0], 4);
        let (bytes, rows) = rounded(wgsl, &input);
        let (scale, zero) = rows[0];
        let value = |byte: i8| scale * (f32::from(byte) - zero);
        assert!((value(bytes[0]) - smallest).abs() <= 0.5 && (value(bytes[1]) - largest).abs() <= 0.5);
        assert_eq!(value(bytes[2]), 0.0);
    }
}

/// Values that f16 does not have must not become infinite.
#[test]
fn large_inputs_of_matrices_are_clamped() {
    for wgsl in matrices() {
        let weight = wgsl.weight(Values::F16(vec![f16::ONE; 16]), [4, 4]);
        let input = wgsl.matrix(vec![1e6, 0.0, 0.0, 0.0, -1e6, 0.0, 0.0, 1.0], 4);
        let found = read(wgsl, wgsl.linear(input, &weight, None, None));
        // The leading bits are 999936, and the second term is the rest, 64.
        assert_eq!(found, [[65_568.0; 4], [-65_567.0; 4]].concat());
        for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let input = wgsl.matrix(vec![wrong, 0.0, 0.0, 0.0], 4);
            let found = read(wgsl, wgsl.linear(input, &weight, None, None));
            assert!(found.iter().all(|x| !x.is_finite()), "{wrong} {found:?}");
        }
    }
}

/// Sums of f16 must not become infinite either.
#[test]
fn large_inputs_in_f16_are_clamped() {
    for wgsl in halves() {
        let inputs = 64;
        let blocks = Blocks { values: vec![127; 4 * inputs], scales: vec![1.0; 8], block: 32 };
        let weight = wgsl.weight(Values::Q8(blocks), [4, inputs]);
        let input = wgsl.matrix([vec![1e6; inputs], vec![-1e6; inputs]].concat(), inputs);
        let found = read(wgsl, wgsl.linear(input, &weight, None, None));
        let clamped = 65504.0 * 127.0 * 64.0;
        let right = |x: &f32, expected: f32| (x / expected - 1.0).abs() < 0.01;
        assert!(found[..4].iter().all(|x| right(x, clamped)), "{found:?}");
        assert!(found[4..].iter().all(|x| right(x, -clamped)), "{found:?}");
        for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let input = wgsl.matrix([vec![wrong], vec![0.0; inputs - 1]].concat(), inputs);
            let found = read(wgsl, wgsl.linear(input, &weight, None, None));
            assert!(found.iter().all(|x| !x.is_finite()), "{wrong} {found:?}");
        }
    }
}

#[test]
fn a_tuning_names_the_tiles_of_rounded_inputs_if_they_were_measured() {
    let (device, capabilities) = device();
    let start = std::time::Instant::now();
    let now = || start.elapsed().as_secs_f64() * 1000.0;
    let tuned = |remembered: Option<&str>, precision| {
        tune(device, remembered, *capabilities, precision, &now).block_on().unwrap()
    };
    let plain = tuned(None, Precision::F32);
    assert!(!plain.bytes_are_fast() && !plain.name().contains(' '), "{}", plain.name());
    let measured = tuned(Some(&plain.name()), Precision::Q8Fast);
    let name = measured.name();
    let (before, bytes) = name.split_once(" bytes:").unwrap();
    assert!(before.starts_with(&plain.name()), "{name}");
    let has_halves = capabilities.f16 || capabilities.matrix > 0;
    assert_eq!(before.contains(" halves:"), has_halves, "{name}");
    assert_eq!(bytes == "slow", !measured.bytes_are_fast());
    // What is remembered is not measured again.
    let known = "direct-8x4 halves:slow bytes:direct-8x8";
    assert_eq!(tuned(Some(known), Precision::Q8Fast).name(), known);
}

/// Every step of a block is measured, in order, and none is faster than what only does one thing.
#[test]
fn a_block_is_bounded() {
    let (device, capabilities) = device();
    let start = std::time::Instant::now();
    let now = || start.elapsed().as_secs_f64() * 1000.0;
    let tunings = Tuning::default().halves(*capabilities).chain([Tuning::default()]);
    for tuning in tunings {
        let wgsl = Wgsl::new(device, tuning, Q8Inputs::Fine).unwrap();
        let (width, hidden) = (64, 128);
        let values = |length: usize| {
            if tuning.adds_halves() {
                Values::Q8(Blocks { values: vec![1; length], scales: vec![1.0; length / 32], block: 32 })
            } else {
                Values::F16(vec![f16::ONE; length])
            }
        };
        let weight = |outputs: usize, inputs: usize| Linear {
            weight: wgsl.weight(values(outputs * inputs), [outputs, inputs]),
            bias: None,
        };
        let norm = || LayerNorm {
            weight: wgsl.vector(vec![1.0; width]),
            bias: wgsl.vector(vec![0.0; width]),
            epsilon: 1e-5,
        };
        let block = Block {
            norm1: norm(),
            attention: Attention {
                qkv: weight(3 * width, width),
                out: weight(width, width),
                heads: 4,
                causal: false,
            },
            norm2: norm(),
            mlp: Mlp { up: weight(hidden, width), down: weight(width, hidden), activation: Activation::Gelu },
        };
        let found = bounds(&wgsl, &block, [2, 10], &now).block_on();
        let first = |step: &StepBound| step.name.split([' ', ',']).next().unwrap().to_owned();
        let names: Vec<String> = found.steps.iter().map(first).collect();
        assert_eq!(names, ["layer", "query", "attention", "output", "layer", "up", "down"]);
        assert!(found.memory > 0.0 && found.memory.is_finite() && found.launch > 0.0);
        for (arithmetic, speed) in &found.peaks {
            assert!(*speed > 0.0 && speed.is_finite(), "{arithmetic:?} {speed}");
        }
        if tuning.adds_halves() {
            let product = found.steps[1].arithmetic.map(|(kind, _)| kind);
            assert_eq!(product, Some(Arithmetic::F16));
        }
        for step in &found.steps {
            assert!(step.milliseconds > 0.0 && step.milliseconds.is_finite(), "{step:?}");
            let products = step.arithmetic.map(|(kind, _)| kind);
            assert!(found.peaks.iter().any(|(kind, _)| Some(*kind) == products) || products.is_none());
        }
    }
}

/// A device whose products of bytes are wrong or slow computes `q8`.
#[test]
fn only_fast_bytes_are_multiplied() {
    let (device, _) = device();
    let multiplies = |name: &str, q8_inputs| {
        let tuning = Tuning::named(name, Capabilities::default()).unwrap();
        Wgsl::new(device, tuning, q8_inputs).unwrap().multiplies_bytes()
    };
    assert!(multiplies("direct-8x4 bytes:direct-8x4", Q8Inputs::Bytes));
    assert!(!multiplies("direct-8x4 bytes:direct-8x4", Q8Inputs::Fine));
    assert!(!multiplies("direct-8x4 bytes:slow", Q8Inputs::Bytes));
    assert!(!multiplies("direct-8x4", Q8Inputs::Bytes));
}
