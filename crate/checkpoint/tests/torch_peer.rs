//! PyTorch files, compared with `pytorch-reader`, which has its own unpickler and uses seeks.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common;

use std::{collections::BTreeMap, path::PathBuf};

use common::collect::collect;
use pytorch_reader::PytorchReader;
use serde_json::Value;

/// Files that it does not support: complex numbers, `defaultdict`, roots that are not dicts, and
/// persistent ids that torch writes for a class.
const NOT_READ: [&str; 11] = [
    "defaultdict.pt",
    "defaultdict_legacy.pt",
    "dtypes.pt",
    "dtypes_legacy.pt",
    "list.pt",
    "list_legacy.pt",
    "strangers_legacy.pt",
    "tensor.pt",
    "tensor_legacy.pt",
    "tuple.pt",
    "tuple_legacy.pt",
];

#[test]
fn every_tensor_is_what_pytorch_reader_reads() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/parity/fixtures/torch");
    let expected: BTreeMap<String, Value> =
        serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
    let mut compared = 0;
    let mut not_read = Vec::new();
    for name in expected.into_keys() {
        let bytes = std::fs::read(folder.join(&name)).unwrap();
        let ours = collect(&[&bytes], None).unwrap();
        let Ok(theirs) = PytorchReader::new(folder.join(&name)) else {
            not_read.push(name);
            continue;
        };
        for (tensor, (_, shape, bytes)) in &ours.tensors {
            // It prefixes tensor names with the keys of wrappers.
            let suffix = format!(".{tensor}");
            let found = theirs.tensors().iter().find(|(theirs, found)| {
                (*theirs == tensor || theirs.ends_with(&suffix)) && found.shape() == shape
            });
            let Some((_, found)) = found else {
                not_read.push(format!("{tensor} of {name}"));
                continue;
            };
            assert!(found.read().unwrap() == *bytes, "{tensor} of {name}");
            compared += 1;
        }
    }
    assert_eq!(not_read, NOT_READ);
    assert!(compared >= 148, "{compared}");
}
