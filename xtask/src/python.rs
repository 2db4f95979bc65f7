//! Python environments with locked requirements, kept outside the checkout.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use crate::process::{cache, program, root, step};

/// The interpreter of an environment with exactly the packages of this requirements file; created
/// if missing or out of date.
pub(crate) fn environment(requirements: &str) -> Result<PathBuf> {
    let path = root().join(requirements);
    let wanted = fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    // One environment per requirements file, named after it: `tests-dataset`.
    let folder = Path::new(requirements).parent().unwrap_or(Path::new(""));
    let name: Vec<_> = folder.iter().map(|part| part.to_string_lossy()).collect();
    let folder = cache()?.join("python").join(name.join("-"));
    let (python, stamp) = (folder.join("bin/python"), folder.join("installed"));
    if python.exists() && fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    fs::create_dir_all(&folder)?;
    let make = step("a Python environment", program("python3", &["-m", "venv", "--clear"]).arg(&folder));
    make.context("python3 with its venv module is needed (Debian: `apt-get install python3-venv`)")?;
    let install = ["-m", "pip", "install", "--quiet", "--requirement"];
    step(&format!("the packages of {requirements}"), program(&python, &install).arg(&path))?;
    fs::write(stamp, wanted)?;
    Ok(python)
}

/// The interpreter of the parity fixtures' environment, with the packages of the scorers' authors.
pub(crate) fn authors() -> Result<PathBuf> {
    let python = environment("tests/parity/reference/requirements.lock")?;
    let requirements = root().join("tests/parity/reference/authors.lock");
    let wanted = fs::read_to_string(&requirements)?;
    let stamp = python.with_file_name("authors-installed");
    if !fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        let install = ["-m", "pip", "install", "--quiet", "--no-deps", "--requirement"];
        step("the authors' packages", program(&python, &install).arg(&requirements))?;
        fs::write(stamp, wanted)?;
    }
    Ok(python)
}
