//! `cargo xtask bench memory`: the peak of loading ViT-H/14 from disk, in each precision.

use anyhow::{Result, ensure};

use super::engine::{self, Engine};

/// Precisions with the bits that they take for a weight.
const PRECISIONS: [(&str, f64); 3] = [("f32", 32.0), ("f16", 16.0), ("q8", 9.0)];
/// What loading may take beside the weights: a tenth of them, and this.
const BESIDE: f64 = 200e6;

pub(super) fn run() -> Result<()> {
    engine::build()?;
    let model = engine::directory("pickscore")?;
    let mut report =
        String::from("| precision | weights, MB | peak, MB | allowed, MB |\n|---|---|---|---|\n");
    let mut within = true;
    for (precision, bits) in PRECISIONS {
        let mut engine = Engine::start(precision, &model, 2, None)?;
        let weights = engine.ask("parameters")? * bits / 8.0;
        let (peak, allowed) = (engine.ask("memory")?, weights * 1.1 + BESIDE);
        within &= peak <= allowed;
        report +=
            &format!("| {precision} | {:.0} | {:.0} | {:.0} |\n", weights / 1e6, peak / 1e6, allowed / 1e6);
    }
    std::io::Write::write_all(&mut std::io::stdout(), report.as_bytes())?;
    ensure!(within, "loading takes more memory than is allowed");
    Ok(())
}
