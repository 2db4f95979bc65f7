//! What can be wrong with a checkpoint.

use super::{Dtype, FileError, ForeignFile, HeaderError, TorchError};

/// How many names a message lists before it says how many more there are.
const LISTED: usize = 5;

/// Why weights cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum WeightError {
    /// The file is a damaged safetensors file, or nothing that is known.
    #[error("{file} cannot be read as safetensors: {error}")]
    Header {
        /// The file.
        file: String,
        /// What is wrong.
        error: Box<HeaderError>,
    },
    /// A PyTorch file that is damaged, or that holds something else than tensors in dictionaries.
    #[error("{file} cannot be read as a PyTorch checkpoint: {error}")]
    Torch {
        /// The file.
        file: String,
        /// What is wrong.
        error: Box<TorchError>,
    },
    /// The file is of another kind.
    #[error("{file} {error}")]
    Foreign {
        /// The file.
        file: String,
        /// What it is.
        error: Box<ForeignFile>,
    },
    /// A tensor has another shape than the configuration asks for.
    #[error(
        "the tensor `{tensor}` of {file} has the shape {found:?}; expected {expected:?} by the configuration"
    )]
    Shape {
        /// The file.
        file: String,
        /// The tensor.
        tensor: String,
        /// The configuration's shape.
        expected: Vec<usize>,
        /// The file's shape.
        found: Vec<usize>,
    },
    /// A tensor is stored as something that is no floating-point number.
    #[error(
        "the tensor `{tensor}` of {file} is {found} {shape:?}; expected F32, F16, BF16 or F64, or I8 after its scales"
    )]
    Dtype {
        /// The file.
        file: String,
        /// The tensor.
        tensor: String,
        /// Its dtype.
        found: Dtype,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// Two tensors for the same parameter.
    #[error(
        "the tensor `{tensor}` of {file} is there a second time; expected each of the model's tensors once"
    )]
    Twice {
        /// The file.
        file: String,
        /// The second tensor.
        tensor: String,
    },
    /// A weight is not a number.
    #[error("the tensor `{tensor}` of {file} has {value} at index {index}; expected finite numbers")]
    NotFinite {
        /// The file.
        file: String,
        /// The tensor.
        tensor: String,
        /// Index of the number within the tensor.
        index: u64,
        /// NaN or an infinity.
        value: f32,
    },
    /// A weight does not fit in 16 bits.
    #[error(
        "the tensor `{tensor}` of {file} has {value} at index {index}, too large for f16; take f32 or q8"
    )]
    TooLarge {
        /// The file.
        file: String,
        /// The tensor.
        tensor: String,
        /// Index of the number within the tensor.
        index: u64,
        /// The number.
        value: f32,
    },
    /// Tensors that the configuration asks for are not there.
    #[error("{file} lacks {}{}", listed(missing), unexpected_clause(*unexpected))]
    Missing {
        /// The file or the folder.
        file: String,
        /// Each missing tensor.
        missing: Vec<MissingTensor>,
        /// How many tensors are there that the configuration does not ask for.
        unexpected: usize,
    },
    /// Memory ran out.
    #[error("there is no memory for the tensor `{tensor}` of {file}, shape {shape:?}")]
    Memory {
        /// The file.
        file: String,
        /// The tensor.
        tensor: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// The index of a sharded checkpoint is wrong.
    #[error("{file} is no index of a sharded checkpoint: {reason}")]
    Index {
        /// The index file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file or folder could not be read.
    #[error("{file} cannot be read: {reason}")]
    Read {
        /// The file.
        file: String,
        /// What the system says.
        reason: String,
    },
    /// The folder holds no model.
    #[error("{folder} holds no model: {reason}")]
    NoModel {
        /// The folder.
        folder: String,
        /// What was looked for.
        reason: String,
    },
    /// The configuration is wrong.
    #[error("{file}: {error}")]
    Config {
        /// The file.
        file: String,
        /// What is wrong.
        error: Box<crate::config::ConfigError>,
    },
    /// Whoever watched the progress stopped it.
    #[error("loading was cancelled")]
    Cancelled,
}

impl WeightError {
    /// What is wrong with a file, with its name.
    pub(super) fn of_file(file: &str, error: FileError) -> Self {
        let file = file.to_owned();
        match error {
            FileError::Safetensors(error) => Self::Header { file, error: Box::new(error) },
            FileError::Torch(error) => Self::Torch { file, error },
            FileError::Foreign(error) => Self::Foreign { file, error: Box::new(error) },
        }
    }
}

/// A tensor that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingTensor {
    /// Its name, in the convention that the file follows.
    pub name: String,
    /// The shape that the configuration asks for.
    pub shape: Vec<usize>,
    /// The unexpected tensor of the file with the most similar name, if any is similar.
    pub nearest: Option<String>,
}

fn listed(missing: &[MissingTensor]) -> String {
    let one = |tensor: &MissingTensor| {
        let near = tensor.nearest.as_ref().map(|name| format!(" (it has `{name}`)")).unwrap_or_default();
        format!("`{}` {:?}{near}", tensor.name, tensor.shape)
    };
    let names: Vec<String> = missing.iter().take(LISTED).map(one).collect();
    let more = missing.len().saturating_sub(LISTED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let noun = if missing.len() == 1 { "the tensor" } else { "the tensors" };
    format!("{noun} {}{more}", names.join(", "))
}

fn unexpected_clause(unexpected: usize) -> String {
    match unexpected {
        0 => String::new(),
        1 => "; 1 of its tensors is not the model's".into(),
        more => format!("; {more} of its tensors are not the model's"),
    }
}
