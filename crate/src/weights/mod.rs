//! Checkpoints: from the bytes of a file to the parameters of the towers.

mod parameter;
mod values;

pub use parameter::{Kind, Parameter, parameters};
pub use values::{Blocks, Precision, Values};
