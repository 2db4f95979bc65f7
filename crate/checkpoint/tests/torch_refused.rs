//! PyTorch files that are refused, and other files where weights were expected: one test for each way, with the sentence that is said.

#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

mod common;

use std::path::PathBuf;

use common::collect::{collect, pieces};
use pickscore_checkpoint::weights::{FileError, ForeignFile, TorchError};

fn file(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/parity/fixtures/torch");
    std::fs::read(folder.join(name)).unwrap()
}

/// The sentence with which a file is refused, whether its length is known and however it is cut.
fn refusal(bytes: &[u8]) -> String {
    let known = collect(&[bytes], Some(bytes.len() as u64)).unwrap_err();
    let unknown = collect(&pieces(bytes, 7), None).unwrap_err();
    let cut_off = |error: &FileError| matches!(error, FileError::Torch(error) if matches!(**error, TorchError::CutOff { .. }));
    // That bytes are missing is said as soon as the length tells.
    assert!(cut_off(&known) || known.to_string() == unknown.to_string(), "{known}\n{unknown}");
    known.to_string()
}

fn refused(name: &str) -> String {
    refusal(&file(name))
}

// Python's instructions, enough of them to write a checkpoint by hand.

/// The three pickles before a legacy file's object.
fn preamble() -> Vec<u8> {
    let magic = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";
    [&magic[..], b"\x80\x02M\xe9\x03.", b"\x80\x02}X\x0d\x00\x00\x00little_endian\x88s."].concat()
}

/// A legacy file with this object (after the protocol), the storage `0` of these numbers.
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

/// The persistent id of the storage `0` of this class and size.
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

/// A tensor by `_rebuild_tensor_v2`.
fn tensor(storage: &[u8], offset: i32, shape: &[i32], strides: &[i32]) -> Vec<u8> {
    let function = b"ctorch._utils\n_rebuild_tensor_v2\n(".to_vec();
    let rest = b"\x89ccollections\nOrderedDict\n)RtR".to_vec();
    [function, storage.to_vec(), int(offset), tuple(shape), tuple(strides), rest].concat()
}

/// A dictionary of one entry.
fn dict(name: &str, value: &[u8]) -> Vec<u8> {
    [b"}".to_vec(), text(name), value.to_vec(), b"s".to_vec()].concat()
}

fn placed(offset: i32, shape: &[i32], strides: &[i32]) -> Vec<u8> {
    legacy(&dict("w", &tensor(&storage("FloatStorage", 4), offset, shape, strides)), &[1.0, 2.0, 3.0, 4.0])
}

#[test]
fn the_writer_of_these_tests_writes_what_is_read() {
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
    // Where there is no neighbour a stride says nothing.
    assert!(collect(&[&placed(0, &[1, 1], &[i32::MAX, i32::MAX])], None).is_ok());
}

#[test]
fn negative_offsets_shapes_and_strides() {
    assert!(refusal(&placed(-1, &[1], &[1])).contains("an offset that is no number from 0 on"));
    assert!(refusal(&placed(0, &[-1], &[1])).contains("its shape has something else than numbers from 0 on"));
    assert!(
        refusal(&placed(0, &[1], &[-1])).contains("its strides has something else than numbers from 0 on")
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
    assert!(error.starts_with("its tensors repeat their storages 4 times and "), "{error}");
}

#[test]
fn a_storage_that_would_have_to_be_held_is_bounded() {
    // Two tensors over the same 1 GB, of which not a byte is there.
    let shared = storage("FloatStorage", 1 << 28);
    let one = tensor(&shared, 0, &[1 << 28], &[1]);
    let object = [b"}(".to_vec(), text("a"), one.clone(), text("b"), one, b"u".to_vec()].concat();
    let error = collect(&[&legacy(&object, &[])], None).unwrap_err().to_string();
    assert_eq!(
        error,
        "its tensor \"a\" shares or reorders 1073741824 bytes, and at most 536870912 are held at a time; convert the \
         file to safetensors with torch first"
    );
}

#[test]
fn a_terabyte_claimed_by_a_hundred_bytes() {
    let huge = storage("DoubleStorage", i32::MAX);
    let bytes = legacy(&dict("w", &tensor(&huge, 0, &[i32::MAX], &[1])), &[1.0]);
    let error = refusal(&bytes);
    assert!(error.starts_with("it is cut off: ") && error.ends_with("are missing"), "{error}");
}

// Pickles that do more than describe tensors.

#[test]
fn a_function_that_makes_a_tensor_is_refused_by_its_name() {
    for name in
        ["refused_evil.pt", "refused_evil_legacy.pt", "refused_evil_among.pt", "refused_evil_among_legacy.pt"]
    {
        let error = refused(name);
        assert!(error.contains("its tensors depend on `posix.system`, which is not run"), "{name}: {error}");
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
    assert!(error.contains("holds no tensors"), "{error}");
}

#[test]
fn no_tensors_says_what_there_is() {
    for name in ["refused_no_tensors.pt", "refused_no_tensors_legacy.pt"] {
        assert_eq!(refused(name), "it holds no tensors, only epoch (int), name (str)");
    }
}

#[test]
fn several_sets_of_tensors() {
    for name in ["refused_several.pt", "refused_several_legacy.pt"] {
        assert!(
            refused(name).starts_with("it holds several sets of tensors (a, b); expected one, or one called")
        );
    }
}

#[test]
fn a_pickle_of_something_else() {
    assert_eq!(
        refused("refused_pickle.pt"),
        "it is a Python pickle that `torch.save` did not write; it holds epoch (int), names (list)"
    );
    assert_eq!(
        refused("refused_evil.pkl"),
        "it is a Python pickle that `torch.save` did not write; it holds posix.system"
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
    assert!(refusal(&bytes).contains("the class torch.FooStorage, which is not known"));
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
    assert!(error.contains("\"0\" is named twice with different types or sizes"), "{error}");
}

#[test]
fn hostile_pickles() {
    for (pickle, expected) in [
        (&b"\xff"[..], "0xff is no instruction"),
        (b"0", "lacks its values"),
        (b"1", "lacks its values"),
        (b"a", "lacks its values"),
        (b"Na", "lacks its values"),
        (b"NNa", "added to what is no list"),
        (b"NNNs", "added to what is no dictionary"),
        (b"}(Nu", "a key without a value"),
        (b"(Nd", "a key without a value"),
        (b"h\x00", "value 0 is used before it is there"),
        (b"j\xff\xff\xff\xff", "used before it is there"),
        (b"\x80\x06", "protocol 6"),
        (b"\x82\x01", "extension registry"),
        (b"\x97", "a buffer outside the pickle"),
        (b"Pstorage\n", "the persistent id \"storage\""),
        (b"NQ", "a persistent id of 0 parts"),
        (b"(X\x06\x00\x00\x00threadNNNNtQ", "does not begin with \"storage\""),
        (b"Ix\n", "\"x\" where a number belongs"),
        (b"Fx\n", "\"x\" where a number belongs"),
        (b"gx\n", "\"x\" where a number belongs"),
        (b"S'a\n", "a text without quotes"),
        (b"c\n\n", "a class without a name"),
        (b"NN\x93", "a class whose name is not text"),
        (b"(o", "lacks its values"),
        (b"\x87", "lacks its values"),
        (b"((NN\x87", "lacks its values"),
        (b"I\xff\xfe\n", "a line that is not text"),
    ] {
        let error = refusal(&legacy(pickle, &[]));
        assert!(error.contains(expected), "{pickle:?}: {error}");
    }
    let line = [b"I".to_vec(), vec![b'1'; 5000]].concat();
    assert!(refusal(&legacy(&line, &[])).contains("a line of more than 4096 bytes"));
}

#[test]
fn a_text_of_terabytes() {
    for pickle in [
        &b"\x8d\xff\xff\xff\xff\xff\x00\x00\x00"[..],
        b"\x8e\xff\xff\xff\xff\xff\xff\xff\xff",
        b"B\xff\xff\xff\xff",
    ] {
        let error = collect(&[&legacy(pickle, &[])], None).unwrap_err().to_string();
        assert!(error.contains("its pickle has more than 67108864 bytes"), "{error}");
    }
}

#[test]
fn values_without_end() {
    let many = legacy(&b"N0".repeat(2 << 20), &[]);
    assert!(refusal(&many).contains("its pickle has more than 1048576 values"));
    let deep = legacy(&b"(".repeat(5 << 20), &[]);
    assert!(refusal(&deep).contains("more than 4194304 instructions"));
}

#[test]
fn lists_that_are_copied_without_end() {
    // Each turn makes a list of twice what the last one copied.
    let list = [b"](".to_vec(), b"N".repeat(100_000), b"eq\x000".to_vec()].concat();
    let copies = b"c__builtin__\nlist\nh\x00\x85R0".repeat(10_000);
    assert!(refusal(&legacy(&[list, copies].concat(), &[])).contains("copied values"));
}

#[test]
fn depth_costs_no_stack() {
    let deep = [b"]".repeat(300_000), b"a".repeat(299_999)].concat();
    assert!(refusal(&legacy(&deep, &[])).contains("no tensors"));
    let deep =
        [b"}N".repeat(200_000), tensor(&storage("FloatStorage", 4), 0, &[4], &[1]), b"s".repeat(200_000)]
            .concat();
    assert!(refusal(&legacy(&deep, &[0.0; 4])).contains("tensors within more than 8 dictionaries"));
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
    assert_eq!(refused("refused_twice.pt"), "the storage \"0\" is there a second time");
    let mut bytes = placed(0, &[4], &[1]);
    let at = bytes.windows(4).position(|found| found == b"\x000a.").unwrap();
    bytes.splice(at + 2..at + 3, b"aX\x01\x00\x00\x000a".iter().copied());
    assert_eq!(refusal(&bytes), "the storage \"0\" is there a second time");
}

#[test]
fn a_storage_that_is_not_there() {
    let bytes = file("refused_missing_storage.pt");
    let error = collect(&[&bytes], None).unwrap_err().to_string();
    assert_eq!(error, "the storage \"1\" of its tensor \"bias\" is not in the file");
    let mut bytes = placed(0, &[4], &[1]);
    let at = bytes.windows(4).position(|found| found == b"\x000a.").unwrap();
    bytes[at + 1] = b'1';
    assert!(refusal(&bytes).contains("expected only storages that the pickle names"));
}

#[test]
fn a_storage_of_another_size() {
    let error = refused("refused_short_storage.pt");
    assert_eq!(error, "its entry \"state_dict/data/0\" has 44 bytes; expected 48 by the pickle");
    let mut bytes = placed(0, &[4], &[1]);
    let at = bytes.len() - 16 - 8;
    bytes[at] = 3;
    assert_eq!(refusal(&bytes), "its entry \"0\" has 12 bytes; expected 16 by the pickle");
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
    // The names of the storages are not counted before they have come.
    let error = refusal(cut);
    assert!(error.starts_with("it is cut off: ") && error.ends_with("at least 1,016 are missing"), "{error}");
    let streamed = collect(&[cut], None).unwrap_err().to_string();
    assert!(streamed.ends_with("at least 1,234 are missing"), "{streamed}");
    let bytes = file("strided.pt");
    let error = refusal(&bytes[..60_000]);
    assert!(error.starts_with("it is cut off: 60,000 of its bytes are there and at least "), "{error}");
    assert!(refusal(b"PK\x03\x04").starts_with("it is cut off: 4 of its bytes are there"));
}

#[test]
fn a_torchscript_archive() {
    let expected = "it is a TorchScript archive, which is a program, not a checkpoint of `torch.save`: load it with \
                    `torch.jit.load` and save its `state_dict()`";
    // The same entries with the pickle first, as older versions wrote them; and with the program first.
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
fn a_legacy_version_that_never_was() {
    let mut bytes = placed(0, &[4], &[1]);
    let at = bytes.windows(3).position(|found| found == b"M\xe9\x03").unwrap();
    bytes[at + 1] = 0;
    assert_eq!(refusal(&bytes), "it is of PyTorch's file format 768; expected 1001");
}

// Other files.

#[test]
fn a_git_lfs_pointer() {
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 3944517836\n";
    assert_eq!(
        refusal(pointer),
        "is a git-lfs pointer to a file of 3,944,517,836 bytes, not the weights: run `git lfs pull` in its repository, \
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
            error.starts_with("is an HTML page, no safetensors file or PyTorch checkpoint: the server"),
            "{error}"
        );
    }
    let long = [b"<!doctype html>".to_vec(), vec![b'a'; 100_000]].concat();
    assert!(refusal(&long).starts_with("is an HTML page"));
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
fn a_sentence_of_a_server() {
    let error = refusal(b"Entry not found");
    assert!(error.contains("is a text file") && error.contains("\"Entry not found\""), "{error}");
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
    ] {
        let error = refusal(&bytes);
        assert!(
            error.starts_with(expected) && error.contains("no safetensors file or PyTorch checkpoint"),
            "{error}"
        );
        let foreign = collect(&[&bytes], None).unwrap_err();
        assert!(matches!(foreign, FileError::Foreign(ForeignFile::Other { .. })));
    }
}
