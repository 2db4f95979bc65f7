//! PyTorch in a process of its own: a line on its standard input runs a batch, and it prints the
//! milliseconds.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

const PROGRAM: &str = include_str!("../torch_peer.py");

pub(crate) struct Torch {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    about: About,
    has_ended: bool,
}

/// What it says of itself.
#[derive(Default, Deserialize)]
struct About {
    version: String,
    device: String,
    dtype: String,
}

impl Torch {
    /// Starts it with a model of the same shapes, on the CPU or on a GPU if it finds one.
    pub(crate) fn start(python: &Path, directory: &Path, cpu: bool) -> Result<Self> {
        let mut command = Command::new(python);
        command.args(["-W", "ignore", "-c", PROGRAM]).arg(directory.join("config.json"));
        command.arg(if cpu { "cpu" } else { "gpu" });
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} does not start", python.display()))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("PyTorch has no pipes")
        };
        let output = BufReader::new(output);
        let mut torch = Self { child, input, output, about: About::default(), has_ended: false };
        torch.about = serde_json::from_str(&torch.line()?)?;
        Ok(torch)
    }

    /// Its version, data type and device.
    pub(crate) fn title(&self) -> String {
        let About { version, device, dtype } = &self.about;
        format!("{version} in {dtype} on {device}")
    }

    /// Its data type.
    pub(crate) fn dtype(&self) -> &str {
        &self.about.dtype
    }

    /// Whether it has ended, after an error.
    pub(crate) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Milliseconds from the pixels of some images to their embeddings.
    pub(crate) fn images(&mut self, batch: usize) -> Result<f64> {
        writeln!(self.input, "{batch}")?;
        self.input.flush()?;
        let line = self.line()?;
        line.parse().with_context(|| format!("PyTorch answers {line:?}"))
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            self.has_ended = true;
            bail!("PyTorch has ended ({})", self.child.wait()?);
        }
        Ok(line.trim_end().into())
    }
}

impl Drop for Torch {
    fn drop(&mut self) {
        // This process, started above.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
