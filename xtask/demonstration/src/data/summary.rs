//! `data.json`: what was made, from which sources, and under which licences.

use std::{collections::BTreeMap, fs};

use serde_json::{Map, Value, json};

use super::Planned;
use crate::{
    arguments::DataArguments,
    fault::Fault,
    gallery::Gallery,
    sources::Read,
    split::{Parts, Split},
};

/// Writes it.
///
/// # Errors
///
/// If it cannot be written.
pub(super) fn write(
    arguments: &DataArguments,
    read: &Read,
    gallery: &Gallery,
    parts: &Parts,
    sets: &[Planned],
) -> Result<(), Fault> {
    let sources: Vec<Value> = read
        .sets
        .iter()
        .map(|set| {
            let drawn = (0..gallery.concepts.len()).filter(|at| gallery.bitmap(*at, set.style).is_some()).count();
            json!({
                "style": set.style.name(), "package": format!("@iconify-json/{}", set.style), "version": set.about.version,
                "title": set.about.title, "author": set.about.author, "source": set.about.source, "licence": set.about.licence,
                "training": read.training.contains(&set.style), "emoji": drawn,
            })
        })
        .collect();
    let names = |part: &[usize]| part.iter().map(|at| gallery.concepts[*at].name.clone()).collect::<Vec<_>>();
    let kept_back = match arguments.split {
        Split::Emoji => json!({"validation": names(&parts.validation), "test": names(&parts.test)}),
        Split::All => json!({}),
    };
    let mut written: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for planned in sets {
        let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
        for recipe in &planned.recipes {
            *kinds.entry(recipe.kind).or_default() += 1;
        }
        let mut prompts: Vec<&str> = planned.recipes.iter().map(|recipe| recipe.caption.as_str()).collect();
        prompts.sort_unstable();
        prompts.dedup();
        let about = json!({"rows": planned.recipes.len(), "prompts": prompts.len(), "emoji": planned.emoji, "kinds": kinds});
        written.entry(planned.set).or_default().insert(planned.split.into(), about);
    }
    let summary = json!({
        "seed": arguments.seed, "size": arguments.size, "kept_out": read.kept_out.name(),
        "split": match arguments.split { Split::Emoji => "emoji", Split::All => "all" },
        "names": {"package": "emojibase-data", "version": read.names.version, "licence": "MIT"},
        "sources": sources, "emoji": gallery.concepts.len(), "kept_back": kept_back, "sets": written,
    });
    let path = arguments.out.join("data.json");
    let fault = |reason: String| Fault::Write { file: path.display().to_string(), reason };
    let text = serde_json::to_string_pretty(&summary).map_err(|error| fault(error.to_string()))?;
    fs::write(&path, text + "\n").map_err(|error| fault(error.to_string()))
}
