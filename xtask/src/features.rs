//! Checks that every feature compiles by itself: features only add code, so each must compile
//! without the others.

use anyhow::Result;

use crate::process::{cargo, step};

/// Packages with features, and their features. Left out are features of `pickscore` that only pass
/// on a feature of another package, and `spirv`: it brings burn's SPIR-V compiler and fusion, which
/// take minutes and are only used to compare. `cargo xtask parity --gpu` compiles it.
const PACKAGES: [(&str, &[&str]); 7] = [
    ("pickscore-pixels", &["parallel"]),
    ("pickscore-preferences", &["plot"]),
    ("pickscore-taste", &["plot"]),
    ("pickscore-dataset", &["merge"]),
    ("pickscore-training", &["parallel"]),
    ("pickscore-model", &["parallel", "train", "gpu", "relaxed-simd"]),
    ("pickscore", &["model", "merge", "train"]),
];

/// Checks each package without features and with each one of them. The lints have checked all
/// default features together, so most of what they need is compiled already.
pub(crate) fn check() -> Result<()> {
    for (package, features) in PACKAGES {
        for feature in std::iter::once("").chain(features.iter().copied()) {
            let arguments = ["check", "--quiet", "--locked", "--package", package, "--no-default-features"];
            let mut command = cargo(&arguments);
            let title = if feature.is_empty() { "no feature" } else { feature };
            step(&format!("{package} with {title}"), command.args(["--features", feature]))?;
        }
    }
    Ok(())
}
