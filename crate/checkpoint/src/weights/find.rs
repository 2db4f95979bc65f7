//! Which files are a model's weights, by their names alone: in a folder, a selection of files, or on a server.

/// Names that weights are published under, the preferred first: safetensors before PyTorch.
pub const WEIGHT_NAMES: [&str; 6] = [
    "model.safetensors",
    "open_clip_model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "open_clip_pytorch_model.bin",
    "pytorch_model.bin.index.json",
];

/// Endings of PyTorch's files.
const TORCH: [&str; 4] = [".bin", ".pt", ".pth", ".ckpt"];
/// What training leaves beside a model, in PyTorch's form too.
const LEFTOVERS: [&str; 5] = ["training_args.", "optimizer.", "scheduler.", "scaler.", "rng_state"];

/// Whether a file of this name lists the files of a model that is cut into several.
pub fn is_index(name: &str) -> bool {
    name.ends_with(".safetensors.index.json") || name.ends_with(".bin.index.json")
}

/// Whether a file of this name holds tensors.
pub fn is_weights(name: &str) -> bool {
    name.ends_with(".safetensors") || is_torch(name)
}

fn is_torch(name: &str) -> bool {
    TORCH.iter().any(|ending| name.ends_with(ending))
        && !LEFTOVERS.iter().any(|leftover| name.starts_with(leftover))
}

/// The weights or their index among the names of a folder: one of [`WEIGHT_NAMES`], else the only safetensors file, else the only PyTorch
/// file. `None` where there is none, or more than one of a kind.
pub fn weights_among<'a>(names: &[&'a str]) -> Option<&'a str> {
    let published = WEIGHT_NAMES.iter().find_map(|wanted| names.iter().find(|name| *name == wanted).copied());
    let only = |wanted: fn(&str) -> bool| {
        let mut found = names.iter().copied().filter(|name| wanted(name));
        found.next().filter(|_| found.next().is_none())
    };
    let has_safetensors = names.iter().any(|name| name.ends_with(".safetensors"));
    published
        .or_else(|| only(|name| name.ends_with(".safetensors")))
        .or_else(|| if has_safetensors { None } else { only(is_torch) })
}
