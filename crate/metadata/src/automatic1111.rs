//! The text of Automatic1111's web UI and its descendants (Forge, SD.Next, …): `parameters` in PNG, a user comment elsewhere.
//!
//! ```text
//! a fox in the snow, detailed
//! Negative prompt: blurry
//! Steps: 20, Sampler: Euler a, Schedule type: Karras, CFG scale: 7, Seed: 123, Size: 512x768, Model hash: …, Model: v1-5, Version: v1.10
//! ```
//!
//! Read as `parse_generation_parameters` reads it (`modules/infotext_utils.py`): the last line holds the settings where it has three or more.

use super::{Metadata, texts::Texts};

/// Fewer settings on the last line make it part of the prompt.
const LEAST_SETTINGS: usize = 3;

pub(super) fn read(texts: &Texts) -> Option<Metadata> {
    parse(texts.get("parameters").or_else(|| texts.get("Exif.UserComment"))?)
}

pub(super) fn parse(text: &str) -> Option<Metadata> {
    let mut lines: Vec<&str> = text.trim().lines().collect();
    let settings = lines.last().map(|line| settings(line)).unwrap_or_default();
    if settings.len() < LEAST_SETTINGS {
        // Any text could stand there; only one that names its negative prompt is taken for one of these.
        lines.iter().any(|line| line.starts_with("Negative prompt:")).then_some(())?;
    } else {
        lines.pop();
    }
    let negative = lines.iter().position(|line| line.starts_with("Negative prompt:"));
    let joined = |lines: &[&str]| Some(lines.join("\n").trim().to_owned()).filter(|text| !text.is_empty());
    let prompt = joined(&lines[..negative.unwrap_or(lines.len())]);
    let negative_prompt = negative.and_then(|at| {
        let mut lines = lines[at..].to_vec();
        lines[0] = lines[0].trim_start_matches("Negative prompt:");
        joined(&lines)
    });
    let of = |name: &str| {
        settings
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
            .filter(|value| !value.is_empty())
    };
    let number = |name: &str| of(name)?.parse::<f64>().ok().filter(|number| number.is_finite());
    let size = of("Size");
    let side = |at: usize| size.as_ref()?.split('x').nth(at)?.trim().parse::<u32>().ok().map(f64::from);
    Some(Metadata {
        generator: "automatic1111",
        prompt,
        negative_prompt,
        seed: of("Seed").and_then(|seed| digits(&seed)),
        model: of("Model"),
        steps: number("Steps"),
        guidance: number("CFG scale"),
        sampler: of("Sampler"),
        scheduler: of("Schedule type"),
        width: side(0),
        height: side(1),
    })
}

/// Names and values of a line `Name: value, Name: "value, with commas", …`. Nothing where the line is another.
fn settings(line: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let Some((name, after)) = rest.split_once(':') else { return Vec::new() };
        let name = name.trim();
        let is_name = name.len() >= 2
            && name.starts_with(|first: char| first.is_alphanumeric())
            && name.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '_' | '-' | '/'));
        if !is_name {
            return Vec::new();
        }
        let after = after.trim_start();
        let (value, next) = quoted(after).unwrap_or_else(|| {
            let (value, next) = after.split_once(',').unwrap_or((after, ""));
            (value.trim().to_owned(), next)
        });
        found.push((name.to_owned(), value));
        rest = next.trim_start_matches(',').trim_start();
    }
    found
}

/// A value in quotes, as JSON writes texts, and what comes after it.
fn quoted(text: &str) -> Option<(String, &str)> {
    text.strip_prefix('"')?;
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|&(_, letter)| {
        let ends = letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        ends
    });
    let (end, _) = end?;
    let value = serde_json::from_str(&text[..=end]).ok()?;
    Some((value, &text[end + 1..]))
}

/// A seed: digits, a sign before them at most.
pub(super) fn digits(text: &str) -> Option<String> {
    let text = text.trim();
    let number = text.strip_prefix('-').unwrap_or(text);
    let fits = (1..=40).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.to_owned())
}
