//! Running other programs.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context as _, Result, bail};

/// The checkout in which cargo runs this task. Where two checkouts share a target folder, it may
/// have been compiled in the other one.
pub(crate) fn root() -> PathBuf {
    let manifest = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let manifest = Path::new(&manifest);
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// Cache shared by all checkouts: `$XDG_CACHE_HOME/pickscore`, else `~/.cache/pickscore`.
pub(crate) fn cache() -> Result<PathBuf> {
    let base = env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
    let base = base.or_else(|| env::home_dir().map(|home| home.join(".cache")));
    Ok(base.context("neither XDG_CACHE_HOME nor a home folder is set")?.join("pickscore"))
}

/// A command that runs in the checkout.
pub(crate) fn program(name: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(arguments).current_dir(root());
    command
}

/// The cargo that runs this task, on the same toolchain.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    program(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), arguments)
}

/// Prints a step's name, runs it, and fails with that name.
pub(crate) fn step(title: &str, command: &mut Command) -> Result<()> {
    eprintln!("── {title}");
    let start = Instant::now();
    let status =
        command.status().with_context(|| format!("{title}: {:?} does not start", command.get_program()))?;
    if !status.success() {
        bail!("{title} failed ({status})");
    }
    eprintln!("── {title}: {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// Whether a command exists and succeeds; its output is discarded.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// A command's output, without the newline at the end.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_owned();
    let output = command.output().with_context(|| format!("{name:?} does not start"))?;
    if !output.status.success() {
        bail!("{name:?} failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
}

/// Cargo's target folder.
pub(crate) fn target_folder() -> Result<PathBuf> {
    let arguments = ["metadata", "--no-deps", "--format-version", "1", "--offline"];
    let metadata = output(&mut cargo(&arguments))?;
    // The only path with that name; a JSON parser would be one more dependency.
    let start = metadata.split_once("\"target_directory\":\"").context("cargo names no target folder")?.1;
    Ok(PathBuf::from(start.split('"').next().unwrap_or(start).replace("\\\\", "\\")))
}

/// A file and the Debian package that provides it.
pub(crate) type Program = (&'static str, &'static str);

/// Installs the packages of those that are missing.
pub(crate) fn require(title: &str, programs: &[Program]) -> Result<()> {
    let missing: Vec<&str> =
        programs.iter().filter(|(path, _)| !Path::new(path).exists()).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for command in apt_install(&missing)?.iter_mut() {
        step(title, command).with_context(|| format!("packages to install: {}", missing.join(", ")))?;
    }
    Ok(())
}

/// The commands that install Debian packages.
pub(crate) fn apt_install(packages: &[&str]) -> Result<[Command; 2]> {
    let is_root = output(&mut program("id", &["-u"]))? == "0";
    let apt = |arguments: &[&str]| {
        let mut command = if is_root {
            program("apt-get", &[])
        } else {
            program("sudo", &["--non-interactive", "apt-get"])
        };
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    let mut install = apt(&["install", "--yes", "--quiet", "--no-install-recommends"]);
    install.args(packages);
    Ok([apt(&["update", "--quiet"]), install])
}
