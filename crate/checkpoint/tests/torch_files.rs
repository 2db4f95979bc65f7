//! PyTorch files, compared with the tensors that torch reads
//! (`tests/parity/reference/torch_files.py`).

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common;

use std::{collections::BTreeMap, path::PathBuf};

use common::collect::{Found, collect, pieces};
use pickscore_common::hexadecimal::hexadecimal;
use proptest::prelude::*;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/parity/fixtures/torch")
}

fn file(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap()
}

fn expected() -> BTreeMap<String, Value> {
    serde_json::from_slice(&file("expected.json")).unwrap()
}

fn read(bytes: &[u8]) -> Found {
    let whole = collect(&[bytes], Some(bytes.len() as u64)).unwrap();
    assert_eq!(collect(&[bytes], None).unwrap(), whole, "without its length");
    whole
}

#[test]
fn every_file_has_the_tensors_that_torch_reads() {
    for (name, expected) in expected() {
        let found = read(&file(&name));
        let tensors = expected["tensors"].as_object().unwrap();
        let names: Vec<&String> = found.tensors.keys().collect();
        let mut wanted: Vec<&String> = tensors.keys().collect();
        wanted.sort();
        assert_eq!(names, wanted, "{name}");
        for (tensor, expected) in tensors {
            let (dtype, shape, bytes) = &found.tensors[tensor];
            assert_eq!(dtype, expected["dtype"].as_str().unwrap(), "{tensor} of {name}");
            let sides: Vec<u64> = shape.iter().map(|&side| side as u64).collect();
            assert_eq!(serde_json::json!(sides), expected["shape"], "{tensor} of {name}");
            let sum = hexadecimal(&Sha256::digest(bytes));
            assert_eq!(sum, expected["sha256"].as_str().unwrap(), "the numbers of {tensor} of {name}");
        }
        let mut passed_over: Vec<&str> = found.passed_over.iter().map(|one| one.name.as_str()).collect();
        passed_over.sort_unstable();
        assert_eq!(serde_json::json!(passed_over), expected["passed_over"], "{name}");
    }
}

#[test]
fn one_byte_at_a_time_gives_the_same() {
    for name in expected().into_keys().filter(|name| !name.starts_with("strided")) {
        let bytes = file(&name);
        assert_eq!(collect(&pieces(&bytes, 1), None).unwrap(), read(&bytes), "{name}");
    }
}

#[test]
fn skipped_values_have_a_name_and_a_type() {
    let found = read(&file("strangers.pt"));
    let kind = |name: &str| found.passed_over.iter().find(|one| one.name == name).unwrap().kind.clone();
    assert_eq!(kind("args"), "argparse.Namespace");
    assert_eq!(kind("best"), "numpy._core.multiarray.scalar");
    assert_eq!(kind("precise"), "int");
    assert_eq!(kind("kind"), "torch.nn.modules.linear.Linear");
    assert_eq!(kind("device"), "torch.device");
    let evil = read(&file("evil_beside.pt"));
    assert_eq!(evil.passed_over[0].to_string(), "e (posix.system)");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn pieces_of_any_size_give_the_same(which in any::<prop::sample::Index>(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12), known: bool) {
        let names: Vec<String> = expected().into_keys().collect();
        let bytes = file(which.get::<String>(&names));
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        ends.push(bytes.len());
        ends.sort_unstable();
        let mut start = 0;
        let pieces: Vec<&[u8]> = ends.iter().map(|&end| {
            let piece = &bytes[start..end];
            start = end;
            piece
        }).collect();
        prop_assert_eq!(collect(&pieces, known.then_some(bytes.len() as u64)).unwrap(), read(&bytes));
    }

    /// A damaged file is read or rejected without a panic, and never yields more values than its
    /// shapes have.
    #[test]
    fn damaged_files_never_panic(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), byte: u8, cut in any::<prop::sample::Index>()) {
        let names: Vec<String> = expected().into_keys().collect();
        let mut bytes = file(which.get::<String>(&names));
        let cut = cut.index(bytes.len());
        prop_assert!(collect(&[&bytes[..cut]], None).is_err());
        prop_assert!(collect(&[&bytes[..cut]], Some(cut as u64)).is_err());
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let whole = collect(&[&bytes], Some(bytes.len() as u64));
        let cut = collect(&pieces(&bytes, 61), None);
        prop_assert_eq!(whole.ok(), cut.ok());
    }
}

/// Replaces every byte of two small files, which reaches each instruction and record.
#[test]
fn every_byte_replaced_never_panics() {
    for name in ["state_dict.pt", "state_dict_legacy.pt"] {
        let original = file(name);
        for at in 0..original.len() {
            for byte in [0, 1, 0x2e, 0x7f, 0x80, 0xff, original[at] ^ 1, original[at].wrapping_add(1)] {
                let mut bytes = original.clone();
                bytes[at] = byte;
                let whole = collect(&[&bytes], Some(bytes.len() as u64));
                assert_eq!(whole.is_ok(), collect(&[&bytes], None).is_ok(), "{name}: byte {at} as {byte}");
            }
        }
    }
}

/// Every truncated file is reported as such, and the number of missing bytes is not too high.
#[test]
fn every_truncated_file_reports_the_missing_bytes() {
    for name in ["state_dict.pt", "state_dict_legacy.pt", "strided_legacy.pt"] {
        let bytes = file(name);
        for cut in (64..bytes.len()).step_by(if bytes.len() > 10_000 { 997 } else { 1 }) {
            for length in [None, Some(cut as u64)] {
                let error = collect(&[&bytes[..cut]], length).unwrap_err().to_string();
                assert!(error.starts_with("it is truncated: "), "{name} at {cut}: {error}");
                let least =
                    error.split("at least ").nth(1).unwrap().split(' ').next().unwrap().replace(',', "");
                let least: usize = least.parse().unwrap();
                assert!(least >= 1 && least <= bytes.len() - cut, "{name} at {cut}: {error}");
            }
        }
    }
}
