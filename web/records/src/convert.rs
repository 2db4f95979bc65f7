//! Values on their way to JavaScript.

use pickscore_glue::Fault;
use serde::Serialize;
use tsify::{Ts, Tsify};

/// A value of [`crate::values`] as JavaScript sees it.
pub(crate) fn told<T: Tsify + Serialize>(value: impl Into<T>) -> Result<Ts<T>, Fault> {
    let value: T = value.into();
    let value = value.into_js().map_err(|error| Fault::new("internal", error))?;
    Ok(Ts::new_unchecked(value.into()))
}
