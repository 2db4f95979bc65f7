//! The location of each tensor in its storage, validated before any values are read.

use super::{
    error::TorchError,
    graph::{Graph, Id, Node, TensorNode},
    select::{PassedOver, select},
    storage::{Storage, Storages},
};
use crate::weights::header::{DIMENSIONS, Dtype, Header, TensorInfo};

/// The tensors of a storage may be this many times larger than the storage.
const MAX_TIMES: u64 = 4;
/// Maximum number of bytes of all tensors beyond that.
const MAX_EXCESS: u64 = 64 << 20;
/// Maximum number of bytes held of a storage with overlapping or strided tensors. ViT-H/14's
/// largest tensor has 202 MB.
pub(super) const MAX_HELD: u64 = 512 << 20;

/// The location of a tensor.
#[derive(Debug)]
pub(super) struct Placed {
    /// Index in the header.
    pub(super) index: usize,
    /// Offset of its first byte in the storage.
    pub(super) start: u64,
    /// Offset after its last byte in the storage.
    pub(super) end: u64,
    pub(super) element: u64,
    pub(super) shape: Vec<usize>,
    pub(super) strides: Vec<u64>,
    /// Whether it is contiguous in row-major order.
    pub(super) contiguous: bool,
}

/// The tensors of a storage.
#[derive(Debug, Default)]
pub(super) struct Use {
    /// The tensors, sorted by offset.
    pub(super) tensors: Vec<Placed>,
    /// Whether the storage must be held in memory until it is complete.
    pub(super) held: bool,
}

/// A checkpoint's tensors and storages.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) header: Header,
    pub(super) passed_over: Vec<PassedOver>,
    pub(super) storages: Storages,
    /// The tensors of each storage.
    pub(super) uses: Vec<Use>,
    /// Whether the size of the file is known, and sufficient for all storages.
    pub(super) sized: bool,
}

impl Plan {
    pub(super) fn new(graph: &Graph, storages: Storages, root: Id) -> Result<Self, TorchError> {
        let selection = select(graph, root)?;
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
        // Views that repeat values (`expand`) are larger than their storage.
        let beyond = storages.list.iter().zip(&of_storage).fold(0u64, |sum, (storage, &bytes)| {
            sum.saturating_add(bytes.saturating_sub(storage.bytes.saturating_mul(MAX_TIMES)))
        });
        if beyond > MAX_EXCESS {
            return Err(TorchError::Expands { found: beyond, most: MAX_EXCESS, times: MAX_TIMES });
        }
        for (storage, list) in uses.iter_mut().zip(&storages.list) {
            arrange(storage, list, &tensors)?;
        }
        let header = Header { tensors, data: total };
        Ok(Self { header, passed_over: selection.passed_over, storages, uses, sized: false })
    }

    /// Total size of all storages in bytes.
    pub(super) fn stored(&self) -> u64 {
        self.storages.list.iter().fold(0u64, |sum, storage| sum.saturating_add(storage.bytes))
    }
}

/// Checks that a tensor is within its storage.
fn place(name: String, node: &TensorNode, index: usize) -> Result<(TensorInfo, Placed), TorchError> {
    if node.shape.len() > DIMENSIONS {
        return Err(TorchError::Dimensions { tensor: name, found: node.shape.len(), most: DIMENSIONS });
    }
    let view = &node.storage;
    let shape: Option<Vec<usize>> = node.shape.iter().map(|&side| usize::try_from(side).ok()).collect();
    // The stride of a dimension of size 0 or 1 has no effect and may have any value.
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
    // An empty tensor may have any offset.
    let end = match count {
        0 => Some(0),
        _ => last.and_then(|last| last.checked_add(1)).filter(|&end| end <= view.elements),
    };
    let end = end.ok_or_else(out)?;
    let start = if count == 0 { 0 } else { offset };
    // Cannot overflow: both are within the storage, whose size in bytes fits in i64.
    let in_storage = |elements: u64| (view.offset + elements) * element;
    let contiguous = is_contiguous(&shape, &strides) || count == 0;
    let (start, end) = (in_storage(start), in_storage(end));
    let dtype = view.element.dtype.clone().unwrap_or(Dtype::Other("bytes".into(), Some(8)));
    let info = TensorInfo { name, dtype, shape: shape.clone(), bytes };
    Ok((info, Placed { index, start, end, element, shape, strides, contiguous }))
}

/// Whether a tensor is row-major without gaps. The strides of dimensions of size 1 are ignored.
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

/// Decides whether a storage can be streamed: its tensors are contiguous and do not overlap.
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
        Some(first) if storage.held && found > MAX_HELD => {
            let tensor = tensors.get(first.index).map_or_else(|| info.key.clone(), |info| info.name.clone());
            Err(TorchError::Held { tensor, found, most: MAX_HELD })
        }
        _ => Ok(()),
    }
}

impl Use {
    /// The byte range of the storage that its tensors use.
    pub(super) fn span(&self) -> std::ops::Range<u64> {
        let with_numbers = || self.tensors.iter().filter(|tensor| tensor.end > tensor.start);
        let start = with_numbers().map(|tensor| tensor.start).min().unwrap_or(0);
        start..with_numbers().map(|tensor| tensor.end).max().unwrap_or(start)
    }
}
