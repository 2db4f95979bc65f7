//! Models in PyTorch files: the same parameters as from safetensors, from folders, files and
//! pieces.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod common;

use std::{
    collections::HashMap,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use common::{TINY, safetensors, tiny, tiny_tensors};
use half::{bf16, f16};
use pickscore_checkpoint::weights::{
    Loaded, Loader, ModelDirectory, Precision, Role, StoredLayout, Values, WeightError, convert, list,
    weights_among,
};

type Parameters = HashMap<String, Values>;

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/parity/fixtures/torch")
}

fn load(file: &[u8], precision: Precision, piece: usize) -> Result<(Parameters, Loaded), WeightError> {
    let mut found = HashMap::new();
    let mut loader = Loader::new(tiny(), precision);
    loader.begin("tiny.pt", (piece > 100).then_some(file.len() as u64), true);
    for piece in file.chunks(piece) {
        loader.push(piece, &mut |parameter, values| {
            assert!(found.insert(parameter.name.clone(), values).is_none(), "{} came twice", parameter.name);
        })?;
    }
    loader.end()?;
    Ok((found, loader.finish("tiny.pt")?))
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(fixtures().join(name)).unwrap()
}

fn expected(precision: Precision) -> Parameters {
    load(&safetensors(&tiny_tensors()), precision, 1 << 20).unwrap().0
}

#[test]
fn every_form_gives_the_parameters_of_safetensors() {
    for precision in [Precision::F32, Precision::F16, Precision::Q8] {
        let expected = expected(precision);
        for name in [
            "tiny.pt",
            "tiny_legacy.pt",
            "tiny_wrapped.pt",
            "tiny_model_prefix.pt",
            "tiny_openai.pt",
            "tiny_f64.pt",
            "tiny_flat.pt",
            "tiny_averaged.pt",
        ] {
            for piece in [1, 61, 1 << 20] {
                let (found, _) = load(&fixture(name), precision, piece).unwrap();
                assert!(found == expected, "{name} in {precision:?}, pieces of {piece}");
            }
        }
    }
}

#[test]
fn half_precision_sources_are_exact() {
    let cast = |narrow: fn(f32) -> f32| -> Parameters {
        let expected = expected(Precision::F32).into_iter();
        let values = |values: Values| Values::F32(values.into_f32(1).into_iter().map(narrow).collect());
        expected.map(|(name, numbers)| (name, values(numbers))).collect()
    };
    let halves = load(&fixture("tiny_f16.pt"), Precision::F32, 61).unwrap().0;
    assert!(halves == cast(|x| f16::from_f32(x).to_f32()));
    let brains = load(&fixture("tiny_bf16.pt"), Precision::F32, 61).unwrap().0;
    assert!(brains == cast(|x| bf16::from_f32(x).to_f32()));
}

#[test]
fn numbers_of_openais_checkpoints_and_buffers_are_ignored() {
    for name in ["tiny_openai.pt", "tiny.pt"] {
        let (_, loaded) = load(&fixture(name), Precision::F32, 1 << 20).unwrap();
        assert!(loaded.unexpected.is_empty(), "{name}: {:?}", loaded.unexpected);
    }
    let (_, loaded) = load(&fixture("tiny_wrapped.pt"), Precision::F32, 1 << 20).unwrap();
    assert_eq!(loaded.passed_over[0].to_string(), "epoch (int)");
}

/// Matching names without a prefix take precedence; the same names with a prefix are another model.
#[test]
fn an_average_beside_the_model_is_not_the_model() {
    let (found, loaded) = load(&fixture("tiny_averaged.pt"), Precision::F32, 1 << 20).unwrap();
    assert!(found == expected(Precision::F32));
    assert_eq!(loaded.unexpected.len(), tiny_tensors().len());
    assert!(loaded.unexpected.iter().all(|name| name.starts_with("model.")));
}

#[test]
fn a_prefix_is_removed_in_safetensors_too() {
    for prefix in ["model.", "module.", "module.model.", "_orig_mod."] {
        let mut tensors = tiny_tensors();
        for tensor in &mut tensors {
            // In some files, one tensor has no prefix.
            if tensor.name != "logit_scale" || prefix == "model." {
                tensor.name = format!("{prefix}{}", tensor.name);
            }
        }
        let (found, loaded) = load(&safetensors(&tensors), Precision::F32, 61).unwrap();
        assert!(found == expected(Precision::F32) && loaded.unexpected.is_empty(), "{prefix}");
    }
}

#[test]
fn an_interrupted_load_restarts_and_skips_restored_parameters() {
    let source = fixture("tiny.pt");
    let whole = expected(Precision::F16);
    let layout = StoredLayout::new(tiny(), Precision::F16);
    let kept = "text.blocks.0.mlp.up.weight";
    let mut loader = Loader::new(tiny(), Precision::F16);
    let mut found = Parameters::new();
    let tensor = layout.tensors().iter().find(|tensor| tensor.parameter == kept).unwrap();
    let Values::F16(values) = &whole[kept] else { panic!("not f16") };
    let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
    let sink = &mut |parameter: &pickscore_checkpoint::weights::Parameter, values| {
        assert!(found.insert(parameter.name.clone(), values).is_none(), "{}", parameter.name);
    };
    loader.restore(&tensor.info, 0, &bytes, sink).unwrap();
    loader.begin("tiny.pt", Some(source.len() as u64), true);
    for piece in source.chunks(1000) {
        loader.push(piece, sink).unwrap();
        assert_eq!(loader.resumes_at(), None);
    }
    loader.end().unwrap();
    loader.finish("tiny.pt").unwrap();
    assert!(found == whole);
}

#[test]
fn a_wrong_model_is_refused_before_its_numbers() {
    let bytes = fixture("state_dict.pt");
    let mut loader = Loader::new(tiny(), Precision::F32);
    loader.begin("head.pt", Some(bytes.len() as u64), true);
    let error = loader.push(&bytes[..600], &mut |_, _| panic!("no number has come")).unwrap_err().to_string();
    assert!(error.starts_with("head.pt lacks the tensors"), "{error}");
}

#[test]
fn messages_name_the_file() {
    let load = |bytes: &[u8]| load(bytes, Precision::F32, 1 << 20).unwrap_err().to_string();
    assert!(
        load(b"version https://git-lfs.github.com/spec/v1\nsize 7\n")
            .starts_with("tiny.pt is a git-lfs pointer")
    );
    assert!(
        load(&fixture("refused_evil.pt")).starts_with("tiny.pt cannot be read as a PyTorch checkpoint: its")
    );
}

// On disk.

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap()).with("config.json", TINY)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn with(self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        std::fs::write(self.path().join(name), bytes).unwrap();
        self
    }
}

fn open(path: &Path) -> Result<(ModelDirectory, Parameters), WeightError> {
    let directory = ModelDirectory::open(path)?;
    let mut found = Parameters::new();
    directory.load(Precision::F32, &mut |_| ControlFlow::Continue(()), &mut |parameter, values| {
        found.insert(parameter.name.clone(), values);
    })?;
    Ok((directory, found))
}

#[test]
fn published_names_are_found() {
    for name in ["pytorch_model.bin", "open_clip_pytorch_model.bin", "anything.ckpt"] {
        let folder = Folder::new()
            .with(name, fixture("tiny.pt"))
            .with("optimizer.pt", b"x")
            .with("rng_state.pth", b"x");
        let (directory, found) = open(folder.path()).unwrap();
        assert_eq!(directory.files(), [name]);
        assert!(found == expected(Precision::F32));
        assert!(open(&folder.path().join(name)).unwrap().1 == found);
    }
}

#[test]
fn an_index_of_several_files() {
    let folder = Folder::new();
    for name in [
        "pytorch_model.bin.index.json",
        "pytorch_model-00001-of-00002.bin",
        "pytorch_model-00002-of-00002.bin",
    ] {
        std::fs::copy(fixtures().join("sharded").join(name), folder.path().join(name)).unwrap();
    }
    let (directory, found) = open(folder.path()).unwrap();
    assert_eq!(directory.files().len(), 2);
    assert!(found == expected(Precision::F32));
    assert!(open(&folder.path().join("pytorch_model.bin.index.json")).unwrap().1 == found);
}

#[test]
fn safetensors_win() {
    let folder = Folder::new()
        .with("pytorch_model.bin", b"not this one")
        .with("model.safetensors", safetensors(&tiny_tensors()));
    assert!(open(folder.path()).unwrap().1 == expected(Precision::F32));
    assert_eq!(weights_among(&["a.pt", "x.safetensors", "pytorch_model.bin"]), Some("pytorch_model.bin"));
    assert_eq!(weights_among(&["a.pt", "x.safetensors"]), Some("x.safetensors"));
    assert_eq!(weights_among(&["a.pt", "b.pt"]), None);
    assert_eq!(weights_among(&["training_args.bin", "b.pt"]), Some("b.pt"));
}

#[test]
fn a_safetensors_file_with_a_torch_name_is_read_by_its_content() {
    let folder = Folder::new().with("model.pt", safetensors(&tiny_tensors()));
    assert!(open(&folder.path().join("model.pt")).unwrap().1 == expected(Precision::F32));
}

#[test]
fn inspection_has_roles_and_skipped_values() {
    let folder = Folder::new().with("tiny.pt", fixture("tiny_wrapped.pt"));
    let inspection = ModelDirectory::open(folder.path()).unwrap().inspect().unwrap();
    assert!(inspection.problem.is_none(), "{:?}", inspection.problem);
    let [file] = &inspection.files[..] else { panic!("one file") };
    assert_eq!(file.tensors.len(), tiny_tensors().len() + 1);
    assert_eq!(file.tensors[0].role, Role::Parameter("vision.class".into()));
    assert_eq!(file.tensors.last().unwrap().role, Role::Ignored);
    assert_eq!(file.passed_over[0].name, "epoch");
}

#[test]
fn a_head_without_a_configuration_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("head.pth");
    std::fs::write(&path, fixture("state_dict.pt")).unwrap();
    let error = ModelDirectory::open(&path).unwrap_err().to_string();
    assert!(error.contains("expected config.json or open_clip_config.json next to the weights"), "{error}");
    let [file] = &list(&path).unwrap()[..] else { panic!("one file") };
    let found: Vec<_> =
        file.tensors.iter().map(|one| (one.name.as_str(), one.dtype.to_string(), &one.shape[..])).collect();
    assert_eq!(found, [("weight", "F32".into(), &[3, 4][..]), ("bias", "F32".into(), &[3])]);
    assert!(file.tensors.iter().all(|tensor| tensor.role == Role::Unknown));
    assert_eq!(file.bytes, fixture("state_dict.pt").len() as u64);
}

#[test]
fn a_truncated_file_is_not_listed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("head.pth");
    let whole = fixture("heads/sa_0_4_vit_b_32_linear.pth");
    for length in [whole.len() / 2, whole.len() * 9 / 10, whole.len() - 22, whole.len() - 1] {
        std::fs::write(&path, &whole[..length]).unwrap();
        let said = list(&path).map(|_| ()).unwrap_err().to_string();
        assert!(said.contains("it is truncated") || said.contains("missing"), "{length}: {said}");
    }
}

#[test]
fn a_pytorch_model_is_converted() {
    let folder = Folder::new().with("pytorch_model.bin", fixture("tiny_openai.pt"));
    let out = tempfile::tempdir().unwrap();
    let out = out.path().join("converted");
    let directory = ModelDirectory::open(folder.path()).unwrap();
    convert(&directory, Precision::F32, None, &out, None, &mut |_| ControlFlow::Continue(())).unwrap();
    let (converted, found) = open(&out).unwrap();
    assert_eq!(converted.files(), ["model.safetensors"]);
    assert!(found == expected(Precision::F32));
}

#[test]
fn a_damaged_file_is_reported_when_it_is_opened() {
    let whole = fixture("tiny.pt");
    let folder = Folder::new().with("pytorch_model.bin", &whole[..whole.len() / 2]);
    let error = ModelDirectory::open(folder.path()).unwrap().inspect().unwrap_err().to_string();
    assert!(
        error.contains("pytorch_model.bin cannot be read as a PyTorch checkpoint: it is truncated: "),
        "{error}"
    );
    assert!(open(folder.path()).unwrap_err().to_string().contains("it is truncated: "));
}
