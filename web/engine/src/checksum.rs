//! The checksum of stored bytes.

use xxhash_rust::xxh3::xxh3_128;

/// The XXH3-128 of bytes, in hexadecimal. It detects damage, not forgery: whoever can change a
/// model in the browser's storage can change its checksums too.
pub(crate) fn checksum(bytes: &[u8]) -> String {
    format!("{:032x}", xxh3_128(bytes))
}
