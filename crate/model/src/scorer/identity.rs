//! What identifies a scorer in every program, file format and precision.

use pickscore_common::hexadecimal::hexadecimal;
use sha2::{Digest as _, Sha256};

use super::pick_score::Scoring;

/// Increases when the same scorer gives other embeddings or scores.
const VERSION: u8 = 1;

/// Identifies a scorer: 64 hexadecimal digits. `vectors` is
/// [`Loaded::vectors`](pickscore_checkpoint::weights::Loaded::vectors). The head counts, the device
/// and the precision do not.
pub fn identity(scoring: &Scoring, vectors: [u8; 32]) -> String {
    let mut hash = Sha256::new();
    hash.update([VERSION]);
    hash.update(vectors);
    for number in scoring.head.iter().flat_map(|head| head.numbers()) {
        hash.update(number.to_le_bytes());
    }
    hash.update(scoring.scorer.name);
    hexadecimal(&hash.finalize())
}
