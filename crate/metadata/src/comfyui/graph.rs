//! The nodes, links and values of a graph, and the limits of its traversal.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
};

use serde_json::{Map, Value};

/// Maximum number of inputs visited per query. Graphs have a few hundred nodes with ten inputs
/// each.
const MAX_STEPS: usize = 200_000;
/// Maximum size of all text found, in bytes: text that is joined with itself grows fast.
const MAX_BYTES: usize = 4 << 20;
/// Maximum length of a path between two nodes.
pub(super) const MAX_DEPTH: usize = 100;

/// The side of the prompt that a conditioning belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Positive,
    Negative,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'a> {
    pub(super) id: &'a str,
    /// The node's class (`class_type`).
    pub(super) kind: &'a str,
    pub(super) inputs: &'a Map<String, Value>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Link<'a> {
    pub(super) node: Node<'a>,
    pub(super) output: usize,
}

#[derive(Debug)]
pub(super) struct Graph<'a> {
    nodes: BTreeMap<&'a str, Node<'a>>,
    /// The linked outputs of each node, and those of them linked as conditioning.
    used: BTreeMap<&'a str, BTreeSet<usize>>,
    used_as_condition: BTreeMap<&'a str, BTreeSet<usize>>,
    /// Names of outputs, which only the workflow contains.
    output_names: BTreeMap<(String, usize), &'a str>,
    steps_left: Cell<usize>,
    bytes_left: Cell<usize>,
    /// Prompts found per output. An empty entry marks an output whose search is in progress.
    known_texts: RefCell<BTreeMap<Output<'a>, Vec<String>>>,
}

/// Node id, output index, whether it is used as conditioning, side.
type Output<'a> = (&'a str, usize, bool, Side);

impl<'a> Graph<'a> {
    /// Builds a graph. Returns `None` if it has no nodes.
    pub(super) fn of(
        nodes: &'a Map<String, Value>,
        workflow: Option<&'a Map<String, Value>>,
    ) -> Option<Self> {
        let node = |(id, node): (&'a String, &'a Value)| {
            let kind = node.get("class_type").and_then(Value::as_str).unwrap_or_default();
            Some((id.as_str(), Node { id, kind, inputs: node.get("inputs")?.as_object()? }))
        };
        let mut graph = Self {
            nodes: nodes.iter().filter_map(node).collect(),
            used: BTreeMap::new(),
            used_as_condition: BTreeMap::new(),
            output_names: workflow.map(output_names).unwrap_or_default(),
            steps_left: Cell::new(MAX_STEPS),
            bytes_left: Cell::new(MAX_BYTES),
            known_texts: RefCell::default(),
        };
        let nodes: Vec<Node<'a>> = graph.nodes.values().copied().collect();
        for (name, value) in nodes.iter().flat_map(|node| node.inputs) {
            if let Some(link) = graph.link(value) {
                graph.used.entry(link.node.id).or_default().insert(link.output);
                if is_condition(name) {
                    graph.used_as_condition.entry(link.node.id).or_default().insert(link.output);
                }
            }
        }
        (!graph.nodes.is_empty()).then_some(graph)
    }

    /// The nodes in order of their ids.
    pub(super) fn nodes(&self) -> Vec<Node<'a>> {
        let mut nodes: Vec<Node<'a>> = self.nodes.values().copied().collect();
        nodes.sort_by_cached_key(|node| natural(node.id));
        nodes
    }

    /// Parses a value as a link to an existing node.
    pub(super) fn link(&self, value: &Value) -> Option<Link<'a>> {
        let [node, output] = value.as_array()?.as_slice() else { return None };
        let output = usize::try_from(output.as_u64()?).ok()?;
        let node = match node {
            Value::String(id) => self.nodes.get(id.as_str()),
            Value::Number(id) => self.nodes.get(id.to_string().as_str()),
            _ => None,
        };
        Some(Link { node: *node?, output })
    }

    /// Resets the step limit for the next query.
    pub(super) fn restart(&self) {
        self.steps_left.set(MAX_STEPS);
    }

    /// Counts a step to a node, weighted by its inputs. Returns `None` if a limit is exceeded.
    pub(super) fn step(&self, node: Node<'a>, depth: usize) -> Option<()> {
        (depth < MAX_DEPTH).then_some(())?;
        self.steps_left.set(self.steps_left.get().checked_sub(1 + node.inputs.len())?);
        Some(())
    }

    /// Counts the bytes of a text. Returns `None` if the limit is exceeded.
    pub(super) fn text(&self, text: &str) -> Option<String> {
        self.bytes_left.set(self.bytes_left.get().checked_sub(text.len())?);
        Some(text.to_owned())
    }

    /// The side of an output of a node that has both sides; `wanted` if it cannot be determined.
    pub(super) fn side(&self, link: Link<'a>, wanted: Side) -> Side {
        let name = self.output_names.get(&(link.node.id.to_owned(), link.output));
        let by_name = name.and_then(|name| {
            let name = name.to_lowercase();
            let is = |part: &str, sign: char| name.contains(part) || name.ends_with(sign);
            match (is("pos", '+'), is("neg", '-')) {
                (true, false) => Some(Side::Positive),
                (false, true) => Some(Side::Negative),
                _ => None,
            }
        });
        let outputs = by_name
            .is_none()
            .then(|| known_outputs(link.node.kind))
            .flatten()
            .or_else(|| self.used_pair(link.node.id));
        let by_number = || match outputs {
            Some((positive, _)) if link.output == positive => Some(Side::Positive),
            Some((_, negative)) if link.output == negative => Some(Side::Negative),
            _ => None,
        };
        by_name.or_else(by_number).unwrap_or(wanted)
    }

    /// The two outputs used as conditioning, or otherwise the only two outputs used. By convention,
    /// the positive one comes first.
    fn used_pair(&self, id: &str) -> Option<(usize, usize)> {
        [&self.used_as_condition, &self.used].into_iter().find_map(|used| {
            let outputs: Vec<usize> = used.get(id)?.iter().copied().collect();
            <[usize; 2]>::try_from(outputs).ok().map(|[first, second]| (first, second))
        })
    }

    /// The prompts of an output, searched for only once. This bounds the cost of cycles and of
    /// nodes reachable on many paths.
    pub(super) fn once(&self, output: Output<'a>, find: impl FnOnce() -> Vec<String>) -> Vec<String> {
        let known = self.known_texts.borrow().get(&output).cloned();
        if let Some(known) = known {
            return known.into_iter().filter(|text| self.text(text).is_some()).collect();
        }
        self.known_texts.borrow_mut().insert(output, Vec::new());
        let found = find();
        self.known_texts.borrow_mut().insert(output, found.clone());
        found
    }

    /// The input that a switch node selects.
    pub(super) fn switched(&self, node: Node<'a>, depth: usize) -> Option<&'a Value> {
        let kind = node.kind.to_lowercase();
        let is_switch =
            kind.contains("switch") || kind.contains("conditionalbranch") || kind.contains("ifelse");
        is_switch.then_some(())?;
        let literal = |names: &[&str]| {
            names.iter().find_map(|name| self.scalar(node.inputs.get(*name)?, &[], depth + 1))
        };
        let condition =
            literal(&["switch", "boolean", "cond", "condition", "bool", "value"]).and_then(Value::as_bool);
        if let Some(condition) = condition {
            let names = if condition {
                ["on_true", "tt_value", "true_value"]
            } else {
                ["on_false", "ff_value", "false_value"]
            };
            return names.iter().find_map(|name| node.inputs.get(*name));
        }
        let number = literal(&["select", "index", "Input", "input", "selected"]).and_then(Value::as_u64);
        let mut links: Vec<&'a String> = node
            .inputs
            .iter()
            .filter(|(_, value)| self.link(value).is_some())
            .map(|(name, _)| name)
            .collect();
        links.sort_by_cached_key(|name| natural(name));
        let chosen = match number {
            Some(number) => links.into_iter().find(|name| natural(name).1 == Some(number)),
            // Without a number, the first connected input.
            None => links.into_iter().next(),
        };
        node.inputs.get(chosen?)
    }

    /// Resolves a value through links: to the input with one of the names, or to the only value of
    /// a primitive node.
    pub(super) fn scalar(&self, value: &'a Value, names: &[&str], depth: usize) -> Option<&'a Value> {
        const PRIMITIVES: [&str; 14] = [
            "value", "Value", "int", "float", "number", "Number", "integer", "INT", "FLOAT", "val", "string",
            "text", "a", "boolean",
        ];
        let Some(link) = self.link(value) else {
            // Some nodes write an object with the value and its preview.
            return match value {
                Value::Array(_) | Value::Null => None,
                Value::Object(object) => object.get("content").or_else(|| object.get("__value__")),
                value => Some(value),
            };
        };
        let node = link.node;
        self.step(node, depth)?;
        if let Some(value) = self.switched(node, depth + 1) {
            return self.scalar(value, names, depth + 1);
        }
        let found = names.iter().chain(&PRIMITIVES).find_map(|name| node.inputs.get(*name));
        let only = || {
            let mut links = node.inputs.values().filter(|value| self.link(value).is_some());
            links.next().filter(|_| links.next().is_none() && node.inputs.len() == 1)
        };
        self.scalar(found.or_else(only)?, names, depth + 1)
    }

    /// The first input with one of the names, of the node itself or of the pipes that lead to it.
    pub(super) fn lookup(
        &self,
        node: Node<'a>,
        names: &[&str],
        depth: usize,
    ) -> Option<(Node<'a>, &'a Value)> {
        self.step(node, depth)?;
        if let Some(value) = names.iter().find_map(|name| node.inputs.get(*name)) {
            return Some((node, value));
        }
        self.pipes(node).into_iter().find_map(|pipe| self.lookup(pipe, names, depth + 1))
    }

    /// The nodes that provide the pipes and contexts of a node. For merged contexts the last one
    /// takes precedence, for switched ones the first.
    fn pipes(&self, node: Node<'a>) -> Vec<Node<'a>> {
        let mut pipes: Vec<(&str, Link<'a>)> = node
            .inputs
            .iter()
            .filter(|(name, _)| is_pipe(name))
            .filter_map(|(name, value)| Some((name.as_str(), self.link(value)?)))
            .collect();
        pipes.sort_by_cached_key(|(name, _)| natural(name));
        if node.kind.to_lowercase().contains("merge") {
            pipes.reverse();
        }
        pipes.into_iter().map(|(_, link)| link.node).collect()
    }
}

/// The positive and negative outputs of well-known nodes.
fn known_outputs(kind: &str) -> Option<(usize, usize)> {
    let starts = |names: &[&str]| names.iter().any(|name| kind.starts_with(name));
    match kind {
        "Efficient Loader" | "KSampler (Efficient)" | "KSampler Adv. (Efficient)" => Some((1, 2)),
        "FromBasicPipe" | "FromDetailerPipe" => Some((3, 4)),
        "FromBasicPipe_v2" | "FromDetailerPipe_v2" => Some((4, 5)),
        _ if starts(&["Context"]) && kind.ends_with("(rgthree)") => Some((4, 5)),
        "easy fullLoader" => Some((4, 5)),
        _ if starts(&["ttN pipe", "ttN tinyLoader", "easy pipeOut"]) => Some((2, 3)),
        _ if starts(&[
            "ControlNet",
            "InpaintModelConditioning",
            "Apply",
            "ACN_",
            "CR Apply",
            "SDXLPromptStyler",
        ]) =>
        {
            Some((0, 1))
        }
        _ => None,
    }
}

/// Whether an input takes conditioning, judged by its name.
pub(super) fn is_condition(name: &str) -> bool {
    let name = name.to_lowercase();
    name.contains("cond") || name.contains("positive") || name.contains("negative")
}

/// Whether an input takes a pipe (a bundle of values), judged by its name.
pub(super) fn is_pipe(name: &str) -> bool {
    let name = name.to_lowercase();
    name.starts_with("ctx")
        || name.contains("pipe")
        || name.ends_with("_ctx")
        || name.ends_with("tuple")
        || name == "context"
}

/// A sort key that puts `text_2` before `text_10`; its second part is the number at the end of the
/// name.
pub(super) fn natural(name: &str) -> (String, Option<u64>, String) {
    let start = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
    (start.to_lowercase(), name[start.len()..].parse().ok(), name.to_owned())
}

fn output_names(workflow: &Map<String, Value>) -> BTreeMap<(String, usize), &str> {
    let mut names = BTreeMap::new();
    for node in workflow.get("nodes").and_then(Value::as_array).into_iter().flatten() {
        let Some(id) = node.get("id") else { continue };
        let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        let outputs = node.get("outputs").and_then(Value::as_array);
        for (number, output) in outputs.into_iter().flatten().enumerate() {
            if let Some(name) = output.get("name").and_then(Value::as_str) {
                names.insert((id.clone(), number), name);
            }
        }
    }
    names
}
