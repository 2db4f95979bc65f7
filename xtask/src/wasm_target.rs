//! The standard library for wasm32: from rustup, or from Debian's Rust if rustup cannot download
//! it.

use std::{path::Path, process::Command};

use anyhow::{Context as _, Result};

use crate::process::{apt_install, cargo, output, program, step, succeeds};

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";
/// Debian's packages: a compiler with the wasm target, and the standard library's sources.
const DEBIAN: [&str; 2] = ["rustc-web", "rust-web-src"];

/// A way to compile for wasm32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WasmTarget {
    /// The current toolchain has the target.
    Rustup,
    /// The current toolchain, which compiles the standard library too: threads need another build
    /// of it than the distributed one.
    RustupSource,
    /// Debian's compiler, which compiles the standard library too.
    Debian,
}

impl WasmTarget {
    /// Finds the target, and installs it if it is missing.
    pub(crate) fn find() -> Result<Self> {
        if add_target(TARGET) {
            return Ok(Self::Rustup);
        }
        Self::debian()
    }

    /// Finds a way to compile the standard library as well.
    pub(crate) fn find_with_source() -> Result<Self> {
        if has_source()
            || (succeeds(&mut program("rustup", &["component", "add", "rust-src"])) && has_source())
        {
            return Ok(Self::RustupSource);
        }
        Self::debian()
    }

    fn debian() -> Result<Self> {
        eprintln!("rustup has no {TARGET}, or no sources of it: taking Debian's compiler");
        if !installed() {
            for command in apt_install(&DEBIAN)?.iter_mut() {
                step("Debian's Rust for the web", command).with_context(|| {
                    format!("no {TARGET}: `rustup target add {TARGET}`, or Debian's {}", DEBIAN.join(" and "))
                })?;
            }
        }
        Ok(Self::Debian)
    }

    /// Cargo, set up to compile for wasm32 with the given arguments.
    pub(crate) fn cargo(self, arguments: &[&str]) -> Result<Command> {
        let mut command = cargo(arguments);
        command.args(["--target", TARGET]);
        if self != Self::Rustup {
            // Compiling the standard library needs features that only nightly allows.
            command.args(["-Zbuild-std=std,panic_abort"]).env("RUSTC_BOOTSTRAP", "1");
        }
        if self == Self::Debian {
            // Debian's linker for wasm is a separate package; the current toolchain has its own.
            let sysroot = output(&mut program("rustc", &["--print", "sysroot"]))?;
            let host = host()?;
            command.env("RUSTC", "/usr/bin/rustc").env(
                "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER",
                format!("{sysroot}/lib/rustlib/{host}/bin/rust-lld"),
            );
        }
        Ok(command)
    }
}

/// Adds a target to the current toolchain if it is missing: whether it is there now.
pub(crate) fn add_target(target: &str) -> bool {
    let is_there = || {
        let library = output(&mut program("rustc", &["--print", "target-libdir", "--target", target]));
        library.is_ok_and(|folder| Path::new(&folder).exists())
    };
    is_there() || (succeeds(&mut program("rustup", &["target", "add", target])) && is_there())
}

fn has_source() -> bool {
    let sysroot = output(&mut program("rustc", &["--print", "sysroot"]));
    sysroot.is_ok_and(|sysroot| Path::new(&sysroot).join("lib/rustlib/src/rust/library/std").exists())
}

fn installed() -> bool {
    DEBIAN.iter().all(|package| succeeds(&mut program("dpkg", &["--status", package])))
}

fn host() -> Result<String> {
    let version = output(&mut program("rustc", &["--version", "--verbose"]))?;
    let line = version.lines().find_map(|line| line.strip_prefix("host: "));
    line.map(str::to_owned).context("rustc names no host")
}
