//! Loading checkpoints: the parameters and the errors.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common;

use std::collections::HashMap;

use common::{Tensor, safetensors, tiny, tiny_tensors, with_header};
use half::{bf16, f16};
use pickscore_checkpoint::weights::{Loaded, Loader, Precision, Values, WeightError, parameters};
use proptest::prelude::*;

type Parameters = HashMap<String, Values>;

fn load_pieces(
    pieces: &[&[u8]],
    length: Option<u64>,
    precision: Precision,
) -> Result<(Parameters, Loaded), WeightError> {
    let mut found = HashMap::new();
    let mut loader = Loader::new(tiny(), precision);
    loader.begin("model.safetensors", length, true);
    for piece in pieces {
        loader.push(piece, &mut |parameter, values| {
            assert!(found.insert(parameter.name.clone(), values).is_none(), "{} came twice", parameter.name);
        })?;
    }
    loader.end()?;
    Ok((found, loader.finish("model.safetensors")?))
}

fn load(file: &[u8]) -> Result<(Parameters, Loaded), WeightError> {
    load_pieces(&[file], Some(file.len() as u64), Precision::F32)
}

fn refusal(file: &[u8]) -> String {
    // A stream of unknown length may report an error later, but must report it.
    let streamed = load_pieces(&[file], None, Precision::F32);
    assert!(streamed.is_err(), "accepted when the length is not known");
    load(file).unwrap_err().to_string()
}

fn position(tensors: &[Tensor], name: &str) -> usize {
    tensors.iter().position(|tensor| tensor.name == name).unwrap()
}

fn values_of(tensors: &[Tensor], name: &str) -> Vec<f32> {
    let bytes = &tensors[position(tensors, name)].bytes;
    bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
}

const FC1: &str = "text_model.encoder.layers.0.mlp.fc1.weight";

#[test]
fn every_parameter_comes_once() {
    let (found, loaded) = load(&safetensors(&tiny_tensors())).unwrap();
    assert!(loaded.unexpected.is_empty());
    let expected = parameters(tiny());
    assert_eq!(found.len(), expected.len());
    for parameter in expected {
        let Values::F32(values) = &found[&parameter.name] else { panic!("{} is not f32", parameter.name) };
        assert_eq!(values.len(), parameter.shape.iter().product::<usize>(), "{}", parameter.name);
    }
}

#[test]
fn query_key_and_value_become_one_matrix_whatever_their_order() {
    let tensors = tiny_tensors();
    let part = |name: &str| {
        values_of(&tensors, &format!("vision_model.encoder.layers.0.self_attn.{name}_proj.weight"))
    };
    let expected = Values::F32([part("q"), part("k"), part("v")].concat());
    let mut reversed = tensors.clone();
    reversed.reverse();
    for file in [tensors, reversed] {
        let (found, _) = load(&safetensors(&file)).unwrap();
        assert_eq!(found["vision.blocks.0.attention.qkv.weight"], expected);
    }
}

#[test]
fn open_clips_names_give_the_same_parameters() {
    let theirs = tiny_tensors();
    let whole = |tower: &str, kind: &str| {
        let part = |name: &str| {
            values_of(&theirs, &format!("{tower}.encoder.layers.0.self_attn.{name}_proj.{kind}"))
        };
        [part("q"), part("k"), part("v")].concat()
    };
    let transposed = |name: &str| {
        let values = values_of(&theirs, name);
        let columns = (0..8).flat_map(|column| (0..6).map(move |row| (row, column)));
        columns.map(|(row, column)| values[row * 8 + column]).collect::<Vec<_>>()
    };
    let mut tensors: Vec<Tensor> = Vec::new();
    for tensor in &theirs {
        let name = tensor.name.as_str();
        let renamed = match name {
            "visual_projection.weight" => {
                tensors.push(Tensor::f32("visual.proj", &[8, 6], &transposed(name)));
                continue;
            }
            "text_projection.weight" => {
                tensors.push(Tensor::f32("text_projection", &[8, 6], &transposed(name)));
                continue;
            }
            _ if name.contains("q_proj") || name.contains("k_proj") || name.contains("v_proj") => continue,
            _ => name
                .replace("vision_model.embeddings.patch_embedding", "visual.conv1")
                .replace("vision_model.embeddings.position_embedding.weight", "visual.positional_embedding")
                .replace("vision_model.embeddings.", "visual.")
                .replace("vision_model.pre_layrnorm", "visual.ln_pre")
                .replace("vision_model.post_layernorm", "visual.ln_post")
                .replace("text_model.embeddings.position_embedding.weight", "positional_embedding")
                .replace("text_model.embeddings.", "")
                .replace("text_model.final_layer_norm", "ln_final")
                .replace("vision_model.encoder.layers", "visual.transformer.resblocks")
                .replace("text_model.encoder.layers", "transformer.resblocks")
                .replace("layer_norm", "ln_")
                .replace("self_attn", "attn")
                .replace("fc1", "c_fc")
                .replace("fc2", "c_proj"),
        };
        tensors.push(Tensor { name: renamed, ..tensor.clone() });
    }
    for (tower, prefix) in [("vision_model", "visual.transformer"), ("text_model", "transformer")] {
        let name = |kind: &str| format!("{prefix}.resblocks.0.attn.in_proj_{kind}");
        tensors.push(Tensor::f32(&name("weight"), &[24, 8], &whole(tower, "weight")));
        tensors.push(Tensor::f32(&name("bias"), &[24], &whole(tower, "bias")));
    }
    let expected = load(&safetensors(&theirs)).unwrap().0;
    assert_eq!(load(&safetensors(&tensors)).unwrap().0, expected);

    // The names that open_clip's training writes for a model with a separate text tower.
    let text = |name: &str| !name.starts_with("visual.") && name != "logit_scale";
    for tensor in &mut tensors {
        let prefix = if text(&tensor.name) { "module.text." } else { "module." };
        tensor.name = format!("{prefix}{}", tensor.name);
    }
    assert_eq!(load(&safetensors(&tensors)).unwrap().0, expected);
}

#[test]
fn buffers_are_ignored_and_unexpected_tensors_reported() {
    let mut tensors = tiny_tensors();
    let ids = vec![0; 40];
    let name = "text_model.embeddings.position_ids".into();
    tensors.push(Tensor { name, dtype: "I64", shape: vec![1, 5], bytes: ids });
    tensors.push(Tensor::f32("aesthetic_head.weight", &[2], &[1.0, 2.0]));
    let (_, loaded) = load(&safetensors(&tensors)).unwrap();
    assert_eq!(loaded.unexpected, ["aesthetic_head.weight"]);
}

#[test]
fn a_logit_scale_may_be_a_list_of_one() {
    let mut tensors = tiny_tensors();
    let at = position(&tensors, "logit_scale");
    tensors[at].shape = vec![1];
    let (found, _) = load(&safetensors(&tensors)).unwrap();
    assert_eq!(found["logit_scale"], Values::F32(values_of(&tensors, "logit_scale")));
}

#[test]
fn half_precision_sources_are_exact() {
    let tensors = tiny_tensors();
    let exact = |narrow: fn(f32) -> f32, bytes: fn(f32) -> Vec<u8>, dtype: &'static str| {
        let mut file = tensors.clone();
        let mut expected = Vec::new();
        for tensor in &mut file {
            let values = values_of(&tensors, &tensor.name);
            if tensor.name == FC1 {
                expected = values.iter().map(|&x| narrow(x)).collect();
            }
            tensor.bytes = values.iter().flat_map(|&x| bytes(x)).collect();
            tensor.dtype = dtype;
        }
        let (found, _) = load(&safetensors(&file)).unwrap();
        assert_eq!(found["text.blocks.0.mlp.up.weight"], Values::F32(expected), "{dtype}");
    };
    exact(|x| f16::from_f32(x).to_f32(), |x| f16::from_f32(x).to_le_bytes().to_vec(), "F16");
    exact(|x| bf16::from_f32(x).to_f32(), |x| bf16::from_f32(x).to_le_bytes().to_vec(), "BF16");
    exact(|x| x, |x| f64::from(x).to_le_bytes().to_vec(), "F64");
}

#[test]
fn targets_have_the_expected_precision() {
    let tensors = tiny_tensors();
    let file = safetensors(&tensors);
    let read = |precision| load_pieces(&[&file], None, precision).unwrap().0;
    let source = values_of(&tensors, FC1);
    let halves = read(Precision::F16);
    assert_eq!(
        halves["text.blocks.0.mlp.up.weight"],
        Values::F16(source.iter().map(|&x| f16::from_f32(x)).collect())
    );
    let blocks = read(Precision::Q8);
    for (name, tensor) in [
        ("text.blocks.0.mlp.up.weight", FC1),
        ("vision.patch.weight", "vision_model.embeddings.patch_embedding.weight"),
    ] {
        let source = values_of(&tensors, tensor);
        let columns = source.len() / parameters(tiny()).iter().find(|p| p.name == name).unwrap().shape[0];
        let Values::Q8(packed) = blocks[name].clone() else { panic!("not 8-bit") };
        for (row, unpacked) in packed.unpack(columns).chunks(columns).enumerate() {
            let row = &source[row * columns..][..columns];
            for (from, to) in row.chunks(packed.block).zip(unpacked.chunks(packed.block)) {
                let largest = from.iter().fold(0.0f32, |a, x| a.max(x.abs()));
                for (a, b) in from.iter().zip(to) {
                    assert!((a - b).abs() <= largest / 254.0 * 1.0001, "{name}: {a} became {b}");
                }
            }
        }
    }
    for all in [&halves, &blocks] {
        assert!(matches!(all["text.final_norm.weight"], Values::F32(_)), "vectors stay f32");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn pieces_of_any_size_give_the_same(cuts in prop::collection::vec(0usize..20_000, 0..12), known: bool) {
        let file = safetensors(&tiny_tensors());
        for precision in [Precision::F32, Precision::F16, Precision::Q8] {
            let whole = load_pieces(&[&file], None, precision).unwrap();
            let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (file.len() + 1)).collect();
            ends.push(file.len());
            ends.sort_unstable();
            let mut start = 0;
            let pieces: Vec<&[u8]> = ends.iter().map(|&end| {
                let piece = &file[start..end];
                start = end;
                piece
            }).collect();
            let cut = load_pieces(&pieces, known.then_some(file.len() as u64), precision).unwrap();
            prop_assert_eq!(&cut, &whole);
        }
    }

    #[test]
    fn hostile_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = load(&bytes);
        let _ = load(&with_header(&bytes, &bytes));
    }

    #[test]
    fn damaged_files_never_panic(at in 0usize..4000, byte: u8, cut in 0usize..20_000) {
        let mut file = safetensors(&tiny_tensors());
        file[at] = byte;
        let cut = cut.min(file.len());
        let _ = load(&file);
        let _ = load(&file[..cut]);
    }
}

#[test]
fn one_byte_at_a_time() {
    let file = safetensors(&tiny_tensors());
    let bytes: Vec<&[u8]> = file.chunks(1).collect();
    assert_eq!(
        load_pieces(&bytes, None, Precision::Q8).unwrap(),
        load_pieces(&[&file], None, Precision::Q8).unwrap()
    );
}

// Hostile headers, one test for each case.

#[test]
fn empty_file() {
    assert!(refusal(b"").contains("0 bytes long"));
}

#[test]
fn shorter_than_its_prefix() {
    assert!(refusal(b"abc").contains("it is 3 bytes long; a safetensors file has at least 8"));
}

#[test]
fn two_gigabytes_claimed_by_a_hundred_bytes() {
    let mut file = vec![b' '; 100];
    file[..8].copy_from_slice(&(2u64 << 30).to_le_bytes());
    assert!(refusal(&file).contains("its header length is 2147483648 bytes; expected at most 16777216"));
}

#[test]
fn header_past_the_end() {
    let mut file = vec![b' '; 100];
    file[..8].copy_from_slice(&93u64.to_le_bytes());
    assert!(refusal(&file).contains("its header ends at byte 101, but the file has 100 bytes"));
}

#[test]
fn header_length_that_overflows() {
    assert!(refusal(&[0xff; 64]).contains("expected at most"));
}

#[test]
fn a_html_page_instead() {
    let page = b"<!DOCTYPE html><html><head><title>404</title></head></html>";
    assert!(refusal(page).contains("is an HTML page, not a safetensors file or PyTorch checkpoint"));
}

#[test]
fn tensor_of_two_gigabytes_in_a_hundred_bytes() {
    let json = br#"{"logit_scale":{"dtype":"F32","shape":[536870912],"data_offsets":[0,2147483648]}}"#;
    let error = refusal(&with_header(json, b""));
    assert!(error.contains("its tensors end at byte 2147483737, but the file has 89 bytes"), "{error}");
}

#[test]
fn overlapping_offsets() {
    let json = br#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#;
    assert!(refusal(&with_header(json, &[0; 12])).contains("its tensor \"b\" starts at 4; expected 8"));
}

#[test]
fn gap_between_tensors() {
    let json = br#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}"#;
    assert!(refusal(&with_header(json, &[0; 12])).contains("its tensor \"b\" starts at 8; expected 4"));
}

#[test]
fn gap_before_the_first() {
    let json = br#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#;
    assert!(refusal(&with_header(json, &[0; 8])).contains("starts at 4; expected 0"));
}

#[test]
fn end_before_start() {
    let json = br#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#;
    assert!(
        refusal(&with_header(json, &[0; 8]))
            .contains("has the offsets 4 and 0; expected a start before the end")
    );
}

#[test]
fn offsets_that_overflow() {
    let json =
        br#"{"a":{"dtype":"U8","shape":[18446744073709551615],"data_offsets":[0,18446744073709551615]}}"#;
    assert!(refusal(&with_header(json, &[0; 8])).contains("more than any file can hold"));
    let json = br#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,18446744073709551616]}}"#;
    assert!(refusal(&with_header(json, &[0; 8])).contains("its header is invalid: "));
    let json = br#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}"#;
    assert!(refusal(&with_header(json, &[0; 8])).contains("its header is invalid: "));
}

#[test]
fn shape_that_overflows() {
    let json = br#"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}"#;
    assert!(refusal(&with_header(json, &[0; 8])).contains("more than any file can hold"));
}

#[test]
fn shape_that_does_not_fill_its_offsets() {
    let json = br#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#;
    assert!(
        refusal(&with_header(json, &[0; 8]))
            .contains("its tensor \"a\" has 8 bytes; expected 12 for F32 [3]")
    );
}

#[test]
fn too_many_dimensions() {
    let json = br#"{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}}"#;
    assert!(refusal(&with_header(json, &[0; 4])).contains("9 dimensions, expected at most 8"));
}

#[test]
fn the_same_name_twice() {
    let json = br#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#;
    assert!(refusal(&with_header(json, &[0; 8])).contains("the name \"a\" occurs twice"));
}

#[test]
fn unknown_field_of_a_tensor() {
    let json = br#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"code":"import os"}}"#;
    assert!(refusal(&with_header(json, &[0; 4])).contains("unknown field `code`"));
}

#[test]
fn missing_field_of_a_tensor() {
    let json = br#"{"a":{"dtype":"F32","data_offsets":[0,4]}}"#;
    assert!(refusal(&with_header(json, &[0; 4])).contains("missing field `shape`"));
}

#[test]
fn header_that_is_not_an_object() {
    assert!(refusal(&with_header(b"[1,2,3]", b"")).contains("expected an object of tensors"));
    assert!(refusal(&with_header(b"\xff\xfe{}", b"")).contains("its header is invalid: "));
    assert!(refusal(&with_header(&vec![b'['; 100_000], b"")).contains("its header is invalid: "));
}

#[test]
fn truncated_data() {
    let file = safetensors(&tiny_tensors());
    let error = refusal(&file[..file.len() - 1]);
    assert!(
        error.contains(&format!(
            "its tensors end at byte {}, but the file has {} bytes: it is truncated, 1 bytes are missing",
            file.len(),
            file.len() - 1
        )),
        "{error}"
    );
}

#[test]
fn appended_data() {
    let mut file = safetensors(&tiny_tensors());
    file.push(0);
    let error = refusal(&file);
    assert!(
        error.contains(&format!(
            "its tensors end at byte {}, but the file has {} bytes: 1 extra bytes follow",
            file.len() - 1,
            file.len()
        )),
        "{error}"
    );
}

// Tensors that do not match the model.

#[test]
fn wrong_shape() {
    let mut tensors = tiny_tensors();
    let at = position(&tensors, FC1);
    tensors[at].shape = vec![8, 12];
    let error = refusal(&safetensors(&tensors));
    assert_eq!(
        error,
        format!(
            "the tensor `{FC1}` of model.safetensors has the shape [8, 12]; expected [12, 8] according to the configuration"
        )
    );
}

#[test]
fn wrong_dtype() {
    let mut tensors = tiny_tensors();
    let at = position(&tensors, FC1);
    tensors[at].dtype = "I32";
    let error = refusal(&safetensors(&tensors));
    assert_eq!(
        error,
        format!(
            "the tensor `{FC1}` of model.safetensors is I32 [12, 8]; expected F32, F16, BF16 or F64, or I8 after its scales"
        )
    );
}

#[test]
fn unknown_dtype() {
    let mut tensors = tiny_tensors();
    let at = position(&tensors, FC1);
    tensors[at].dtype = "Q6_K_with_a_very_long_name";
    assert!(refusal(&safetensors(&tensors)).contains("is Q6_K_with_a_very_lon [12, 8]; expected F32"));
}

#[test]
fn missing_tensor_with_the_nearest_name() {
    let mut tensors = tiny_tensors();
    let at = position(&tensors, FC1);
    tensors[at].name = FC1.replace("fc1", "fc_1");
    let error = refusal(&safetensors(&tensors));
    assert_eq!(
        error,
        format!(
            "model.safetensors lacks the tensor `{FC1}` [12, 8] (it has `{}`); 1 of its tensors is not part of the model",
            FC1.replace("fc1", "fc_1")
        )
    );
}

#[test]
fn missing_value_of_a_layer() {
    let mut tensors = tiny_tensors();
    tensors.retain(|tensor| !tensor.name.contains("text_model.encoder.layers.0.self_attn.v_proj"));
    let error = refusal(&safetensors(&tensors));
    assert!(error.contains("`text_model.encoder.layers.0.self_attn.v_proj.weight` [8, 8]"), "{error}");
    assert!(!error.contains("q_proj"), "{error}");
}

#[test]
fn another_model_entirely() {
    let error = refusal(&safetensors(&[Tensor::f32("bert.embeddings.weight", &[2], &[0.0; 2])]));
    assert!(error.contains("and 41 more"), "{error}");
}

#[test]
fn the_same_tensor_under_two_names() {
    let mut tensors = tiny_tensors();
    tensors.push(Tensor::f32("visual.class_embedding", &[8], &[0.0; 8]));
    assert!(
        refusal(&safetensors(&tensors))
            .contains("`visual.class_embedding` of model.safetensors is a duplicate")
    );
}

#[test]
fn nan_weights() {
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for name in [FC1, "logit_scale", "text_projection.weight"] {
            let mut tensors = tiny_tensors();
            let at = position(&tensors, name);
            let last = tensors[at].bytes.len() - 4;
            tensors[at].bytes[last..].copy_from_slice(&value.to_le_bytes());
            let error = refusal(&safetensors(&tensors));
            let expected = format!(
                "the tensor `{name}` of model.safetensors has {value} at index {}; expected finite",
                last / 4
            );
            assert!(error.contains(&expected), "{error}");
        }
    }
}

#[test]
fn weights_too_large_for_f16() {
    let mut tensors = tiny_tensors();
    let at = position(&tensors, FC1);
    tensors[at].bytes[20..24].copy_from_slice(&65_536.0f32.to_le_bytes());
    let file = safetensors(&tensors);
    let error = load_pieces(&[&file], None, Precision::F16).unwrap_err().to_string();
    assert!(error.contains("has 65536 at index 5, too large for f16; use f32 or q8"), "{error}");
    assert!(load(&file).is_ok());
}

/// A tensor's values in f16.
fn halve(tensor: &mut Tensor) {
    let values = tensor.bytes.as_chunks().0.iter().map(|&bytes| f16::from_f32(f32::from_le_bytes(bytes)));
    tensor.bytes = values.flat_map(f16::to_le_bytes).collect();
    tensor.dtype = "F16";
}

#[test]
fn weights_in_f16_stay_as_they_are() {
    let mut tensors = tiny_tensors();
    tensors.iter_mut().for_each(halve);
    let file = safetensors(&tensors);
    // Pieces that end within a value.
    let pieces: Vec<&[u8]> = file.chunks(37).collect();
    let (found, _) = load_pieces(&pieces, None, Precision::F16).unwrap();
    let expected = &tensors[position(&tensors, FC1)].bytes;
    let Values::F16(values) = &found["text.blocks.0.mlp.up.weight"] else { panic!("not f16") };
    assert_eq!(&values.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>(), expected);
}

#[test]
fn f16_weights_that_are_not_finite() {
    for value in [f16::NAN, f16::INFINITY, f16::NEG_INFINITY] {
        for name in [FC1, "logit_scale", "text_projection.weight"] {
            let mut tensors = tiny_tensors();
            let at = position(&tensors, name);
            halve(&mut tensors[at]);
            let last = tensors[at].bytes.len() - 2;
            tensors[at].bytes[last..].copy_from_slice(&value.to_le_bytes());
            let file = safetensors(&tensors);
            for precision in Precision::ALL {
                let error = load_pieces(&[&file], None, precision).unwrap_err().to_string();
                let expected = format!("has {value} at index {}; expected finite", last / 2);
                assert!(error.contains(&expected), "{precision:?}: {error}");
            }
        }
    }
}
