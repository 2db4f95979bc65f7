//! Preference records: reading, checking and comparing them.
//!
//! The current time is always an argument.

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
pub use fields::Fields;
pub use identity::{Comparison, Content, Question, Repeat, repeats};
pub use label::{Choice, Label, Side};
pub use uid::image_uid;
