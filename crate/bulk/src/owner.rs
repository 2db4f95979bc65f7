//! Who a process is, and whether it still runs.

use std::{
    fs, process,
    sync::atomic::{AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use pickscore_common::hexadecimal::hexadecimal;
use sha2::{Digest as _, Sha256};

/// A process, as text without line breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    /// The machine and its start, as far as the system tells; empty if it does not.
    machine: String,
    process: u32,
    /// When the process started, in the system's own unit; 0 if it does not tell.
    started: u64,
    /// Differs between all runs.
    pub(crate) token: String,
}

impl Owner {
    /// This process.
    pub(crate) fn this() -> Self {
        static RUNS: AtomicU64 = AtomicU64::new(0);
        let process = process::id();
        let machine = machine();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos());
        let run = RUNS.fetch_add(1, Ordering::Relaxed);
        let unique = format!("{machine} {process} {now} {run}");
        let token = hexadecimal(&Sha256::digest(unique))[..16].to_owned();
        Self { machine, process, started: started(process).unwrap_or_default(), token }
    }

    pub(crate) fn text(&self) -> String {
        let Self { machine, process, started, token } = self;
        format!("{machine} {process} {started} {token}")
    }

    /// Reads what [`Owner::text`] wrote.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let machine = parts.next()?.to_owned();
        let (process, started) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(Self { machine, process, started, token: parts.next()?.to_owned() })
    }

    /// Whether `text` is of a process of this machine that has ended. `false` if that is not known.
    pub(crate) fn has_ended(&self, text: &str) -> bool {
        let Some(other) = Self::parse(text) else { return false };
        let is_here = !self.machine.is_empty() && other.machine == self.machine;
        is_here && other.started != 0 && started(other.process) != Some(other.started)
    }
}

/// The machine, since its last start, and the processes that this one sees. Containers on one
/// machine number their processes apart.
fn machine() -> String {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let processes = fs::read_link("/proc/self/ns/pid").map(|link| link.display().to_string());
    match processes {
        Ok(processes) if !boot.trim().is_empty() => format!("{}/{processes}", boot.trim()),
        _ => String::new(),
    }
}

/// When a process started; `None` if there is none, or it has ended and its parent has not noticed.
fn started(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, in parentheses, may have spaces. The state follows it, and 19 fields later the
    // start.
    let mut fields = status.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn processes_of_this_machine_are_known() {
        let this = Owner::this();
        assert_eq!(Owner::parse(&this.text()), Some(this.clone()));
        assert!(!this.has_ended(&this.text()));
        assert_ne!(Owner::this().token, this.token);
        let mut child = process::Command::new("sleep").arg("100").spawn().unwrap();
        let mut other = Owner { process: child.id(), ..this.clone() };
        other.started = started(child.id()).unwrap();
        assert!(!this.has_ended(&other.text()));
        // Another process that has its number.
        let reused = Owner { started: other.started + 1, ..other.clone() };
        assert!(this.has_ended(&reused.text()));
        // Of another machine nothing is known.
        let elsewhere = Owner { machine: "elsewhere".into(), ..reused };
        assert!(!this.has_ended(&elsewhere.text()));
        child.kill().unwrap();
        // Before and after its parent has noticed.
        while !this.has_ended(&other.text()) {}
        child.wait().unwrap();
        assert!(this.has_ended(&other.text()));
        for text in ["", "a", "a b c d", "\u{0}"] {
            assert!(!this.has_ended(text));
        }
    }
}
