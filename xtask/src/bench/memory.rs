//! `cargo xtask bench memory`: peak memory of loading models from disk, in each precision.

use anyhow::{Result, ensure};
use clap::Args;

use super::engine::{self, Engine};

/// What to load.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Models, as for `native`
    #[arg(long, value_delimiter = ',', default_value = "pickscore")]
    models: Vec<String>,
}

/// Precisions with their bits per weight.
const PRECISIONS: [(&str, f64); 3] = [("f32", 32.0), ("f16", 16.0), ("q8", 9.0)];
/// Allowed memory besides the weights: a tenth of their size, plus this.
const BESIDE: f64 = 200e6;

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    engine::build()?;
    let mut report =
        String::from("| model | precision | weights, MB | peak, MB | allowed, MB |\n|---|---|---|---|---|\n");
    let mut within = true;
    for model in &arguments.models {
        let directory = engine::directory(model)?;
        for (precision, bits) in PRECISIONS {
            let mut engine = Engine::start(precision, &directory, 2, None)?;
            let weights = engine.ask("parameters")? * bits / 8.0;
            let (peak, allowed) = (engine.ask("memory")?, weights * 1.1 + BESIDE);
            within &= peak <= allowed;
            let [weights, peak, allowed] = [weights, peak, allowed].map(|bytes| bytes / 1e6);
            report += &format!("| {model} | {precision} | {weights:.0} | {peak:.0} | {allowed:.0} |\n");
        }
    }
    std::io::Write::write_all(&mut std::io::stdout(), report.as_bytes())?;
    ensure!(within, "loading takes more memory than is allowed");
    Ok(())
}
