//! Storages: the arrays that contain the values of tensors.

use std::collections::HashMap;

use super::error::TorchError;
use crate::weights::header::Dtype;

/// The element type of a storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Element {
    /// `None` for an untyped storage, whose tensors have types of their own.
    pub(super) dtype: Option<Dtype>,
    pub(super) bytes: u64,
}

/// A storage or, in old files, a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StorageView {
    /// Index among all storages.
    pub(super) storage: u32,
    pub(super) element: Element,
    /// Elements of the storage before the view.
    pub(super) offset: u64,
    /// Elements of the view.
    pub(super) elements: u64,
}

/// A storage of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Storage {
    pub(super) key: String,
    pub(super) element: Element,
    pub(super) elements: u64,
    /// Its size in bytes.
    pub(super) bytes: u64,
}

/// All storages that a pickle refers to.
#[derive(Debug, Default)]
pub(super) struct Storages {
    pub(super) list: Vec<Storage>,
    by_key: HashMap<String, u32>,
}

impl Storages {
    /// Adds a storage, or finds the existing one with this key, which must have the same elements.
    pub(super) fn intern(&mut self, key: &str, element: Element, elements: u64) -> Result<u32, TorchError> {
        let wrong = |reason: String| TorchError::Arguments { function: "storage".into(), reason };
        if let Some(&index) = self.by_key.get(key) {
            let known = &self.list[index as usize];
            if known.element != element || known.elements != elements {
                return Err(wrong(format!("{key:?} occurs twice with different types or sizes")));
            }
            return Ok(index);
        }
        let bytes = elements.checked_mul(element.bytes).filter(|&bytes| bytes <= i64::MAX as u64);
        let bytes = bytes.ok_or_else(|| wrong(format!("{key:?} has {elements} elements")))?;
        let index = self.list.len() as u32;
        self.list.push(Storage { key: key.into(), element, elements, bytes });
        self.by_key.insert(key.into(), index);
        Ok(index)
    }

    pub(super) fn find(&self, key: &str) -> Option<usize> {
        self.by_key.get(key).map(|&index| index as usize)
    }
}

/// The element type of a storage class, for example `torch.FloatStorage` or
/// `torch.cuda.FloatStorage`.
pub(super) fn element_of_class(class: &str) -> Option<Element> {
    let (module, name) = class.rsplit_once('.')?;
    if !matches!(module, "torch" | "torch.cuda" | "torch.storage") {
        return None;
    }
    let (dtype, bytes) = match name {
        "UntypedStorage" | "_UntypedStorage" => return Some(Element { dtype: None, bytes: 1 }),
        "DoubleStorage" => (Dtype::F64, 8),
        "FloatStorage" => (Dtype::F32, 4),
        "HalfStorage" => (Dtype::F16, 2),
        "BFloat16Storage" => (Dtype::Bf16, 2),
        "LongStorage" => (other("I64", 64), 8),
        "IntStorage" => (other("I32", 32), 4),
        "ShortStorage" => (other("I16", 16), 2),
        "CharStorage" => (Dtype::I8, 1),
        "ByteStorage" => (other("U8", 8), 1),
        "BoolStorage" => (other("BOOL", 8), 1),
        "ComplexFloatStorage" => (other("C64", 64), 8),
        "ComplexDoubleStorage" => (other("C128", 128), 16),
        "QInt8Storage" => (other("QI8", 8), 1),
        "QUInt8Storage" => (other("QU8", 8), 1),
        "QInt32Storage" => (other("QI32", 32), 4),
        _ => return None,
    };
    Some(Element { dtype: Some(dtype), bytes })
}

/// The element type of a `torch.dtype`, for example `torch.float32`.
pub(super) fn element_of_dtype(dtype: &str) -> Option<Element> {
    let (dtype, bytes) = match dtype.strip_prefix("torch.")? {
        "float64" | "double" => (Dtype::F64, 8),
        "float32" | "float" => (Dtype::F32, 4),
        "float16" | "half" => (Dtype::F16, 2),
        "bfloat16" => (Dtype::Bf16, 2),
        "int64" | "long" => (other("I64", 64), 8),
        "int32" | "int" => (other("I32", 32), 4),
        "int16" | "short" => (other("I16", 16), 2),
        "int8" => (Dtype::I8, 1),
        "uint64" => (other("U64", 64), 8),
        "uint32" => (other("U32", 32), 4),
        "uint16" => (other("U16", 16), 2),
        "uint8" => (other("U8", 8), 1),
        "bool" => (other("BOOL", 8), 1),
        "complex64" | "cfloat" => (other("C64", 64), 8),
        "complex128" | "cdouble" => (other("C128", 128), 16),
        "float8_e4m3fn" => (other("F8_E4M3", 8), 1),
        "float8_e5m2" => (other("F8_E5M2", 8), 1),
        "float8_e8m0fnu" => (other("F8_E8M0", 8), 1),
        name @ ("complex32" | "float8_e4m3fnuz" | "float8_e5m2fnuz") => {
            let bytes = if name == "complex32" { 4 } else { 1 };
            (other(&name.to_ascii_uppercase(), bytes * 8), bytes)
        }
        _ => return None,
    };
    Some(Element { dtype: Some(dtype), bytes })
}

fn other(name: &str, bits: u64) -> Dtype {
    Dtype::Other(name.into(), Some(bits))
}
