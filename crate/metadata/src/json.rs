//! Values out of JSON that is not to be trusted.

use serde_json::Value;

/// An object out of a text. Python writes `NaN`, which JSON does not know; then each of them is null.
pub(super) fn object(text: &str) -> Option<Value> {
    let parsed = serde_json::from_str(text).or_else(|_| serde_json::from_str(&text.replace("NaN", "null")));
    parsed.ok().filter(Value::is_object)
}

/// A text that has something in it.
pub(super) fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned)
}

/// A finite number, also where it is written as text.
pub(super) fn number(value: &Value) -> Option<f64> {
    let found = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
    found.filter(|number| number.is_finite())
}

/// A seed's digits.
pub(super) fn seed(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
        Value::String(text) => super::automatic1111::digits(text),
        _ => None,
    }
}
