//! Maps the tensor names of checkpoints to parameters.

mod blip;
mod clip;

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use super::{header::Header, parameter::Parameter};
use crate::config::ModelConfig;

/// The destination of a tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    /// Index of the parameter.
    pub(super) parameter: usize,
    /// The rows of the parameter that the tensor fills: all rows, except for query, key and value.
    pub(super) rows: Range<usize>,
    /// Whether the tensor is stored as `[in, out]`.
    pub(super) transposed: bool,
    /// Its shape in the file.
    pub(super) shape: Vec<usize>,
}

/// Prefixes that training wrappers add to names.
const WRAPPERS: [&str; 4] = ["module.", "model.", "clip_model.", "_orig_mod."];

/// Buffers that the towers do not use. The last three are constants in OpenAI's own checkpoints.
const IGNORED: [&str; 5] = ["position_ids", "attn_mask", "input_resolution", "context_length", "vocab_size"];

/// Layers of BLIP that ImageReward does not use.
const PROJECTIONS: [&str; 2] = ["blip.vision_proj.", "blip.text_proj."];

/// The known tensor names of a model.
#[derive(Debug)]
pub(super) struct Names {
    slots: HashMap<String, Slot>,
    /// This project's names, as in [`StoredLayout`](super::StoredLayout).
    own: HashMap<String, Slot>,
    /// For tensors of the current file with wrapper prefixes: the length of the prefix.
    wrapped: HashMap<String, usize>,
}

/// Suffix of the name of a tensor with scales, after the name of its 8-bit tensor.
pub(super) const SCALES: &str = ".scales";

impl Names {
    /// Collects the names of these parameters in all conventions.
    pub(super) fn new(config: &ModelConfig, parameters: &[Parameter]) -> Self {
        let mut names = Self { slots: HashMap::new(), own: HashMap::new(), wrapped: HashMap::new() };
        for (index, parameter) in parameters.iter().enumerate() {
            let rows = parameter.shape.first().copied().unwrap_or(1);
            let plain =
                Slot { parameter: index, rows: 0..rows, transposed: false, shape: parameter.shape.clone() };
            names.own.insert(parameter.name.clone(), plain.clone());
            match config {
                ModelConfig::Clip(config) => clip::add(&mut names, config, parameter, plain),
                ModelConfig::Blip(config) => blip::add(&mut names, config, parameter, plain),
            }
        }
        names
    }

    /// Detects the wrapper prefix of a file: the one with which most of its tensors match the model
    /// (none, if they match without). Tensors with another prefix are included only if their
    /// destination is still free. A file may contain the model twice (`vision_model.…` and, as its
    /// moving average, `model.vision_model.…`); then the second one is not part of the model.
    pub(super) fn unwrap(&mut self, header: &Header) {
        self.wrapped.clear();
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for tensor in &header.tensors {
            if let Some(bare) = self.bare(&tensor.name) {
                *counts.entry(&tensor.name[..tensor.name.len() - bare.len()]).or_default() += 1;
            }
        }
        // The shortest prefix with the highest count.
        let most = counts.iter().max_by_key(|&(prefix, &count)| (count, usize::MAX - prefix.len()));
        let prefix = most.map_or("", |(prefix, _)| *prefix);
        let fills = |name: &str| self.fills(name);
        let filled: HashSet<_> =
            header.tensors.iter().filter_map(|tensor| fills(tensor.name.strip_prefix(prefix)?)).collect();
        let mut wrapped = HashMap::new();
        for tensor in &header.tensors {
            let Some(bare) = self.bare(&tensor.name) else { continue };
            let common = tensor.name.strip_prefix(prefix) == Some(bare);
            // Only this project's files have scales, and they have no wrappers, so duplicates are
            // errors.
            let takes = |place: (usize, usize, bool)| place.2 || !filled.contains(&place);
            if common || fills(bare).is_some_and(takes) {
                wrapped.insert(tensor.name.clone(), tensor.name.len() - bare.len());
            } else {
                // Not part of the model, despite its name.
                wrapped.insert(tensor.name.clone(), tensor.name.len());
            }
        }
        self.wrapped = wrapped;
    }

    /// The destination of a tensor: the parameter, the first row, and whether it contains scales.
    fn fills(&self, bare: &str) -> Option<(usize, usize, bool)> {
        let place = |slot: &Slot, scales| (slot.parameter, slot.rows.start, scales);
        self.find(bare)
            .map(|slot| place(slot, false))
            .or_else(|| self.find_scaled(bare).map(|slot| place(slot, true)))
    }

    /// A tensor's name without wrapper prefixes, if it is part of the model.
    fn bare<'a>(&self, tensor: &'a str) -> Option<&'a str> {
        let mut name = tensor;
        loop {
            if self.fills(name).is_some() {
                return Some(name);
            }
            name = WRAPPERS.iter().find_map(|wrapper| name.strip_prefix(wrapper))?;
        }
    }

    /// The destination of a tensor with exactly this name, independent of the current file.
    pub(super) fn find(&self, name: &str) -> Option<&Slot> {
        self.slots.get(name).or_else(|| self.own.get(name))
    }

    /// The destination of a tensor of the file last passed to [`Names::unwrap`].
    pub(super) fn slot(&self, tensor: &str) -> Option<&Slot> {
        self.find(&tensor[self.wrapped.get(tensor).copied().unwrap_or(0)..])
    }

    /// Hugging Face's tensors of a parameter, in order of its rows.
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

    /// The destination of the 8-bit tensor that the scales with exactly this name apply to.
    pub(super) fn find_scaled(&self, tensor: &str) -> Option<&Slot> {
        self.find(tensor.strip_suffix(SCALES)?)
    }

    /// The destination of the 8-bit tensor that these scales of the current file apply to.
    pub(super) fn scaled(&self, tensor: &str) -> Option<&Slot> {
        self.find_scaled(&tensor[self.wrapped.get(tensor).copied().unwrap_or(0)..])
    }

    /// Whether a tensor can be ignored.
    pub(super) fn ignored(tensor: &str) -> bool {
        let is_unused = tensor.rsplit('.').next().is_some_and(|last| IGNORED.contains(&last));
        is_unused || PROJECTIONS.iter().any(|projection| tensor.contains(projection))
    }

    fn insert(&mut self, name: String, slot: &Slot) {
        self.slots.insert(name, slot.clone());
    }

    /// Hugging Face's name for the tensor that fills this row of a parameter, or open_clip's if
    /// `open_clip`.
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

    /// Whether only open_clip uses this tensor name.
    pub(super) fn is_open_clip(name: &str) -> bool {
        name.contains("resblocks.")
            || name.contains("visual.")
            || ["token_embedding.weight", "positional_embedding", "text_projection"].contains(&name)
            || name.starts_with("ln_final.")
    }
}
