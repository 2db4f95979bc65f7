//! The goals of `cargo xtask bench native`, and whether results meet them.

use std::fmt;

use super::native::Results;

/// Minimum ratio of ONNX Runtime's time to PickScore's for a forward pass of sixteen images in f32.
const FORWARD: f64 = 1.1;
/// The same from files to scores in f32, and of the time of transformers.
const FILES: f64 = 1.2;
/// The same from files to scores in 8 bits: ONNX Runtime's int8 and `q8-fast`.
const FILES_8_BITS: f64 = 1.1;
/// The same for PyTorch's bf16 and `q8`, whose scores are as precise.
const BF16: f64 = 1.0;

/// A goal, and what was measured.
#[derive(Debug, PartialEq)]
pub(super) struct Goal {
    what: String,
    found: Found,
    bound: f64,
    is_minimum: bool,
}

#[derive(Debug, PartialEq)]
enum Found {
    Measured(f64),
    /// The processor does not have the instructions.
    NotApplicable,
}

/// The goals that the results of all models cover. `has_bf16` says whether the processor has
/// instructions for bf16.
pub(super) fn goals(models: &[Results], has_bf16: bool) -> Vec<Goal> {
    models.iter().flat_map(|results| of_model(results, has_bf16)).collect()
}

fn of_model(results: &Results, has_bf16: bool) -> Vec<Goal> {
    let model = &results.model;
    let mut goals = Vec::new();
    let mut measure = |what: String, found: Option<f64>, bound: f64, is_minimum: bool| {
        goals.extend(found.map(|found| Goal { what, found: Found::Measured(found), bound, is_minimum }));
    };
    let ratio =
        |case: &str, ours: &str, theirs: &str| Some(results.time(theirs, case)? / results.time(ours, case)?);
    let forward = ratio("vision 16", "f32", "onnx");
    measure(format!("{model}: 16 images in f32, time of ONNX Runtime / PickScore"), forward, FORWARD, true);
    for case in results.cases.iter().filter(|case| case.starts_with("files ")) {
        let of = |ours, theirs| ratio(case, ours, theirs);
        let title = |what: &str| format!("{model}: {case} in {what}");
        let what = title("f32, time of transformers with a DataLoader / PickScore");
        measure(what, of("f32", "torch"), FILES, true);
        let what = title("f32, time of ONNX Runtime with Pillow / PickScore");
        measure(what, of("f32", "onnx"), FILES, true);
        let what = title("8 bits, time of ONNX Runtime int8 / PickScore q8-fast");
        measure(what, of("q8-fast", "onnx-int8"), FILES_8_BITS, true);
    }
    let worst = results.worst("q8-fast").zip(results.worst("onnx-int8")).map(|(ours, theirs)| ours / theirs);
    let what = format!("{model}: largest difference of a score, PickScore q8-fast / ONNX Runtime int8");
    measure(what, worst, 1.0, false);
    if let Some(found) = ratio("vision 16", "q8", "torch-bf16") {
        let found = if has_bf16 { Found::Measured(found) } else { Found::NotApplicable };
        let what = format!("{model}: 16 images, time of PyTorch bf16 / PickScore q8");
        goals.push(Goal { what, found, bound: BF16, is_minimum: true });
    }
    goals
}

impl Goal {
    /// `None` if the goal does not apply to this processor.
    fn is_met(&self) -> Option<bool> {
        match self.found {
            Found::Measured(found) if self.is_minimum => Some(found >= self.bound),
            Found::Measured(found) => Some(found <= self.bound),
            Found::NotApplicable => None,
        }
    }
}

/// The goals as a table.
pub(super) fn table(goals: &[Goal]) -> String {
    let head = "| goal | measured | bound | |\n|---|---|---|---|\n".to_owned();
    goals.iter().fold(head, |table, goal| table + &goal.to_string())
}

/// A line of the table.
impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = match self.found {
            Found::Measured(found) => format!("{found:.2}"),
            Found::NotApplicable => "the processor has no bf16".into(),
        };
        let sign = if self.is_minimum { '≥' } else { '≤' };
        let met = match self.is_met() {
            Some(true) => "met",
            Some(false) => "**missed**",
            None => "not applicable",
        };
        writeln!(f, "| {} | {found} | {sign} {:.1} | {met} |", self.what, self.bound)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::native::Measured, *};

    fn results(engines: &[(&str, &[f64], &[f64])]) -> Results {
        let measured = |&(name, times, differences): &(&str, &[f64], &[f64])| Measured {
            name: name.into(),
            times: times.to_vec(),
            differences: Some(differences.to_vec()),
        };
        let cases = vec!["vision 16".into(), "files 64".into()];
        Results { model: "b32".into(), cases, engines: engines.iter().map(measured).collect() }
    }

    #[test]
    fn goals_compare_times_and_differences() {
        let measured = results(&[
            ("f32", &[100.0, 100.0], &[0.0]),
            ("torch", &[150.0, 120.0], &[0.001]),
            ("onnx", &[109.0, 125.0], &[0.001]),
            ("q8-fast", &[50.0, 50.0], &[0.1, 0.3]),
            ("onnx-int8", &[40.0, 50.0], &[0.2, 0.2]),
        ]);
        let met: Vec<_> = goals(&[measured], true).iter().map(Goal::is_met).collect();
        // 1.09 < 1.1, 1.2 ≥ 1.2, 1.25 ≥ 1.2, 1.0 < 1.1, 0.3 > 0.2
        assert_eq!(met, [false, true, true, false, false].map(Some));
    }

    #[test]
    fn engines_that_did_not_run_have_no_goals() {
        assert_eq!(goals(&[results(&[("f32", &[1.0, 1.0], &[0.0])])], true), []);
        let bf16 = || results(&[("q8", &[1.0, 1.0], &[0.0]), ("torch-bf16", &[0.9, 1.0], &[0.1])]);
        assert_eq!(goals(&[bf16()], true)[0].is_met(), Some(false));
        assert_eq!(goals(&[bf16()], false)[0].is_met(), None);
    }
}
