//! Operands of pickle's instructions, from bytes that may end anywhere.

/// Longest line of the instructions that are written as text.
const LONGEST_LINE: usize = 4096;

/// Why an instruction cannot be read.
#[derive(Debug)]
pub(super) enum Halt {
    /// At least so many bytes more are needed.
    Need(usize),
    /// It is wrong.
    Wrong(String),
}

/// Reads one instruction from the front.
#[derive(Debug)]
pub(super) struct Operands<'a> {
    bytes: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Operands<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Halt> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let taken = rest.get(..count).ok_or(Halt::Need(count - rest.len().min(count)))?;
        self.at += count;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Halt> {
        let taken = self.take(N)?;
        <[u8; N]>::try_from(taken).map_err(|_| Halt::Need(1))
    }

    pub(super) fn u8(&mut self) -> Result<u8, Halt> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    pub(super) fn u32(&mut self) -> Result<u32, Halt> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(super) fn u64(&mut self) -> Result<u64, Halt> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// A line of ASCII without its end.
    pub(super) fn line(&mut self) -> Result<&'a str, Halt> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some(end) = rest.iter().take(LONGEST_LINE + 1).position(|&byte| byte == b'\n') else {
            if rest.len() > LONGEST_LINE {
                return Err(Halt::Wrong(format!("a line of more than {LONGEST_LINE} bytes")));
            }
            return Err(Halt::Need(1));
        };
        self.at += end + 1;
        let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
        std::str::from_utf8(line).map_err(|_| Halt::Wrong("a line that is not text".into()))
    }

    /// A decimal number on a line of its own.
    pub(super) fn decimal(&mut self) -> Result<u32, Halt> {
        let line = self.line()?;
        line.parse().map_err(|_| Halt::Wrong(format!("{line:?} where a number belongs")))
    }
}
