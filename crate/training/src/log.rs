//! The log of a run: a CSV file with one line per step.

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use super::{error::TrainError, validation::Validation};

/// The log entry of one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogEntry {
    /// The step, counted from 0.
    pub step: u64,
    /// The learning rate.
    pub rate: f64,
    /// The batch's loss.
    pub loss: f64,
    /// The norm of the gradient before clipping.
    pub gradient: f64,
    /// `exp(logit scale)` after the step.
    pub scale: f64,
    /// Duration in seconds.
    pub seconds: f64,
    /// The validation after the step, if there was one.
    pub validation: Option<Validation>,
}

const HEADER: &str =
    "step,learning_rate,loss,gradient_norm,logit_scale,seconds,validation_loss,validation_accuracy";

/// An open log.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    file: fs::File,
    /// All entries, for the plot.
    pub(super) entries: Vec<LogEntry>,
}

impl Log {
    /// Opens a log to continue after `steps` steps; later entries are removed.
    pub(super) fn open(path: &Path, steps: u64) -> Result<Self, TrainError> {
        let mut entries = if path.exists() { read_log(path)? } else { Vec::new() };
        entries.retain(|entry| entry.step < steps);
        let mut text = format!("{HEADER}\n");
        entries.iter().for_each(|entry| text.push_str(&line(entry)));
        let wrong = TrainError::writing(path);
        let mut file = fs::File::create(path).map_err(&wrong)?;
        file.write_all(text.as_bytes()).map_err(&wrong)?;
        Ok(Self { path: path.into(), file, entries })
    }

    /// Appends an entry.
    pub(super) fn push(&mut self, entry: LogEntry) -> Result<(), TrainError> {
        self.entries.push(entry);
        self.file.write_all(line(&entry).as_bytes()).map_err(TrainError::writing(&self.path))
    }
}

/// Formats an entry as a CSV line.
fn line(entry: &LogEntry) -> String {
    let LogEntry { step, rate, loss, gradient, scale, seconds, validation } = entry;
    let mut line = format!("{step},{rate:.3e},{loss:.6},{gradient:.4},{scale:.4},{seconds:.3},");
    // Writing to a string cannot fail.
    let _ = match validation {
        Some(Validation { loss, accuracy }) => writeln!(line, "{loss:.6},{accuracy:.6}"),
        None => writeln!(line, ","),
    };
    line
}

/// Reads a log.
///
/// # Errors
///
/// Fails if the file cannot be read or is not a training log.
pub fn read_log(path: &Path) -> Result<Vec<LogEntry>, TrainError> {
    let text = fs::read_to_string(path).map_err(|error| TrainError::damaged(path, error))?;
    let mut lines = text.lines().enumerate();
    if lines.next().map(|(_, header)| header) != Some(HEADER) {
        return Err(TrainError::damaged(path, "the first line is not the header of a training log"));
    }
    let parse = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let number = |at: usize| cells.get(at)?.parse::<f64>().ok();
        Some(LogEntry {
            step: cells.first()?.parse().ok()?,
            rate: number(1)?,
            loss: number(2)?,
            gradient: number(3)?,
            scale: number(4)?,
            seconds: number(5)?,
            validation: number(6).zip(number(7)).map(|(loss, accuracy)| Validation { loss, accuracy }),
        })
    };
    lines
        .map(|(at, line)| {
            parse(line).ok_or_else(|| TrainError::damaged(path, format!("line {} is not a step", at + 1)))
        })
        .collect()
}
