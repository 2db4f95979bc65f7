//! The values that are passed to JavaScript, with the names that they have there.
//!
//! Each is a plain struct or enum with a conversion from or to the type of the library. The
//! conversions name every field, so that a new field of the library is a compile error here. The
//! build generates the TypeScript types from these definitions and their doc comments.

#![allow(dead_code, reason = "some types only exist for the TypeScript declarations")]

mod agreement;
mod contribution;
mod metadata;
mod ranking;
mod record;
mod round;
mod taste;

pub use agreement::{Agreement, ScorerAgreement};
pub use contribution::{Card, Exported, LeftOut, Refused};
pub use metadata::ImageMetadata;
pub use ranking::Ranking;
pub use record::{Comparison, PreferenceRecord};
pub use round::{Group, GroupPairs, Pair, RoundProgress, RoundStep};
pub use taste::{LearnedPair, TasteImages, TasteInfo, TasteLeftOut, TasteReport};
