//! Values on their way to and from JavaScript.

use pickscore_glue::Fault;
use serde::{Serialize, de::DeserializeOwned, de::IntoDeserializer as _, de::value::Error};
use tsify::{Ts, Tsify};

/// A value of [`crate::values`] as JavaScript sees it.
pub(crate) fn told<T: Tsify + Serialize>(value: impl Into<T>) -> Result<Ts<T>, Fault> {
    Ts::from_rust(&value.into()).map_err(|error| Fault::new("internal", error))
}

/// The variant of an enum with this name.
pub(crate) fn word<T: DeserializeOwned>(name: &str) -> Option<T> {
    let found: Result<T, Error> = T::deserialize(name.into_deserializer());
    found.ok()
}
