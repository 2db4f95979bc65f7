//! Measures which tile is fastest on a device, and whether products of bytes are faster still.

use burn::tensor::Device;
use pickscore_checkpoint::weights::{Blocks, Values};

use super::{
    gemm::{Gemm, round::BLOCK, tile::Tuning},
    weight::DeviceWeight,
    wgsl::{Buffer, Wgsl},
};
use crate::towers::{
    kernels::Q8Inputs,
    steps::{Scoring as _, Steps as _},
};

/// Chooses the tuning of a device. If `remembered` names a tuning that the device supports, that is
/// the result; otherwise each tuning is measured on a small product and the fastest is chosen.
/// Returns `None` if the device does not support the WGSL kernels.
///
/// `subgroup` is the smallest subgroup size of the device, 0 if subgroup operations were not
/// requested. With `bytes`, products for `q8-fast` are measured too, unless `remembered` says what
/// is fastest; the device must then support WGSL's `packed_4x8_integer_dot_product`. `now` is a
/// clock in milliseconds.
pub async fn tune(
    device: &Device,
    remembered: Option<&str>,
    subgroup: usize,
    bytes: bool,
    now: &dyn Fn() -> f64,
) -> Option<Tuning> {
    let named = remembered.and_then(|name| Tuning::named(name, subgroup));
    let tuning = match named {
        Some(tuning) => Wgsl::new(device, tuning, Q8Inputs::Fine).map(|_| tuning)?,
        None => measure(device, subgroup, now).await?,
    };
    if !bytes || tuning.has_measured_bytes() {
        return Some(tuning);
    }
    measure_bytes(device, tuning, subgroup, now).await
}

/// Rows, outputs and inputs of the measured product: an image of ViT-B/32 and a quarter of a
/// matrix.
const SHAPE: [usize; 3] = [50, 768, 768];
/// The initial and largest number of products per measurement. It grows until the measurement takes
/// long enough that the time to read the result is negligible.
const TIMES: [usize; 2] = [4, 1024];
/// Shortest measurement, in milliseconds.
const ENOUGH: f64 = 20.0;
/// `q8` is more accurate than `q8-fast`, which must therefore take at most this part of its time.
const WORTHWHILE: f64 = 0.95;

/// The fastest tuning whose results are correct; a kernel that the driver rejects would otherwise
/// appear to be the fastest.
async fn measure(device: &Device, subgroup: usize, now: &dyn Fn() -> f64) -> Option<Tuning> {
    let [rows, outputs, inputs] = SHAPE;
    let ones = |length: usize| vec![1.0f32; length];
    let safe = Wgsl::new(device, Tuning::default(), Q8Inputs::Fine)?;
    let weight = safe.weight(Values::F32(ones(outputs * inputs)), [outputs, inputs]);
    let input = safe.matrix(ones(rows * inputs), inputs);
    let mut best = (Tuning::default(), f64::INFINITY);
    for tuning in Tuning::all(subgroup) {
        let wgsl = Wgsl::new(device, tuning, Q8Inputs::Fine)?;
        let is_correct = |sums: &[f32]| sums.iter().all(|sum| *sum == inputs as f32);
        let each = time(&wgsl, &weight, &input, is_correct, now).await;
        if each < best.1 {
            best = (tuning.without_bytes(), each);
        }
    }
    Some(best.0)
}

/// The tuning with the fastest products of bytes, if they are correct and faster than `q8`.
async fn measure_bytes(
    device: &Device,
    tuning: Tuning,
    subgroup: usize,
    now: &dyn Fn() -> f64,
) -> Option<Tuning> {
    let Integers { input, blocks, expected } = Integers::new();
    let [_, outputs, inputs] = SHAPE;
    let q8 = Wgsl::new(device, tuning, Q8Inputs::Fine)?;
    let input = q8.matrix(input, inputs);
    let is_correct = |sums: &[f32]| {
        sums.len() == expected.len()
            && sums.iter().zip(&expected).all(|(sum, expected)| (sum - expected).abs() <= TOLERANCE)
    };
    let weight = q8.weight(Values::Q8(blocks.clone()), [outputs, inputs]);
    let limit = time(&q8, &weight, &input, is_correct, now).await * WORTHWHILE;
    let mut best = (None, limit);
    for bytes in Tuning::all(subgroup) {
        let wgsl = Wgsl::new(device, bytes, Q8Inputs::Bytes)?;
        let weight = wgsl.weight(Values::Q8(blocks.clone()), [outputs, inputs]);
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
    // The first run compiles the kernel.
    if !run(1).await.is_ok_and(|sums| is_correct(&sums)) {
        return f64::INFINITY;
    }
    let mut times = TIMES[0];
    loop {
        let began = now();
        if run(times).await.is_err() {
            return f64::INFINITY;
        }
        let took = now() - began;
        if took >= ENOUGH || times >= TIMES[1] {
            return took / times as f64;
        }
        times *= 4;
    }
}

/// A product of integers, each row of which covers 255 values: they are rounded to themselves.
struct Integers {
    /// `[rows, inputs]`
    input: Vec<f32>,
    /// `[outputs, inputs]`
    blocks: Blocks,
    /// `[rows, outputs]`
    expected: Vec<f32>,
}

/// Largest error of such a product, whose values are in the thousands. The sums are exact, but a
/// GPU may round a row's scale, and q8 weights are divided by 127 and multiplied by it.
const TOLERANCE: f32 = 2.0;

impl Integers {
    fn new() -> Self {
        let [rows, outputs, inputs] = SHAPE;
        // Rows and outputs repeat, so that the expected values are soon computed.
        let (row_kinds, output_kinds) = (5, 7);
        let input = |row: usize, at: usize| (at * 37 % 255) as i32 - 100 - 10 * (row % row_kinds) as i32;
        let value = |output: usize, at: usize| ((at * 29 + output % output_kinds * 13) % 63) as i32 - 31;
        let scale = |output: usize, block: usize| 1.0 / (1 << ((output % output_kinds + block) % 3)) as f32;
        let pairs = |rows: usize, columns: usize| {
            (0..rows).flat_map(move |row| (0..columns).map(move |column| (row, column)))
        };
        let sum = |(row, output): (usize, usize)| {
            let terms =
                (0..inputs).map(|at| (input(row, at) * value(output, at)) as f32 * scale(output, at / BLOCK));
            terms.sum::<f32>()
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
        }
    }
}
