//! What images are called.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// The uid of an image: SHA-256 of the file's bytes, in lower-case hexadecimal digits.
pub fn image_uid(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
