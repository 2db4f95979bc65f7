//! The uids of images.

use sha2::{Digest as _, Sha256};

use pickscore_common::hexadecimal::hexadecimal;

/// The uid of an image: SHA-256 of the file's bytes, in lower-case hexadecimal digits.
pub fn image_uid(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}
