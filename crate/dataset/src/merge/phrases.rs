//! Searches prompts for phrases.

/// Phrases to search for: whole words, regardless of case and spacing.
#[derive(Debug, Default)]
pub(super) struct Phrases(Vec<String>);

impl Phrases {
    pub(super) fn new(phrases: &[String]) -> Self {
        let mut phrases: Vec<String> = phrases.iter().map(|phrase| plain(phrase)).collect();
        phrases.retain(|phrase| !phrase.is_empty());
        Self(phrases)
    }

    pub(super) fn are_in(&self, prompt: &str) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let prompt = plain(prompt);
        self.0.iter().any(|phrase| {
            prompt.match_indices(phrase.as_str()).any(|(at, _)| {
                let (before, after) = (&prompt[..at], &prompt[at + phrase.len()..]);
                !joined(before.chars().next_back(), phrase.chars().next())
                    && !joined(phrase.chars().next_back(), after.chars().next())
            })
        })
    }
}

/// Converts to lower case, and replaces everything between words by a single space.
fn plain(text: &str) -> String {
    let letters: String = text
        .chars()
        .flat_map(char::to_lowercase)
        .map(|letter| if letter.is_alphanumeric() { letter } else { ' ' })
        .collect();
    letters.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether two adjacent characters belong to the same word. Scripts without spaces have no visible
/// word boundaries.
fn joined(one: Option<char>, other: Option<char>) -> bool {
    let in_word = |letter: char| letter.is_alphanumeric() && !unspaced(letter);
    one.is_some_and(in_word) && other.is_some_and(in_word)
}

/// Whether a character is from a script without spaces (Thai, Lao, Tibetan, Burmese, Khmer,
/// Japanese, Chinese) or Korean, which attaches particles to words.
fn unspaced(letter: char) -> bool {
    matches!(letter, '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_in_any_case_and_spacing() {
        let phrases = Phrases::new(&["Bad Word".into(), "rude".into(), "  ".into(), "悪い".into()]);
        for prompt in
            ["a bad word", "BAD   wOrD!", "bad-word here", "so \"rude\", really", "とても悪い猫", "rude"]
        {
            assert!(phrases.are_in(prompt), "{prompt}");
        }
        for prompt in ["a badword", "bad words", "a crude oil painting", "rudeness", "", "良い猫"] {
            assert!(!phrases.are_in(prompt), "{prompt}");
        }
        assert!(!Phrases::new(&[]).are_in("anything"));
    }
}
