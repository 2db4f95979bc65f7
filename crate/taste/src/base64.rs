//! Base64 (RFC 4648, with padding), strictly: one text for the same bytes.

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let of = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let number = (of(0) << 16) | (of(1) << 8) | of(2);
        for digit in 0..4 {
            if digit <= chunk.len() {
                text.push(char::from(DIGITS[((number >> (18 - 6 * digit)) & 63) as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

/// `None` if the text is not base64.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let kept = text.strip_suffix("==").or_else(|| text.strip_suffix('=')).unwrap_or(text);
    let mut bytes = Vec::with_capacity(kept.len() / 4 * 3 + 2);
    for chunk in kept.as_bytes().chunks(4) {
        let mut number = 0;
        for &letter in chunk {
            number = (number << 6) | DIGITS.iter().position(|&digit| digit == letter)? as u32;
        }
        let [_, a, b, c] = (number << (6 * (4 - chunk.len()))).to_be_bytes();
        let whole = [a, b, c];
        // Digits after the last whole byte must be 0.
        let count = chunk.len().checked_sub(1)?;
        if count == 0 || whole[count..].iter().any(|&byte| byte != 0) {
            return None;
        }
        bytes.extend_from_slice(&whole[..count]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_examples_of_the_standard() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
        ] {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text).unwrap(), bytes.as_bytes());
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zm 9", "====", "Z===", "Zm9v\n", "Zg==Zg==", "Zm8=Zm8=", "é9v",
        ] {
            assert_eq!(decode(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(bytes: Vec<u8>) {
            prop_assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }

        #[test]
        fn one_text_for_the_same_bytes(text in "[A-Za-z0-9+/=]{0,12}") {
            if let Some(bytes) = decode(&text) {
                prop_assert_eq!(encode(&bytes), text);
            }
        }
    }
}
