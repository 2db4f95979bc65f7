//! Reads fields of untrusted JSON; errors name the field.

use serde_json::{Map, Value};

use super::error::ConfigError;

/// Maximum length of a value quoted in an error message.
const MAX_QUOTED: usize = 60;

/// A JSON object in a configuration, with its path.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    path: &'a str,
    object: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// The object at `path` (empty for the whole file).
    pub(super) fn of(path: &'a str, value: &'a Value) -> Result<Self, ConfigError> {
        match value {
            Value::Object(object) => Ok(Self { path, object }),
            other => {
                Err(ConfigError::WrongType { field: path.into(), expected: "an object", found: quote(other) })
            }
        }
    }

    /// The same object, with an empty path in error messages.
    pub(super) fn at_root(self) -> Self {
        Self { path: "", ..self }
    }

    /// The value of `key`. A null counts as missing.
    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        self.object.get(key).filter(|value| !value.is_null())
    }

    /// The object at `key`, if there is one.
    pub(super) fn section(&self, key: &'a str) -> Result<Option<Fields<'a>>, ConfigError> {
        self.get(key).map(|value| Fields::of(key, value)).transpose()
    }

    /// A whole number in `least..=most`. The default must be in range too, because a bound may be
    /// the value of another field.
    pub(super) fn count(
        &self,
        key: &str,
        default: usize,
        least: u64,
        most: u64,
    ) -> Result<usize, ConfigError> {
        match self.optional_count(key, least, most)? {
            Some(count) => Ok(count),
            None if (least..=most).contains(&(default as u64)) => Ok(default),
            None => {
                let found = format!("{default} (its default)");
                Err(ConfigError::OutOfRange { field: self.name(key), found, least, most })
            }
        }
    }

    /// A whole number in `least..=most`, without a default.
    pub(super) fn required_count(&self, key: &str, least: u64, most: u64) -> Result<usize, ConfigError> {
        let found = self.optional_count(key, least, most)?;
        found.ok_or_else(|| ConfigError::Missing { field: self.name(key), expected: "a whole number" })
    }

    fn optional_count(&self, key: &str, least: u64, most: u64) -> Result<Option<usize>, ConfigError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let Some(number) = value.as_number() else {
            return Err(self.wrong_type(key, "a whole number", value));
        };
        let count = number.as_u64().filter(|count| (least..=most).contains(count));
        let count = count.and_then(|count| usize::try_from(count).ok());
        match count {
            Some(count) => Ok(Some(count)),
            None if number.is_f64() => Err(self.wrong_type(key, "a whole number", value)),
            None => Err(ConfigError::OutOfRange { field: self.name(key), found: quote(value), least, most }),
        }
    }

    /// A finite number in `least..=most`.
    pub(super) fn number(&self, key: &str, default: f64, least: f64, most: f64) -> Result<f64, ConfigError> {
        let Some(value) = self.get(key) else { return Ok(default) };
        let number = value.as_f64().ok_or_else(|| self.wrong_type(key, "a number", value))?;
        if (least..=most).contains(&number) {
            Ok(number)
        } else {
            Err(self.unsupported(key, value, "a number in the supported range"))
        }
    }

    /// A string.
    pub(super) fn text(&self, key: &str, default: &'a str) -> Result<&'a str, ConfigError> {
        let Some(value) = self.get(key) else { return Ok(default) };
        value.as_str().ok_or_else(|| self.wrong_type(key, "text", value))
    }

    /// A boolean, false by default.
    pub(super) fn flag(&self, key: &str) -> Result<bool, ConfigError> {
        let Some(value) = self.get(key) else { return Ok(false) };
        value.as_bool().ok_or_else(|| self.wrong_type(key, "true or false", value))
    }

    /// The full path of a field.
    pub(super) fn name(&self, key: &str) -> String {
        if self.path.is_empty() { key.into() } else { format!("{}.{key}", self.path) }
    }

    fn wrong_type(&self, key: &str, expected: &'static str, value: &Value) -> ConfigError {
        ConfigError::WrongType { field: self.name(key), expected, found: quote(value) }
    }

    /// The error for a value that the towers do not support.
    pub(super) fn unsupported(&self, key: &str, value: &Value, supported: &'static str) -> ConfigError {
        ConfigError::Unsupported { field: self.name(key), found: quote(value), supported }
    }
}

/// Formats a value for an error message.
fn quote(value: &Value) -> String {
    match value {
        Value::Object(_) => "an object".into(),
        Value::Array(_) => "a list".into(),
        other => {
            let text = other.to_string();
            match text.char_indices().nth(MAX_QUOTED) {
                Some((end, _)) => format!("{}…", &text[..end]),
                None => text,
            }
        }
    }
}
