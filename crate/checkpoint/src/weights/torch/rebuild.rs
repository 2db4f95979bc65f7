//! Implements the few supported classes and functions: torch's rebuild functions and Python's
//! collections. All others remain names.

use super::{
    error::TorchError,
    graph::{Graph, Id, Node, TensorNode},
    storage::{StorageView, Storages, element_of_class, element_of_dtype},
};

/// Maximum number of dimensions, the same as in torch.
const DIMENSIONS: usize = 64;

/// The result of calling `callable` with a tuple of arguments.
pub(super) fn call(graph: &mut Graph, callable: Id, arguments: Id) -> Result<Id, TorchError> {
    graph.charge(arguments)?;
    let known = match graph.global(callable) {
        Some(name) => known(graph, name, arguments)?,
        None => None,
    };
    match known {
        Some(Known::Same(id)) => Ok(id),
        Some(Known::New(node)) => graph.add(node),
        None => graph.add(Node::Object { class: callable, parts: vec![arguments] }),
    }
}

enum Known {
    /// An existing value.
    Same(Id),
    New(Node),
}

fn known(graph: &Graph, name: &str, arguments: Id) -> Result<Option<Known>, TorchError> {
    let Some(given) = graph.sequence(arguments) else { return Ok(None) };
    let tensor =
        |id: Option<&Id>| id.copied().filter(|&id| matches!(graph.get(id), Node::Tensor(_))).map(Known::Same);
    let new = |node| Ok(Some(Known::New(node)));
    match name {
        "collections.OrderedDict" | "builtins.dict" | "__builtin__.dict" => match given {
            [] => new(Node::Dict(Vec::new())),
            &[entries] => Ok(dict_of(graph, entries).map(|pairs| Known::New(Node::Dict(pairs)))),
            _ => Ok(None),
        },
        // Its argument is the factory of missing values.
        "collections.defaultdict" => new(Node::Dict(Vec::new())),
        "builtins.list"
        | "__builtin__.list"
        | "builtins.set"
        | "__builtin__.set"
        | "builtins.frozenset"
        | "__builtin__.frozenset" => match given {
            [] => new(Node::List(Vec::new())),
            &[items] => Ok(graph.sequence(items).map(|items| Known::New(Node::List(items.to_vec())))),
            _ => Ok(None),
        },
        "torch.Size" | "builtins.tuple" | "__builtin__.tuple" => match given {
            [] => new(Node::Tuple(Vec::new())),
            &[items] => Ok(graph.sequence(items).map(|items| Known::New(Node::Tuple(items.to_vec())))),
            _ => Ok(None),
        },
        // The encoding of bytes in protocols before 3.
        "_codecs.encode" => new(Node::Blob("bytes")),
        "torch._utils._rebuild_tensor"
        | "torch._utils._rebuild_tensor_v2"
        | "torch._utils._rebuild_tensor_v3" => new(Node::Tensor(Box::new(rebuild(graph, name, given)?))),
        "torch._utils._rebuild_parameter"
        | "torch._utils._rebuild_parameter_with_state"
        | "torch.nn.parameter.Parameter"
        | "torch.nn.parameter.Buffer" => Ok(tensor(given.first())),
        // (function, class, arguments of the function, attributes): a tensor with attributes.
        "torch._tensor._rebuild_from_type_v2" | "torch._tensor._rebuild_from_type" => match given {
            [function, class, inner, ..] => {
                let plain = ["torch.Tensor", "torch.nn.parameter.Parameter", "torch.nn.parameter.Buffer"];
                let plain = graph.global(*class).is_some_and(|class| plain.contains(&class));
                match graph.global(*function) {
                    // Cannot recurse further: the prefix excludes `_rebuild_from_type`.
                    Some(function) if plain && function.starts_with("torch._utils._rebuild_") => {
                        known(graph, function, *inner)
                    }
                    _ => Ok(None),
                }
            }
            _ => Ok(None),
        },
        _ => Ok(None),
    }
}

/// The entries of a list of pairs or of a dict.
fn dict_of(graph: &Graph, entries: Id) -> Option<Vec<(Id, Id)>> {
    if let Node::Dict(pairs) = graph.get(entries) {
        return Some(pairs.clone());
    }
    let pair = |&id: &Id| match graph.sequence(id)? {
        &[key, value] => Some((key, value)),
        _ => None,
    };
    graph.sequence(entries)?.iter().map(pair).collect()
}

/// Arguments: `(storage, offset, shape, strides, …)`. The third version has a dtype as the seventh
/// argument.
fn rebuild(graph: &Graph, function: &str, given: &[Id]) -> Result<TensorNode, TorchError> {
    let wrong = |reason: String| TorchError::Arguments { function: function.into(), reason };
    // If an argument is the result of an unknown function, report that function.
    if let Some(&object) = given.iter().take(4).find(|&&id| matches!(graph.get(id), Node::Object { .. })) {
        return Err(TorchError::Depends { name: graph.kind(object) });
    }
    let [storage, offset, shape, strides, ..] = given else {
        return Err(wrong(format!("it has {} arguments, expected at least 4", given.len())));
    };
    let Node::Storage(view) = graph.get(*storage) else {
        return Err(wrong(format!("{} instead of a storage", graph.kind(*storage))));
    };
    let mut view = view.clone();
    let offset = graph.int(*offset).filter(|&offset| offset >= 0);
    let offset = offset.ok_or_else(|| wrong("the offset is not a non-negative integer".into()))?;
    let numbers = |id: Id, what: &str| {
        let items = graph.sequence(id).filter(|items| items.len() <= DIMENSIONS);
        let items =
            items.ok_or_else(|| wrong(format!("the {what} is not a tuple of at most {DIMENSIONS} items")))?;
        let numbers: Option<Vec<i64>> =
            items.iter().map(|&item| graph.int(item).filter(|&number| number >= 0)).collect();
        numbers.ok_or_else(|| wrong(format!("the {what} contains values other than non-negative integers")))
    };
    let (shape, strides) = (numbers(*shape, "shape")?, numbers(*strides, "strides")?);
    if shape.len() != strides.len() {
        return Err(wrong(format!("{} strides for {} dimensions", strides.len(), shape.len())));
    }
    if function.ends_with("_v3") {
        let dtype = given.get(6).and_then(|&dtype| graph.global(dtype));
        let element = dtype
            .and_then(element_of_dtype)
            .ok_or_else(|| wrong(format!("unknown dtype {}", dtype.unwrap_or("(not a torch.dtype)"))))?;
        let bytes = (view.offset, view.elements.checked_mul(view.element.bytes));
        let (start, Some(bytes)) = bytes else { return Err(wrong("the storage is too large".into())) };
        if !(start * view.element.bytes).is_multiple_of(element.bytes) {
            return Err(wrong("the storage is not aligned to its elements".into()));
        }
        view.offset = start * view.element.bytes / element.bytes;
        view.elements = bytes / element.bytes;
        view.element = element;
    } else if view.element.dtype.is_none() {
        return Err(wrong("an untyped storage has no dtype".into()));
    }
    Ok(TensorNode { storage: view, offset, shape, strides })
}

/// Sets the state of an object.
pub(super) fn set_state(graph: &mut Graph, object: Id, state: Id) -> Result<(), TorchError> {
    let plain = matches!(graph.get(state), Node::Dict(_));
    let replaced = match graph.get_mut(object) {
        Some(Node::Object { parts, .. }) => {
            parts.push(state);
            return Ok(());
        }
        // `Tensor.__setstate__` replaces the tensor, unless the state only has attributes.
        Some(Node::Tensor(_)) if !plain => "torch.Tensor.__setstate__",
        // Attributes, for example the `_metadata` of a state dict.
        _ => return Ok(()),
    };
    let class = graph.add(Node::Global(replaced.into()))?;
    if let Some(node) = graph.get_mut(object) {
        *node = Node::Object { class, parts: vec![state] };
    }
    Ok(())
}

/// Resolves a persistent id: `("storage", class, key, location, elements)`. In old files, a view is
/// the sixth item.
pub(super) fn load(graph: &mut Graph, storages: &mut Storages, id: Id) -> Result<Id, TorchError> {
    let wrong = |reason: String| TorchError::Arguments { function: "storage".into(), reason };
    let given = graph.sequence(id).unwrap_or_default();
    let kind = given.first().and_then(|&kind| graph.text(kind));
    if kind == Some("module") && given.len() > 1 {
        // The class of a module, followed by its source.
        return Ok(given[1]);
    }
    let &[_, class, key, _, elements, ref view @ ..] = given else {
        return Err(wrong(format!("a persistent id has {} items, expected 5", given.len())));
    };
    if kind != Some("storage") {
        return Err(wrong("a persistent id does not start with \"storage\"".into()));
    }
    let Some(name) = graph.global(class) else {
        return Err(wrong(format!("{} instead of a storage class", graph.kind(class))));
    };
    let element = element_of_class(name).ok_or_else(|| wrong(format!("unknown storage class {name}")))?;
    let key = match graph.get(key) {
        Node::Text(key) => key.to_string(),
        Node::Int(key) => key.to_string(),
        _ => return Err(wrong(format!("{} instead of a storage key", graph.kind(key)))),
    };
    let count = |id: Id| graph.int(id).and_then(|count| u64::try_from(count).ok());
    let elements = count(elements).ok_or_else(|| wrong(format!("{key:?} has no element count")))?;
    let index = storages.intern(&key, element.clone(), elements)?;
    let view = match view.first().map(|&view| (graph.get(view), graph.sequence(view))) {
        None | Some((Node::None, _)) => (0, elements),
        Some((_, Some(&[_, offset, size, ..]))) => {
            let part = count(offset).zip(count(size));
            let part =
                part.filter(|(offset, size)| offset.checked_add(*size).is_some_and(|end| end <= elements));
            part.ok_or_else(|| wrong(format!("a view does not fit the {elements} elements of {key:?}")))?
        }
        _ => return Err(wrong(format!("invalid view of {key:?}"))),
    };
    graph.add(Node::Storage(StorageView { storage: index, element, offset: view.0, elements: view.1 }))
}
