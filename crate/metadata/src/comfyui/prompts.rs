//! Follows the links from a sampler's conditioning to the prompts. Only links that carry
//! conditioning or text are followed, so that no text is found through a CLIP model or an image.

use serde_json::{Map, Value};

use super::{
    super::fields::MAX_LENGTH,
    graph::{Graph, Link, Node, Side, is_condition, is_pipe, natural},
};

/// Inputs of text encoders. The first group with text is used, with all its inputs.
const ENCODER_TEXTS: [&[&str]; 9] = [
    &["populated_text"],
    &["text"],
    &["text_g", "text_l"],
    &["clip_l", "clip_g", "t5xxl", "llama"],
    &["bert", "mt5xl"],
    &["prompt"],
    &["user_prompt"],
    &["caption"],
    &["string"],
];
/// Inputs of nodes that contain or pass on text. The first one with text is used.
const TEXTS: [&str; 12] = [
    "populated_text",
    "text",
    "string",
    "value",
    "prompt",
    "Text",
    "String",
    "prompt_text",
    "wildcard_text",
    "text_0",
    "text2",
    "content",
];
/// Substrings of the names of inputs that carry neither conditioning nor text.
const OTHERS: [&str; 28] = [
    "clip",
    "model",
    "vae",
    "image",
    "latent",
    "mask",
    "control_net",
    "controlnet",
    "pixels",
    "samples",
    "noise",
    "sigma",
    "sampler",
    "guider",
    "lora",
    "delim",
    "separator",
    "style",
    "file",
    "path",
    "seed",
    "mode",
    "type",
    "log_",
    "prompt_to",
    "system",
    "find",
    "replace",
];

impl<'a> Graph<'a> {
    /// The prompts of a sampler's conditioning, or of its guider's.
    pub(super) fn condition_of_sampler(&self, sampler: Node<'a>, side: Side) -> Vec<String> {
        self.restart();
        let names: &[&str] = match side {
            Side::Positive => &["positive", "conditioning", "cond1", "text_embeds"],
            Side::Negative => &["negative", "text_embeds"],
        };
        let own = self.lookup(sampler, names, 0).map(|(_, value)| value);
        let guided = || {
            let guider = self.link(self.lookup(sampler, &["guider"], 0)?.1)?.node;
            self.lookup(guider, names, 0).map(|(_, value)| value)
        };
        own.or_else(guided).map(|value| self.condition(value, side, 0)).unwrap_or_default()
    }

    /// The prompts of a conditioning, in order and without duplicates.
    fn condition(&self, value: &'a Value, side: Side, depth: usize) -> Vec<String> {
        if let Some(link) = self.link(value) {
            let find = || self.condition_of(link, side, depth).unwrap_or_default();
            return self.once((link.node.id, link.output, true, side), find);
        }
        let text = value.as_str().filter(|text| !text.trim().is_empty());
        text.and_then(|text| self.text(text)).into_iter().collect()
    }

    fn condition_of(&self, link: Link<'a>, side: Side, depth: usize) -> Option<Vec<String>> {
        let node = link.node;
        self.step(node, depth)?;
        if node.kind.to_lowercase().contains("zeroout") || is_computed(node.kind) {
            return None;
        }
        if let Some(value) = self.switched(node, depth) {
            return Some(self.condition(value, side, depth + 1));
        }
        if let Some((positive, negative)) = pair(node.inputs) {
            let side = self.side(link, side);
            let value = if side == Side::Positive { positive } else { negative };
            return Some(self.condition(value, side, depth + 1));
        }
        // An input for the other side is never used for this one, even if this one has no input.
        let takes_pipe = node.inputs.keys().any(|name| is_pipe(name));
        let side = if takes_pipe { self.side(link, side) } else { side };
        let other = if side == Side::Positive { "negative" } else { "positive" };
        let is_own = |name: &str| is_condition(name) && !name.to_lowercase().contains(other);
        let mut conditions: Vec<(&'a String, &'a Value)> =
            node.inputs.iter().filter(|(name, value)| is_own(name) && self.link(value).is_some()).collect();
        // Appended conditioning comes last.
        conditions.sort_by_cached_key(|(name, _)| (name.ends_with("_from"), natural(name)));
        let mut texts: Vec<String> = Vec::new();
        for (_, value) in conditions {
            for text in self.condition(value, side, depth + 1) {
                if !texts.contains(&text) {
                    texts.push(text);
                }
            }
        }
        if texts.is_empty() {
            texts = self.encoded(node, side, depth);
        }
        if texts.is_empty() {
            texts = self.condition_in_pipe(link, side, depth).unwrap_or_default();
        }
        if texts.is_empty() {
            texts.extend(self.string_of(link, side, depth + 1).filter(|text| !text.trim().is_empty()));
        }
        if texts.is_empty() {
            let only = self.only_link(node)?;
            texts = self.condition(only, side, depth + 1);
        }
        Some(texts)
    }

    /// The prompts of a text encoder.
    fn encoded(&self, node: Node<'a>, side: Side, depth: usize) -> Vec<String> {
        for group in ENCODER_TEXTS {
            let mut texts: Vec<String> = Vec::new();
            for value in group.iter().filter_map(|name| node.inputs.get(*name)) {
                let text = self.string(value, side, depth + 1).unwrap_or_default();
                if !text.trim().is_empty() && !texts.contains(&text) {
                    texts.push(text);
                }
            }
            if !texts.is_empty() {
                return texts;
            }
        }
        Vec::new()
    }

    /// The conditioning that a node takes from a pipe.
    fn condition_in_pipe(&self, link: Link<'a>, side: Side, depth: usize) -> Option<Vec<String>> {
        link.node.inputs.keys().any(|name| is_pipe(name)).then_some(())?;
        let name = if side == Side::Positive { "positive" } else { "negative" };
        let (_, value) = self.lookup(link.node, &[name], depth + 1)?;
        Some(self.condition(value, side, depth + 1))
    }

    /// The text of an input, or `None` if it cannot be determined.
    pub(super) fn string(&self, value: &'a Value, side: Side, depth: usize) -> Option<String> {
        match self.link(value) {
            Some(link) => {
                let find = || self.string_of(link, side, depth).into_iter().collect();
                self.once((link.node.id, link.output, false, side), find).pop()
            }
            None => self.text(value.as_str()?),
        }
    }

    fn string_of(&self, link: Link<'a>, side: Side, depth: usize) -> Option<String> {
        let node = link.node;
        self.step(node, depth)?;
        if is_computed(node.kind) {
            return None;
        }
        if let Some(value) = self.switched(node, depth) {
            return self.string(value, side, depth + 1);
        }
        if let Some((positive, negative)) = pair(node.inputs) {
            let side = self.side(link, side);
            let value = if side == Side::Positive { positive } else { negative };
            return self.string(value, side, depth + 1);
        }
        if is_concatenation(node.kind) {
            return self.concatenated(node, side, depth);
        }
        if node.kind.to_lowercase().contains("replace") && node.inputs.contains_key("find") {
            let part = |name: &str| self.string(node.inputs.get(name)?, side, depth + 1);
            let text = part("string").or_else(|| part("text"))?;
            return self.text(&replaced(&text, &part("find")?, &part("replace")?)?);
        }
        let mut names: Vec<&str> = TEXTS.to_vec();
        // `use_input_text: false` selects the node's own text.
        if node.inputs.get("use_input_text").and_then(Value::as_bool) == Some(false) {
            names.insert(0, "prompt_text");
        }
        let (own, opposite) =
            if side == Side::Positive { ("positive", "negative") } else { ("negative", "positive") };
        let is_text = |name: &&String| {
            let lower = name.to_lowercase();
            let is_text = ["text", "prompt", "string"].iter().any(|part| lower.contains(part));
            is_text && !TEXTS.contains(&name.as_str()) && !is_other(&lower) && !lower.contains(opposite)
        };
        // If a known input is present but empty, the text is empty; no other input replaces it.
        if !TEXTS.iter().any(|name| node.inputs.contains_key(*name)) {
            names.extend(node.inputs.keys().filter(is_text).map(String::as_str));
        }
        names.push(own);
        let found = names
            .iter()
            .filter_map(|name| self.string(node.inputs.get(*name)?, side, depth + 1))
            .find(|text| !text.trim().is_empty());
        found.or_else(|| self.string(self.only_link(node)?, side, depth + 1))
    }

    /// Joins the text inputs of a node in the order of their names.
    fn concatenated(&self, node: Node<'a>, side: Side, depth: usize) -> Option<String> {
        let is_delimiter = |name: &str| name.contains("delim") || name.contains("separator");
        let delimiter = node.inputs.iter().find(|(name, _)| is_delimiter(&name.to_lowercase()));
        let delimiter = delimiter.and_then(|(_, value)| self.string(value, side, depth + 1));
        let delimiter = match delimiter.as_deref() {
            None | Some("space") => " ".to_owned(),
            Some("comma") => ", ".to_owned(),
            Some("newline") => "\n".to_owned(),
            Some(text) => text.replace("\\n", "\n").replace("\\t", "\t"),
        };
        let is_part = |name: &String, value: &Value| {
            let lower = name.to_lowercase();
            let names = ["text", "string", "str", "prompt", "input", "prefix", "suffix", "part", "line"];
            !is_other(&lower)
                && (self.link(value).is_some() || names.iter().any(|start| lower.starts_with(start)))
        };
        let mut parts: Vec<(&'a String, &'a Value)> =
            node.inputs.iter().filter(|(name, value)| is_part(name, value)).collect();
        parts.sort_by_cached_key(|(name, _)| {
            let lower = name.to_lowercase();
            (lower.contains("suffix") || lower.contains("append"), !lower.contains("prefix"), natural(name))
        });
        let texts = parts.into_iter().filter_map(|(_, value)| self.string(value, side, depth + 1));
        // ComfyUI's own node also joins empty strings.
        let texts: Vec<String> =
            texts.filter(|text| node.kind == "StringConcatenate" || !text.trim().is_empty()).collect();
        let length = texts.iter().map(String::len).sum::<usize>() + delimiter.len() * texts.len();
        (length <= MAX_LENGTH).then_some(())?;
        self.text(&texts.join(&delimiter))
    }

    /// The only link of a node that may carry conditioning or text, which a reroute passes on.
    fn only_link(&self, node: Node<'a>) -> Option<&'a Value> {
        let mut links = node.inputs.iter().filter(|(name, value)| {
            !is_other(&name.to_lowercase()) && !is_pipe(name) && self.link(value).is_some()
        });
        let (_, value) = links.next()?;
        links.next().is_none().then_some(value)
    }
}

/// The positive and negative inputs of a node that has both.
fn pair(inputs: &Map<String, Value>) -> Option<(&Value, &Value)> {
    let is_value = |value: &&Value| value.is_string() || value.is_array();
    let of = |name: &String, value| {
        let negative = name.replace("positive", "negative").replace("Positive", "Negative");
        let negative = if negative == *name { name.replace("pos", "neg") } else { negative };
        (negative != *name).then_some(())?;
        Some((value, inputs.get(&negative).filter(is_value)?))
    };
    let exact = inputs.get("positive").zip(inputs.get("negative"));
    exact.filter(|(positive, negative)| is_value(positive) && is_value(negative)).or_else(|| {
        inputs.iter().filter(|(_, value)| is_value(value)).find_map(|(name, value)| of(name, value))
    })
}

fn is_other(name: &str) -> bool {
    OTHERS.iter().any(|part| name.contains(part))
}

fn is_concatenation(kind: &str) -> bool {
    let kind = kind.to_lowercase();
    ["concat", "join", "combine", "append", "merge", "stringfunction"].iter().any(|part| kind.contains(part))
}

/// Whether a node's text only exists while the graph runs.
fn is_computed(kind: &str) -> bool {
    let kind = kind.to_lowercase();
    [
        "llm",
        "gpt",
        "ollama",
        "florence",
        "caption",
        "tagger",
        "gemini",
        "claude",
        "interrogat",
        "vlm",
        "textgenerate",
    ]
    .iter()
    .any(|part| kind.contains(part))
}

/// Replaces all occurrences of a string, unless the result is too long.
fn replaced(text: &str, find: &str, with: &str) -> Option<String> {
    let places = if find.is_empty() { return Some(text.to_owned()) } else { text.matches(find).count() };
    (text.len() + places * with.len() <= MAX_LENGTH).then(|| text.replace(find, with))
}
