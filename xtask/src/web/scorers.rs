//! `crate/score/src/catalogue.rs` → `web/engine/js/scorers.ts`.

use std::{fmt::Write as _, fs};

use anyhow::Result;
use pickscore_score::{Group, SCORERS, Scorer};

use crate::process::root;

const HEADER: &str = "// Generated from crate/score/src/catalogue.rs by `cargo xtask build`.

import type { KnownScorer } from \"./types\";

";

/// Writes the scorers that are known by name as TypeScript.
pub(crate) fn write() -> Result<()> {
    let path = root().join("web/engine/js/scorers.ts");
    let text = typescript()?;
    // An unchanged file keeps its time, so that nothing is built again.
    if fs::read_to_string(&path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    Ok(fs::write(path, text)?)
}

fn typescript() -> Result<String> {
    let names: Vec<String> = SCORERS.iter().map(|scorer| format!("{:?}", scorer.name)).collect();
    let mut text = String::from(HEADER);
    writeln!(text, "/** The name of a scorer. */\nexport type ScorerName = {};\n", names.join(" | "))?;
    writeln!(text, "/** The scorers that are known by name, in the order of lists and tables. */")?;
    writeln!(text, "export const SCORERS: readonly KnownScorer[] = [")?;
    for scorer in &SCORERS {
        writeln!(text, "  {{ {} }},", fields(scorer).join(", "))?;
    }
    text.push_str("];\n");
    Ok(text)
}

fn fields(scorer: &Scorer) -> Vec<String> {
    let Scorer { name, title, weights, published, accuracy, group, .. } = scorer;
    let group = match group {
        Group::Preference => "preference",
        Group::Aesthetics => "aesthetics",
        Group::Similarity => "similarity",
    };
    let text = |text: Option<&str>| text.map_or("null".into(), |text| format!("{text:?}"));
    vec![
        format!("name: {name:?}"),
        format!("title: {title:?}"),
        format!("group: {group:?}"),
        format!("readsPrompt: {}", scorer.reads_prompt()),
        format!("page: {weights:?}"),
        format!("address: {}", text(published.address)),
        format!("needsHead: {}", scorer.needs_head()),
        format!("head: {}", text(published.head)),
        format!("bytes: {}", published.bytes),
        format!("parameters: {}", published.parameters),
        format!("weightsLicence: {}", text(published.weights_licence)),
        format!("codeLicence: {}", text(published.code_licence)),
        format!("accuracy: {}", accuracy.map_or("null".into(), |accuracy| accuracy.to_string())),
    ]
}
