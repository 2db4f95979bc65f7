//! Lines of a file, a piece of it at a time.

use super::{Missing, Window};

/// Most bytes of a line: a prompt of a megabyte is refused by its column, not by its line.
pub(super) const LONGEST: usize = 4 << 20;
/// Bytes that are fetched at a time.
const PIECE: u64 = 256 << 10;

/// What comes next.
#[derive(Debug)]
pub(super) enum Next {
    /// Nothing yet.
    More,
    /// A line, without its end.
    Line(Vec<u8>),
    /// A line that was too long and is passed over.
    Long {
        /// How much of it was read.
        length: usize,
    },
    /// No line any more.
    End,
}

/// Takes a file apart into lines.
#[derive(Debug, Default)]
pub(super) struct LineFeed {
    /// What was read and not given yet.
    buffer: Vec<u8>,
    /// How much of it is given.
    given: usize,
    /// How far the buffer has been looked through.
    seen: usize,
    /// Where to read on.
    at: u64,
    /// Whether the rest of a long line is passed over.
    skipping: bool,
}

impl LineFeed {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// The next line, or what has to be fetched first.
    pub(super) fn next(&mut self, window: &Window) -> Result<Next, Missing> {
        let rest = &self.buffer[self.seen..];
        if let Some(length) = rest.iter().position(|&byte| byte == b'\n') {
            let end = self.seen + length;
            let line = self.buffer[self.given..end].to_vec();
            (self.given, self.seen) = (end + 1, end + 1);
            if std::mem::take(&mut self.skipping) {
                return Ok(Next::More);
            }
            return Ok(Next::Line(line));
        }
        self.buffer.drain(..self.given);
        (self.given, self.seen) = (0, self.buffer.len());
        if self.buffer.len() > LONGEST || (self.skipping && !self.buffer.is_empty()) {
            let length = self.buffer.len();
            self.buffer.clear();
            self.seen = 0;
            if !std::mem::replace(&mut self.skipping, true) {
                return Ok(Next::Long { length });
            }
        }
        if self.at == window.length() {
            if self.buffer.is_empty() || self.skipping {
                return Ok(Next::End);
            }
            self.seen = 0;
            return Ok(Next::Line(std::mem::take(&mut self.buffer)));
        }
        let end = window.length().min(self.at + PIECE);
        let piece = window.get(self.at..end)?;
        self.buffer.extend_from_slice(&piece);
        drop(piece);
        self.at = end;
        window.clear();
        Ok(Next::More)
    }
}
