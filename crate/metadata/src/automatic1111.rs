//! The parameters text of Automatic1111's web UI and its forks (Forge, SD.Next, Civitai, …).
//!
//! ```text
//! a fox in the snow, detailed
//! Negative prompt: blurry
//! Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 123, Size: 512x768, Model: v1-5, …
//! ```
//!
//! The parser follows `parse_generation_parameters` (`modules/infotext_utils.py`): the last line
//! contains the settings if it has three or more. It differs in three ways. Unquoted JSON is one
//! value, whatever it contains. If a setting occurs more than once, the first one counts, because
//! the program itself wrote it. A last line without any known setting is part of the prompt, and so
//! is text before `Steps:` on the last line.

use serde_json::{StreamDeserializer, de::StrRead};

use super::{fields::TextFields, json, metadata::Metadata};

/// Minimum number of settings; a line with fewer belongs to the prompt.
const MIN_SETTINGS: usize = 3;
/// Maximum number of settings. Real lines have a few dozen.
const MAX_SETTINGS: usize = 2000;
/// Maximum number of positions on a line where settings may start.
const MAX_PLACES: usize = 8;
/// Maximum number of lines.
const MAX_LINES: usize = 100_000;
const NEGATIVE: &str = "Negative prompt:";
/// Known settings. A line without any of them does not contain settings.
const KNOWN: [&str; 8] =
    ["Steps", "Sampler", "CFG scale", "Seed", "Size", "Model", "Model hash", "Schedule type"];

/// Other settings that may come first on a line.
const OTHERS: [&str; 8] =
    ["Clip skip", "Version", "VAE", "RNG", "ENSD", "Denoising strength", "Batch size", "Created Date"];

pub(super) fn read(fields: &TextFields) -> Option<Metadata> {
    fields.candidates().find_map(parse)
}

pub(super) fn parse(text: &str) -> Option<Metadata> {
    read_sections(&Sections::of(text, NEGATIVE)?)
}

/// The value of a setting, for programs that add their own.
pub(super) fn setting(text: &str, name: &str) -> Option<String> {
    Sections::of(text, NEGATIVE)?.setting(&[name])
}

fn read_sections(sections: &Sections) -> Option<Metadata> {
    let number = |names: &[&str]| {
        sections.setting(names)?.trim().parse::<f64>().ok().filter(|number| number.is_finite())
    };
    let size = sections.setting(&["Size"]).and_then(|size| json::size(&size));
    Some(Metadata {
        generator: "automatic1111",
        prompt: joined(&sections.prompt),
        negative_prompt: joined(&sections.negative),
        seed: sections.setting(&["Seed"]).and_then(|seed| json::seed_digits(&seed)),
        model: sections.setting(&["Model"]),
        steps: number(&["Steps"]),
        guidance: number(&["CFG scale", "CFG Scale", "Guidance scale", "Guidance Scale"]),
        sampler: sections.setting(&["Sampler"]),
        scheduler: sections.setting(&["Schedule type", "Scheduler"]),
        width: size.map(|(width, _)| width),
        height: size.map(|(_, height)| height),
    })
}

/// Parses Draw Things' description: the same format with `-` before the negative prompt.
pub(super) fn parse_draw_things(text: &str) -> Option<Metadata> {
    let sections = Sections::of(text, "-")?;
    (!sections.settings.is_empty()).then_some(())?;
    Some(Metadata { generator: "draw-things", ..read_sections(&sections)? })
}

/// Trims lines and joins them, as the program does.
fn joined(lines: &[&str]) -> Option<String> {
    let mut joined = String::new();
    for line in lines.iter().map(|line| line.trim()) {
        if !joined.is_empty() {
            joined.push('\n');
        }
        joined.push_str(line);
    }
    joined.truncate(joined.trim_end().len());
    (!joined.is_empty()).then_some(joined)
}

/// The sections of a parameters text.
struct Sections<'a> {
    prompt: Vec<&'a str>,
    negative: Vec<&'a str>,
    settings: Vec<(&'a str, &'a str)>,
}

impl<'a> Sections<'a> {
    /// Splits a text into sections. Returns `None` if it has neither settings nor a negative
    /// prompt, because then it may be any text.
    fn of(text: &'a str, negative_prefix: &str) -> Option<Self> {
        (text.lines().nth(MAX_LINES).is_none()).then_some(())?;
        let mut lines: Vec<&str> = text.trim().lines().collect();
        let settings = split_settings(&mut lines);
        let mut sections = Self { prompt: Vec::new(), negative: Vec::new(), settings };
        let mut in_negative = false;
        for line in lines {
            let line = line.trim();
            let negative =
                line.strip_prefix(negative_prefix).filter(|_| negative_prefix == NEGATIVE || !in_negative);
            in_negative |= negative.is_some();
            let lines = if in_negative { &mut sections.negative } else { &mut sections.prompt };
            lines.push(negative.unwrap_or(line));
        }
        let is_ours = !sections.settings.is_empty() || (in_negative && negative_prefix == NEGATIVE);
        is_ours.then_some(sections)
    }

    fn setting(&self, names: &[&str]) -> Option<String> {
        let value = |name: &&str| self.settings.iter().find(|(key, _)| key == name).map(|(_, value)| *value);
        let value = names.iter().find_map(value)?.trim();
        // Values with commas or colons are quoted as JSON strings.
        let text = serde_json::from_str(value).ok().filter(|_| value.starts_with('"'));
        Some(text.unwrap_or_else(|| value.to_owned())).filter(|text: &String| !text.trim().is_empty())
    }
}

/// Takes the settings off the end of the lines.
fn split_settings<'a>(lines: &mut Vec<&'a str>) -> Vec<(&'a str, &'a str)> {
    if let Some(&last) = lines.last() {
        let found = settings(last);
        let known = known(&found);
        if found.len() >= MIN_SETTINGS && known > 0 {
            let starts_with_one = found.first().is_some_and(|(name, _)| {
                last.trim_start().starts_with(name) && (KNOWN.contains(name) || OTHERS.contains(name))
            });
            if starts_with_one {
                lines.pop();
                return found;
            }
            if let Some((text, found)) = inline_settings(last) {
                lines.pop();
                lines.push(text);
                return found;
            }
            // A negative prompt may contain colons without being followed by settings.
            if !last.trim_start().starts_with(NEGATIVE) {
                lines.pop();
                return found;
            }
        }
    }
    // An unquoted value may span several lines.
    let start = lines
        .iter()
        .rposition(|line| line.trim_start().starts_with("Steps: ") && known(&settings(line)) >= MIN_SETTINGS);
    match start {
        Some(start) => {
            let found = settings(lines[start]);
            lines.truncate(start);
            found
        }
        None => Vec::new(),
    }
}

/// Finds settings on the same line as the prompt, starting at the last `Steps:` with a number.
fn inline_settings(line: &str) -> Option<(&str, Vec<(&str, &str)>)> {
    line.rmatch_indices("Steps: ").take(MAX_PLACES).find_map(|(at, name)| {
        let (text, rest) = line.split_at(at);
        let is_word = text.is_empty() || text.ends_with(|letter: char| !letter.is_alphanumeric());
        let has_number = rest[name.len()..].starts_with(|letter: char| letter.is_ascii_digit());
        (is_word && has_number).then_some(())?;
        let found = settings(rest);
        (known(&found) >= MIN_SETTINGS).then_some((text.trim_end_matches([' ', ',']), found))
    })
}

fn known(settings: &[(&str, &str)]) -> usize {
    KNOWN.iter().filter(|name| settings.iter().any(|(key, _)| key == *name)).count()
}

/// Splits a line into names and values like the program's regular expression, which skips anything
/// between them:
///
/// ```text
/// \s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)
/// ```
fn settings(line: &str) -> Vec<(&str, &str)> {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let is_name = |letter: char| is_word(letter) || matches!(letter, ' ' | '-' | '/');
    let mut found = Vec::new();
    let mut rest = line;
    while let Some(start) = rest.find(is_name) {
        if found.len() == MAX_SETTINGS {
            break;
        }
        rest = &rest[start..];
        let (run, after) = rest.split_at(rest.find(|letter| !is_name(letter)).unwrap_or(rest.len()));
        rest = after;
        let name = run.find(is_word).map(|at| &run[at..]);
        let Some(after) = after.strip_prefix(':') else { continue };
        // The expression requires at least two characters in a name.
        let Some(name) = name.filter(|name| name.chars().nth(1).is_some()) else { continue };
        let after = after.trim_start();
        let end =
            quoted(after).or_else(|| bare_json(after)).or_else(|| after.find(',')).unwrap_or(after.len());
        found.push((name, &after[..end]));
        rest = &after[end..];
    }
    found
}

/// The end of a quoted value that is followed by a comma or the end of the line.
fn quoted(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('"')?;
    let mut escaped = false;
    let length = inner.find(|letter| {
        let ends = letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        ends
    })?;
    let end = length + 2;
    (length > 0 && ends_value(&text[end..])).then_some(end)
}

/// The end of a JSON array or object that is followed by a comma or the end of the line.
fn bare_json(text: &str) -> Option<usize> {
    text.starts_with(['[', '{']).then_some(())?;
    let mut values: StreamDeserializer<'_, StrRead<'_>, serde::de::IgnoredAny> =
        serde_json::Deserializer::from_str(text).into_iter();
    values.next()?.ok()?;
    let end = values.byte_offset();
    ends_value(&text[end..]).then_some(end)
}

fn ends_value(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.is_empty() || rest.starts_with(',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_match_the_regular_expression() {
        for (line, expected) in [
            ("Steps: 20, CFG scale: 7", &[("Steps", "20"), ("CFG scale", "7")][..]),
            ("a: 1, bb: 2", &[("bb", "2")]),
            (
                "- Name/x-y: 1,, ::, __b: \"c, \\\"d\\\": e\",f g:h",
                &[("Name/x-y", "1"), ("__b", "\"c, \\\"d\\\": e\""), ("f g", "h")],
            ),
            (
                "aa: \"b\" c, dd: \"\", ee: \"open, ff: 1",
                &[("aa", "\"b\" c"), ("dd", "\"\""), ("ee", "\"open"), ("ff", "1")],
            ),
            (
                "aa: [{\"Seed: 1\": \"Steps: 3, x\"}], bb: {}",
                &[("aa", "[{\"Seed: 1\": \"Steps: 3, x\"}]"), ("bb", "{}")],
            ),
            ("aa: [ __b__|__c__], dd: 1", &[("aa", "[ __b__|__c__]"), ("dd", "1")]),
            ("größe: 3, 名前: 狐", &[("größe", "3"), ("名前", "狐")]),
            ("no settings here", &[]),
            ("", &[]),
        ] {
            assert_eq!(settings(line), expected, "{line}");
        }
    }

    #[test]
    fn long_lines_take_linear_time() {
        for line in [
            "a".repeat(1 << 22),
            "aa:[".repeat(1 << 20),
            "aa:\"\\\"".repeat(1 << 20),
            "Steps: 1".repeat(1 << 19),
        ] {
            let _ = parse(&line);
        }
    }
}
