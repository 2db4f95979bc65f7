//! The values that a pickle builds, in an arena, so that cycles and nesting need no special
//! handling.

use super::{error::TorchError, storage::StorageView};

/// Index of a value.
pub(super) type Id = u32;

/// Maximum number of values. ViT-H/14 with its optimizer state has 100,000.
const MAX_VALUES: usize = 1 << 20;
/// Maximum number of values copied between collections.
const MAX_COPIED: usize = 16 << 20;

/// One value.
#[derive(Debug)]
pub(super) enum Node {
    None,
    Bool(bool),
    Int(i64),
    Float,
    /// A short string, such as a name.
    Text(Box<str>),
    /// A long string, bytes or a large integer; only its type is kept.
    Blob(&'static str),
    List(Vec<Id>),
    Tuple(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    /// A class or function, as `module.name`.
    Global(Box<str>),
    /// The result of an unknown class or function, with all its arguments.
    Object {
        class: Id,
        parts: Vec<Id>,
    },
    Storage(StorageView),
    Tensor(Box<TensorNode>),
}

/// The arguments of a tensor's rebuild function.
#[derive(Debug, Clone)]
pub(super) struct TensorNode {
    pub(super) storage: StorageView,
    /// Offset of its first element in the storage.
    pub(super) offset: i64,
    pub(super) shape: Vec<i64>,
    /// Stride of each dimension in elements.
    pub(super) strides: Vec<i64>,
}

/// All values of a pickle.
#[derive(Debug, Default)]
pub(super) struct Graph {
    nodes: Vec<Node>,
    copied: usize,
}

impl Graph {
    pub(super) fn add(&mut self, node: Node) -> Result<Id, TorchError> {
        if self.nodes.len() >= MAX_VALUES {
            return Err(TorchError::TooLarge { most: MAX_VALUES as u64, what: "values" });
        }
        self.nodes.push(node);
        Ok((self.nodes.len() - 1) as Id)
    }

    /// Counts the values that a call copies, to limit repeated copying.
    pub(super) fn charge(&mut self, arguments: Id) -> Result<(), TorchError> {
        let lengths = self.sequence(arguments).unwrap_or_default().iter().map(|&id| match self.get(id) {
            Node::List(items) | Node::Tuple(items) => items.len(),
            Node::Dict(pairs) => 2 * pairs.len(),
            _ => 0,
        });
        self.copied = self.copied.saturating_add(lengths.take(1).sum::<usize>());
        if self.copied > MAX_COPIED {
            return Err(TorchError::TooLarge { most: MAX_COPIED as u64, what: "copied values" });
        }
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn get(&self, id: Id) -> &Node {
        // Always present, because only `add` creates ids.
        self.nodes.get(id as usize).unwrap_or(&Node::None)
    }

    pub(super) fn get_mut(&mut self, id: Id) -> Option<&mut Node> {
        self.nodes.get_mut(id as usize)
    }

    pub(super) fn text(&self, id: Id) -> Option<&str> {
        match self.get(id) {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn int(&self, id: Id) -> Option<i64> {
        match self.get(id) {
            Node::Int(int) => Some(*int),
            _ => None,
        }
    }

    pub(super) fn global(&self, id: Id) -> Option<&str> {
        match self.get(id) {
            Node::Global(name) => Some(name),
            _ => None,
        }
    }

    /// The items of a list or tuple.
    pub(super) fn sequence(&self, id: Id) -> Option<&[Id]> {
        match self.get(id) {
            Node::List(items) | Node::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// All values directly inside a value.
    pub(super) fn parts(&self, id: Id) -> impl Iterator<Item = Id> + '_ {
        let (items, pairs): (&[Id], &[(Id, Id)]) = match self.get(id) {
            Node::List(items) | Node::Tuple(items) | Node::Object { parts: items, .. } => (items, &[]),
            Node::Dict(pairs) => (&[], pairs),
            _ => (&[], &[]),
        };
        items.iter().copied().chain(pairs.iter().flat_map(|&(key, value)| [key, value]))
    }

    /// The type of a value, for error messages: the class of an object.
    pub(super) fn kind(&self, id: Id) -> String {
        match self.get(id) {
            Node::None => "None".into(),
            Node::Bool(_) => "bool".into(),
            Node::Int(_) => "int".into(),
            Node::Float => "float".into(),
            Node::Text(_) => "str".into(),
            Node::Blob(kind) => (*kind).into(),
            Node::List(_) => "list".into(),
            Node::Tuple(_) => "tuple".into(),
            Node::Dict(_) => "dict".into(),
            Node::Global(name) => name.to_string(),
            Node::Object { class, .. } => self.class_name(*class),
            Node::Storage(_) => "storage".into(),
            Node::Tensor(_) => "tensor".into(),
        }
    }

    /// The name of an object's class. The class may itself be an object.
    pub(super) fn class_name(&self, mut class: Id) -> String {
        for _ in 0..16 {
            match self.get(class) {
                Node::Global(name) => return name.to_string(),
                Node::Object { class: next, .. } => class = *next,
                _ => break,
            }
        }
        "an object without a class".into()
    }

    /// The key of an entry as a string.
    pub(super) fn key(&self, id: Id) -> String {
        match self.get(id) {
            Node::Text(text) => text.to_string(),
            Node::Int(int) => int.to_string(),
            Node::Bool(bool) => bool.to_string(),
            _ => format!("({})", self.kind(id)),
        }
    }
}
