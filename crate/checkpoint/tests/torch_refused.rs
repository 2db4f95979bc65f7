//! PyTorch files that are rejected, and other files in place of weights: one test and error message
//! for each case.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common;

use std::path::PathBuf;

use common::collect::{collect, pieces};
use pickscore_checkpoint::weights::{FileError, ForeignFile, TorchError};

fn file(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/parity/fixtures/torch");
    std::fs::read(folder.join(name)).unwrap()
}

/// The error for a file, which must not depend on whether its length is known or how it is split.
fn refusal(bytes: &[u8]) -> String {
    let known = collect(&[bytes], Some(bytes.len() as u64)).unwrap_err();
    let unknown = collect(&pieces(bytes, 7), None).unwrap_err();
    let cut_off = |error: &FileError| matches!(error, FileError::Torch(error) if matches!(**error, TorchError::CutOff { .. }));
    // A known length reports missing bytes earlier.
    assert!(cut_off(&known) || known.to_string() == unknown.to_string(), "{known}\n{unknown}");
    known.to_string()
}

fn refused(name: &str) -> String {
    refusal(&file(name))
}

// Enough pickle instructions to write a checkpoint by hand.

/// The three pickles before the object in a legacy file.
fn preamble() -> Vec<u8> {
    let magic = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";
    [&magic[..], b"\x80\x02M\xe9\x03.", b"\x80\x02}X\x0d\x00\x00\x00little_endian\x88s."].concat()
}

/// A legacy file with this object (after the protocol) and a storage `0` with these values.
fn legacy(object: &[u8], numbers: &[f32]) -> Vec<u8> {
    let mut bytes = preamble();
    bytes.extend_from_slice(b"\x80\x02");
    bytes.extend_from_slice(object);
    bytes.extend_from_slice(b".\x80\x02]X\x01\x00\x00\x000a.");
    bytes.extend_from_slice(&(numbers.len() as u64).to_le_bytes());
    bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    bytes
}

fn text(text: &str) -> Vec<u8> {
    [b"X", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat()
}

fn int(int: i32) -> Vec<u8> {
    [b"J", &int.to_le_bytes()[..]].concat()
}

fn tuple(items: &[i32]) -> Vec<u8> {
    [b"(".to_vec(), items.iter().flat_map(|&item| int(item)).collect(), b"t".to_vec()].concat()
}

/// The persistent id of the storage `0` with this class and size.
fn storage(class: &str, elements: i32) -> Vec<u8> {
    let class = format!("ctorch\n{class}\n");
    [
        b"(".to_vec(),
        text("storage"),
        class.into_bytes(),
        text("0"),
        text("cpu"),
        int(elements),
        b"NtQ".to_vec(),
    ]
    .concat()
}

/// A call of `_rebuild_tensor_v2`.
fn tensor(storage: &[u8], offset: i32, shape: &[i32], strides: &[i32]) -> Vec<u8> {
    let function = b"ctorch._utils\n_rebuild_tensor_v2\n(".to_vec();
    let rest = b"\x89ccollections\nOrderedDict\n)RtR".to_vec();
    [function, storage.to_vec(), int(offset), tuple(shape), tuple(strides), rest].concat()
}

/// A dict with one entry.
fn dict(name: &str, value: &[u8]) -> Vec<u8> {
    [b"}".to_vec(), text(name), value.to_vec(), b"s".to_vec()].concat()
}

fn placed(offset: i32, shape: &[i32], strides: &[i32]) -> Vec<u8> {
    legacy(&dict("w", &tensor(&storage("FloatStorage", 4), offset, shape, strides)), &[1.0, 2.0, 3.0, 4.0])
}

#[test]
fn the_test_writer_writes_valid_files() {
    let bytes = placed(1, &[3], &[1]);
    let found = collect(&[&bytes], None).unwrap();
    assert_eq!(
        found.tensors["w"].2,
        [2.0f32, 3.0, 4.0].iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>()
    );
}

// Tensors that do not fit.

#[test]
fn an_offset_past_the_storage() {
    let error = refusal(&placed(4, &[1], &[1]));
    assert_eq!(
        error,
        "its tensor \"w\" of shape [1] with strides [1] from element 4 does not fit its storage of 4 elements"
    );
    assert!(refusal(&placed(i32::MAX, &[1], &[1])).contains("does not fit its storage"));
}

#[test]
fn a_shape_larger_than_the_storage() {
    assert!(
        refusal(&placed(0, &[5], &[1])).contains("of shape [5] with strides [1] from element 0 does not fit")
    );
    assert!(refusal(&placed(1, &[2, 2], &[2, 1])).contains("does not fit its storage of 4 elements"));
}

#[test]
fn strides_past_the_storage() {
    assert!(
        refusal(&placed(0, &[2, 2], &[3, 1])).contains("with strides [3, 1] from element 0 does not fit")
    );
}

#[test]
fn a_shape_that_overflows() {
    let error = refusal(&placed(0, &[i32::MAX, i32::MAX, i32::MAX, i32::MAX], &[0, 0, 0, 0]));
    assert!(error.contains("does not fit its storage of 4 elements"), "{error}");
}

#[test]
fn strides_that_overflow() {
    let error = refusal(&placed(0, &[2, 2, 2, 2], &[i32::MAX, i32::MAX, i32::MAX, i32::MAX]));
    assert!(error.contains("does not fit its storage"), "{error}");
    // The stride of a dimension of size 1 has no effect.
    assert!(collect(&[&placed(0, &[1, 1], &[i32::MAX, i32::MAX])], None).is_ok());
}

#[test]
fn negative_offsets_shapes_and_strides() {
    assert!(refusal(&placed(-1, &[1], &[1])).contains("the offset is not a non-negative integer"));
    assert!(
        refusal(&placed(0, &[-1], &[1]))
            .contains("the shape contains values other than non-negative integers")
    );
    assert!(
        refusal(&placed(0, &[1], &[-1]))
            .contains("the strides contains values other than non-negative integers")
    );
}

#[test]
fn strides_for_other_dimensions() {
    assert!(refusal(&placed(0, &[2, 2], &[1])).contains("1 strides for 2 dimensions"));
}

#[test]
fn more_dimensions_than_any_weight_has() {
    let error = refusal(&placed(0, &[1; 9], &[1; 9]));
    assert_eq!(error, "its tensor \"w\" has 9 dimensions; expected at most 8");
}

#[test]
fn a_view_that_repeats_its_storage_a_million_times() {
    let error = refusal(&placed(0, &[1 << 26, 4], &[0, 1]));
    assert!(error.starts_with("its views exceed 4 times the size of their storages by "), "{error}");
}

#[test]
fn a_storage_that_would_have_to_be_held_is_bounded() {
    // Two tensors in the same 1 GB storage, whose data is missing.
    let shared = storage("FloatStorage", 1 << 28);
    let one = tensor(&shared, 0, &[1 << 28], &[1]);
    let object = [b"}(".to_vec(), text("a"), one.clone(), text("b"), one, b"u".to_vec()].concat();
    let error = collect(&[&legacy(&object, &[])], None).unwrap_err().to_string();
    assert_eq!(
        error,
        "its tensor \"a\" overlaps others or is strided over 1073741824 bytes, but at most 536870912 can be held; convert the \
         file to safetensors with torch first"
    );
}

#[test]
fn a_terabyte_claimed_by_a_hundred_bytes() {
    let huge = storage("DoubleStorage", i32::MAX);
    let bytes = legacy(&dict("w", &tensor(&huge, 0, &[i32::MAX], &[1])), &[1.0]);
    let error = refusal(&bytes);
    assert!(error.starts_with("it is truncated: ") && error.ends_with("are missing"), "{error}");
}

// Pickles that do more than describe tensors.

#[test]
fn a_function_that_makes_a_tensor_is_refused_by_its_name() {
    for name in
        ["refused_evil.pt", "refused_evil_legacy.pt", "refused_evil_among.pt", "refused_evil_among_legacy.pt"]
    {
        let error = refused(name);
        assert!(
            error.contains("its tensors depend on `posix.system`, which is not executed"),
            "{name}: {error}"
        );
    }
    assert!(!std::path::Path::new("/tmp/this-file-must-never-exist").exists());
}

#[test]
fn a_whole_module_is_refused_by_its_class() {
    for name in ["refused_module.pt", "refused_module_legacy.pt", "refused_module_within.pt"] {
        let error = refused(name);
        assert!(error.contains("its tensors depend on `torch.nn.modules.linear.Linear`"), "{name}: {error}");
    }
}

#[test]
fn quantized_and_sparse_tensors_are_refused_by_their_function() {
    for suffix in ["", "_legacy"] {
        assert!(
            refused(&format!("refused_quantized{suffix}.pt"))
                .contains("depend on `torch._utils._rebuild_qtensor`")
        );
        assert!(
            refused(&format!("refused_sparse{suffix}.pt"))
                .contains("depend on `torch._utils._rebuild_sparse_tensor`")
        );
    }
}

#[test]
fn a_size_that_a_function_computes() {
    let shape = b"cos\nsystem\n)R".to_vec();
    let function = b"ctorch._utils\n_rebuild_tensor_v2\n(".to_vec();
    let object =
        [function, storage("FloatStorage", 4), int(0), shape, tuple(&[1]), b"\x89NtR".to_vec()].concat();
    assert!(refusal(&legacy(&dict("w", &object), &[0.0; 4])).contains("depend on `os.system`"));
}

#[test]
fn a_state_that_would_make_another_tensor() {
    let object = [tensor(&storage("FloatStorage", 4), 0, &[4], &[1]), b"(I1\ntb".to_vec()].concat();
    let error = refusal(&legacy(&dict("w", &object), &[0.0; 4]));
    assert!(error.contains("contains no tensors"), "{error}");
}

#[test]
fn a_file_without_tensors_lists_its_values() {
    for name in ["refused_no_tensors.pt", "refused_no_tensors_legacy.pt"] {
        assert_eq!(refused(name), "it contains no tensors, only epoch (int), name (str)");
    }
}

#[test]
fn several_sets_of_tensors() {
    for name in ["refused_several.pt", "refused_several_legacy.pt"] {
        assert!(
            refused(name)
                .starts_with("it contains several sets of tensors (a, b); expected one, or one named")
        );
    }
}

#[test]
fn a_pickle_of_something_else() {
    assert_eq!(
        refused("refused_pickle.pt"),
        "it is a Python pickle that `torch.save` did not write; it contains epoch (int), names (list)"
    );
    assert_eq!(
        refused("refused_evil.pkl"),
        "it is a Python pickle that `torch.save` did not write; it contains posix.system"
    );
}

#[test]
fn tensors_pickled_without_torch_save() {
    let error = refused("refused_pickled_tensor.pt");
    assert!(error.contains("torch.storage._load_from_bytes"), "{error}");
}

#[test]
fn an_unknown_class_of_storages() {
    let bytes = legacy(&dict("w", &tensor(&storage("FooStorage", 4), 0, &[4], &[1])), &[0.0; 4]);
    assert!(refusal(&bytes).contains("unknown storage class torch.FooStorage"));
}

#[test]
fn one_storage_with_two_types() {
    let object = [
        b"}(".to_vec(),
        text("a"),
        tensor(&storage("FloatStorage", 4), 0, &[4], &[1]),
        text("b"),
        tensor(&storage("HalfStorage", 8), 0, &[8], &[1]),
        b"u".to_vec(),
    ];
    let error = refusal(&legacy(&object.concat(), &[0.0; 4]));
    assert!(error.contains("\"0\" occurs twice with different types or sizes"), "{error}");
}

#[test]
fn hostile_pickles() {
    for (pickle, expected) in [
        (&b"\xff"[..], "unknown instruction 0xff"),
        (b"0", "stack underflow"),
        (b"1", "stack underflow"),
        (b"a", "stack underflow"),
        (b"Na", "stack underflow"),
        (b"NNa", "added to a value that is not a list"),
        (b"NNNs", "added to a value that is not a dictionary"),
        (b"}(Nu", "a key without a value"),
        (b"(Nd", "a key without a value"),
        (b"h\x00", "memo entry 0 is used before it is set"),
        (b"j\xff\xff\xff\xff", "used before it is set"),
        (b"\x80\x06", "protocol 6"),
        (b"\x82\x01", "extension registry"),
        (b"\x97", "an out-of-band buffer"),
        (b"Pstorage\n", "as pickle protocol 0 does, which torch.load cannot read either"),
        (b"NQ", "a persistent id has 0 items"),
        (b"(X\x06\x00\x00\x00threadNNNNtQ", "does not start with \"storage\""),
        (b"Ix\n", "\"x\" instead of a number"),
        (b"Fx\n", "\"x\" instead of a number"),
        (b"gx\n", "\"x\" instead of a number"),
        (b"S'a\n", "a string without quotes"),
        (b"c\n\n", "a class without a name"),
        (b"NN\x93", "a class name that is not a string"),
        (b"(o", "stack underflow"),
        (b"\x87", "stack underflow"),
        (b"((NN\x87", "stack underflow"),
        (b"I\xff\xfe\n", "a line that is not text"),
    ] {
        let error = refusal(&legacy(pickle, &[]));
        assert!(error.contains(expected), "{pickle:?}: {error}");
    }
    let line = [b"I".to_vec(), vec![b'1'; 5000]].concat();
    assert!(refusal(&legacy(&line, &[])).contains("a line of more than 4096 bytes"));
}

#[test]
fn a_string_of_terabytes() {
    for (pickle, claimed) in [
        (&b"\x8d\xff\xff\xff\xff\xff\x00\x00\x00"[..], "1,023 GiB"),
        (b"\x8e\xff\xff\xff\xff\xff\xff\xff\xff", "16,777,215 TiB"),
        (b"B\xff\xff\xff\xff", "3 GiB"),
    ] {
        let error = collect(&[&legacy(pickle, &[])], None).unwrap_err().to_string();
        let expected = format!(
            "its pickle is invalid at byte 2: it claims a value of {claimed}, but a pickle of names and shapes has at \
             most 64 MiB; the file is damaged"
        );
        assert!(error.contains(&expected), "{error}");
    }
}

#[test]
fn too_many_values() {
    let many = legacy(&b"N0".repeat(2 << 20), &[]);
    assert!(refusal(&many).contains("its pickle has more than 1048576 values"));
    let deep = legacy(&b"(".repeat(5 << 20), &[]);
    assert!(refusal(&deep).contains("more than 4194304 instructions"));
}

#[test]
fn lists_that_double_repeatedly() {
    // Each step creates a list twice as long as the previous one.
    let list = [b"](".to_vec(), b"N".repeat(100_000), b"eq\x000".to_vec()].concat();
    let copies = b"c__builtin__\nlist\nh\x00\x85R0".repeat(10_000);
    assert!(refusal(&legacy(&[list, copies].concat(), &[])).contains("copied values"));
}

#[test]
fn deep_nesting_does_not_overflow_the_stack() {
    let deep = [b"]".repeat(300_000), b"a".repeat(299_999)].concat();
    assert!(refusal(&legacy(&deep, &[])).contains("no tensors"));
    let deep =
        [b"}N".repeat(200_000), tensor(&storage("FloatStorage", 4), 0, &[4], &[1]), b"s".repeat(200_000)]
            .concat();
    assert!(refusal(&legacy(&deep, &[0.0; 4])).contains("nested in more than 8 dictionaries"));
}

#[test]
fn classes_within_classes() {
    let class = [b"cos\nsystem\n".to_vec(), b")R".repeat(100_000)].concat();
    let error = refusal(&legacy(&class, &[]));
    assert!(error.contains("no tensors"), "{error}");
}

// Archives.

#[test]
fn a_compressed_entry() {
    let error = refused("refused_compressed.pt");
    assert!(
        error.ends_with(
            "is compressed, so it cannot be read from front to back; load it with torch and save it again, or convert \
             it to safetensors"
        ),
        "{error}"
    );
}

#[test]
fn a_pickle_after_its_numbers() {
    for name in ["refused_pickle_last.pt", "refused_script.pt"] {
        assert_eq!(
            refused(name),
            "its numbers come before its pickle `data.pkl`, as in a TorchScript archive, so it cannot be read from \
             front to back: load it with `torch.jit.load` (or `torch.load`) and save its `state_dict()`"
        );
    }
}

#[test]
fn big_endian_numbers() {
    let expected = "its numbers are big-endian; expected little-endian: load it with torch and save it again";
    assert_eq!(refused("refused_big_endian.pt"), expected);
    let mut bytes = placed(0, &[4], &[1]);
    let at = bytes.windows(2).position(|pair| pair == b"\x88s").unwrap();
    bytes[at] = 0x89;
    assert_eq!(refusal(&bytes), expected);
}

#[test]
fn a_storage_twice() {
    assert_eq!(refused("refused_twice.pt"), "the storage \"0\" occurs twice");
    let mut bytes = placed(0, &[4], &[1]);
    let at = bytes.windows(4).position(|found| found == b"\x000a.").unwrap();
    bytes.splice(at + 2..at + 3, b"aX\x01\x00\x00\x000a".iter().copied());
    assert_eq!(refusal(&bytes), "the storage \"0\" occurs twice");
}

#[test]
fn a_missing_storage() {
    let bytes = file("refused_missing_storage.pt");
    let error = collect(&[&bytes], None).unwrap_err().to_string();
    assert_eq!(error, "the storage \"1\" of its tensor \"bias\" is not in the file");
    let mut bytes = placed(0, &[4], &[1]);
    let at = bytes.windows(4).position(|found| found == b"\x000a.").unwrap();
    bytes[at + 1] = b'1';
    assert!(refusal(&bytes).contains("expected a list of storages in the pickle"));
}

#[test]
fn a_storage_of_another_size() {
    let error = refused("refused_short_storage.pt");
    assert_eq!(error, "its entry \"state_dict/data/0\" has 44 bytes; expected 48 according to the pickle");
    let mut bytes = placed(0, &[4], &[1]);
    let at = bytes.len() - 16 - 8;
    bytes[at] = 3;
    assert_eq!(refusal(&bytes), "its entry \"0\" has 12 bytes; expected 16 according to the pickle");
}

#[test]
fn trailing_bytes() {
    for name in ["state_dict.pt", "state_dict_legacy.pt", "zip64.pt", "commented.pt"] {
        let mut bytes = file(name);
        let end = bytes.len();
        bytes.extend_from_slice(b"more");
        let error = collect(&[&bytes], Some(bytes.len() as u64)).unwrap_err().to_string();
        assert_eq!(error, format!("4 bytes follow its end at byte {end}; expected none"), "{name}");
        assert!(collect(&pieces(&bytes, 1), None).is_err(), "{name}");
    }
}

#[test]
fn a_file_that_ends_early() {
    let bytes = file("strided_legacy.pt");
    let cut = &bytes[..bytes.len() - 1234];
    // Storage keys are not counted before they have been read.
    let error = refusal(cut);
    assert!(
        error.starts_with("it is truncated: ") && error.ends_with("at least 1,016 are missing"),
        "{error}"
    );
    let streamed = collect(&[cut], None).unwrap_err().to_string();
    assert!(streamed.ends_with("at least 1,234 are missing"), "{streamed}");
    let bytes = file("strided.pt");
    let error = refusal(&bytes[..60_000]);
    assert!(error.starts_with("it is truncated: it has 60,000 bytes, and at least "), "{error}");
    assert!(refusal(b"PK\x03\x04").starts_with("it is truncated: it has 4 bytes"));
}

#[test]
fn a_torchscript_archive() {
    let expected = "it is a TorchScript archive, which is a program, not a checkpoint of `torch.save`: load it with \
                    `torch.jit.load` and save its `state_dict()`";
    // The same entries with the pickle first, as in older versions; and with the code first.
    assert_eq!(refused("refused_script_pickle_first.pt"), expected);
    assert_eq!(refused("refused_script_code_first.pt"), expected);
}

#[test]
fn zips_of_other_programs() {
    assert!(refused("refused.keras").starts_with("it is a Keras model, not a checkpoint of `torch.save`"));
    assert!(refused("refused_arrays.npz").starts_with("it is an archive of NumPy arrays, not a checkpoint"));
    assert!(
        refused("refused_other.zip")
            .starts_with("it is a zip archive without a `data.pkl`, not a checkpoint")
    );
    let empty = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    assert!(refusal(empty).starts_with("it is a zip archive without a `data.pkl`"));
}

#[test]
fn an_encrypted_zip() {
    let mut bytes = file("sizes_in_front.pt");
    bytes[6] |= 1;
    assert!(refusal(&bytes).starts_with("it is an encrypted zip archive"));
}

#[test]
fn an_unknown_legacy_version() {
    let mut bytes = placed(0, &[4], &[1]);
    let at = bytes.windows(3).position(|found| found == b"M\xe9\x03").unwrap();
    bytes[at + 1] = 0;
    assert_eq!(refusal(&bytes), "its PyTorch file format is version 768; expected 1001");
}

// Other files.

#[test]
fn a_git_lfs_pointer() {
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 3944517836\n";
    assert_eq!(
        refusal(pointer),
        "it is a git-lfs pointer to a file of 3,944,517,836 bytes, not the weights: run `git lfs pull` in its repository, \
         or download the file itself"
    );
}

#[test]
fn an_html_page() {
    for page in [
        &b"<!DOCTYPE html><html><head><title>Sign in</title></head>"[..],
        b"\xef\xbb\xbf\n  <html lang=\"en\">",
        b"<!doctype HTML>\n<head>",
    ] {
        let error = refusal(page);
        assert!(
            error.starts_with("it is an HTML page, not a safetensors file or PyTorch checkpoint: the server"),
            "{error}"
        );
    }
    let long = [b"<!doctype html>".to_vec(), vec![b'a'; 100_000]].concat();
    assert!(refusal(&long).starts_with("it is an HTML page"));
}

#[test]
fn a_json_document_of_an_error() {
    let error = refusal(br#"{"error":"Invalid username or password."}"#);
    assert!(
        error.contains("is a JSON document") && error.contains("Invalid username or password."),
        "{error}"
    );
}

#[test]
fn an_xml_document_of_an_error() {
    let error = refusal(b"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>");
    assert!(error.contains("is an XML document") && error.contains("AccessDenied"), "{error}");
}

#[test]
fn a_plain_text_error_of_a_server() {
    let error = refusal(b"Entry not found");
    assert!(error.contains("is a text file") && error.contains("\"Entry not found\""), "{error}");
}

/// The output of Python's `pickle.dumps` in protocols 0 and 1 for `{"a": 1}`, `[1]` and
/// `OrderedDict(a=1)`.
#[test]
fn pickles_of_the_oldest_protocols() {
    for bytes in [
        &b"(dp0\nVa\np1\nI1\ns."[..],
        b"}q\x00X\x01\x00\x00\x00aq\x01K\x01s.",
        b"(lp0\nI1\na.",
        b"]q\x00K\x01a.",
        b"ccollections\nOrderedDict\np0\n(tRp1\nVa\np2\nI1\ns.",
        b"ccollections\nOrderedDict\nq\x00)Rq\x01X\x01\x00\x00\x00aq\x02K\x01s.",
    ] {
        let error = refusal(bytes);
        assert!(error.starts_with("it is a Python pickle of protocol 0 or 1"), "{error}");
        assert!(error.ends_with("save its tensors again with torch.save or safetensors"), "{error}");
    }
    // Not pickles: a word that starts with c, and text that looks like a call.
    for bytes in [&b"cat\ndog\nfox and more"[..], b"(dp is a text"] {
        assert!(refusal(bytes).contains("is a text file"), "{}", refusal(bytes));
    }
}

#[test]
fn checkpoints_and_archives_of_other_programs() {
    let mut tar = vec![0; 1024];
    tar[..8].copy_from_slice(b"sys_info");
    tar[257..262].copy_from_slice(b"ustar");
    let padded = |magic: &[u8]| [magic, &[0x91; 600]].concat();
    for (bytes, expected) in [
        (tar, "is a tar archive"),
        (padded(b"\x1f\x8b\x08"), "is a gzip file"),
        (padded(b"\x28\xb5\x2f\xfd"), "is a zstd file"),
        (padded(b"GGUF\x03\0\0\0"), "is a GGUF model"),
        (padded(b"\x89HDF\r\n\x1a\n"), "is an HDF5 file"),
        (padded(b"\x93NUMPY\x01\0"), "is a NumPy array"),
        (padded(b"\x08\x08\x12\x07pytorch\x1a"), "is an ONNX model"),
        (padded(b"\x82\xa6params\x81"), "is a msgpack file"),
        (padded(b"\x1c\0\0\0TFL3"), "is a TensorFlow Lite model"),
        (padded(b"\x89PNG\r\n\x1a\n"), "is a PNG image"),
        (padded(b"\xff\xd8\xff\xe0\0\x10JFIF"), "is a JPEG image"),
        (padded(b"GIF89a\x20\0"), "is a GIF image"),
        (padded(b"RIFF\x60\0\0\0WEBPVP8L"), "is a WebP image"),
        (padded(b"II*\0\x08\0\0\0"), "is a TIFF image"),
        (padded(b"MM\0*\0\0\0\x08"), "is a TIFF image"),
        (padded(b"%PDF-1.7\n"), "is a PDF document"),
    ] {
        let error = refusal(&bytes);
        assert!(
            error.starts_with(&format!("it {expected}"))
                && error.contains("not a safetensors file or PyTorch checkpoint"),
            "{error}"
        );
        let foreign = collect(&[&bytes], None).unwrap_err();
        assert!(matches!(foreign, FileError::Foreign(ForeignFile::Other { .. })));
    }
}
