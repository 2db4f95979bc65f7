//! Selects the catalogue's emoji and names them.

use crate::packages::Entry;

/// Excluded subgroups: mostly text, parts of emoji, and people who differ in little.
const LEFT_OUT: &[&str] = &[
    "keycap",
    "alphanum",
    "math",
    "punctuation",
    "currency",
    "gender",
    "skin-tone",
    "hair-style",
    "family",
    "subdivision-flag",
];

/// Emoji excluded by name: text, copies in another size, and what is indistinguishable when small.
const LEFT_OUT_LABELS: &[&str] = &[
    "ZZZ",
    "black medium square",
    "black medium-small square",
    "black small square",
    "copyright",
    "hundred points",
    "no one under eighteen",
    "person in manual wheelchair",
    "pregnant man",
    "pregnant person",
    "registered",
    "small blue diamond",
    "small orange diamond",
    "trade mark",
    "water closet",
    "white medium square",
    "white medium-small square",
    "white small square",
    "Japanese symbol for beginner",
    "part alternation mark",
    "sun behind small cloud",
    "sun behind large cloud",
];

/// Countries whose flags are kept; other flags look too similar at this size.
const FLAGS: &[&str] = &[
    "AR", "AU", "BR", "CA", "CH", "CN", "CU", "CZ", "DE", "DK", "EG", "ES", "EU", "FI", "FR", "GB", "GR",
    "IE", "IL", "IN", "IS", "IT", "JM", "JP", "KE", "KR", "MX", "NL", "NO", "NP", "PK", "PL", "PT", "RU",
    "SA", "SE", "TR", "UA", "US", "VN", "ZA",
];

/// Names that are clearer than Emojibase's labels.
const RENAMED: &[(&str, &str)] = &[
    ("black large square", "black square"),
    ("white large square", "white square"),
    ("large orange diamond", "orange diamond"),
    ("large blue diamond", "blue diamond"),
    ("person: blond hair", "person with blond hair"),
    ("person: beard", "person with a beard"),
    ("four leaf clover", "four-leaf clover"),
    ("locked", "locked padlock"),
    ("unlocked", "unlocked padlock"),
    ("locked with key", "padlock with key"),
    ("locked with pen", "padlock with pen"),
    ("airplane departure", "departing airplane"),
    ("airplane arrival", "arriving airplane"),
    ("person: red hair", "person with red hair"),
    ("person: curly hair", "person with curly hair"),
    ("person: white hair", "person with white hair"),
    ("person: bald", "bald person"),
    ("1st place medal", "first place medal"),
    ("2nd place medal", "second place medal"),
    ("3rd place medal", "third place medal"),
];

/// The name in captions: in lower case, without the label's punctuation. `None` for excluded emoji.
pub(super) fn name(entry: &Entry, subgroup: &str) -> Option<String> {
    let label = entry.label.as_str();
    let code = entry.hexcode.as_str();
    let joined = code.contains("200D");
    // "man student" next to "student".
    let of_one_gender = (code.starts_with("1F468-200D") || code.starts_with("1F469-200D"))
        || (entry.gender.is_some() && joined);
    let turned = label.contains("facing right");
    let clock_face = label.ends_with("o’clock") || label.ends_with("-thirty");
    // Only images of text have whole words in capitals: "TOP arrow".
    let is_text = label.split(' ').any(|word| {
        word.len() > 1 && word.chars().all(|letter| letter.is_ascii_uppercase() || letter == '!')
    });
    if LEFT_OUT.contains(&subgroup)
        || LEFT_OUT_LABELS.contains(&label)
        || of_one_gender
        || turned
        || clock_face
        || is_text
    {
        return None;
    }
    if subgroup == "country-flag" {
        let kept = FLAGS.iter().any(|country| flag_code(country) == code);
        let country = label.strip_prefix("flag: ")?;
        return kept.then(|| format!("flag of {}", plain(country)));
    }
    if let Some((_, name)) = RENAMED.iter().find(|(from, _)| *from == label) {
        return Some((*name).into());
    }
    if subgroup == "zodiac" {
        return Some(format!("{} zodiac sign", plain(label)));
    }
    Some(plain(label))
}

/// The two regional indicators of a country.
fn flag_code(country: &str) -> String {
    let codes =
        country.bytes().map(|letter| format!("{:X}", 0x1F1E6 + u32::from(letter.saturating_sub(b'A'))));
    codes.collect::<Vec<_>>().join("-")
}

/// In lower case, with ASCII apostrophes, without colons, commas and brackets.
pub(super) fn plain(label: &str) -> String {
    let kept = label.to_lowercase().replace('’', "'");
    let spaced: String =
        kept.chars().map(|letter| if ":,()!&“”\"".contains(letter) { ' ' } else { letter }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The part that nearly identical emoji share: the name without colours, sizes, faces and the like.
/// Such emoji go to the same split.
pub(super) fn stem(name: &str) -> String {
    const SAYS_LITTLE: &[&str] = &[
        "baby",
        "big",
        "black",
        "blue",
        "brown",
        "circle",
        "closed",
        "eyes",
        "face",
        "green",
        "grey",
        "large",
        "left",
        "light",
        "new",
        "old",
        "open",
        "orange",
        "pink",
        "purple",
        "red",
        "right",
        "small",
        "two",
        "white",
        "yellow",
        "up",
        "down",
        "front-facing",
        "button",
        "musical",
        "first",
        "second",
        "third",
        "low",
        "medium",
        "high",
        "heart-eyes",
        "locked",
        "tilted",
        "smiling",
        "grinning",
    ];
    let words: Vec<&str> = name.split(' ').collect();
    let telling: Vec<String> = words
        .iter()
        .filter(|word| !SAYS_LITTLE.contains(word))
        .map(|word| word.strip_suffix('s').unwrap_or(word).to_owned())
        .collect();
    match telling.as_slice() {
        [] => words.last().map(|word| (*word).to_owned()).unwrap_or_default(),
        words if words.iter().any(|word| word == "heart") => "heart".into(),
        _ => telling.join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(label: &str, hexcode: &str) -> Entry {
        Entry {
            label: label.into(),
            hexcode: hexcode.into(),
            tags: Vec::new(),
            group: Some(1),
            subgroup: Some(1),
            gender: None,
        }
    }

    #[test]
    fn names_are_plain_and_text_is_left_out() {
        let named = |label, code, subgroup| name(&entry(label, code), subgroup);
        assert_eq!(named("red apple", "1F34E", "food-fruit").as_deref(), Some("red apple"));
        assert_eq!(named("T-Rex", "1F996", "animal-reptile").as_deref(), Some("t-rex"));
        assert_eq!(named("man’s shoe", "1F45E", "clothing").as_deref(), Some("man's shoe"));
        assert_eq!(named("flag: France", "1F1EB-1F1F7", "country-flag").as_deref(), Some("flag of france"));
        for (label, code, subgroup) in [
            ("flag: Andorra", "1F1E6-1F1E9", "country-flag"),
            ("keycap: 3", "0033-FE0F-20E3", "keycap"),
            ("TOP arrow", "1F51D", "arrow"),
            ("ON! arrow", "1F51B", "arrow"),
            ("one o’clock", "1F550", "time"),
            ("woman student", "1F469-200D-1F393", "person-role"),
        ] {
            assert_eq!(named(label, code, subgroup), None, "{label}");
        }
    }

    #[test]
    fn near_duplicates_have_one_stem() {
        for names in [
            ["red apple", "green apple"],
            ["cat face", "cat"],
            ["blue heart", "broken heart"],
            ["red circle", "blue circle"],
            ["right arrow", "up arrow"],
            ["musical note", "musical notes"],
        ] {
            assert_eq!(stem(names[0]), stem(names[1]));
        }
        assert_ne!(stem("red apple"), stem("pineapple"));
        assert_ne!(stem("red circle"), stem("red square"));
    }
}
