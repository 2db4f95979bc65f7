//! Decodes text with an unreliable or undeclared encoding.

/// Decodes UTF-8 if the bytes are valid, otherwise Latin-1, which accepts any bytes. Programs write
/// both where formats specify ASCII or Latin-1.
pub(super) fn lossless(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

/// Decodes an Exif user comment: an eight-byte encoding name, then the text. Some programs omit the
/// name, or write another encoding than it says, so every encoding is tried.
///
/// `little_endian` is the byte order of the file. The byte order of the text may differ.
pub(super) fn user_comment(bytes: &[u8], little_endian: bool) -> String {
    let split = bytes.split_at_checked(8);
    let (code, text) = match split {
        Some((code, text)) if is_code(code) => (code, text),
        _ => (&[][..], bytes),
    };
    let declares_utf_16 = code.to_ascii_uppercase().starts_with(b"UNICODE");
    let decoded = match text {
        [0xef, 0xbb, 0xbf, rest @ ..] => lossless(rest),
        [0xff, 0xfe, rest @ ..] => from_utf_16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => from_utf_16(rest, u16::from_be_bytes),
        // UTF-8 text has no zero bytes, while almost any UTF-16 text has some.
        _ if std::str::from_utf8(trimmed(text))
            .is_ok_and(|text| !text.contains('\0') && is_likely(text, declares_utf_16)) =>
        {
            lossless(trimmed(text))
        }
        _ if declares_utf_16 || zeros(text) * 4 >= text.len() => utf_16(text, little_endian),
        _ => lossless(text),
    };
    decoded.trim_matches(['\0', '\u{feff}']).to_owned()
}

/// Decodes UTF-16 in the byte order with the more plausible result; if both are equally plausible,
/// in the given one.
pub(super) fn utf_16(bytes: &[u8], little_endian: bool) -> String {
    let little = from_utf_16(bytes, u16::from_le_bytes);
    let big = from_utf_16(bytes, u16::from_be_bytes);
    let (first, second) = if little_endian { (little, big) } else { (big, little) };
    let text = if plausibility(&second) > plausibility(&first) { second } else { first };
    text.trim_matches(['\0', '\u{feff}']).to_owned()
}

fn is_code(bytes: &[u8]) -> bool {
    let upper = bytes.to_ascii_uppercase();
    // Some programs pad with spaces.
    let name = upper.trim_ascii_end().split(|&byte| byte == 0).next().unwrap_or_default();
    let padded = upper[name.len()..].iter().all(|&byte| byte == 0 || byte == b' ');
    padded && matches!(name, b"UNICODE" | b"ASCII" | b"JIS" | b"")
}

fn trimmed(mut bytes: &[u8]) -> &[u8] {
    while let [rest @ .., 0] = bytes {
        bytes = rest;
    }
    bytes
}

fn zeros(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte == 0).count()
}

/// Whether valid UTF-8 without zero bytes is actually UTF-8. UTF-16 text without ASCII can be valid
/// UTF-8 by chance, but only if it is short, and then it does not decode to words.
fn is_likely(text: &str, declares_utf_16: bool) -> bool {
    let is_word = |letter: char| letter.is_alphanumeric() || matches!(letter, ' ' | ',' | '\n');
    let has_control = text.chars().any(|letter| letter.is_control() && !letter.is_whitespace());
    let words = text.chars().filter(|&letter| is_word(letter)).count();
    let is_long = text.len() % 2 == 1 || text.len() >= 16;
    !has_control && (!declares_utf_16 || is_long || words * 5 >= text.chars().count() * 4)
}

fn from_utf_16(bytes: &[u8], read: fn([u8; 2]) -> u16) -> String {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let last = rest.first().map(|&byte| read([byte, 0])).filter(|&unit| unit != 0);
    let units: Vec<u16> = pairs.iter().map(|&pair| read(pair)).chain(last).collect();
    String::from_utf16_lossy(&units)
}

/// How plausible decoded text is. The wrong byte order gives characters from all over Unicode, many
/// of them unassigned or private, while real text uses one script.
fn plausibility(text: &str) -> i64 {
    let mut scripts = [0_i64; SCRIPTS.len()];
    let (mut common, mut wrong, mut other) = (0, 0, 0);
    for letter in text.chars() {
        let code = u32::from(letter);
        if matches!(letter, ' '..='~' | '\n' | '\r' | '\t') {
            common += 1;
        } else if matches!(code, 0..0xa0 | 0xe000..0xf900 | 0xfff0..0x10000 | 0xe0000..) {
            wrong += 1;
        } else if let Some(script) = SCRIPTS
            .iter()
            .position(|ranges| ranges.iter().any(|&(first, last)| (first..=last).contains(&code)))
        {
            scripts[script] += 1;
        } else {
            other += 1;
        }
    }
    let most = scripts.iter().max().copied().unwrap_or(0);
    let rest = scripts.iter().sum::<i64>() - most;
    4 * common + 2 * most - rest - 2 * other - 4 * wrong
}

/// Code point ranges that occur together in text: the first and last of each.
const SCRIPTS: [&[(u32, u32)]; 10] = [
    // Japanese and Chinese, with their punctuation.
    &[(0x3000, 0x312f), (0x4e00, 0x9faf), (0xff00, 0xffee)],
    // Korean.
    &[(0xac00, 0xd7a3), (0x3130, 0x318f), (0x3000, 0x300f)],
    // Accented Latin letters.
    &[(0xa0, 0x24f), (0x1e00, 0x1eff)],
    &[(0x370, 0x3ff)],
    &[(0x400, 0x52f)],
    &[(0x590, 0x5ff), (0xfb1d, 0xfb4f)],
    &[(0x600, 0x6ff), (0xfb50, 0xfdef), (0xfe70, 0xfeff)],
    &[(0x900, 0x97f)],
    &[(0xe00, 0xe7f)],
    // Emoji and typographic punctuation.
    &[(0x2010, 0x202f), (0x2190, 0x21ff), (0x2600, 0x27bf), (0x1f300, 0x1faff)],
];

#[cfg(test)]
mod tests {
    use super::*;

    fn units(text: &str) -> [Vec<u8>; 2] {
        [
            text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        ]
    }

    #[test]
    fn user_comments_of_every_encoding() {
        let text = "Füchse 🦊";
        let [big, little] = units(text);
        for (bytes, expected) in [
            ([b"UNICODE\0".as_slice(), &big].concat(), text),
            ([b"UNICODE\0".as_slice(), &little].concat(), text),
            ([b"unicode\0".as_slice(), &little].concat(), text),
            ([b"UNICODE\0\xff\xfe".as_slice(), &little].concat(), text),
            ([b"UNICODE\0\xfe\xff".as_slice(), &big].concat(), text),
            ([b"UNICODE\0".as_slice(), text.as_bytes()].concat(), text),
            ([b"ASCII\0\0\0".as_slice(), text.as_bytes()].concat(), text),
            ([b"ASCII\0\0\0".as_slice(), &units("a fox")[0]].concat(), "a fox"),
            ([b"ASCII   ".as_slice(), text.as_bytes(), b"\0"].concat(), text),
            (text.as_bytes().to_vec(), text),
            (units("a fox in the snow")[0].clone(), "a fox in the snow"),
            (units("a fox in the snow")[1].clone(), "a fox in the snow"),
            (b"ASCII\0\0\0a fox\0".to_vec(), "a fox"),
            (b"\0\0\0\0\0\0\0\0a fox".to_vec(), "a fox"),
            (b"{\"prompt\": 1}".to_vec(), "{\"prompt\": 1}"),
            (b"caf\xe9".to_vec(), "café"),
            (b"short".to_vec(), "short"),
            (b"UNICODE\0".to_vec(), ""),
            (Vec::new(), ""),
        ] {
            for little_endian in [true, false] {
                assert_eq!(user_comment(&bytes, little_endian), expected, "{bytes:?}");
            }
        }
    }

    #[test]
    fn byte_orders_of_texts_without_ascii() {
        for text in [
            "森の狐",
            "雪の中の狐、夕日",
            "一只狐狸在雪地里奔跑，夕阳西下，高清摄影",
            "狐狸在雪中",
            "Лиса в снегу",
            "눈 속의 여우",
            "여우가 눈밭을 달린다",
            "αλεπού στο χιόνι",
            "שועל בשלג",
            "ثعلب في الثلج",
            "สุนัขจิ้งจอกในหิมะ",
            "🦊❄️🌲",
        ] {
            let [big, little] = units(text);
            for little_endian in [true, false] {
                let name = b"UNICODE\0".as_slice();
                assert_eq!(user_comment(&[name, &big].concat(), little_endian), text);
                assert_eq!(user_comment(&[name, &little].concat(), little_endian), text);
            }
        }
    }
}
