//! Where each tensor of a checkpoint lies in its storages, checked before any number is read.

use super::{
    PassedOver, TorchError,
    graph::{Graph, Id, Node, TensorNode},
    select,
    storage::{Storage, Storages},
};
use crate::weights::{Header, TensorInfo, header::DIMENSIONS};

/// How many times larger than its storage the tensors in it may be together.
const MOST_TIMES: u64 = 4;
/// Most bytes of all tensors beyond that.
const MOST_BEYOND: u64 = 64 << 20;
/// Most bytes of a storage that are held, where its tensors overlap or are strided. ViT-H/14's largest tensor has 202 MB.
pub(super) const MOST_HELD: u64 = 512 << 20;

/// A tensor of the model.
#[derive(Debug)]
pub(super) struct Placed {
    /// Index in the header.
    pub(super) index: usize,
    /// Its first byte in the storage.
    pub(super) start: u64,
    /// The byte after its last in the storage.
    pub(super) end: u64,
    pub(super) element: u64,
    pub(super) shape: Vec<usize>,
    pub(super) strides: Vec<u64>,
    /// Whether its numbers lie one after the other in row-major order.
    pub(super) contiguous: bool,
}

/// What is read of a storage.
#[derive(Debug, Default)]
pub(super) struct Use {
    /// Its tensors, by their first byte.
    pub(super) tensors: Vec<Placed>,
    /// Whether they must be held until the storage is complete.
    pub(super) held: bool,
}

/// A checkpoint's tensors and storages.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) header: Header,
    pub(super) passed_over: Vec<PassedOver>,
    pub(super) storages: Storages,
    /// What is read of each storage.
    pub(super) uses: Vec<Use>,
    /// Whether the file is known to be long enough for all storages.
    pub(super) sized: bool,
}

impl Plan {
    pub(super) fn new(graph: &Graph, storages: Storages, root: Id) -> Result<Self, TorchError> {
        let selection = select::select(graph, root)?;
        let mut uses: Vec<Use> = storages.list.iter().map(|_| Use::default()).collect();
        let mut tensors = Vec::with_capacity(selection.tensors.len());
        let mut total = 0u64;
        let mut of_storage = vec![0u64; uses.len()];
        for (name, id) in selection.tensors {
            let Node::Tensor(node) = graph.get(id) else { continue };
            let (info, placed) = place(name, node, tensors.len())?;
            total = total.saturating_add(info.bytes);
            let storage = node.storage.storage as usize;
            if let (Some(list), Some(sum)) = (uses.get_mut(storage), of_storage.get_mut(storage)) {
                list.tensors.push(placed);
                *sum = sum.saturating_add(info.bytes);
            }
            tensors.push(info);
        }
        // Views that repeat numbers (`expand`) have more bytes than their storage.
        let beyond = storages.list.iter().zip(&of_storage).fold(0u64, |sum, (storage, &bytes)| {
            sum.saturating_add(bytes.saturating_sub(storage.bytes.saturating_mul(MOST_TIMES)))
        });
        if beyond > MOST_BEYOND {
            return Err(TorchError::Expands { found: beyond, most: MOST_BEYOND, times: MOST_TIMES });
        }
        for (storage, list) in uses.iter_mut().zip(&storages.list) {
            arrange(storage, list, &tensors)?;
        }
        let header = Header { tensors, data: total };
        Ok(Self { header, passed_over: selection.passed_over, storages, uses, sized: false })
    }

    /// Bytes of all storages.
    pub(super) fn stored(&self) -> u64 {
        self.storages.list.iter().fold(0u64, |sum, storage| sum.saturating_add(storage.bytes))
    }
}

/// Checks that a tensor lies within its storage.
fn place(name: String, node: &TensorNode, index: usize) -> Result<(TensorInfo, Placed), TorchError> {
    if node.shape.len() > DIMENSIONS {
        return Err(TorchError::Dimensions { tensor: name, found: node.shape.len(), most: DIMENSIONS });
    }
    let view = &node.storage;
    let shape: Option<Vec<usize>> = node.shape.iter().map(|&side| usize::try_from(side).ok()).collect();
    // Where there are no neighbours the stride does not matter, and may be anything.
    let stride = |(&stride, &side): (&i64, &i64)| if side <= 1 { 0 } else { stride.unsigned_abs() };
    let strides: Vec<u64> = node.strides.iter().zip(&node.shape).map(stride).collect();
    let out = || TorchError::OutOfStorage {
        tensor: name.clone(),
        shape: node.shape.iter().map(|&side| side as usize).collect(),
        strides: node.strides.clone(),
        offset: node.offset,
        elements: view.elements,
    };
    let shape = shape.ok_or_else(out)?;
    let element = view.element.bytes;
    let count = shape.iter().try_fold(1u64, |count, &side| count.checked_mul(side as u64)).ok_or_else(out)?;
    let bytes = count.checked_mul(element).filter(|&bytes| bytes <= i64::MAX as u64).ok_or_else(out)?;
    let offset = node.offset.unsigned_abs();
    let last = shape.iter().zip(&strides).try_fold(offset, |last, (&side, &stride)| {
        last.checked_add((side as u64).saturating_sub(1).checked_mul(stride)?)
    });
    // A tensor without numbers may begin anywhere.
    let end = match count {
        0 => Some(0),
        _ => last.and_then(|last| last.checked_add(1)).filter(|&end| end <= view.elements),
    };
    let end = end.ok_or_else(out)?;
    let start = if count == 0 { 0 } else { offset };
    // Both lie within the storage, whose bytes are counted in i64.
    let in_storage = |elements: u64| (view.offset + elements) * element;
    let contiguous = is_contiguous(&shape, &strides) || count == 0;
    let (start, end) = (in_storage(start), in_storage(end));
    let dtype = view.element.dtype.clone().unwrap_or(super::super::Dtype::Other("bytes".into(), Some(8)));
    let info = TensorInfo { name, dtype, shape: shape.clone(), bytes };
    Ok((info, Placed { index, start, end, element, shape, strides, contiguous }))
}

/// Row-major without gaps; the stride of a dimension of one does not matter.
fn is_contiguous(shape: &[usize], strides: &[u64]) -> bool {
    let mut expected = 1u64;
    for (&side, &stride) in shape.iter().zip(strides).rev() {
        if side != 1 && stride != expected {
            return false;
        }
        expected = expected.saturating_mul(side as u64);
    }
    true
}

/// Decides whether a storage streams through: its tensors are contiguous and lie one after the other.
fn arrange(storage: &mut Use, info: &Storage, tensors: &[TensorInfo]) -> Result<(), TorchError> {
    storage.tensors.sort_by_key(|tensor| (tensor.start, tensor.end));
    let mut position = 0;
    for tensor in &storage.tensors {
        if !tensor.contiguous || tensor.start < position && tensor.end > tensor.start {
            storage.held = true;
        }
        position = position.max(tensor.end);
    }
    let span = storage.span();
    let found = span.end - span.start;
    match storage.tensors.first() {
        Some(first) if storage.held && found > MOST_HELD => {
            let tensor = tensors.get(first.index).map_or_else(|| info.key.clone(), |info| info.name.clone());
            Err(TorchError::Held { tensor, found, most: MOST_HELD })
        }
        _ => Ok(()),
    }
}

impl Use {
    /// The bytes of the storage that its tensors lie in.
    pub(super) fn span(&self) -> std::ops::Range<u64> {
        let with_numbers = || self.tensors.iter().filter(|tensor| tensor.end > tensor.start);
        let start = with_numbers().map(|tensor| tensor.start).min().unwrap_or(0);
        start..with_numbers().map(|tensor| tensor.end).max().unwrap_or(start)
    }
}
