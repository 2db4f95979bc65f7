//! Reads files of bounded size, or piece by piece. A device or a named pipe among the files of a
//! folder could block, or give bytes without end.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

/// Bytes that are read at a time.
const PIECE: usize = 4 << 20;

/// Opens a file for reading.
///
/// # Errors
///
/// If the file cannot be opened, or is a folder, a device or a named pipe.
pub fn open_regular(path: &Path) -> io::Result<File> {
    // Opening a named pipe would wait for a writer.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    File::open(path)
}

/// Reads a regular file of at most `most` bytes.
///
/// # Errors
///
/// As [`open_regular`], and if the file is longer.
pub fn read_regular(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    read_bounded(open_regular(path)?, most)
}

/// Reads at most `most` bytes of a file that may be a pipe.
///
/// # Errors
///
/// If the file cannot be read, or is longer.
pub fn read_bounded(file: File, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::other(format!("it has more than {most} bytes")));
    }
    Ok(bytes)
}

/// Reads to the end, and passes on what was read piece by piece.
///
/// # Errors
///
/// If reading fails.
pub fn in_pieces(mut file: impl Read, mut each: impl FnMut(&[u8])) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(count) => each(&piece[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_of_bounded_size_are_read() {
        let file = std::env::temp_dir().join(format!("pickscore-regular-{}", std::process::id()));
        std::fs::write(&file, b"12345").unwrap();
        assert_eq!(read_regular(&file, 5).unwrap(), b"12345");
        assert!(read_regular(&file, 4).unwrap_err().to_string().contains("more than 4 bytes"));
        std::fs::remove_file(&file).unwrap();
        assert!(read_regular(&std::env::temp_dir(), 5).is_err());
        #[cfg(unix)]
        assert!(read_regular(Path::new("/dev/zero"), 5).unwrap_err().to_string().contains("regular"));
    }
}
