//! JavaScript interop shared by the wasm packages.
//!
//! [`Fault`] becomes a JavaScript error, [`object`] creates plain objects, and [`report_panics`]
//! makes panic messages available to the JavaScript library. With the feature `pixels`, image
//! processors are passed from one package to another as plain objects.

mod fault;
mod object;
mod panic;
#[cfg(feature = "pixels")]
mod processor;

pub use fault::Fault;
pub use object::object;
pub use panic::report_panics;
#[cfg(feature = "pixels")]
pub use processor::{JsProcessor, processor_from_js, processor_to_js};
