//! Cargo commands on the native packages.

use std::process::Command;

use crate::process::cargo;

/// The features for tests. `gpu` is only compiled (by the lints): no test machine has a
/// GPU, and it triples the build.
const NATIVE: [&str; 3] = ["--no-default-features", "--features", "pickscore/cli,pickscore/parallel"];

/// Packages whose code is compiled only for browsers, or needs a GPU.
const NOT_NATIVE: [&str; 3] = ["pickscore-engine", "pickscore-gpu", "pickscore-peer"];

/// A cargo command on all native packages. A smaller selection would change the features of shared
/// dependencies and compile them, burn included, again.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = cargo(arguments);
    command.args(["--locked", "--workspace"]);
    command.args(NOT_NATIVE.map(|package| format!("--exclude={package}"))).args(NATIVE);
    command
}
