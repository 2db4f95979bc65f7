//! `cargo xtask serve`: the page on this machine.

use anyhow::Result;

use crate::{process::program, web::build};

/// Builds `dist/` and serves it until interrupted.
pub(crate) fn run(port: u16) -> Result<()> {
    build::run()?;
    let mut server = program("node", &["www/serve.mjs", "dist", "--port", &port.to_string()]);
    let status = server.status()?;
    if status.success() { Ok(()) } else { anyhow::bail!("the server stopped ({status})") }
}
