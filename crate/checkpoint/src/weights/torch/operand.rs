//! Reads the operands of pickle instructions from possibly incomplete bytes.

/// Maximum length of a line of the text-based instructions.
const MAX_LINE_LENGTH: usize = 4096;

/// An instruction that cannot be read.
#[derive(Debug)]
pub(super) enum Halt {
    /// At least this many more bytes are needed.
    Need(usize),
    /// The instruction is invalid.
    Wrong(String),
}

/// A cursor over the bytes of one instruction.
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

    /// A line of text without its line break.
    pub(super) fn line(&mut self) -> Result<&'a str, Halt> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some(end) = rest.iter().take(MAX_LINE_LENGTH + 1).position(|&byte| byte == b'\n') else {
            if rest.len() > MAX_LINE_LENGTH {
                return Err(Halt::Wrong(format!("a line of more than {MAX_LINE_LENGTH} bytes")));
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
        line.parse().map_err(|_| Halt::Wrong(format!("{line:?} instead of a number")))
    }
}
