//! Preferences between images: records of choices, rounds of pairs, and what follows from them.
//!
//! ```text
//! record/ ─► evaluate/ ─► round/
//! ```
//!
//! A record is one choice of one person. `evaluate` measures scorers against choices and ranks what was
//! compared; `round` decides which pair comes next, for which it ranks the images so far.

mod cholesky;
pub mod evaluate;
mod record;
pub mod round;

pub use record::*;
pub use round::{Pair, Round, RoundError, RoundSettings};
