//! What a parameter is called in a checkpoint: Hugging Face's names and open_clip's, or our own.
//!
//! | ours | Hugging Face | open_clip |
//! |---|---|---|
//! | `vision.class` | `vision_model.embeddings.class_embedding` | `visual.class_embedding` |
//! | `vision.patch.weight` | `vision_model.embeddings.patch_embedding.weight` `[width, 3, p, p]` | `visual.conv1.weight`, the same |
//! | `….attention.qkv.weight` | `….self_attn.{q,k,v}_proj.weight` | `….attn.in_proj_weight` |
//! | `….attention.out`, `….mlp.up`, `….mlp.down` | `….self_attn.out_proj`, `….mlp.fc1`, `….mlp.fc2` | `….attn.out_proj`, `….mlp.c_fc`, `….mlp.c_proj` |
//! | `….norm1`, `….norm2` | `….layer_norm1`, `….layer_norm2` | `….ln_1`, `….ln_2` |
//! | `vision.projection.weight` | `visual_projection.weight` | `visual.proj`, transposed |
//! | `text.projection.weight` | `text_projection.weight` | `text_projection`, transposed |
//!
//! The sources: transformers' `modeling_clip.py`, open_clip's `model.py` and `transformer.py`.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use super::{Header, Parameter};
use crate::config::ClipConfig;

/// Where a tensor of a checkpoint belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    /// Index of the parameter.
    pub(super) parameter: usize,
    /// The rows of the parameter that the tensor fills; all but query, key and value fill all.
    pub(super) rows: Range<usize>,
    /// Whether the file has it as `[in, out]`.
    pub(super) transposed: bool,
    /// Its shape in the file.
    pub(super) shape: Vec<usize>,
}

/// What training wrappers put before every name.
const WRAPPERS: [&str; 4] = ["module.", "model.", "clip_model.", "_orig_mod."];

/// Buffers and leftovers that mean nothing to the towers; the last three are numbers that OpenAI's own checkpoints hold as tensors.
const IGNORED: [&str; 5] = ["position_ids", "attn_mask", "input_resolution", "context_length", "vocab_size"];

/// The tensors that a model's parameters may come from.
#[derive(Debug)]
pub(super) struct Names {
    slots: HashMap<String, Slot>,
    /// Our own names, as [`StoredLayout`](super::StoredLayout) writes them.
    own: HashMap<String, Slot>,
    /// For tensors of the current file that are the model's under a longer name: how many bytes are before theirs.
    wrapped: HashMap<String, usize>,
}

/// What a tensor of 8-bit values calls the tensor of its scales, after its own name.
pub(super) const SCALES: &str = ".scales";

impl Names {
    /// All conventions' names for these parameters.
    pub(super) fn new(config: &ClipConfig, parameters: &[Parameter]) -> Self {
        let mut names = Self { slots: HashMap::new(), own: HashMap::new(), wrapped: HashMap::new() };
        for (index, parameter) in parameters.iter().enumerate() {
            names.add(config, index, parameter);
        }
        names
    }

    /// Finds out what training wrappers have put before the names of a file: the prefix with which most of its tensors are the model's, and
    /// none where they are without. Other names are unwrapped too, unless what they would fill is filled already: a file may have the
    /// model twice (`vision_model.…` and `model.vision_model.…`, its average), and then the other is not the model's.
    pub(super) fn unwrap(&mut self, header: &Header) {
        self.wrapped.clear();
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for tensor in &header.tensors {
            if let Some(bare) = self.bare(&tensor.name) {
                *counts.entry(&tensor.name[..tensor.name.len() - bare.len()]).or_default() += 1;
            }
        }
        // The shortest of those with as many, which is none at all if that is one.
        let most = counts.iter().max_by_key(|&(prefix, &count)| (count, usize::MAX - prefix.len()));
        let prefix = most.map_or("", |(prefix, _)| *prefix);
        let fills = |name: &str| self.fills(name);
        let filled: HashSet<_> =
            header.tensors.iter().filter_map(|tensor| fills(tensor.name.strip_prefix(prefix)?)).collect();
        let mut wrapped = HashMap::new();
        for tensor in &header.tensors {
            let Some(bare) = self.bare(&tensor.name) else { continue };
            let common = tensor.name.strip_prefix(prefix) == Some(bare);
            // Scales are only in files of this project, which wraps nothing: a second one is a fault.
            let takes = |place: (usize, usize, bool)| place.2 || !filled.contains(&place);
            if common || fills(bare).is_some_and(takes) {
                wrapped.insert(tensor.name.clone(), tensor.name.len() - bare.len());
            } else {
                // Not the model's, whatever it is called.
                wrapped.insert(tensor.name.clone(), tensor.name.len());
            }
        }
        self.wrapped = wrapped;
    }

    /// What a tensor fills: the parameter, the first row, and whether with scales.
    fn fills(&self, bare: &str) -> Option<(usize, usize, bool)> {
        let place = |slot: &Slot, scales| (slot.parameter, slot.rows.start, scales);
        self.find(bare)
            .map(|slot| place(slot, false))
            .or_else(|| self.find_scaled(bare).map(|slot| place(slot, true)))
    }

    /// A tensor's name without what wrappers put before it, if it is the model's.
    fn bare<'a>(&self, tensor: &'a str) -> Option<&'a str> {
        let mut name = tensor;
        loop {
            if self.fills(name).is_some() {
                return Some(name);
            }
            name = WRAPPERS.iter().find_map(|wrapper| name.strip_prefix(wrapper))?;
        }
    }

    /// Where a tensor of exactly this name belongs, whatever a file holds.
    pub(super) fn find(&self, name: &str) -> Option<&Slot> {
        self.slots.get(name).or_else(|| self.own.get(name))
    }

    /// Where this tensor of the file that was unwrapped last belongs, if it does.
    pub(super) fn slot(&self, tensor: &str) -> Option<&Slot> {
        self.find(&tensor[self.wrapped.get(tensor).copied().unwrap_or(0)..])
    }

    /// Hugging Face's tensors of a parameter, in the order of its rows.
    pub(super) fn hugging_face(&self, parameter: usize) -> Vec<(&str, &Slot)> {
        const PREFIXES: [&str; 5] =
            ["vision_model.", "text_model.", "visual_projection.", "text_projection.", "logit_scale"];
        let of_parameter = self.slots.iter().filter(|(name, slot)| {
            slot.parameter == parameter && PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        });
        let mut found: Vec<(&str, &Slot)> = of_parameter.map(|(name, slot)| (name.as_str(), slot)).collect();
        found.sort_by_key(|(_, slot)| slot.rows.start);
        found
    }

    /// Where the 8-bit values belong whose scales a tensor of exactly this name holds.
    pub(super) fn find_scaled(&self, tensor: &str) -> Option<&Slot> {
        self.find(tensor.strip_suffix(SCALES)?)
    }

    /// Where the 8-bit values belong whose scales this tensor holds.
    pub(super) fn scaled(&self, tensor: &str) -> Option<&Slot> {
        self.find_scaled(&tensor[self.wrapped.get(tensor).copied().unwrap_or(0)..])
    }

    /// Whether a tensor is one that checkpoints carry for nothing.
    pub(super) fn ignored(tensor: &str) -> bool {
        tensor.rsplit('.').next().is_some_and(|last| IGNORED.contains(&last))
    }

    fn add(&mut self, config: &ClipConfig, index: usize, parameter: &Parameter) {
        let rows = parameter.shape.first().copied().unwrap_or(1);
        let plain =
            Slot { parameter: index, rows: 0..rows, transposed: false, shape: parameter.shape.clone() };
        self.own.insert(parameter.name.clone(), plain.clone());
        let (tower, rest) = parameter.name.split_once('.').unwrap_or(("", &parameter.name));
        let (hugging_face, open_clip) = if tower == "vision" {
            ("vision_model.", &["visual."][..])
        } else {
            // open_clip's `CustomTextCLIP` has the text tower in a module of its own.
            ("text_model.", &["", "text."][..])
        };
        if let Some(rest) = rest.strip_prefix("blocks.") {
            let (layer, part) = rest.split_once('.').unwrap_or((rest, ""));
            let (module, kind) = part.rsplit_once('.').unwrap_or((part, ""));
            let encoder = format!("{hugging_face}encoder.layers.{layer}.");
            let (theirs, ours) = match module {
                "attention.qkv" => return self.add_qkv(&plain, &encoder, open_clip, layer, kind),
                "attention.out" => ("self_attn.out_proj", "attn.out_proj"),
                "mlp.up" => ("mlp.fc1", "mlp.c_fc"),
                "mlp.down" => ("mlp.fc2", "mlp.c_proj"),
                "norm1" => ("layer_norm1", "ln_1"),
                _ => ("layer_norm2", "ln_2"),
            };
            self.insert(format!("{encoder}{theirs}.{kind}"), &plain);
            for prefix in open_clip {
                self.insert(format!("{prefix}transformer.resblocks.{layer}.{ours}.{kind}"), &plain);
            }
            return;
        }
        let transposed = || Slot {
            transposed: true,
            shape: parameter.shape.iter().rev().copied().collect(),
            ..plain.clone()
        };
        let patch = config.vision.patch_size;
        let kernel = || Slot { shape: vec![rows, 3, patch, patch], ..plain.clone() };
        // (Hugging Face's name, open_clip's after its prefix, how it lies in the file, and in open_clip's)
        let (theirs, ours, slot, other) = match parameter.name.as_str() {
            "vision.class" => {
                ("vision_model.embeddings.class_embedding", "class_embedding", plain.clone(), plain)
            }
            "vision.patch.weight" => {
                ("vision_model.embeddings.patch_embedding.weight", "conv1.weight", kernel(), kernel())
            }
            "vision.position" => (
                "vision_model.embeddings.position_embedding.weight",
                "positional_embedding",
                plain.clone(),
                plain,
            ),
            "vision.pre_norm.weight" => {
                ("vision_model.pre_layrnorm.weight", "ln_pre.weight", plain.clone(), plain)
            }
            "vision.pre_norm.bias" => ("vision_model.pre_layrnorm.bias", "ln_pre.bias", plain.clone(), plain),
            "vision.post_norm.weight" => {
                ("vision_model.post_layernorm.weight", "ln_post.weight", plain.clone(), plain)
            }
            "vision.post_norm.bias" => {
                ("vision_model.post_layernorm.bias", "ln_post.bias", plain.clone(), plain)
            }
            "vision.projection.weight" => ("visual_projection.weight", "proj", plain.clone(), transposed()),
            "text.token" => (
                "text_model.embeddings.token_embedding.weight",
                "token_embedding.weight",
                plain.clone(),
                plain,
            ),
            "text.position" => (
                "text_model.embeddings.position_embedding.weight",
                "positional_embedding",
                plain.clone(),
                plain,
            ),
            "text.final_norm.weight" => {
                ("text_model.final_layer_norm.weight", "ln_final.weight", plain.clone(), plain)
            }
            "text.final_norm.bias" => {
                ("text_model.final_layer_norm.bias", "ln_final.bias", plain.clone(), plain)
            }
            "text.projection.weight" => {
                ("text_projection.weight", "text_projection", plain.clone(), transposed())
            }
            other => (other, other, plain.clone(), plain),
        };
        self.insert(theirs.into(), &slot);
        for prefix in open_clip {
            self.insert(format!("{prefix}{ours}"), &other);
        }
    }

    /// Query, key and value: one matrix of open_clip's, three of Hugging Face's.
    fn add_qkv(&mut self, whole: &Slot, encoder: &str, open_clip: &[&str], layer: &str, kind: &str) {
        for prefix in open_clip {
            self.insert(format!("{prefix}transformer.resblocks.{layer}.attn.in_proj_{kind}"), whole);
        }
        let rows = whole.rows.len() / 3;
        for (part, name) in ["q", "k", "v"].into_iter().enumerate() {
            let mut slot = Slot { rows: part * rows..(part + 1) * rows, ..whole.clone() };
            slot.shape[0] = rows;
            self.insert(format!("{encoder}self_attn.{name}_proj.{kind}"), &slot);
        }
    }

    fn insert(&mut self, name: String, slot: &Slot) {
        self.slots.insert(name, slot.clone());
    }

    /// What Hugging Face calls the tensors that fill these rows of a parameter; open_clip's name where `open_clip`.
    pub(super) fn of(&self, parameter: usize, row: usize, open_clip: bool) -> Option<&str> {
        let mut found: Vec<_> = self
            .slots
            .iter()
            .filter(|(_, slot)| slot.parameter == parameter && slot.rows.contains(&row))
            .map(|(name, _)| name.as_str())
            .filter(|name| !name.starts_with("text."))
            .collect();
        found.sort_by_key(|name| Self::is_open_clip(name) != open_clip);
        found.first().copied()
    }

    /// Whether a tensor's name is one that only open_clip gives.
    pub(super) fn is_open_clip(name: &str) -> bool {
        name.contains("resblocks.")
            || name.contains("visual.")
            || ["token_embedding.weight", "positional_embedding", "text_projection"].contains(&name)
            || name.starts_with("ln_final.")
    }
}
