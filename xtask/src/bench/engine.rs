//! Helpers of the native benchmarks: engines in processes of their own, and models.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

use crate::process::{cache, cargo, program, root, step, target_folder};

/// Builds PickScore's engine.
pub(super) fn build() -> Result<()> {
    let build = ["build", "--quiet", "--locked", "--release", "--package", "pickscore-peer"];
    step("a release build", &mut cargo(&build))
}

/// One of the two programs.
fn built(package: &str) -> Result<Command> {
    Ok(Command::new(target_folder()?.join("release").join(package)))
}

/// The model that is not CLIP's.
pub(super) const IMAGE_REWARD: &str = "image-reward";
const REWARD_WEIGHTS: &str = "ImageReward.pt";

/// A generated model directory, kept between runs. The generator knows some models by name; others
/// have a configuration in `tests/peers/browser/models`, and ImageReward has a stored checkpoint.
pub(super) fn directory(model: &str) -> Result<std::path::PathBuf> {
    let own = root().join("tests/peers/browser/models").join(model).with_extension("json");
    let config = if own.exists() { own } else { model.into() };
    let folder = cache()?.join("models").join(model);
    if !folder.join("complete").exists() {
        fs::create_dir_all(&folder)?;
        let build = ["build", "--quiet", "--locked", "--release", "--package", "pickscore-generate"];
        step("the model generator", &mut cargo(&build))?;
        let mut generate = built("pickscore-generate")?;
        let stored = root().join("tests/parity/fixtures/scorers/full/image-reward.pt.zlib");
        if model == IMAGE_REWARD {
            generate.arg("--stored").arg(stored);
        } else {
            generate.arg("--config").arg(config);
        }
        step(&format!("generating {model}"), generate.arg("--out").arg(&folder))?;
        if model == IMAGE_REWARD {
            // The name under which its authors publish it.
            fs::rename(folder.join("image-reward.pt"), folder.join(REWARD_WEIGHTS))?;
        }
        fs::write(folder.join("complete"), "")?;
    }
    Ok(folder)
}

/// A folder with this many generated image files, kept between runs.
pub(super) fn images(count: usize, python: &Path) -> Result<std::path::PathBuf> {
    let folder = cache()?.join("bench-images").join(count.to_string());
    if !folder.exists() {
        // A folder that is being written is not used.
        let making = folder.with_extension("making");
        let mut generate = program(python, &["tests/peers/images.py", &count.to_string()]);
        step("generating images", generate.arg(&making))?;
        fs::rename(making, &folder)?;
    }
    Ok(folder)
}

/// A process that runs a model's towers on request. It exits when its standard input closes.
pub(super) struct Engine {
    pub(super) name: String,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Engine {
    pub(super) fn start(name: &str, model: &Path, threads: usize, python: Option<&Path>) -> Result<Self> {
        let mut command = if name.starts_with("torch") || name.starts_with("onnx") {
            let python = python.context("no Python environment")?;
            let mut command = Command::new(python);
            let is_reward = model.join(REWARD_WEIGHTS).exists();
            let peer = if is_reward { "reward_peer.py" } else { "peer.py" };
            command.arg("-W").arg("ignore").arg(root().join("tests/peers/native").join(peer));
            command
        } else {
            built("pickscore-peer")?
        };
        command.arg(name).arg(model).arg(threads.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("{name} does not start"))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("{name} has no pipes")
        };
        let mut engine = Self { name: name.into(), child, input, output: BufReader::new(output) };
        // An exporter may print other lines first.
        while engine.line()? != "ready" {}
        Ok(engine)
    }

    /// Requests one run, and reads the number that comes back.
    pub(super) fn ask(&mut self, what: &str) -> Result<f64> {
        writeln!(self.input, "{what}")?;
        self.input.flush()?;
        let line = self.line()?;
        line.parse().with_context(|| format!("{} answers {line:?}", self.name))
    }

    /// Requests scores: `score N` of some prompts for as many images, `score-files N FOLDER` of
    /// image files for one prompt.
    pub(super) fn scores(&mut self, what: &str) -> Result<Vec<f64>> {
        writeln!(self.input, "{what}")?;
        self.input.flush()?;
        let line = self.line()?;
        let scores = line.split_whitespace().map(str::parse).collect::<Result<_, _>>();
        scores.with_context(|| format!("{} answers {line:?}", self.name))
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            bail!("{} has ended ({})", self.name, self.child.wait()?);
        }
        Ok(line.trim_end().into())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // This process, started above.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
