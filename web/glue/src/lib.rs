//! JavaScript interop shared by the wasm packages.
//!
//! [`Fault`] becomes a JavaScript error, [`object`] creates plain objects, and [`report_panics`]
//! makes panic messages available to the JavaScript library.

mod fault;
mod object;
mod panic;

pub use fault::Fault;
pub use object::object;
pub use panic::report_panics;
