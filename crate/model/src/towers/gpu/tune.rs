//! Measures which tile is fastest on a device, and whether products of f16 or of bytes are faster
//! still.

use burn::tensor::Device;
use half::f16;
use pickscore_checkpoint::weights::{Blocks, Precision, Values};

use super::{
    capabilities::Capabilities,
    gemm::{Gemm, round::BLOCK, tuning::Tuning},
    stopwatch,
    weight::DeviceWeight,
    wgsl::{Buffer, Wgsl},
};
use crate::towers::{
    kernels::Q8Inputs,
    steps::{Scoring as _, Steps as _},
};

/// Chooses the tuning of a device for a precision. If `remembered` names a tuning that the device
/// supports, that is the result; otherwise each tile is measured on a small product and the fastest
/// is chosen. Returns `None` if the device does not support the WGSL kernels.
///
/// Products of f16, for `f16` and `q8`, and of f16 and bytes, for `q8-fast`, are measured where the
/// device has them, unless `remembered` says what is fastest. `now` is a clock in milliseconds.
pub async fn tune(
    device: &Device,
    remembered: Option<&str>,
    capabilities: Capabilities,
    precision: Precision,
    now: &dyn Fn() -> f64,
) -> Option<Tuning> {
    let named = remembered.and_then(|name| Tuning::named(name, capabilities));
    let mut tuning = match named {
        Some(tuning) => Wgsl::new(device, tuning, Q8Inputs::Fine).map(|_| tuning)?,
        None => measure(device, capabilities, now).await?,
    };
    let has_halves = capabilities.matrix > 0 && precision != Precision::F32
        || capabilities.f16 && precision.stored() == Precision::Q8;
    if has_halves && !tuning.has_measured_halves() {
        tuning = measure_halves(device, tuning, capabilities, precision, now).await?;
    }
    if precision == Precision::Q8Fast && capabilities.bytes && !tuning.has_measured_bytes() {
        tuning = measure_bytes(device, tuning, capabilities, now).await?;
    }
    Some(tuning)
}

/// Rows, outputs and inputs of a product.
type Shape = [usize; 3];
/// The measured product: an image of ViT-B/32 and a quarter of a matrix.
const SHAPE: Shape = [50, 768, 768];
/// The measured product of f16: two images of ViT-H/14 and part of a matrix, because tiles for it
/// are larger.
const HALVES_SHAPE: Shape = [514, 1280, 768];
/// Products of bytes and of f16 are less accurate, so they must save time: they may take at most
/// this part of the time of others.
const WORTHWHILE: f64 = 0.95;

/// The fastest tuning whose results are correct; a kernel that the driver rejects would otherwise
/// appear to be the fastest.
async fn measure(device: &Device, capabilities: Capabilities, now: &dyn Fn() -> f64) -> Option<Tuning> {
    let [rows, outputs, inputs] = SHAPE;
    let ones = |length: usize| vec![1.0f32; length];
    let safe = Wgsl::new(device, Tuning::default(), Q8Inputs::Fine)?;
    let weight = safe.weight(Values::F32(ones(outputs * inputs)), [outputs, inputs]);
    let input = safe.matrix(ones(rows * inputs), inputs);
    let mut best = (Tuning::default(), f64::INFINITY);
    for tuning in Tuning::all(capabilities) {
        let wgsl = Wgsl::new(device, tuning, Q8Inputs::Fine)?;
        let is_correct = |sums: &[f32]| sums.iter().all(|sum| *sum == inputs as f32);
        let each = time(&wgsl, &weight, &input, is_correct, now).await;
        if each < best.1 {
            best = (tuning.only_tile(), each);
        }
    }
    Some(best.0)
}

/// The tuning with the fastest products of f16, if they are correct and faster than in f32.
async fn measure_halves(
    device: &Device,
    tuning: Tuning,
    capabilities: Capabilities,
    precision: Precision,
    now: &dyn Fn() -> f64,
) -> Option<Tuning> {
    // f16 weights are multiplied with more bits than f16 has; these inputs have 14.
    let factor = if precision == Precision::F16 { 64 } else { 1 };
    let integers = Integers::new(HALVES_SHAPE, factor);
    let safe = Wgsl::new(device, tuning.with_halves_of(None), Q8Inputs::Fine)?;
    let [_, outputs, inputs] = HALVES_SHAPE;
    let input = safe.matrix(integers.input.clone(), inputs);
    let values = match precision {
        // Exact, since these weights are f16.
        Precision::F16 => {
            Values::F16(integers.blocks.unpack(inputs).into_iter().map(f16::from_f32).collect())
        }
        _ => Values::Q8(integers.blocks.clone()),
    };
    let weight = safe.weight(values, [outputs, inputs]);
    let is_correct = |sums: &[f32]| integers.are_sums(sums, Tuning::default());
    let limit = time(&safe, &weight, &input, is_correct, now).await * WORTHWHILE;
    let mut best = (None, limit);
    for halves in tuning.halves(capabilities) {
        if halves.adds_halves() && precision == Precision::F16 {
            continue;
        }
        let is_correct = |sums: &[f32]| integers.are_sums(sums, halves);
        let wgsl = Wgsl::new(device, halves, Q8Inputs::Fine)?;
        let each = time(&wgsl, &weight, &input, is_correct, now).await;
        if each < best.1 {
            best = (Some(halves), each);
        }
    }
    Some(tuning.with_halves_of(best.0))
}

/// The tuning with the fastest products of bytes, if they are correct and faster than `q8`.
async fn measure_bytes(
    device: &Device,
    tuning: Tuning,
    capabilities: Capabilities,
    now: &dyn Fn() -> f64,
) -> Option<Tuning> {
    let integers = Integers::new(SHAPE, 1);
    let [_, outputs, inputs] = SHAPE;
    let q8 = Wgsl::new(device, tuning, Q8Inputs::Fine)?;
    let input = q8.matrix(integers.input.clone(), inputs);
    let is_correct = |sums: &[f32]| integers.are_sums(sums, tuning);
    let weight = q8.weight(Values::Q8(integers.blocks.clone()), [outputs, inputs]);
    let limit = time(&q8, &weight, &input, is_correct, now).await * WORTHWHILE;
    let mut best = (None, limit);
    for bytes in Tuning::all(capabilities) {
        let is_correct = |sums: &[f32]| integers.are_sums(sums, bytes);
        let wgsl = Wgsl::new(device, bytes, Q8Inputs::Bytes)?;
        let weight = wgsl.weight(Values::Q8(integers.blocks.clone()), [outputs, inputs]);
        let each = time(&wgsl, &weight, &input, is_correct, now).await;
        if each < best.1 {
            best = (Some(bytes), each);
        }
    }
    Some(tuning.with_bytes_of(best.0))
}

/// Milliseconds that a product takes, infinity if its result is incorrect.
async fn time(
    wgsl: &Wgsl,
    weight: &DeviceWeight,
    input: &Buffer,
    is_correct: impl Fn(&[f32]) -> bool,
    now: &dyn Fn() -> f64,
) -> f64 {
    let run = async |times: usize| {
        let mut last = input.clone();
        for _ in 0..times {
            last = Gemm { weight, bias: None, activation: None, residual: None }.run(wgsl, input);
        }
        wgsl.read(last).await
    };
    if !run(1).await.is_ok_and(|sums| is_correct(&sums)) {
        return f64::INFINITY;
    }
    stopwatch::each(now, async |times| run(times).await.is_ok()).await
}

/// A product of integers, each row of which covers 255 values: rounding to bytes does not change
/// them, nor rounding to f16. Times a factor, and one more, the latter does.
struct Integers {
    /// `[rows, inputs]`
    input: Vec<f32>,
    /// `[outputs, inputs]`
    blocks: Blocks,
    /// `[rows, outputs]`
    expected: Vec<f32>,
    /// Largest error of a sum.
    tolerance: f32,
}

/// Largest error of such a product, whose values are in the thousands, without a factor. The sums
/// are exact, but a GPU may round a row's scale, and q8 weights are divided by 127 and multiplied
/// by it.
const TOLERANCE: f32 = 2.0;
/// Largest error of such a product if f16 are added in f16: with each operation rounded to 11 bits,
/// sums are up to 23 off.
const HALVES_TOLERANCE: f32 = 64.0;

impl Integers {
    fn new([rows, outputs, inputs]: Shape, factor: i32) -> Self {
        // Rows and outputs repeat, so that the expected values are soon computed.
        let (row_kinds, output_kinds) = (5, 7);
        let input = |row: usize, at: usize| {
            let integer = (at * 37 % 255) as i32 - 100 - 10 * (row % row_kinds) as i32;
            factor * integer + i32::from(factor > 1)
        };
        let value = |output: usize, at: usize| ((at * 29 + output % output_kinds * 13) % 63) as i32 - 31;
        let scale = |output: usize, block: usize| 1.0 / (1 << ((output % output_kinds + block) % 3)) as f32;
        let pairs = |rows: usize, columns: usize| {
            (0..rows).flat_map(move |row| (0..columns).map(move |column| (row, column)))
        };
        let sum = |(row, output): (usize, usize)| {
            let terms = (0..inputs).map(|at| {
                f64::from(input(row, at) * value(output, at)) * f64::from(scale(output, at / BLOCK))
            });
            terms.sum::<f64>() as f32
        };
        let kinds: Vec<f32> = pairs(row_kinds, output_kinds).map(sum).collect();
        let kind =
            |(row, output): (usize, usize)| kinds[row % row_kinds * output_kinds + output % output_kinds];
        Self {
            input: pairs(rows, inputs).map(|(row, at)| input(row, at) as f32).collect(),
            blocks: Blocks {
                values: pairs(outputs, inputs).map(|(output, at)| value(output, at) as i8).collect(),
                scales: pairs(outputs, inputs / BLOCK).map(|(output, block)| scale(output, block)).collect(),
                block: BLOCK,
            },
            expected: pairs(rows, outputs).map(kind).collect(),
            tolerance: TOLERANCE * factor as f32,
        }
    }

    /// Whether these are the product's sums, as far as they can be with this tuning.
    fn are_sums(&self, sums: &[f32], tuning: Tuning) -> bool {
        let tolerance = if tuning.adds_halves() { HALVES_TOLERANCE } else { self.tolerance };
        sums.len() == self.expected.len()
            && sums.iter().zip(&self.expected).all(|(sum, expected)| (sum - expected).abs() <= tolerance)
    }
}
