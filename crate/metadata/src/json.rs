//! Lenient reading of JSON as generators write it.
//!
//! Python writes `NaN`, `Infinity` and `-Infinity`, which JSON does not allow; they are read as
//! null. Unpaired surrogates become U+FFFD, and control characters within strings are accepted.
//! `serde_json` limits the depth to 128.

use serde_json::{Map, Value};

/// Remaining budget for parsing: an object takes hundreds of bytes of memory for a few bytes of
/// text.
#[derive(Debug)]
pub(super) struct Limits {
    /// Objects and arrays.
    containers: usize,
    /// Values within them.
    values: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { containers: 100_000, values: 1_000_000 }
    }
}

/// Parses text as a JSON object.
pub(super) fn object(text: &str) -> Option<Map<String, Value>> {
    object_within(text, &mut Limits::default())
}

/// Parses text as a JSON object and deducts its size from `limits`. Returns `None` if the budget is
/// exceeded.
pub(super) fn object_within(text: &str, limits: &mut Limits) -> Option<Map<String, Value>> {
    let text = text.trim_matches(['\0', '\u{feff}', ' ', '\t', '\r', '\n']);
    text.starts_with('{').then_some(())?;
    match serde_json::from_str(&standard(text, limits)?).ok()? {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

/// Converts the extensions listed above to standard JSON.
fn standard(text: &str, limits: &mut Limits) -> Option<String> {
    let bytes = text.as_bytes();
    let mut standard = Vec::with_capacity(bytes.len());
    let mut in_text = false;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        let mut copied = 1;
        match (in_text, byte) {
            (true, b'\\') => copied = escape(rest, &mut standard),
            (true, ..b' ') => standard.extend(format!("\\u{byte:04x}").bytes()),
            (_, b'"') => {
                in_text = !in_text;
                standard.push(byte);
            }
            (false, b'N') if rest.starts_with(b"NaN") => copied = null(3, &mut standard),
            (false, b'I') if rest.starts_with(b"Infinity") => copied = null(8, &mut standard),
            (false, b'-') if rest.starts_with(b"-Infinity") => copied = null(9, &mut standard),
            (false, b'{' | b'[') => {
                limits.containers = limits.containers.checked_sub(1)?;
                standard.push(byte);
            }
            (false, b',') => {
                limits.values = limits.values.checked_sub(1)?;
                standard.push(byte);
            }
            _ => standard.push(byte),
        }
        at += copied;
    }
    String::from_utf8(standard).ok()
}

fn null(length: usize, standard: &mut Vec<u8>) -> usize {
    standard.extend(b"null");
    length
}

/// Copies an escape sequence, replaces an unpaired surrogate, and returns the length of the
/// sequence.
fn escape(rest: &[u8], standard: &mut Vec<u8>) -> usize {
    let unit = |at: usize| {
        let digits = rest.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let length = match unit(0) {
        Some(0xd800..=0xdbff) => match unit(6) {
            Some(0xdc00..=0xdfff) => 12,
            _ => {
                standard.extend(b"\\ufffd");
                return 6;
            }
        },
        Some(0xdc00..=0xdfff) => {
            standard.extend(b"\\ufffd");
            return 6;
        }
        _ => 2.min(rest.len()),
    };
    standard.extend(&rest[..length]);
    length
}

/// A string that is not blank, without the NUL characters that some programs put around it.
pub(super) fn text(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?.trim_matches('\0');
    (!text.trim().is_empty()).then(|| text.to_owned())
}

/// A finite number, written as a number or a string.
pub(super) fn number(value: Option<&Value>) -> Option<f64> {
    let value = value?;
    let found = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
    found.filter(|number| number.is_finite())
}

/// A width or height: a positive whole number.
pub(super) fn side(value: Option<&Value>) -> Option<f64> {
    number(value).filter(|number| *number >= 1.0 && number.fract() == 0.0)
}

/// Parses a width and a height: `1024x768`, `1024 × 768`, `(1024, 768)`.
pub(super) fn size(text: &str) -> Option<(f64, f64)> {
    let mut numbers = text
        .trim_start_matches(|letter: char| letter.is_whitespace() || letter == '(' || letter == '[')
        .splitn(2, ['x', 'X', '×', '*', ',']);
    let digits = |text: &str| {
        let text = text.trim_start();
        let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
        text[..end].parse::<u32>().ok().filter(|&side| side > 0).map(f64::from)
    };
    let width = numbers.next()?;
    width.trim().bytes().all(|byte| byte.is_ascii_digit()).then_some(())?;
    Some((digits(width)?, digits(numbers.next()?)?))
}

/// A seed, as its digits.
pub(super) fn seed(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
        // Below 2^53 a floating-point number is exact.
        Value::Number(number) => {
            let number = number.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < 9e15)?;
            Some((number as i64).to_string())
        }
        Value::String(text) => seed_digits(text),
        _ => None,
    }
}

/// Parses a seed: digits with an optional minus sign.
pub(super) fn seed_digits(text: &str) -> Option<String> {
    let text = text.trim();
    let number = text.strip_prefix('-').unwrap_or(text);
    let fits = (1..=40).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn non_finite_numbers_become_null_outside_of_strings() {
        let object =
            object(r#"{"a": [NaN, Infinity, -Infinity, -1], "NaN": "NaN, \"-Infinity\" \\"}"#).unwrap();
        assert_eq!(object["a"], serde_json::json!([null, null, null, -1]));
        assert_eq!(object["NaN"], "NaN, \"-Infinity\" \\");
    }

    #[test]
    fn unpaired_surrogates_and_control_characters_are_accepted() {
        let object =
            object("{\"a\": \"\\ud83e\\udd8a \\ud83e! \\udd8a\", \"b\": \"one\ntwo\ttabs\"}").unwrap();
        assert_eq!(object["a"], "🦊 \u{fffd}! \u{fffd}");
        assert_eq!(object["b"], "one\ntwo\ttabs");
    }

    #[test]
    fn too_many_values_are_refused() {
        assert!(object(&format!("{{\"a\": [{}0]}}", "{},".repeat(90_000))).is_some());
        assert!(object(&format!("{{\"a\": [{}0]}}", "{},".repeat(100_000))).is_none());
        assert!(object(&format!("{{\"a\": [{}0]}}", "0,".repeat(1_000_001))).is_none());
    }

    #[test]
    fn sizes() {
        for text in ["512x768", " 512 X 768", "(512, 768)", "512 × 768 (portrait)", "['512', 768]", "512*768"]
        {
            let expected = (!text.contains('\'')).then_some((512.0, 768.0));
            assert_eq!(size(text), expected, "{text}");
        }
        for text in ["", "x", "512x", "x768", "0x0", "square 1x1", "99999999999x1"] {
            assert_eq!(size(text), None, "{text}");
        }
    }
}
