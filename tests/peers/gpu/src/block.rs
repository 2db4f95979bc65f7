//! The steps of a block, compared with the GPU's peaks.

use pickscore::towers::{Arithmetic, Bounds, StepBound};
use serde::Serialize;

use crate::report::table;

#[derive(Serialize)]
struct Step {
    name: String,
    milliseconds: f64,
    /// Part of the time of all steps.
    share: f64,
    /// What it multiplies, and its part of the peak of that.
    arithmetic: Option<(&'static str, f64)>,
    share_of_memory_peak: f64,
    limit: &'static str,
}

#[derive(Serialize)]
pub(crate) struct Block {
    title: String,
    peaks_tflops: Vec<(&'static str, f64)>,
    memory_peak_gb_per_s: f64,
    launch_milliseconds: f64,
    steps: Vec<Step>,
}

/// The part of a peak from which on it limits a step.
const NEAR: f64 = 0.6;
/// A step that takes less than this many launches is limited by them.
const LAUNCHES: f64 = 4.0;

fn name(arithmetic: Arithmetic) -> &'static str {
    match arithmetic {
        Arithmetic::F32 => "f32",
        Arithmetic::F16 => "f16",
        Arithmetic::Matrices => "matrices of f16",
        Arithmetic::Bytes => "bytes",
    }
}

impl Block {
    pub(crate) fn new(title: String, Bounds { peaks, memory, launch, steps }: Bounds) -> Self {
        let all: f64 = steps.iter().map(|step| step.milliseconds).sum();
        let step = |step: StepBound| {
            let arithmetic = step.arithmetic.and_then(|(kind, speed)| {
                let (_, peak) = peaks.iter().find(|(known, _)| *known == kind)?;
                Some((name(kind), speed / peak))
            });
            let share_of_memory_peak = step.memory / memory;
            let part = arithmetic.map_or(0.0, |(_, part)| part);
            let limit = match part.max(share_of_memory_peak) {
                ..NEAR if step.milliseconds < LAUNCHES * launch => "launch",
                ..NEAR => "",
                _ if part > share_of_memory_peak => "arithmetic",
                _ => "memory",
            };
            let (milliseconds, name) = (step.milliseconds, step.name);
            Step { name, milliseconds, share: milliseconds / all, arithmetic, share_of_memory_peak, limit }
        };
        let steps = steps.into_iter().map(step).collect();
        let peaks_tflops = peaks.iter().map(|(kind, speed)| (name(*kind), *speed / 1e3)).collect();
        Self { title, peaks_tflops, memory_peak_gb_per_s: memory, launch_milliseconds: launch, steps }
    }

    pub(crate) fn markdown(&self) -> String {
        let Self { title, peaks_tflops, memory_peak_gb_per_s, launch_milliseconds, steps } = self;
        let peaks: Vec<String> =
            peaks_tflops.iter().map(|(kind, speed)| format!("{speed:.3} TFLOP/s in {kind}")).collect();
        let percent = |part: f64| format!("{:.0} %", 100.0 * part);
        let rows = steps.iter().map(|step| {
            let Step { name, milliseconds, share, arithmetic, share_of_memory_peak, limit } = step;
            let arithmetic =
                arithmetic.map_or_else(String::new, |(kind, part)| format!("{} of {kind}", percent(part)));
            let [share, memory] = [*share, *share_of_memory_peak].map(percent);
            format!("| {name} | {milliseconds:.3} | {share} | {arithmetic} | {memory} | {limit} |")
        });
        let text = format!(
            "A block of {title}\n\nPeaks: {}, {memory_peak_gb_per_s:.1} GB/s copying; a launch takes \
             {launch_milliseconds:.3} ms.",
            peaks.join(", ")
        );
        table(&text, "| step | milliseconds | share | arithmetic peak | memory peak | limit |", rows)
    }
}
