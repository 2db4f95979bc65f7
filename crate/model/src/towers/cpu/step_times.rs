//! Where a forward pass spends its time, and how close each step is to what the processor can do.
//! `cargo xtask bench steps` prints it.

#![allow(clippy::print_stdout, reason = "the result is what is printed")]

use std::{
    hint::black_box,
    iter::zip,
    sync::{Arc, Mutex},
    time::Instant,
};

use bytemuck::Zeroable;
use half::f16;
use pickscore_checkpoint::{
    config::{Activation, ClipConfig},
    weights::{Blocks, Kind, Values, parameters},
};
use pickscore_pixels::Pixels;
use pulp::{Simd, WithSimd};

use super::{
    Fused, Matrix, Q8Inputs,
    amx::{self, Amx, Rounded, Term},
    integer::{self, Group, RowScale},
    parallel::{for_each_part, threads},
    prefetch::Ahead,
    tile::{self, LANES, MOST_ROWS, Sums},
    weight::{Grouped, PackedWeight, Stored, Terms},
};
use crate::towers::{
    definitions::numbers,
    parts::Parts,
    steps::{Heads, Scoring as _, Steps},
    vision::VisionTower,
};

/// The steps of [`Fused`], with the time that each kind takes.
#[derive(Debug, Clone)]
struct Timed {
    steps: Fused,
    /// Bytes of a stored weight.
    weight: f64,
    kinds: Arc<Mutex<Vec<Spent>>>,
}

/// What a kind of step took and did.
#[derive(Debug, Clone)]
struct Spent {
    step: String,
    seconds: f64,
    /// Multiplications and additions of matrix products.
    operations: f64,
    /// Bytes of its weight, its input and its output.
    bytes: f64,
}

impl Timed {
    fn time<T>(&self, step: &str, operations: f64, bytes: f64, run: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = run();
        let seconds = start.elapsed().as_secs_f64();
        let mut kinds = self.kinds.lock().unwrap();
        match kinds.iter_mut().find(|kind| kind.step == step) {
            Some(kind) => {
                kind.seconds += seconds;
                kind.operations += operations;
                kind.bytes += bytes;
            }
            None => kinds.push(Spent { step: step.into(), seconds, operations, bytes }),
        }
        result
    }

    /// Times a product, in which each output is read or written `touched` times.
    fn product<T>(
        &self,
        title: &str,
        rows: usize,
        weight: &PackedWeight,
        touched: usize,
        run: impl FnOnce() -> T,
    ) -> T {
        let (inputs, outputs) = (weight.inputs(), weight.outputs());
        let operations = 2.0 * (rows * inputs * outputs) as f64;
        let activations = 4.0 * (rows * (inputs + touched * outputs)) as f64;
        let bytes = self.weight * (inputs * outputs) as f64 + activations;
        self.time(&format!("{title} {outputs} × {inputs}"), operations, bytes, run)
    }
}

impl Steps for Timed {
    type Matrix = Matrix;
    type Vector = Vec<f32>;
    type Weight = PackedWeight;

    fn matrix(&self, values: Vec<f32>, columns: usize) -> Matrix {
        self.steps.matrix(values, columns)
    }

    fn linear(
        &self,
        input: Matrix,
        weight: &PackedWeight,
        bias: Option<&Vec<f32>>,
        activation: Option<Activation>,
    ) -> Matrix {
        let title = if activation.is_some() { "product, GELU" } else { "product" };
        let rows = input.rows();
        self.product(title, rows, weight, 1, || self.steps.linear(input, weight, bias, activation))
    }

    fn linear_add(
        &self,
        input: Matrix,
        weight: &PackedWeight,
        bias: Option<&Vec<f32>>,
        residual: Matrix,
    ) -> Matrix {
        let rows = input.rows();
        self.product("product, residual", rows, weight, 2, || {
            self.steps.linear_add(input, weight, bias, residual)
        })
    }

    fn linear_add_repeated(
        &self,
        input: Matrix,
        weight: &PackedWeight,
        bias: Option<&Vec<f32>>,
        residual: &Matrix,
    ) -> Matrix {
        let rows = input.rows();
        self.product("product of patches", rows, weight, 2, || {
            self.steps.linear_add_repeated(input, weight, bias, residual)
        })
    }

    fn layer_norm(&self, input: &Matrix, weight: &Vec<f32>, bias: &Vec<f32>, epsilon: f64) -> Matrix {
        let bytes = 8.0 * input.values.len() as f64;
        self.time("layer norm", 0.0, bytes, || self.steps.layer_norm(input, weight, bias, epsilon))
    }

    fn attention(&self, qkv: Matrix, heads: Heads) -> Matrix {
        let (rows, width) = (qkv.rows(), qkv.columns / 3);
        let (operations, bytes) = (4 * rows * heads.sequence * width, 16 * rows * width);
        self.time("attention", operations as f64, bytes as f64, || self.steps.attention(qkv, heads))
    }

    fn gather(&self, matrix: Matrix, rows: &[usize]) -> Matrix {
        self.steps.gather(matrix, rows)
    }

    fn pass<T: Send>(&self, pass: impl FnOnce() -> T + Send) -> T {
        self.steps.pass(pass)
    }
}

/// What all threads together reach.
struct Peak {
    /// Multiplications and additions a second, in registers alone.
    registers: f64,
    /// In the innermost loop of this precision's products, on operands in the first-level cache.
    operations: f64,
    /// Bytes read from memory a second.
    bytes: f64,
}

/// Runs `task` on every thread at once and returns the seconds until the last one ends.
fn on_all(task: impl Fn() + Sync + Send) -> f64 {
    // The first run wakes the threads and raises the frequency.
    for_each_part(vec![(); threads()], |()| task());
    let start = Instant::now();
    for_each_part(vec![(); threads()], |()| task());
    start.elapsed().as_secs_f64()
}

/// Multiplies and adds in registers.
struct Multiply {
    times: usize,
}

/// Independent sums: enough to hide the latency of an instruction.
const SUMS: usize = 12;

impl WithSimd for Multiply {
    /// Operations.
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let (x, y) = (simd.splat_f32s(black_box(1.000_001)), simd.splat_f32s(black_box(1e-9)));
        let mut sums = [simd.splat_f32s(1.0); SUMS];
        for _ in 0..self.times {
            for sum in &mut sums {
                *sum = simd.mul_add_e_f32s(*sum, x, y);
            }
        }
        black_box(sums);
        2.0 * (self.times * SUMS * S::F32_LANES) as f64
    }
}

/// Adds up values.
struct Add<'a>(&'a [f32]);

impl WithSimd for Add<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let (vectors, _) = S::as_simd_f32s(self.0);
        let mut sums = [simd.splat_f32s(0.0); 8];
        for chunk in vectors.as_chunks::<8>().0 {
            for (sum, x) in zip(&mut sums, chunk) {
                *sum = simd.add_f32s(*sum, *x);
            }
        }
        sums.map(|sum| simd.reduce_sum_f32s(sum)).iter().sum()
    }
}

/// Steps of the operands of the loop alone.
const LOOP: usize = 512;
/// How often the loop runs.
const TIMES: usize = 4000;

impl Peak {
    fn of(weight: &PackedWeight) -> Self {
        let times = 20_000_000;
        let arch = pulp::Arch::new();
        let seconds = on_all(|| {
            black_box(arch.dispatch(Multiply { times }));
        });
        let registers = arch.dispatch(Multiply { times: 1 }) * times as f64 * threads() as f64 / seconds;
        // Far more than the last-level cache holds.
        let memory: Vec<Vec<f32>> = vec![vec![1.0; 128 << 20]; threads()];
        let read = |values: &Vec<f32>| {
            black_box(arch.dispatch(Add(values)));
        };
        let start = Instant::now();
        for_each_part(memory.iter().collect(), read);
        let seconds = start.elapsed().as_secs_f64();
        let bytes = memory.iter().map(|values| 4.0 * values.len() as f64).sum::<f64>() / seconds;
        let (rows, seconds) = match weight.stored() {
            Stored::F32(_) | Stored::F16(_) | Stored::Q8 { .. } => match weight.terms() {
                None => of_floats(),
                Some((amx, Terms::ThreeByThree)) => of_terms::<3, 3>(amx),
                Some((amx, Terms::ThreeByTwo)) => of_terms::<3, 2>(amx),
                Some((amx, Terms::TwoByTwo)) => of_terms::<2, 2>(amx),
            },
            Stored::Pairs(weight) => of_groups(weight),
            Stored::Quads(weight) => of_groups(weight),
            Stored::Bytes(weight) => of_groups(weight),
            Stored::Rounded(amx, weight) => of_bytes(*amx, weight),
            #[cfg(target_arch = "aarch64")]
            Stored::Octets(weight) => of_groups(weight),
            #[cfg(target_arch = "aarch64")]
            Stored::ByteOctets(weight) => of_groups(weight),
        };
        let operations = 2.0 * (rows * LOOP * LANES * TIMES * threads()) as f64 / seconds;
        Self { registers, operations, bytes }
    }
}

/// Rows of a tile, and seconds of the f32 loop on all threads.
fn of_floats() -> (usize, f64) {
    let rows = tile::heights().most;
    let (input, weight) = (numbers(LOOP * rows, 1), numbers(LOOP * LANES, 2));
    let arch = pulp::Arch::new();
    let seconds = on_all(|| {
        let mut sums: Sums = [[0.0; LANES]; MOST_ROWS];
        for _ in 0..TIMES {
            let (input, weight) = (black_box(input.as_slice()), weight.as_slice());
            arch.dispatch(tile::Tile { rows, input, weight, ahead: Ahead::default(), sums: &mut sums });
            black_box(&mut sums);
        }
    });
    (rows, seconds)
}

/// As [`of_floats`], of sums of terms on AMX.
fn of_terms<const INPUT: usize, const WEIGHT: usize>(amx: Amx) -> (usize, f64) {
    let input = vec![[Term::zeroed(); INPUT]; LOOP / amx::STEPS];
    let weight = vec![[Term::zeroed(); WEIGHT]; LOOP / amx::STEPS];
    let seconds = on_all(|| {
        let mut sums = [[0.0; LANES]; amx::ROWS];
        for _ in 0..TIMES {
            amx.multiply(amx::ROWS, black_box(&input), &weight, &mut sums);
            black_box(&mut sums);
        }
    });
    (amx::ROWS, seconds)
}

/// As [`of_floats`], of bytes on AMX.
fn of_bytes(amx: Amx, weight: &amx::Bytes) -> (usize, f64) {
    let input = vec![Rounded::zeroed(); weight.items()];
    let rows = [RowScale::zeroed(); amx::ROWS];
    let seconds = on_all(|| {
        let mut sums = [[0.0; LANES]; amx::ROWS];
        for _ in 0..TIMES {
            weight.multiply(amx, 0, black_box(&input), &rows, &mut sums);
            black_box(&mut sums);
        }
    });
    (amx::ROWS, seconds)
}

/// As [`of_floats`], in integers.
fn of_groups<G: Group>(weight: &Grouped<G>) -> (usize, f64) {
    let rows = G::heights().most;
    let input: Vec<G::Input> = vec![bytemuck::Zeroable::zeroed(); LOOP / G::STEPS * rows];
    let row_scales = vec![bytemuck::Zeroable::zeroed(); rows];
    let seconds = on_all(|| {
        let mut sums: Sums = [[0.0; LANES]; MOST_ROWS];
        for _ in 0..TIMES {
            let (input, panel) = (black_box(input.as_slice()), weight.panel(0, 0..LOOP));
            G::multiply(integer::Tile {
                rows,
                input,
                row_scales: &row_scales,
                panel,
                ahead: Ahead::default(),
                sums: &mut sums,
            });
            black_box(&mut sums);
        }
    });
    (rows, seconds)
}

/// Generated values `[rows, columns]` in a precision, and the bytes of one.
fn stored(precision: &str, values: Vec<f32>, columns: usize) -> (Values, f64) {
    /// Weights that share a scale.
    const BLOCK: usize = 32;
    match precision {
        "f32" => (Values::F32(values), 4.0),
        "f16" => (Values::F16(values.into_iter().map(f16::from_f32).collect()), 2.0),
        _ => {
            let scales = vec![1.0 / 127.0; values.len() / columns * columns.div_ceil(BLOCK)];
            let values = values.iter().map(|x| (x * 127.0) as i8).collect();
            (Values::Q8(Blocks { values, scales, block: BLOCK }), 1.0 + 4.0 / BLOCK as f64)
        }
    }
}

/// A vision tower with generated weights.
fn tower(config: &ClipConfig, precision: &str) -> (VisionTower<Timed>, Peak) {
    let (_, weight) = stored(precision, Vec::new(), 1);
    let q8_inputs = if precision == "q8-fast" { Q8Inputs::Bytes } else { Q8Inputs::Fine };
    let fused = Fused { q8_inputs };
    let steps = Timed { steps: fused, weight, kinds: Arc::default() };
    let mut parts = Parts::new(steps);
    for parameter in parameters(config.clone()) {
        let length: usize = parameter.shape.iter().product();
        match parameter.kind {
            Kind::Matrix if parameter.name.starts_with("vision.") => {
                let [outputs, inputs] = [parameter.shape[0], parameter.shape[1]];
                let values = numbers(length, 7).iter().map(|x| x / (inputs as f32).sqrt()).collect();
                let (values, _) = stored(precision, values, inputs);
                parts.add_weight(&parameter.name, fused.weight(values, [outputs, inputs]));
            }
            Kind::Vector => parts.add_vector(&parameter.name, numbers(length, 9)),
            Kind::Matrix | Kind::Table => {}
        }
    }
    let width = config.vision.transformer.width;
    let (values, _) = stored(precision, numbers(LOOP * LANES, 3), LOOP);
    let peak = Peak::of(&PackedWeight::new(&values, [LANES, LOOP], q8_inputs));
    let positions = config.vision.positions();
    let position = fused.matrix(numbers(positions * width, 5), width);
    (parts.vision(&config.vision, position).unwrap(), peak)
}

#[test]
#[ignore = "a measurement; `cargo xtask bench steps` runs it"]
fn where_the_time_goes() {
    let h14 = || {
        let mut config = ClipConfig::from_json(pickscore_generate::PICKSCORE.as_bytes()).unwrap();
        // All layers are alike.
        config.vision.transformer.layers = 4;
        config
    };
    let b32 = || ClipConfig::from_json(pickscore_generate::VIT_B_32.as_bytes()).unwrap();
    for (name, config) in [("ViT-B/32", b32()), ("ViT-H/14, 4 of 32 layers", h14())] {
        for precision in ["f32", "q8", "q8-fast"] {
            let (tower, peak) = tower(&config, precision);
            println!(
                "\n{name} in {precision} on {} threads: registers alone reach {:.0} GFLOP/s, the innermost loop \
                 {:.0} GFLOP/s, reading memory {:.1} GB/s",
                threads(),
                peak.registers / 1e9,
                peak.operations / 1e9,
                peak.bytes / 1e9
            );
            for batch in [1, 4, 16] {
                report(&tower, &peak, batch);
            }
        }
    }
}

/// Prints the table of one batch.
fn report(tower: &VisionTower<Timed>, peak: &Peak, batch: usize) {
    let size = tower.config.image_size;
    let image = Pixels { size, values: numbers(3 * size * size, 11) };
    let images = vec![&image; batch];
    let pass = || tower.steps.pass(|| tower.forward(&images));
    (0..2).for_each(|_| drop(black_box(pass())));
    tower.steps.kinds.lock().unwrap().clear();
    let rounds = 24usize.div_ceil(batch);
    let start = Instant::now();
    (0..rounds).for_each(|_| drop(black_box(pass())));
    let whole = start.elapsed().as_secs_f64();
    let kinds = tower.steps.kinds.lock().unwrap().clone();
    println!(
        "\n| batch of {batch} | ms | share | GFLOP/s | GB/s | bound | reached |\n|---|---|---|---|---|---|---|"
    );
    let each = 1e3 / rounds as f64;
    for Spent { step, seconds, operations, bytes } in &kinds {
        let (computing, reading) = (operations / peak.operations, bytes / peak.bytes);
        let bound = if computing > reading { "arithmetic" } else { "memory" };
        println!(
            "| {step} | {:.1} | {:.0} % | {:.0} | {:.1} | {bound} | {:.0} % |",
            seconds * each,
            100.0 * seconds / whole,
            operations / seconds / 1e9,
            bytes / seconds / 1e9,
            100.0 * computing.max(reading) / seconds
        );
    }
    let rest = whole - kinds.iter().map(|kind| kind.seconds).sum::<f64>();
    println!("| everything else | {:.1} | {:.0} % | | | | |", rest * each, 100.0 * rest / whole);
    println!("| all | {:.1} | | | | | |", whole * each);
}
