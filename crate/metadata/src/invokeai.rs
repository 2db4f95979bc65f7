//! InvokeAI's three formats: `invokeai_metadata` since version 3, `sd-metadata` in version 2, and
//! `Dream` in version 1, a command line that reproduces the image. Before version 3, the negative
//! prompt is in brackets within the prompt; it is left there.

use serde_json::{Map, Value};

use super::{fields::TextFields, json, metadata::Metadata};

pub(super) fn read(fields: &TextFields) -> Option<Metadata> {
    let readers = [
        fields.object("invokeai_metadata").map(version_3),
        fields.object("sd-metadata").and_then(version_2),
        fields.get("Dream").or_else(|| fields.get("dream")).and_then(dream),
    ];
    let mut found: Vec<Metadata> = readers.into_iter().flatten().collect();
    let best = found.iter().position(|metadata| metadata.prompt.is_some()).unwrap_or(0);
    (best < found.len()).then(|| found.swap_remove(best))
}

fn version_3(found: &Map<String, Value>) -> Metadata {
    let model = found.get("model");
    let name = |name: &str| model.and_then(|model| json::text(model.get(name)));
    Metadata {
        generator: "invokeai",
        prompt: json::text(found.get("positive_prompt")),
        negative_prompt: json::text(found.get("negative_prompt")),
        seed: json::seed(found.get("seed")),
        model: name("name").or_else(|| name("model_name")),
        steps: json::number(found.get("steps")),
        guidance: json::number(found.get("cfg_scale")).or_else(|| json::number(found.get("guidance"))),
        sampler: None,
        scheduler: json::text(found.get("scheduler")),
        width: json::side(found.get("width")),
        height: json::side(found.get("height")),
    }
}

fn version_2(found: &Map<String, Value>) -> Option<Metadata> {
    let image = found.get("image")?.as_object()?;
    let prompt = match image.get("prompt") {
        // Several weighted prompts are blended.
        Some(Value::Array(parts)) => {
            let parts: Vec<String> = parts.iter().filter_map(|part| json::text(part.get("prompt"))).collect();
            (!parts.is_empty()).then(|| parts.join("\n"))
        }
        prompt => json::text(prompt),
    };
    Some(Metadata {
        generator: "invokeai",
        prompt,
        negative_prompt: None,
        seed: json::seed(image.get("seed")),
        model: json::text(found.get("model_weights")),
        steps: json::number(image.get("steps")),
        guidance: json::number(image.get("cfg_scale")),
        sampler: json::text(image.get("sampler")),
        scheduler: None,
        width: json::side(image.get("width")),
        height: json::side(image.get("height")),
    })
}

/// Parses a command line such as `"a fox [blurry]" -s 50 -S 123 -W 512 -H 768 -C 7.5 -A k_lms`. A
/// value may directly follow its option letter, and quotes within the prompt are not escaped.
fn dream(line: &str) -> Option<Metadata> {
    let line = line.trim();
    let (prompt, options) = match line.strip_prefix('"') {
        Some(quoted) => {
            // The last quote that is followed by options or the end of the line.
            let is_end = |at: usize| {
                let rest = quoted[at + 1..].trim_start();
                rest.is_empty() || rest.starts_with('-')
            };
            let end = quoted.rmatch_indices('"').map(|(at, _)| at).find(|&at| is_end(at))?;
            (&quoted[..end], &quoted[end + 1..])
        }
        None => line
            .match_indices(" -")
            .map(|(at, _)| line.split_at(at))
            .find(|(_, rest)| is_option(rest))
            .unwrap_or((line, "")),
    };
    let value = |names: &[&str]| {
        names.iter().find_map(|name| {
            let mut words = options.split_whitespace();
            words
                .by_ref()
                .find_map(|word| {
                    let rest = word.strip_prefix(name)?;
                    let is_long = name.starts_with("--");
                    let rest = if is_long { rest.strip_prefix('=').unwrap_or(rest) } else { rest };
                    (rest.is_empty() || !is_long || word.contains('=')).then_some(rest.to_owned())
                })
                .and_then(|rest| if rest.is_empty() { words.next().map(str::to_owned) } else { Some(rest) })
        })
    };
    let number = |names: &[&str]| value(names)?.parse::<f64>().ok().filter(|number| number.is_finite());
    let side = |names: &[&str]| number(names).filter(|side| *side >= 1.0 && side.fract() == 0.0);
    let found = Metadata {
        generator: "invokeai",
        prompt: Some(prompt.trim().to_owned()).filter(|prompt| !prompt.is_empty()),
        negative_prompt: None,
        seed: value(&["--seed", "-S"]).and_then(|seed| json::seed_digits(&seed)),
        model: None,
        steps: number(&["--steps", "-s"]),
        guidance: number(&["--cfg_scale", "-C"]),
        sampler: value(&["--sampler", "-A"]),
        scheduler: None,
        width: side(&["--width", "-W"]),
        height: side(&["--height", "-H"]),
    };
    (found.prompt.is_some() || found.seed.is_some()).then_some(found)
}

/// Whether text starts with an option for a generation setting.
fn is_option(text: &str) -> bool {
    let text = text.trim_start();
    let mut letters = text.strip_prefix('-').unwrap_or_default().chars();
    let is_short = matches!(letters.next(), Some('s' | 'S' | 'W' | 'H' | 'C'))
        && matches!(letters.next(), Some(' ' | '0'..='9'));
    let is_long = ["--steps", "--seed", "--width", "--height", "--cfg_scale", "--sampler"];
    is_short || text.starts_with("-A") || is_long.iter().any(|name| text.starts_with(name))
}
