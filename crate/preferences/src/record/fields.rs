//! Reads the fields of a JSON object. An error names the field and says what is expected there.
//!
//! Serde's own errors, even with `serde_path_to_error`, do not say which values a field may have,
//! and a derived reader of each type would be more code in wasm.

use serde_json::{Map, Value};

use super::{check::shortened, error::RecordError};

/// The fields of a JSON object. A field that is null counts as absent.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a> {
    map: &'a Map<String, Value>,
    /// The prefix of the names in errors, for example `left.`.
    within: &'a str,
}

impl<'a> Fields<'a> {
    /// The fields of an object.
    pub fn of(map: &'a Map<String, Value>) -> Self {
        Self { map, within: "" }
    }

    /// The value of a field; `None` if it is absent.
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    /// The error of a field that is absent or invalid.
    pub fn wrong(&self, name: &str, expected: &'static str) -> RecordError {
        let field = format!("{}{name}", self.within);
        match self.get(name) {
            None => RecordError::Absent { field, expected },
            Some(value) => RecordError::Field { field, found: described(value), expected },
        }
    }

    /// A string; `None` if it is absent.
    ///
    /// # Errors
    ///
    /// If the field has another type, as for the methods below.
    pub fn text(&self, name: &str) -> Result<Option<String>, RecordError> {
        let expected = || self.wrong(name, "a text");
        self.get(name).map(|value| value.as_str().map(str::to_owned).ok_or_else(expected)).transpose()
    }

    /// A string that must be present.
    pub(super) fn needed(&self, name: &str) -> Result<String, RecordError> {
        self.text(name)?.ok_or_else(|| self.wrong(name, "a text"))
    }

    /// A number; `None` if it is absent.
    ///
    /// # Errors
    ///
    /// As [`Fields::text`].
    pub fn number(&self, name: &str) -> Result<Option<f64>, RecordError> {
        let expected = || self.wrong(name, "a number");
        self.get(name).map(|value| value.as_f64().ok_or_else(expected)).transpose()
    }

    /// A whole number; `None` if it is absent.
    ///
    /// # Errors
    ///
    /// As [`Fields::text`].
    pub fn integer(&self, name: &str) -> Result<Option<i64>, RecordError> {
        let whole = |value: &Value| {
            // Some programs write whole numbers as 1.0.
            let real =
                value.as_f64().filter(|real| real.fract() == 0.0 && real.abs() <= 9_007_199_254_740_992.0);
            value.as_i64().or_else(|| real.map(|real| real as i64))
        };
        let expected = || self.wrong(name, "a whole number");
        self.get(name).map(|value| whole(value).ok_or_else(expected)).transpose()
    }

    /// A boolean; `None` if it is absent.
    ///
    /// # Errors
    ///
    /// As [`Fields::text`].
    pub fn flag(&self, name: &str) -> Result<Option<bool>, RecordError> {
        let expected = || self.wrong(name, "true or false");
        self.get(name).map(|value| value.as_bool().ok_or_else(expected)).transpose()
    }

    /// A string that `of` accepts, converted by it; `None` if it is absent.
    ///
    /// # Errors
    ///
    /// If the field has another type or `of` returns `None`.
    pub fn word<T>(
        &self,
        name: &str,
        of: impl Fn(&str) -> Option<T>,
        expected: &'static str,
    ) -> Result<Option<T>, RecordError> {
        let wrong = || self.wrong(name, expected);
        self.get(name).map(|value| value.as_str().and_then(&of).ok_or_else(wrong)).transpose()
    }

    /// An object, whose field names get the prefix `within`; `None` if it is absent.
    pub(super) fn object<'b>(&self, name: &str, within: &'b str) -> Result<Option<Fields<'b>>, RecordError>
    where
        'a: 'b,
    {
        let expected = || self.wrong(name, "an object");
        let object =
            |value: &'a Value| value.as_object().map(|map| Fields { map, within }).ok_or_else(expected);
        self.get(name).map(object).transpose()
    }
}

/// A short description of a value.
fn described(value: &Value) -> String {
    match value {
        Value::String(text) => shortened(text),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
        value => shortened(&value.to_string()).trim_matches('"').to_owned(),
    }
}
