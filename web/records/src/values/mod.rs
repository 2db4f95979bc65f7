//! The values that cross to JavaScript, under the names that they have there.
//!
//! Each is a plain struct or enum with a conversion from or to the library's own type. The conversions
//! name every field, so a field that is added below does not compile until it is handled here. The
//! build generates the TypeScript types from these definitions and their doc comments.

#![allow(dead_code, reason = "words and settings are declared for TypeScript alone: the library reads them")]

mod agreement;
mod contribution;
mod metadata;
mod ranking;
mod record;
mod round;

pub use agreement::{Agreement, Estimate, ScorerAgreement};
pub use contribution::{Card, Exported, LeftOut, Refused};
pub use metadata::ImageMetadata;
pub use ranking::Ranking;
pub use record::{Comparison, Mode, PreferenceRecord, Side};
pub use round::{Pair, RoundProgress, RoundStep};
