//! Which tile a device is fastest with, found out once.

use std::sync::atomic::{AtomicUsize, Ordering};

use burn::tensor::{DType, Device, Tensor, TensorData};

use super::Tile;
use crate::towers::gpu::{DeviceWeight, subgroup};
use pickscore_checkpoint::weights::Values;

/// An index into [`Tile::ALL`]. One for the process: it has one GPU.
static CHOSEN: AtomicUsize = AtomicUsize::new(0);

/// What matrices are multiplied with from now on.
pub(in super::super) fn chosen() -> Tile {
    Tile::ALL[CHOSEN.load(Ordering::Relaxed) % Tile::ALL.len()].0
}

/// Chooses the tile of this name, where it is one that the device runs; otherwise measures all that it runs on a small matrix → the name of what was chosen.
///
/// `smallest` is the size of the smallest subgroup that the device lends, 0 for none; `now` a clock, in milliseconds.
pub(in super::super) async fn tune(
    device: &Device,
    name: Option<&str>,
    smallest: usize,
    now: &dyn Fn() -> f64,
) -> &'static str {
    subgroup::lend(smallest);
    let lanes = subgroup::lanes();
    let named = Tile::ALL.iter().position(|(tile, known)| Some(*known) == name && tile.runs_with(lanes));
    let index = match named {
        Some(index) => index,
        None => measure(device, lanes, now).await,
    };
    CHOSEN.store(index, Ordering::Relaxed);
    Tile::ALL[index].1
}

/// Rows, outputs and inputs of what is measured: an image of ViT-B/32 on a quarter of a matrix.
const SHAPE: [usize; 3] = [50, 768, 768];
/// Multiplications in a row, at first and at most: more until they take long enough that waiting for the answer counts for little.
const TIMES: [usize; 2] = [4, 1024];
/// How long is long enough, in milliseconds.
const ENOUGH: f64 = 20.0;

/// The index of the fastest tile of those that multiply rightly: a kernel that a driver refuses is the fastest of all.
async fn measure(device: &Device, lanes: usize, now: &dyn Fn() -> f64) -> usize {
    let [rows, outputs, inputs] = SHAPE;
    let ones = |length: usize| vec![1.0f32; length];
    let Ok(weight) = DeviceWeight::new(Values::F32(ones(outputs * inputs)), [outputs, inputs], device) else {
        return 0;
    };
    let input = TensorData::new(ones(rows * inputs), [rows, inputs]);
    let input = Tensor::<2>::from_data(input, (device, DType::F32));
    let mut best = (0, f64::INFINITY);
    for (index, (tile, _)) in Tile::ALL.into_iter().enumerate() {
        if !tile.runs_with(lanes) {
            continue;
        }
        let run = |times: usize| {
            let mut last = input.clone();
            for _ in 0..times {
                last = super::super::linear_with(tile, input.clone(), &weight, None, None, None);
            }
            last.into_data_async()
        };
        // The first one compiles.
        let right = run(1).await.is_ok_and(|data| {
            data.try_into_vec::<f32>().is_ok_and(|sums| sums.iter().all(|sum| *sum == inputs as f32))
        });
        if !right {
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
            best = (index, each);
        }
    }
    best.0
}
