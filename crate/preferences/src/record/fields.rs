//! Fields of a JSON object, each refused by its name where it is not what it may be.

use serde_json::{Map, Value};

use super::{
    RecordError,
    check::{shortened, wrong},
};

/// An object whose fields are taken one by one. A field that is absent and one that is null are the same.
pub(super) struct Fields<'a> {
    map: &'a Map<String, Value>,
    /// What comes before the names, for example `left.`.
    within: &'a str,
}

impl<'a> Fields<'a> {
    pub(super) fn of(map: &'a Map<String, Value>) -> Self {
        Self { map, within: "" }
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    fn wrong(&self, name: &str, expected: &'static str) -> RecordError {
        wrong(&format!("{}{name}", self.within), described(self.map.get(name)), expected)
    }

    /// A text that may be absent.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, RecordError> {
        let expected = || self.wrong(name, "a text");
        self.get(name).map(|value| value.as_str().map(str::to_owned).ok_or_else(expected)).transpose()
    }

    /// A text that has to be there.
    pub(super) fn needed(&self, name: &str) -> Result<String, RecordError> {
        self.text(name)?.ok_or_else(|| self.wrong(name, "a text"))
    }

    /// A number that may be absent.
    pub(super) fn number(&self, name: &str) -> Result<Option<f64>, RecordError> {
        let expected = || self.wrong(name, "a number");
        self.get(name).map(|value| value.as_f64().ok_or_else(expected)).transpose()
    }

    /// A whole number.
    pub(super) fn integer(&self, name: &str) -> Result<i64, RecordError> {
        let whole = |value: &Value| {
            // JavaScript's numbers may come as 1.0.
            let real =
                value.as_f64().filter(|real| real.fract() == 0.0 && real.abs() <= 9_007_199_254_740_992.0);
            value.as_i64().or_else(|| real.map(|real| real as i64))
        };
        self.get(name).and_then(whole).ok_or_else(|| self.wrong(name, "a whole number"))
    }

    /// Yes or no; `None` where it is absent.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, RecordError> {
        let expected = || self.wrong(name, "true or false");
        self.get(name).map(|value| value.as_bool().ok_or_else(expected)).transpose()
    }

    /// A word of a list; `None` where it is absent.
    pub(super) fn word<T>(
        &self,
        name: &str,
        of: impl Fn(&str) -> Option<T>,
        expected: &'static str,
    ) -> Result<Option<T>, RecordError> {
        let wrong = || self.wrong(name, expected);
        self.get(name).map(|value| value.as_str().and_then(&of).ok_or_else(wrong)).transpose()
    }

    /// An object within, whose fields are called `{within}.…`; `None` where it is absent.
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

/// What a value is, in a few words.
fn described(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "absent".into(),
        Some(Value::String(text)) => shortened(text),
        Some(Value::Array(_)) => "a list".into(),
        Some(Value::Object(_)) => "an object".into(),
        Some(value) => shortened(&value.to_string()).trim_matches('"').to_owned(),
    }
}
