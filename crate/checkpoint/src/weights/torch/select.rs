//! Selects the model's tensors from the values of a checkpoint.
//!
//! The state dict is at the root, or inside the dicts that training programs wrap around it
//! (open_clip and Lightning write `{"epoch": …, "state_dict": …, "optimizer": …}`, BLIP `{"model":
//! …}`). All other values are skipped and listed.

use super::{
    error::TorchError,
    graph::{Graph, Id, Node},
};

/// Keys of a wrapper's entry with the model's tensors, the most likely first.
const MODEL_KEYS: [&str; 10] = [
    "state_dict",
    "model_state_dict",
    "model",
    "module",
    "params",
    "net",
    "network",
    "weights",
    "generator",
    "student",
];
/// Prefixes of keys whose tensors are not the model's.
const OTHER_STATE: [&str; 12] =
    ["optim", "lr_", "sched", "scaler", "amp", "rng", "random", "callbacks", "loops", "ema", "grad", "hyper"];
/// Maximum number of wrappers around a state dict.
const MAX_DEPTH: usize = 8;
/// Maximum number of skipped values that are listed.
const MAX_SKIPPED: usize = 256;
/// Maximum length of a quoted name.
const MAX_NAME_LENGTH: usize = 120;

/// A value of a checkpoint that was skipped, because it is not a tensor of the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedOver {
    /// Its path, for example `epoch` or `state_dict.config`.
    pub name: String,
    /// Its type or class, for example `int` or `argparse.Namespace`.
    pub kind: String,
}

impl std::fmt::Display for PassedOver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.name, self.kind)
    }
}

/// The tensors of a model, and the skipped values.
#[derive(Debug, Default)]
pub(super) struct Selection {
    /// Unique names with their tensors.
    pub(super) tensors: Vec<(String, Id)>,
    pub(super) passed_over: Vec<PassedOver>,
}

/// Finds the model's tensors.
pub(super) fn select(graph: &Graph, root: Id) -> Result<Selection, TorchError> {
    let reach = Reach::of(graph);
    let mut selection = Selection::default();
    let mut path = String::new();
    let mut node = root;
    for _ in 0..MAX_DEPTH {
        if matches!(graph.get(node), Node::Tensor(_)) {
            let name = if path.is_empty() { "tensor" } else { path.trim_end_matches('.') };
            selection.tensors.push((name.into(), node));
            return Ok(selection);
        }
        let entries = match graph.get(node) {
            Node::List(_) | Node::Tuple(_) | Node::Dict(_) => entries(graph, node),
            _ => return Err(reach.nothing(graph, node, vec![graph.kind(node)])),
        };
        let Some(next) = wrapper(graph, &reach, node, &entries)? else {
            return take(graph, &reach, &path, entries, selection);
        };
        for (name, value) in &entries {
            if *value != next {
                selection.pass_over(graph, &path, name, *value);
            }
        }
        let name = entries.into_iter().find(|(_, value)| *value == next).map(|(name, _)| name);
        path = format!("{path}{}.", shortened(&name.unwrap_or_default()));
        node = next;
    }
    Err(TorchError::Pickle {
        position: 0,
        reason: format!("its tensors are nested in more than {MAX_DEPTH} dictionaries"),
    })
}

/// The entry of a wrapper that contains the model. Returns `None` if these entries are the model's
/// own.
fn wrapper(
    graph: &Graph,
    reach: &Reach,
    node: Id,
    entries: &[(String, Id)],
) -> Result<Option<Id>, TorchError> {
    let is_collection = |id: Id| matches!(graph.get(id), Node::List(_) | Node::Tuple(_) | Node::Dict(_));
    let holds = |id: Id| is_collection(id) && reach.plain(id);
    let tensors = |entries: &[(String, Id)]| {
        entries.iter().filter(|(_, value)| matches!(graph.get(*value), Node::Tensor(_))).count()
    };
    for wrapped in MODEL_KEYS {
        if let Some((_, value)) = entries.iter().find(|(name, value)| name == wrapped && holds(*value)) {
            return Ok(Some(*value));
        }
    }
    let elsewhere = |name: &str| {
        let lower = name.to_ascii_lowercase();
        OTHER_STATE.iter().any(|start| lower.starts_with(start))
    };
    let direct = tensors(entries);
    let collections: Vec<&(String, Id)> = entries.iter().filter(|(_, value)| holds(*value)).collect();
    let likely: Vec<&(String, Id)> =
        collections.iter().filter(|(name, _)| !elsewhere(name)).copied().collect();
    let candidates = if likely.is_empty() { collections } else { likely };
    if direct > 0 {
        // A tensor next to a single collection with more tensors is a training value, such as a
        // step count.
        return Ok(match candidates[..] {
            [(_, value)] if tensors(&self::entries(graph, *value)) > direct => Some(*value),
            _ => None,
        });
    }
    // The model is an object of its class instead of a state dict.
    let object = entries.iter().find(|(name, value)| {
        MODEL_KEYS.contains(&name.as_str()) && !is_collection(*value) && reach.any(*value)
    });
    match (candidates.as_slice(), object) {
        (_, Some((_, object))) => Err(reach.nothing(graph, *object, Vec::new())),
        ([(_, value)], None) => Ok(Some(*value)),
        ([], None) => {
            let found =
                entries.iter().map(|(name, value)| format!("{} ({})", shortened(name), graph.kind(*value)));
            Err(reach.nothing(graph, node, found.collect()))
        }
        (several, None) => {
            Err(TorchError::Several { found: several.iter().map(|(name, _)| shortened(name)).collect() })
        }
    }
}

/// Takes the tensors from a state dict's entries.
fn take(
    graph: &Graph,
    reach: &Reach,
    path: &str,
    entries: Vec<(String, Id)>,
    mut selection: Selection,
) -> Result<Selection, TorchError> {
    for (name, value) in entries {
        match graph.get(value) {
            Node::Tensor(_) => selection.tensors.push((name, value)),
            Node::Object { .. } if reach.any(value) => return Err(reach.nothing(graph, value, Vec::new())),
            _ => selection.pass_over(graph, path, &name, value),
        }
    }
    Ok(selection)
}

impl Selection {
    fn pass_over(&mut self, graph: &Graph, path: &str, name: &str, value: Id) {
        if self.passed_over.len() < MAX_SKIPPED {
            let name = format!("{path}{}", shortened(name));
            self.passed_over.push(PassedOver { name, kind: shortened(&graph.kind(value)) });
        }
    }
}

/// The entries of a collection in order. As in Python, the last of several equal keys wins.
fn entries(graph: &Graph, node: Id) -> Vec<(String, Id)> {
    match graph.get(node) {
        Node::List(items) | Node::Tuple(items) => {
            items.iter().enumerate().map(|(index, &item)| (index.to_string(), item)).collect()
        }
        Node::Dict(pairs) => {
            let mut at = std::collections::HashMap::with_capacity(pairs.len());
            let mut entries: Vec<(String, Id)> = Vec::with_capacity(pairs.len());
            for &(key, value) in pairs {
                let key = graph.key(key);
                match at.get(&key) {
                    Some(&index) => entries[index] = (key, value),
                    None => {
                        at.insert(key.clone(), entries.len());
                        entries.push((key, value));
                    }
                }
            }
            entries
        }
        _ => Vec::new(),
    }
}

fn shortened(name: &str) -> String {
    name.chars().take(MAX_NAME_LENGTH).collect()
}

/// The values from which a tensor is reachable.
struct Reach {
    /// Through collections only.
    plain: Vec<bool>,
    /// Through objects of unknown classes too.
    any: Vec<bool>,
}

impl Reach {
    fn of(graph: &Graph) -> Self {
        // The containers of each value, as adjacency lists in one array.
        let count = graph.len();
        let mut starts = vec![0u32; count + 1];
        for id in 0..count as Id {
            graph.parts(id).for_each(|part| starts[part as usize + 1] += 1);
        }
        for id in 0..count {
            starts[id + 1] += starts[id];
        }
        let mut holders = vec![0 as Id; starts[count] as usize];
        let mut next = starts.clone();
        for id in 0..count as Id {
            for part in graph.parts(id) {
                holders[next[part as usize] as usize] = id;
                next[part as usize] += 1;
            }
        }
        let spread = |objects: bool| {
            let mut reached = vec![false; count];
            let mut queue: Vec<Id> = (0..count as Id)
                .filter(|&id| matches!(graph.get(id), Node::Tensor(_) | Node::Storage(_)))
                .collect();
            while let Some(id) = queue.pop() {
                if std::mem::replace(&mut reached[id as usize], true) {
                    continue;
                }
                let range = starts[id as usize] as usize..starts[id as usize + 1] as usize;
                let passes = |&&holder: &&Id| objects || !matches!(graph.get(holder), Node::Object { .. });
                queue.extend(holders[range].iter().filter(passes).filter(|&&id| !reached[id as usize]));
            }
            reached
        };
        Self { plain: spread(false), any: spread(true) }
    }

    fn plain(&self, id: Id) -> bool {
        self.plain.get(id as usize).copied().unwrap_or(false)
    }

    fn any(&self, id: Id) -> bool {
        self.any.get(id as usize).copied().unwrap_or(false)
    }

    /// The error for a value without tensors: an object of an unknown class contains them, or there
    /// are none.
    fn nothing(&self, graph: &Graph, from: Id, found: Vec<String>) -> TorchError {
        let mut seen = vec![false; graph.len()];
        let mut queue = std::collections::VecDeque::from([from]);
        while let Some(id) = queue.pop_front() {
            if matches!(graph.get(id), Node::Object { .. }) && self.any(id) {
                return TorchError::Depends { name: graph.kind(id) };
            }
            for part in graph.parts(id) {
                if !std::mem::replace(&mut seen[part as usize], true) {
                    queue.push_back(part);
                }
            }
        }
        TorchError::NoTensors { found }
    }
}
