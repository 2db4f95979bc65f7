//! English grammar for captions: articles, plurals and numbers.

/// How a name takes articles and numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Noun {
    /// "a red apple", "two red apples"
    Count,
    /// "grapes", "sushi", "no entry": neither article nor number.
    Bare,
}

/// Names without an article: uncountable nouns, and names that are not things.
const BARE: &[&str] = &[
    "bacon",
    "badminton",
    "baggage claim",
    "baguette bread",
    "biceps",
    "bowling",
    "bread",
    "breast-feeding",
    "broccoli",
    "building construction",
    "butter",
    "camping",
    "candy",
    "canned food",
    "cardinals",
    "children crossing",
    "congee",
    "cooked rice",
    "cooking",
    "coral",
    "cricket game",
    "curry rice",
    "custard",
    "customs",
    "dashing away",
    "dizzy",
    "dna",
    "falafel",
    "field hockey",
    "fire",
    "fireworks",
    "flatbread",
    "fog",
    "fondue",
    "food",
    "garlic",
    "herb",
    "high voltage",
    "honey",
    "hundred points",
    "ice",
    "ice cream",
    "ice hockey",
    "jeans",
    "jupiter",
    "lacrosse",
    "leafy green",
    "left luggage",
    "link",
    "litter",
    "love",
    "martial arts",
    "mate",
    "medium volume",
    "milky way",
    "mobile phone off",
    "money",
    "mount fuji",
    "nail polish",
    "oden",
    "om",
    "passport control",
    "performing arts",
    "ping pong",
    "popcorn",
    "pouring liquid",
    "prohibited",
    "roasted sweet potato",
    "rolling on the floor laughing",
    "sake",
    "salt",
    "shaved ice",
    "soap",
    "soft ice cream",
    "spaghetti",
    "star-struck",
    "statue of liberty",
    "stuffed flatbread",
    "sushi",
    "tennis",
    "thread",
    "thumbs down",
    "thumbs up",
    "tokyo tower",
    "vibration mode",
    "warning",
    "wireless",
    "wood",
    "yarn",
    "yin yang",
    "fish and chips",
    "martial arts uniforms",
    "biohazard",
    "radioactive",
    "sweat",
    "potable water",
    "non-potable water",
    "no entry",
    "money with wings",
    "flower playing cards",
    "skis",
];

/// Singular names that end in s.
const SINGULAR: &[&str] = &["lens", "biceps", "fleur-de-lis", "chess", "series"];

/// Endings that are not plurals.
const SINGULAR_ENDS: &[&str] = &["ss", "us", "is"];

/// Words that begin a qualifier of what comes before: "slice | of pizza".
const AFTER_HEAD: &[&str] = &[
    "and",
    "at",
    "behind",
    "blowing",
    "crossing",
    "curving",
    "exhaling",
    "facing",
    "fluttering",
    "from",
    "getting",
    "holding",
    "in",
    "increasing",
    "decreasing",
    "made",
    "of",
    "off",
    "on",
    "over",
    "playing",
    "pointed",
    "pointing",
    "rowing",
    "running",
    "savoring",
    "screaming",
    "showing",
    "tilted",
    "to",
    "under",
    "up",
    "vomiting",
    "walking",
    "wearing",
    "with",
    "without",
    "for",
    "down",
];

/// After these words, a word in "-ing" says what they do: "person | juggling".
const DOERS: &[&str] = &["person", "people", "man", "woman", "face"];

const IRREGULAR: &[(&str, &str)] = &[
    ("bison", "bison"),
    ("calf", "calves"),
    ("child", "children"),
    ("deer", "deer"),
    ("die", "dice"),
    ("dwarf", "dwarves"),
    ("fish", "fish"),
    ("foot", "feet"),
    ("goose", "geese"),
    ("knife", "knives"),
    ("leaf", "leaves"),
    ("loaf", "loaves"),
    ("man", "men"),
    ("moose", "moose"),
    ("mouse", "mice"),
    ("ox", "oxen"),
    ("person", "people"),
    ("scarf", "scarves"),
    ("sheep", "sheep"),
    ("shrimp", "shrimp"),
    ("snowman", "snowmen"),
    ("squid", "squid"),
    ("tooth", "teeth"),
    ("wolf", "wolves"),
    ("woman", "women"),
    ("potato", "potatoes"),
    ("tomato", "tomatoes"),
    ("volcano", "volcanoes"),
    ("mango", "mangoes"),
    ("mosquito", "mosquitoes"),
    ("tornado", "tornadoes"),
    ("buffalo", "buffaloes"),
    ("blowfish", "blowfish"),
    ("jellyfish", "jellyfish"),
    ("hippopotamus", "hippopotamuses"),
    ("domino", "dominoes"),
    ("superhero", "superheroes"),
    ("hero", "heroes"),
    ("t-rex", "t-rexes"),
];

const NUMBERS: [&str; 6] = ["no", "one", "two", "three", "four", "five"];

/// How a name in lower case takes articles and numbers.
pub(crate) fn noun(name: &str) -> Noun {
    let head = &name[head(name)];
    let last = head.rsplit(' ').next().unwrap_or(head);
    let plural = last.ends_with('s')
        && !SINGULAR.contains(&last)
        && !SINGULAR_ENDS.iter().any(|end| last.ends_with(end));
    let uncounted = BARE.contains(&name)
        || name.starts_with("no ")
        || ["people", "men", "women", "children", "dice"].contains(&last);
    if plural || uncounted { Noun::Bare } else { Noun::Count }
}

/// The head noun's position in a name: "slice" in "slice of pizza".
fn head(name: &str) -> std::ops::Range<usize> {
    let (mut end, mut before) = (name.len(), "");
    let mut at = 0;
    for word in name.split(' ') {
        let says_more = AFTER_HEAD.contains(&word) || (word.ends_with("ing") && DOERS.contains(&before));
        if at > 0 && says_more {
            end = at - 1;
            break;
        }
        before = word;
        at += word.len() + 1;
    }
    0..end
}

/// `word` with "a" or "an" before it.
pub(crate) fn with_article(words: &str) -> String {
    let vowel = words.starts_with(['a', 'e', 'i', 'o', 'u']);
    let as_consonant = ["uni", "use", "eu", "one", "ur", "ufo", "u-"];
    let as_vowel = ["hour", "honest", "heir", "x-ray", "8", "11", "18", "sos "];
    let an = (vowel && !as_consonant.iter().any(|start| words.starts_with(start)))
        || as_vowel.iter().any(|start| words.starts_with(start))
        || words.starts_with("urn");
    format!("{} {words}", if an { "an" } else { "a" })
}

/// The plural of a name: "slices of pizza".
pub(crate) fn plural(name: &str) -> String {
    let head = head(name);
    let (thing, rest) = (&name[head.clone()], &name[head.end..]);
    let (before, last) = match thing.rfind([' ', '-']) {
        Some(at)
            if !IRREGULAR
                .iter()
                .any(|(one, _)| *one == &thing[thing.rfind(' ').map_or(0, |at| at + 1)..]) =>
        {
            thing.split_at(at + 1)
        }
        _ => thing.split_at(thing.rfind(' ').map_or(0, |at| at + 1)),
    };
    format!("{before}{}{rest}", plural_word(last))
}

fn plural_word(word: &str) -> String {
    if let Some((_, many)) = IRREGULAR.iter().find(|(one, _)| *one == word) {
        return (*many).into();
    }
    let after_vowel = |letters: usize| {
        let before = word.chars().rev().nth(letters);
        before.is_some_and(|letter| "aeiou".contains(letter))
    };
    if word.ends_with('y') && !after_vowel(1) {
        return format!("{}ies", &word[..word.len() - 1]);
    }
    let hisses = ["s", "x", "z", "ch", "sh"].iter().any(|end| word.ends_with(end));
    format!("{word}{}", if hisses { "es" } else { "s" })
}

/// A number up to five as a word.
pub(crate) fn number(count: usize) -> &'static str {
    NUMBERS.get(count).copied().unwrap_or("many")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn articles() {
        let cases = [
            ("red apple", "a red apple"),
            ("apple", "an apple"),
            ("orange cat", "an orange cat"),
            ("unicorn", "a unicorn"),
            ("umbrella", "an umbrella"),
            ("hourglass done", "an hourglass done"),
            ("horse", "a horse"),
            ("x-ray", "an x-ray"),
            ("euro banknote", "a euro banknote"),
            ("upside-down face", "an upside-down face"),
            ("one-piece swimsuit", "a one-piece swimsuit"),
        ];
        for (words, expected) in cases {
            assert_eq!(with_article(words), expected);
        }
    }

    #[test]
    fn plurals() {
        let cases = [
            ("banana", "bananas"),
            ("cherry", "cherries"),
            ("donkey", "donkeys"),
            ("fox", "foxes"),
            ("bus", "buses"),
            ("mouse", "mice"),
            ("mouse face", "mouse faces"),
            ("kitchen knife", "kitchen knives"),
            ("maple leaf", "maple leaves"),
            ("slice of pizza", "slices of pizza"),
            ("person running", "people running"),
            ("tropical fish", "tropical fish"),
            ("flag of france", "flags of france"),
            ("cat with wry smile", "cats with wry smile"),
            ("wrench", "wrenches"),
            ("potato", "potatoes"),
            ("piano", "pianos"),
            ("yo-yo", "yo-yos"),
            ("t-rex", "t-rexes"),
            ("running shoe", "running shoes"),
        ];
        for (one, many) in cases {
            assert_eq!(plural(one), many);
        }
    }

    #[test]
    fn nouns() {
        for name in [
            "red apple",
            "bus",
            "octopus",
            "compass",
            "glass of milk",
            "magnifying glass tilted left",
            "cactus",
            "fleur-de-lis",
        ] {
            assert_eq!(noun(name), Noun::Count, "{name}");
        }
        for name in [
            "grapes",
            "cherries",
            "sushi",
            "no entry",
            "scissors",
            "people hugging",
            "chopsticks",
            "thumbs up",
            "jeans",
        ] {
            assert_eq!(noun(name), Noun::Bare, "{name}");
        }
    }
}
