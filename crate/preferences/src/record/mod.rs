//! Preferences: what a pair is, how a round of pairs goes, and the records that come of it.
//!
//! ```text
//! pool of images ─► Round ─► pair ─► Choice ─► Record ─► dataset (a contribution)
//!                     ▲                │
//!                     └──── undo ◄─────┘
//! ```
//!
//! Nothing here knows a clock or a source of randomness: the time and the seed are arguments.

mod check;
mod choice_record;
mod error;
mod fields;
mod identity;
mod label;
mod uid;
mod version;

pub use check::{CLOCK_AHEAD, NAME_BYTES, PROMPT_BYTES, UID_LENGTH, check_prompt, check_time, is_image_uid};
pub use choice_record::{Mode, RECORD_VERSION, Record, Scorer, Shown};
pub use error::RecordError;
pub use identity::{Comparison, Content, Question, Repeat, repeats};
pub use label::{Choice, Label, Side};
pub use uid::image_uid;
