//! Code shared by several crates.

pub mod hexadecimal;
pub mod printable;
pub mod progress;
#[cfg(not(target_family = "wasm"))]
pub mod regular;
pub mod seeded;
