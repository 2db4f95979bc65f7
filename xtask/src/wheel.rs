//! `cargo xtask wheel`: the Python package as a wheel; and the tests of the package.

use std::{
    env::consts::{DLL_PREFIX, DLL_SUFFIX},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{
    native,
    process::{output, program, root, step, target_folder},
    python,
};

/// The tools that build and test the package.
const REQUIREMENTS: &str = "crate/python/requirements.lock";

/// Copied beside `pyproject.toml`, which cannot name files above its own folder.
const LICENCES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

/// Builds the wheel, checks that it scores an image where nothing else is installed, and prints its
/// path, alone on standard output.
#[allow(clippy::print_stdout, reason = "the path is what is asked for")]
pub(crate) fn run() -> Result<()> {
    let wheel = build()?;
    check(&wheel)?;
    println!("{}", wheel.display());
    Ok(())
}

/// Builds the wheel and returns its path.
pub(crate) fn build() -> Result<PathBuf> {
    for licence in LICENCES {
        fs::copy(root().join(licence), root().join("crate/python").join(licence))?;
    }
    let python = python::environment(REQUIREMENTS)?;
    let folder = target_folder()?.join("wheels");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let mut build = program(&python, &["-m", "maturin", "build", "--release", "--locked", "--strip"]);
    build.args(["--manifest-path", "crate/python/Cargo.toml", "--out"]).arg(&folder);
    step("the wheel", &mut build)?;
    Ok(fs::read_dir(&folder)?.next().context("maturin wrote no wheel")??.path())
}

/// Installs the wheel by itself and scores an image with it.
fn check(wheel: &Path) -> Result<()> {
    let folder = target_folder()?.join("wheel-check");
    step("an empty environment", program("python3", &["-m", "venv", "--clear"]).arg(&folder))?;
    let python = folder.join("bin/python");
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    step("pip install", program(&python, &install).arg(wheel))?;
    let script = "from pickscore import Scorer
scorer = Scorer('www/public/models/pickscore-tiny', device='cpu')
print(scorer.score('a fox', ['www/public/samples/noto/fox.png']))";
    let scored = output(&mut program(&python, &["-c", script]))?;
    eprintln!("── the wheel gives the sample the score {scored}");
    Ok(())
}

/// A built package, and an interpreter that finds it.
struct Built {
    python: PathBuf,
    programs: PathBuf,
    packages: PathBuf,
}

impl Built {
    /// Builds the package with the library as the other native tests compile it.
    fn new(requirements: &str) -> Result<Self> {
        let python = python::environment(requirements)?;
        // With the tests, whose dependencies cargo would otherwise compile again with other
        // features.
        let mut build = native::command(&["build", "--lib", "--bins", "--tests"]);
        step("the Python package", &mut build)?;
        let programs = target_folder()?.join("debug");
        let packages = package(&programs)?;
        Ok(Self { python, programs, packages })
    }

    /// A module of Python.
    fn module(&self, module: &str, arguments: &[&str]) -> Command {
        let mut command = program(&self.python, &["-m", module]);
        command.args(arguments).env("PYTHONPATH", &self.packages).env("MYPYPATH", &self.packages);
        command.env("PICKSCORE_PROGRAMS", &self.programs).env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("MYPY_CACHE_DIR", self.packages.with_extension("types"));
        command
    }
}

/// Tests `pickscore.ray` on a local cluster.
pub(crate) fn test_ray() -> Result<()> {
    let built = Built::new("crate/python/tests/cluster/requirements.lock")?;
    let tests = ["--verbose", "--durations=0", "-p", "no:cacheprovider", "crate/python/tests/cluster"];
    step("tests of pickscore.ray", &mut built.module("pytest", &tests))
}

/// Tests the package.
pub(crate) fn test() -> Result<()> {
    let built = Built::new(REQUIREMENTS)?;
    let tests = |module: &str, arguments: &[&str]| built.module(module, arguments);
    let configuration = "crate/python/pyproject.toml";
    let folder = root().join("crate/python");
    let mypy = ["--config-file", configuration, "--package", "pickscore"];
    step("types of the package", &mut tests("mypy", &mypy))?;
    let mut typed = tests("mypy", &["--config-file", configuration]);
    step("types of its tests and examples", typed.args([folder.join("tests"), folder.join("examples")]))?;
    let stubs =
        ["pickscore", "--mypy-config-file", configuration, "--allowlist", "crate/python/stubtest.txt"];
    step("its stubs against the library", &mut tests("mypy.stubtest", &stubs))?;
    let without_ray = ["--ignore", "crate/python/tests/cluster", "crate/python/tests"];
    let mut pytest = tests("pytest", &[&["--quiet", "-p", "no:cacheprovider"], &without_ray[..]].concat());
    step("tests of the Python package", &mut pytest)
}

/// A folder with the package: its Python files and the library that cargo built.
fn package(programs: &Path) -> Result<PathBuf> {
    let folder = target_folder()?.join("python");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let package = folder.join("pickscore");
    fs::create_dir_all(&package)?;
    for entry in fs::read_dir(root().join("crate/python/pickscore"))? {
        let path = entry?.path();
        if path.is_file() {
            fs::copy(&path, package.join(path.file_name().unwrap_or_default()))?;
        }
    }
    let library = programs.join(format!("{DLL_PREFIX}_pickscore{DLL_SUFFIX}"));
    let ending = if cfg!(windows) { "pyd" } else { "abi3.so" };
    fs::copy(&library, package.join(format!("_pickscore.{ending}")))
        .with_context(|| format!("{} cannot be copied", library.display()))?;
    Ok(folder)
}
