//! What several crates share.

pub mod hexadecimal;
pub mod progress;
pub mod seeded;
