//! Splits a file into lines, piece by piece.

use super::sparse::{Missing, Window};

/// Maximum length of a line, in bytes. It is larger than the limit of a text, so that a prompt that
/// is too long is reported by its column.
pub(super) const LONGEST: usize = 4 << 20;
/// Number of bytes that are fetched at a time.
const PIECE: u64 = 256 << 10;

/// The result of [`LineFeed::next`].
#[derive(Debug)]
pub(super) enum Next {
    /// No complete line yet.
    More,
    /// A line, without its line break.
    Line(Vec<u8>),
    /// A line that is too long and is skipped.
    Long {
        /// Number of its bytes that were read.
        length: usize,
    },
    /// The end of the file.
    End,
}

/// Splits a file into lines.
#[derive(Debug, Default)]
pub(super) struct LineFeed {
    /// The bytes that were read.
    buffer: Vec<u8>,
    /// Number of bytes of the buffer that were returned.
    given: usize,
    /// Number of bytes of the buffer that were searched for a line break.
    seen: usize,
    /// The position in the file.
    at: u64,
    /// Whether the rest of a long line is being skipped.
    skipping: bool,
}

impl LineFeed {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// The next line, or the range to fetch first.
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
