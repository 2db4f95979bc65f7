//! Errors of loading a checkpoint.

use super::{
    foreign::ForeignFile,
    header::{Dtype, HeaderError},
    sink::FileError,
    torch::TorchError,
};

/// Maximum number of names listed in a message.
const MAX_LISTED: usize = 5;

/// An error that prevents loading weights.
#[derive(Debug, thiserror::Error)]
pub enum WeightError {
    /// A damaged safetensors file, or a file in an unknown format.
    #[error("{file} cannot be read as safetensors: {error}")]
    Header {
        /// The file.
        file: String,
        /// The error.
        error: Box<HeaderError>,
    },
    /// A PyTorch file that is damaged or unsupported.
    #[error("{file} cannot be read as a PyTorch checkpoint: {error}")]
    Torch {
        /// The file.
        file: String,
        /// The error.
        error: Box<TorchError>,
    },
    /// A file in a known format that does not contain weights.
    #[error("{file} {error}")]
    Foreign {
        /// The file.
        file: String,
        /// Its format.
        error: Box<ForeignFile>,
    },
    /// The shape of a tensor does not match the configuration.
    #[error(
        "the tensor `{tensor}` of {file} has the shape {found:?}; expected {expected:?} according to the configuration"
    )]
    Shape {
        /// The file.
        file: String,
        /// The tensor.
        tensor: String,
        /// The shape in the configuration.
        expected: Vec<usize>,
        /// The shape in the file.
        found: Vec<usize>,
    },
    /// A tensor has an unsupported data type.
    #[error(
        "the tensor `{tensor}` of {file} is {found} {shape:?}; expected F32, F16, BF16 or F64, or I8 after its scales"
    )]
    Dtype {
        /// The file.
        file: String,
        /// The tensor.
        tensor: String,
        /// Its data type.
        found: Dtype,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// Two tensors are the same parameter.
    #[error("the tensor `{tensor}` of {file} is a duplicate; expected each of the model's tensors once")]
    Twice {
        /// The file.
        file: String,
        /// The second tensor.
        tensor: String,
    },
    /// A weight is not finite.
    #[error("the tensor `{tensor}` of {file} has {value} at index {index}; expected finite numbers")]
    NotFinite {
        /// The file.
        file: String,
        /// The tensor.
        tensor: String,
        /// Index of the value within the tensor.
        index: u64,
        /// NaN or infinity.
        value: f32,
    },
    /// A weight is too large for f16.
    #[error("the tensor `{tensor}` of {file} has {value} at index {index}, too large for f16; use f32 or q8")]
    TooLarge {
        /// The file.
        file: String,
        /// The tensor.
        tensor: String,
        /// Index of the value within the tensor.
        index: u64,
        /// The value.
        value: f32,
    },
    /// Tensors are missing.
    #[error("{file} lacks {}{}", listed(missing), unexpected_clause(*unexpected))]
    Missing {
        /// The file or the folder.
        file: String,
        /// The missing tensors.
        missing: Vec<MissingTensor>,
        /// Number of tensors that are not part of the model.
        unexpected: usize,
    },
    /// Memory ran out.
    #[error("not enough memory for the tensor `{tensor}` of {file}, shape {shape:?}")]
    Memory {
        /// The file.
        file: String,
        /// The tensor.
        tensor: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// The index of a sharded checkpoint is invalid.
    #[error("{file} is not a valid index of a sharded checkpoint: {reason}")]
    Index {
        /// The index file.
        file: String,
        /// The reason.
        reason: String,
    },
    /// The manifest of a model in parts is invalid.
    #[error("{file} is not a valid shard manifest: {reason}")]
    Manifest {
        /// The manifest.
        file: String,
        /// The reason.
        reason: String,
    },
    /// The length or hash of a part does not match the manifest.
    #[error("the shard {file} is damaged: {reason}; copy or upload it again")]
    DamagedPart {
        /// The part.
        file: String,
        /// The reason.
        reason: String,
    },
    /// A file or folder could not be read.
    #[error("{file} cannot be read: {reason}")]
    Read {
        /// The file.
        file: String,
        /// The operating system's message.
        reason: String,
    },
    /// There is no such folder or file.
    #[error(
        "{path} does not exist; download a model first, for example with `hf download OWNER/NAME --local-dir \
         FOLDER`"
    )]
    NotHere {
        /// The path.
        path: String,
    },
    /// The folder does not contain a model.
    #[error("{folder} does not contain a model: {reason}")]
    NoModel {
        /// The folder.
        folder: String,
        /// What is missing.
        reason: String,
    },
    /// The folder contains ImageReward and another model, and neither was chosen.
    #[error(
        "{folder} contains ImageReward ({reward}) and {other}; choose one by its file, or with the scorer \
         image-reward or clip"
    )]
    TwoModels {
        /// The folder.
        folder: String,
        /// The weights of ImageReward.
        reward: String,
        /// The other model.
        other: String,
    },
    /// The file belongs to a model but is none.
    #[error("{file} {part}")]
    NotWhole {
        /// The file.
        file: String,
        /// What it is.
        part: ModelPart,
    },
    /// The model is not a CLIP model, where one is needed.
    #[error("{folder} contains ImageReward; expected a CLIP model")]
    NotClip {
        /// The folder.
        folder: String,
    },
    /// The configuration is invalid.
    #[error("{file}: {error}")]
    Config {
        /// The file.
        file: String,
        /// The error.
        error: Box<crate::config::ConfigError>,
    },
    /// The progress callback cancelled loading.
    #[error("loading was cancelled")]
    Cancelled,
}

impl WeightError {
    /// Adds the file name to a reader's error.
    pub(super) fn of_file(file: &str, error: FileError) -> Self {
        let file = file.to_owned();
        match error {
            FileError::Safetensors(error) => Self::Header { file, error: Box::new(error) },
            FileError::Torch(error) => Self::Torch { file, error },
            FileError::Foreign(error) => Self::Foreign { file, error: Box::new(error) },
        }
    }
}

/// A file with tensors that is not a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ModelPart {
    /// The last layers of a scorer.
    #[error("is the head of a scorer, not a model; load its CLIP model, with this file as the head")]
    Head,
    /// The network of the Fréchet Inception distance.
    #[error(
        "is the network of the Fréchet Inception distance, not a CLIP model; only the metric fid uses it"
    )]
    Inception,
}

/// A missing tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingTensor {
    /// Its name, in the naming convention of the file.
    pub name: String,
    /// Its shape according to the configuration.
    pub shape: Vec<usize>,
    /// The unexpected tensor with the most similar name, if any is similar.
    pub nearest: Option<String>,
}

fn listed(missing: &[MissingTensor]) -> String {
    let one = |tensor: &MissingTensor| {
        let near = tensor.nearest.as_ref().map(|name| format!(" (it has `{name}`)")).unwrap_or_default();
        format!("`{}` {:?}{near}", tensor.name, tensor.shape)
    };
    let names: Vec<String> = missing.iter().take(MAX_LISTED).map(one).collect();
    let more = missing.len().saturating_sub(MAX_LISTED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let noun = if missing.len() == 1 { "the tensor" } else { "the tensors" };
    format!("{noun} {}{more}", names.join(", "))
}

fn unexpected_clause(unexpected: usize) -> String {
    match unexpected {
        0 => String::new(),
        1 => "; 1 of its tensors is not part of the model".into(),
        more => format!("; {more} of its tensors are not part of the model"),
    }
}
