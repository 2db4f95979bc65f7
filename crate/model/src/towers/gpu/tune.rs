//! Measures which tile is fastest on a device.

use burn::tensor::Device;
use pickscore_checkpoint::weights::Values;

use super::{
    gemm::{Gemm, tile::Tuning},
    wgsl::Wgsl,
};
use crate::towers::steps::{Scoring as _, Steps as _};

/// Chooses the tuning of a device. If `remembered` names a tuning that the device supports, that is
/// the result; otherwise each tuning is measured on a small product and the fastest is chosen.
/// Returns `None` if the device does not support the WGSL kernels.
///
/// `subgroup` is the smallest subgroup size of the device, 0 if subgroup operations were not
/// requested. `now` is a clock in milliseconds.
pub async fn tune(
    device: &Device,
    remembered: Option<&str>,
    subgroup: usize,
    now: &dyn Fn() -> f64,
) -> Option<Tuning> {
    let named = remembered.and_then(|name| Tuning::named(name, subgroup));
    match named {
        Some(tuning) => Wgsl::new(device, tuning).map(|_| tuning),
        None => measure(device, subgroup, now).await,
    }
}

/// Rows, outputs and inputs of the measured product: an image of ViT-B/32 and a quarter of a
/// matrix.
const SHAPE: [usize; 3] = [50, 768, 768];
/// The initial and largest number of products per measurement. It grows until the measurement takes
/// long enough that the time to read the result is negligible.
const TIMES: [usize; 2] = [4, 1024];
/// Shortest measurement, in milliseconds.
const ENOUGH: f64 = 20.0;

/// The fastest tuning whose results are correct; a kernel that the driver rejects would otherwise
/// appear to be the fastest.
async fn measure(device: &Device, subgroup: usize, now: &dyn Fn() -> f64) -> Option<Tuning> {
    let [rows, outputs, inputs] = SHAPE;
    let ones = |length: usize| vec![1.0f32; length];
    let safe = Wgsl::new(device, Tuning::default())?;
    let weight = safe.weight(Values::F32(ones(outputs * inputs)), [outputs, inputs]);
    let input = safe.matrix(ones(rows * inputs), inputs);
    let mut best = (Tuning::default(), f64::INFINITY);
    for tuning in Tuning::all(subgroup) {
        let wgsl = Wgsl::new(device, tuning)?;
        let run = async |times: usize| {
            let mut last = input.clone();
            for _ in 0..times {
                let product = Gemm { weight: &weight, bias: None, activation: None, residual: None };
                last = product.run(&wgsl, &input);
            }
            wgsl.read(last).await
        };
        // The first run compiles the kernel.
        let sums = run(1).await;
        if !sums.is_ok_and(|sums| sums.iter().all(|sum| *sum == inputs as f32)) {
            continue;
        }
        let mut times = TIMES[0];
        let each = loop {
            let began = now();
            if run(times).await.is_err() {
                break f64::INFINITY;
            }
            let took = now() - began;
            if took >= ENOUGH || times >= TIMES[1] {
                break took / times as f64;
            }
            times *= 4;
        };
        if each < best.1 {
            best = (tuning, each);
        }
    }
    Some(best.0)
}
