//! Completes checkpoints that `tests/parity/reference/checkpoints.py` stored without their numbers.

use std::io::{self, Write};

use serde::Deserialize;

use crate::{Dtype, checkpoint::write_numbers};

/// The first line of a stored checkpoint.
#[derive(Deserialize)]
struct Header {
    seed: u64,
    /// Of the whole checkpoint.
    crc32: u32,
    /// Where in the rest each tensor's numbers belong, its name, shape and type.
    holes: Vec<(usize, String, Vec<usize>, String)>,
}

/// Passes bytes on and computes their checksum.
struct Checked<'a, W> {
    out: &'a mut W,
    hasher: crc32fast::Hasher,
}

impl<W: Write> Write for Checked<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes a stored checkpoint with its numbers, byte for byte as `torch.save` wrote it.
///
/// # Errors
///
/// If `stored` is damaged, the result is not what `torch.save` wrote, or writing to `out` fails.
pub fn fill(stored: &[u8], out: &mut impl Write) -> io::Result<()> {
    let damaged = || io::Error::other("not a stored checkpoint");
    let stored = miniz_oxide::inflate::decompress_to_vec_zlib(stored).map_err(|_| damaged())?;
    let end = stored.iter().position(|&byte| byte == b'\n').ok_or_else(damaged)?;
    let header: Header = serde_json::from_slice(&stored[..end])?;
    let rest = &stored[end + 1..];
    let mut out = Checked { out, hasher: crc32fast::Hasher::new() };
    let mut at = 0;
    for (offset, name, shape, dtype) in &header.holes {
        let dtype = match dtype.as_str() {
            "F32" => Dtype::F32,
            "F16" => Dtype::F16,
            _ => return Err(damaged()),
        };
        out.write_all(rest.get(at..*offset).ok_or_else(damaged)?)?;
        write_numbers(header.seed, name, shape, dtype, &mut out)?;
        at = *offset;
    }
    out.write_all(rest.get(at..).ok_or_else(damaged)?)?;
    out.flush()?;
    if out.hasher.finalize() == header.crc32 {
        Ok(())
    } else {
        Err(io::Error::other("the generated checkpoint is not the one that was stored"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use std::{fs, path::Path};

    use super::fill;

    /// Everything that is stored is filled to what torch.save wrote, or `fill` fails.
    #[test]
    fn stored_checkpoints_are_made_again() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../parity/fixtures/scorers");
        let mut count = 0;
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "zlib") {
                let mut checkpoint = Vec::new();
                fill(&fs::read(&path).unwrap(), &mut checkpoint).unwrap();
                assert!(checkpoint.starts_with(b"PK"), "{}", path.display());
                count += 1;
            }
        }
        assert!(count > 0);
    }
}
