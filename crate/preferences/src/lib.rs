//! Preferences between images: records of choices, rounds of pairs, and their evaluation.
//!
//! ```text
//! record/ ─► evaluate/ ─► round/
//! ```
//!
//! A record is one choice of one person. [`evaluate`] measures scorers against choices and ranks
//! images and models. [`round`] selects the next pair, with a ranking of the images so far.
//!
//! Nothing here reads a clock or a source of randomness: the time and the seed are arguments.

mod cholesky;
pub mod evaluate;
mod record;
pub mod round;

pub use record::*;
pub use round::{Pair, Round, RoundError, RoundSettings};
