//! `cargo xtask bench native`: one forward pass of each tower here, in PyTorch and in ONNX Runtime, on as many threads.
//!
//! All engines are loaded at once and take turns, so that whatever else the machine does strikes them alike; each waits on its standard input while
//! another runs.

use std::{
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;

use crate::{
    process::{cache, cargo, output, root, step},
    python,
};

/// How to measure.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Models: `b32` (ViT-B/32) and `pickscore` (ViT-H/14).
    #[arg(long, value_delimiter = ',', default_value = "b32,pickscore")]
    models: Vec<String>,
    /// What is measured: PickScore's precisions, `torch` and `onnx`. The first is what the others are compared with.
    #[arg(long, value_delimiter = ',', default_value = "f32,q8,torch,onnx")]
    engines: Vec<String>,
    /// Threads of each engine.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Times that each case is run by each engine.
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// Where the table is written as well.
    #[arg(long)]
    out: Option<std::path::PathBuf>,
}

/// What is run: a tower and how many inputs at once. `short` is the text tower on a prompt of 18 words.
const CASES: [&str; 5] = ["vision 1", "vision 4", "text 1", "text 4", "short 1"];
/// Before every turn: an engine's threads go on spinning for a while after their work, in another's time.
const REST: Duration = Duration::from_millis(50);
/// Rounds that are not counted.
const WARM: usize = 2;
/// How far apart the engines' scores may lie; more, and they do not compute the same. 8 bits are for speed alone.
const SAME: f64 = 0.02;

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let python = python::environment("tests/parity/reference/requirements.lock")?;
    let build = [
        "build",
        "--quiet",
        "--locked",
        "--release",
        "--package",
        "pickscore-peer",
        "--package",
        "pickscore-generate",
    ];
    step("a release build", &mut cargo(&build))?;
    let mut table = String::from("| model | case |");
    for engine in &arguments.engines {
        write!(table, " {} |", title(engine))?;
    }
    for engine in &arguments.engines[1..] {
        write!(table, " {} / ours |", title(engine))?;
    }
    let columns = 1 + 2 * arguments.engines.len();
    writeln!(table, "\n|{}", "---|".repeat(columns))?;
    for model in &arguments.models {
        measure(model, arguments, &python, &mut table)?;
    }
    eprintln!(
        "milliseconds of one forward pass, {} threads, medians of {} rounds that took turns",
        arguments.threads, arguments.rounds
    );
    std::io::stdout().write_all(table.as_bytes())?;
    if let Some(path) = &arguments.out {
        fs::write(path, &table)?;
    }
    Ok(())
}

fn title(engine: &str) -> String {
    match engine {
        "torch" => "PyTorch".into(),
        "onnx" => "ONNX Runtime".into(),
        precision => format!("PickScore {precision}"),
    }
}

/// One model: rows of the table.
fn measure(model: &str, arguments: &Arguments, python: &Path, table: &mut String) -> Result<()> {
    let directory = directory(model)?;
    let engines = arguments.engines.iter().map(|name| {
        eprintln!("── loading {model} into {}", title(name));
        Engine::start(name, &directory, arguments.threads, python)
    });
    let mut engines = engines.collect::<Result<Vec<_>>>()?;
    let mut scores = Vec::new();
    for engine in &mut engines {
        scores.push((engine.name.clone(), engine.ask("score")?));
    }
    let exact: Vec<f64> =
        scores.iter().filter(|(name, _)| name != "q8" && name != "f16").map(|&(_, score)| score).collect();
    let spread =
        exact.iter().copied().fold(f64::MIN, f64::max) - exact.iter().copied().fold(f64::MAX, f64::min);
    ensure!(exact.len() < 2 || spread <= SAME, "the engines do not compute the same: {scores:?}");
    for case in CASES {
        eprintln!("── {model}, {case}");
        let mut times = vec![Vec::new(); engines.len()];
        for round in 0..WARM + arguments.rounds {
            for (engine, times) in engines.iter_mut().zip(&mut times) {
                thread::sleep(REST);
                let time = engine.ask(case)?;
                if round >= WARM {
                    times.push(time);
                }
            }
        }
        write!(table, "| {model} | {case} |")?;
        for times in &mut times {
            times.sort_by(f64::total_cmp);
            write!(table, " {:.1} |", median(times))?;
        }
        for other in &times[1..] {
            write!(table, " {:.2} |", median(other) / median(&times[0]))?;
        }
        writeln!(table)?;
    }
    Ok(())
}

fn median(sorted: &[f64]) -> f64 {
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A generated model directory, kept between runs.
fn directory(model: &str) -> Result<std::path::PathBuf> {
    let folder = cache()?.join("models").join(model);
    if !folder.join("complete").exists() {
        fs::create_dir_all(&folder)?;
        let generate = [
            "run",
            "--quiet",
            "--locked",
            "--release",
            "--package",
            "pickscore-generate",
            "--",
            "--config",
            model,
            "--out",
        ];
        step(&format!("generating {model}"), cargo(&generate).arg(&folder))?;
        fs::write(folder.join("complete"), "")?;
    }
    Ok(folder)
}

/// A process that runs a model's towers on demand. It ends with its standard input.
struct Engine {
    name: String,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Engine {
    fn start(name: &str, model: &Path, threads: usize, python: &Path) -> Result<Self> {
        let mut command = if matches!(name, "torch" | "onnx") {
            let mut command = Command::new(python);
            command.arg("-W").arg("ignore").arg(root().join("tests/peers/native/peer.py"));
            command
        } else {
            Command::new(target()?.join("release/pickscore-peer"))
        };
        command.arg(name).arg(model).arg(threads.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("{name} does not start"))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("{name} has no pipes")
        };
        let mut engine = Self { name: name.into(), child, input, output: BufReader::new(output) };
        // An exporter may say things before.
        while engine.line()? != "ready" {}
        Ok(engine)
    }

    /// Asks for one run, and reads the number that comes back.
    fn ask(&mut self, what: &str) -> Result<f64> {
        writeln!(self.input, "{what}")?;
        self.input.flush()?;
        let line = self.line()?;
        line.parse().with_context(|| format!("{} answers {line:?}", self.name))
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
        // This very process, started above.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where cargo builds.
fn target() -> Result<std::path::PathBuf> {
    let metadata = output(&mut cargo(&["metadata", "--no-deps", "--format-version", "1"]))?;
    let (_, rest) = metadata.split_once("\"target_directory\":\"").context("cargo names no target folder")?;
    let (path, _) = rest.split_once('"').context("cargo names no target folder")?;
    Ok(path.replace("\\\\", "\\").into())
}
