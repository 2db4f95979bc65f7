//! What the wasm packages share at the border to JavaScript.
//!
//! [`Fault`] is an error on its way to JavaScript, [`object`] makes plain objects, and
//! [`report_panics`] keeps the reason of a panic where the JavaScript library finds it.

mod fault;
mod object;
mod panic;

pub use fault::Fault;
pub use object::object;
pub use panic::report_panics;
