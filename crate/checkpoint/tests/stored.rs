//! Files that this project writes: reading them back, resuming after an interruption, and rejecting
//! damaged ones.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod common;

use std::collections::HashMap;

use common::{Tensor, safetensors, tiny, tiny_tensors, with_header};
use pickscore_checkpoint::weights::{
    Kind, Loader, Parameter, Precision, StoredLayout, Values, WeightError, parameters,
};

type Parameters = HashMap<String, (Parameter, Values)>;

const PRECISIONS: [Precision; 3] = [Precision::F32, Precision::F16, Precision::Q8];

fn load(file: &[u8], precision: Precision) -> Result<Parameters, WeightError> {
    let mut found = Parameters::new();
    let mut loader = Loader::new(tiny(), precision);
    loader.begin("model.safetensors", Some(file.len() as u64), true);
    // An odd length, so that values are split between pieces.
    for piece in file.chunks(37) {
        loader.push(piece, &mut |parameter, values| {
            found.insert(parameter.name.clone(), (parameter.clone(), values));
        })?;
    }
    loader.end()?;
    loader.finish("model.safetensors")?;
    Ok(found)
}

fn store(found: &Parameters, precision: Precision) -> (StoredLayout, Vec<u8>) {
    let layout = StoredLayout::new(tiny(), precision);
    let mut file = vec![0; layout.length() as usize];
    file[..layout.header().len()].copy_from_slice(layout.header());
    for (parameter, values) in found.values() {
        for (tensor, bytes) in layout.pieces(parameter, values) {
            assert_eq!(bytes.len() as u64, tensor.info.bytes, "{}", tensor.info.name);
            file[tensor.offset as usize..][..bytes.len()].copy_from_slice(bytes);
        }
    }
    (layout, file)
}

#[test]
fn stored_files_are_read_back_exactly() {
    for precision in PRECISIONS {
        let found = load(&safetensors(&tiny_tensors()), precision).unwrap();
        assert_eq!(found.len(), parameters(tiny()).len());
        let (_, file) = store(&found, precision);
        assert_eq!(load(&file, precision).unwrap(), found, "{precision:?}");
    }
}

fn vectors_of(file: &[u8], precision: Precision) -> [u8; 32] {
    let mut loader = Loader::new(tiny(), precision);
    loader.begin("model.safetensors", Some(file.len() as u64), true);
    loader.push(file, &mut |_, _| ()).unwrap();
    loader.end().unwrap();
    loader.finish("model.safetensors").unwrap().vectors
}

/// The hash of the vectors identifies a model in every precision and file.
#[test]
fn the_hash_of_the_vectors_depends_on_nothing_but_the_vectors() {
    let source = safetensors(&tiny_tensors());
    let expected = vectors_of(&source, Precision::F32);
    for precision in PRECISIONS {
        assert_eq!(vectors_of(&source, precision), expected, "{precision:?}");
        let (_, stored) = store(&load(&source, precision).unwrap(), precision);
        for read in PRECISIONS {
            assert_eq!(vectors_of(&stored, read), expected, "{precision:?} read as {read:?}");
        }
    }
    let mut reversed = tiny_tensors();
    reversed.reverse();
    assert_eq!(vectors_of(&safetensors(&reversed), Precision::F32), expected);
    let (layout, stored) = store(&load(&source, Precision::F32).unwrap(), Precision::F32);
    for tensor in layout.tensors() {
        let mut changed = stored.clone();
        // The highest byte of a number: its sign and most of its exponent.
        changed[tensor.offset as usize + 3] ^= 0x80;
        let is_vector = parameters(tiny())
            .iter()
            .any(|parameter| parameter.name == tensor.parameter && parameter.kind == Kind::Vector);
        let is_other = vectors_of(&changed, Precision::F32) != expected;
        assert_eq!(is_other, is_vector, "{}", tensor.info.name);
    }
}

#[test]
fn eight_bits_unpack_into_other_precisions() {
    let eight = load(&safetensors(&tiny_tensors()), Precision::Q8).unwrap();
    let (_, file) = store(&eight, Precision::Q8);
    for (name, (parameter, values)) in load(&file, Precision::F32).unwrap() {
        let columns = parameter.shape.iter().skip(1).product::<usize>().max(1);
        assert_eq!(values.into_f32(columns), eight[&name].1.clone().into_f32(columns), "{name}");
    }
}

/// A load interrupted after any number of parameters resumes at the first tensor that is not
/// complete.
#[test]
fn an_interrupted_load_resumes() {
    let source = safetensors(&tiny_tensors());
    for precision in PRECISIONS {
        let whole = load(&source, precision).unwrap();
        let (layout, stored) = store(&whole, precision);
        for cut in (0..source.len()).step_by(411) {
            let mut kept = Vec::new();
            let mut loader = Loader::new(tiny(), precision);
            loader.begin("model.safetensors", Some(source.len() as u64), true);
            loader.push(&source[..cut], &mut |parameter, _| kept.push(parameter.name.clone())).unwrap();

            let mut found = Parameters::new();
            let sink = &mut |parameter: &Parameter, values| {
                let twice = found.insert(parameter.name.clone(), (parameter.clone(), values));
                assert!(twice.is_none(), "{}", parameter.name);
            };
            let mut loader = Loader::new(tiny(), precision);
            for tensor in layout.tensors().iter().filter(|tensor| kept.contains(&tensor.parameter)) {
                let bytes = &stored[tensor.offset as usize..][..tensor.info.bytes as usize];
                for (index, piece) in bytes.chunks(100).enumerate() {
                    loader.restore(&tensor.info, 100 * index as u64, piece, sink).unwrap();
                }
            }
            loader.begin("model.safetensors", Some(source.len() as u64), true);
            let header = 8 + u64::from_le_bytes(source[..8].try_into().unwrap()) as usize;
            loader.push(&source[..header], sink).unwrap();
            let from = loader.resumes_at().unwrap() as usize;
            assert!(from <= cut.max(header), "{from} is after the cut at {cut}");
            loader.skip_to(from as u64);
            loader.push(&source[from..], sink).unwrap();
            loader.end().unwrap();
            loader.finish("model.safetensors").unwrap();
            assert_eq!(found, whole, "{precision:?}, cut at {cut}");
        }
    }
}

/// The error for an 8-bit file with some tensors changed.
fn changed(change: impl Fn(&mut Vec<Tensor>, usize)) -> String {
    let found = load(&safetensors(&tiny_tensors()), Precision::Q8).unwrap();
    let (layout, file) = store(&found, Precision::Q8);
    let mut tensors: Vec<Tensor> = layout
        .tensors()
        .iter()
        .map(|tensor| Tensor {
            name: tensor.info.name.clone(),
            dtype: if tensor.info.dtype.to_string() == "I8" { "I8" } else { "F32" },
            shape: tensor.info.shape.clone(),
            bytes: file[tensor.offset as usize..][..tensor.info.bytes as usize].to_vec(),
        })
        .collect();
    let scales = tensors.iter().position(|tensor| tensor.name.ends_with(".scales")).unwrap();
    change(&mut tensors, scales);
    load(&safetensors(&tensors), Precision::F32).map(drop).unwrap_err().to_string()
}

#[test]
fn values_before_their_scales() {
    let error = changed(|tensors, scales| tensors.swap(scales, scales + 1));
    assert!(error.contains("is I8") && error.ends_with("or I8 after its scales"), "{error}");
}

#[test]
fn values_without_scales() {
    let error = changed(|tensors, scales| drop(tensors.remove(scales)));
    assert!(error.contains("is I8") && error.ends_with("or I8 after its scales"), "{error}");
}

#[test]
fn scales_of_another_shape() {
    let error = changed(|tensors, scales| {
        tensors[scales].shape = vec![4, 2];
    });
    assert!(error.contains(".scales` of model.safetensors has the shape [4, 2]; expected [8, 1]"), "{error}");
}

#[test]
fn scales_that_are_not_finite() {
    let error =
        changed(|tensors, scales| tensors[scales].bytes[..4].copy_from_slice(&f32::NAN.to_le_bytes()));
    assert!(error.contains(".scales` of model.safetensors has NaN at index 0"), "{error}");
}

#[test]
fn scales_twice() {
    let error = changed(|tensors, scales| {
        let mut again = tensors[scales].clone();
        again.name = format!("model.{}", again.name);
        tensors.insert(scales + 1, again);
    });
    assert!(error.contains("is a duplicate"), "{error}");
}

#[test]
fn scales_without_values() {
    let error = changed(|tensors, scales| drop(tensors.remove(scales + 1)));
    assert!(error.contains("lacks the tensor"), "{error}");
}

#[test]
fn a_broken_header_cannot_be_resumed() {
    let mut loader = Loader::new(tiny(), Precision::F32);
    loader.begin("model.safetensors", None, true);
    assert_eq!(loader.resumes_at(), None);
    assert!(loader.push(&with_header(b"[]", b""), &mut |_, _| ()).is_err());
    assert_eq!(loader.resumes_at(), None);
}
