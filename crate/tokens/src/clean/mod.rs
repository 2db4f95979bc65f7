//! open_clip's cleaning of prompts: ftfy's `fix_text` (6.3), HTML's references twice, white space.

mod badness;
mod bytes;
mod encoding;
mod entities;
mod tables;

use unicode_normalization_alignments::UnicodeNormalization;

use encoding::ROUNDS;
use tables::TABLES;

/// How much of a prompt is read, in bytes; a hundred times what any context takes.
const LONGEST: usize = 1 << 14;

/// The clean prompt in lower case: `_clean_lower` of open_clip's `tokenizer.py`.
pub(super) fn clean(prompt: &str) -> String {
    let end = (0..=LONGEST.min(prompt.len())).rev().find(|&end| prompt.is_char_boundary(end));
    let prompt = &prompt[..end.unwrap_or(0)];
    let text = entities::unescape(&entities::unescape(&fix_text(prompt)));
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

/// ftfy's `fix_text`, line by line.
fn fix_text(text: &str) -> String {
    let mut unescape = true;
    let line = |line: &str| {
        // After the first line that may be HTML, none is unescaped.
        unescape &= !line.contains('<');
        fix_line(line, unescape)
    };
    text.split_inclusive('\n').map(line).collect()
}

fn fix_line(line: &str, unescape: bool) -> String {
    let mut text = line.to_owned();
    for _ in 0..ROUNDS {
        let unescaped = if unescape { entities::unescape_closed(&text) } else { text.clone() };
        let fixed = fix_characters(&encoding::fix(unescaped));
        if fixed == text {
            break;
        }
        text = fixed;
    }
    text
}

/// ftfy's replacements of single characters, without escape sequences of terminals and control
/// characters, then NFC.
fn fix_characters(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars().map(encoding::c1_control) {
        match TABLES.replaced.get(&letter) {
            Some(other) => plain.push_str(other),
            None => plain.push(letter),
        }
    }
    let plain = plain.replace("\r\n", "\n");
    let straight = plain.chars().map(|letter| match letter {
        '\u{201c}'..='\u{201f}' => '"',
        '\u{2bc}' | '\u{2018}'..='\u{201b}' => '\'',
        '\r' | '\u{2028}' | '\u{2029}' => '\n',
        other => other,
    });
    let text = without_escapes(&straight.collect::<String>());
    let kept = text.chars().filter(|letter| !is_control(*letter));
    kept.collect::<String>().nfc().map(|(letter, _)| letter).collect()
}

/// Removes the sequences that color the text of terminals.
fn without_escapes(text: &str) -> String {
    let (mut output, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find("\x1b[") {
        let after =
            rest[at + 2..].trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == ';');
        let ends = after.starts_with(|letter: char| letter.is_ascii_alphabetic());
        output.push_str(if ends { &rest[..at] } else { &rest[..at + 2] });
        rest = if ends { &after[1..] } else { &rest[at + 2..] };
    }
    output + rest
}

fn is_control(letter: char) -> bool {
    matches!(letter, '\0'..='\x08' | '\x0b' | '\x0e'..='\x1f' | '\x7f'
        | '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffc}')
}
