//! Node and the locked npm packages.

use std::fs;

use anyhow::{Context as _, Result, bail};

use crate::process::{output, program, root, step};

/// The oldest Node that the packages support.
const OLDEST: u32 = 20;

/// Installs the workspace's `package-lock.json` if that is not done yet.
pub(crate) fn install() -> Result<()> {
    let version = output(&mut program("node", &["--version"]));
    let version =
        version.with_context(|| format!("Node.js {OLDEST} or newer is needed (https://nodejs.org)"))?;
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < OLDEST) {
        bail!("Node.js {OLDEST} or newer is needed, this is {version}");
    }
    install_in(".")
}

/// Installs a folder's `package-lock.json` if that is not done yet.
pub(crate) fn install_in(folder: &str) -> Result<()> {
    let folder = root().join(folder);
    let lock = fs::read(folder.join("package-lock.json")).context("package-lock.json cannot be read")?;
    let stamp = folder.join("node_modules/.installed");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    // Install scripts would download browsers and native modules that nothing here uses.
    let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    step("npm packages", program("npm", &arguments).current_dir(folder))?;
    fs::write(stamp, lock)?;
    Ok(())
}

/// A program of the installed packages.
pub(crate) fn tool(name: &str, arguments: &[&str]) -> std::process::Command {
    program(root().join("node_modules/.bin").join(name), arguments)
}
