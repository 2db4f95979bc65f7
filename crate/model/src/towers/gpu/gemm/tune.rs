//! Which tile a device is fastest with, found out once.

use burn::tensor::Device;
use pickscore_checkpoint::weights::Values;

use super::Tile;
use crate::towers::{
    gpu::{Wgsl, subgroup},
    kernels::{Scoring as _, Steps as _},
};

/// How the kernels share out their work on a device: the result of [`tune`]. The default runs on
/// every device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tuning {
    tile: Tile,
    name: &'static str,
    /// Invocations that can read for each other, 0 for none.
    lanes: usize,
}

impl Default for Tuning {
    fn default() -> Self {
        let (tile, name) = Tile::ALL[0];
        Self { tile, name, lanes: 0 }
    }
}

impl Tuning {
    /// Every tuning that runs on a device whose smallest subgroup has this many invocations, 0
    /// where the device has no subgroup operations.
    pub(in super::super) fn all(subgroup: usize) -> impl Iterator<Item = Self> {
        let lanes = subgroup::lanes(subgroup);
        let runs = Tile::ALL.into_iter().filter(move |(tile, _)| tile.runs_with(lanes));
        runs.map(move |(tile, name)| Self { tile, name, lanes })
    }

    /// The tuning of this [`name`](Self::name); `None` where there is no such tuning, or where the
    /// device does not run it.
    ///
    /// `subgroup` is the size of the smallest subgroup whose operations the device was asked for, 0
    /// where it was not.
    pub fn named(name: &str, subgroup: usize) -> Option<Self> {
        Self::all(subgroup).find(|tuning| tuning.name == name)
    }

    /// What it can be remembered by, such as `"blocked-32x64"`.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// How matrices are multiplied.
    pub(super) fn tile(self) -> Tile {
        self.tile
    }

    /// Invocations that can read for each other, 0 for none.
    pub(in super::super) fn lanes(self) -> usize {
        self.lanes
    }
}

/// Chooses how a GPU multiplies matrices: as `remembered` says, where it is the name of an earlier
/// tuning that the device runs; otherwise each way is measured on a small matrix and the fastest
/// taken. `None` where the device is not one for the WGSL kernels.
///
/// `subgroup` is the size of the smallest subgroup whose operations the device was asked for, 0
/// where it was not; `now` is a clock, in milliseconds.
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

/// Rows, outputs and inputs of what is measured: an image of ViT-B/32 on a quarter of a matrix.
const SHAPE: [usize; 3] = [50, 768, 768];
/// Multiplications in a row, at first and at most: more until they take long enough that waiting
/// for the result counts for little.
const TIMES: [usize; 2] = [4, 1024];
/// How long is long enough, in milliseconds.
const ENOUGH: f64 = 20.0;

/// The fastest tuning of those that multiply correctly: a kernel that a driver refuses takes no
/// time at all.
async fn measure(device: &Device, subgroup: usize, now: &dyn Fn() -> f64) -> Option<Tuning> {
    let [rows, outputs, inputs] = SHAPE;
    let ones = |length: usize| vec![1.0f32; length];
    let safe = Wgsl::new(device, Tuning::default())?;
    let weight = safe.weight(Values::F32(ones(outputs * inputs)), [outputs, inputs]);
    let input = safe.matrix(ones(rows * inputs), inputs);
    let mut best = (Tuning::default(), f64::INFINITY);
    for tuning in Tuning::all(subgroup) {
        let wgsl = Wgsl { tuning, ..safe.clone() };
        let run = async |times: usize| {
            let mut last = input.clone();
            for _ in 0..times {
                last = wgsl.multiply(&input, &weight, None, None, None);
            }
            wgsl.read(last).await
        };
        // The first one compiles.
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
