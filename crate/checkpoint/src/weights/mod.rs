//! Reads weights: from the bytes of checkpoint files to the parameters of the towers.
//!
//! ```text
//! bytes in file order ─► Reader ─► tensors ─► Loader ─► one Parameter + Values at a time ─► towers
//! ```
//!
//! Files are never held in memory as a whole. The [`Reader`] detects safetensors and PyTorch files
//! by their content, and the [`Loader`] converts each tensor to the target precision while it is
//! being read.

mod collect;
#[cfg(not(target_family = "wasm"))]
mod convert;
#[cfg(not(target_family = "wasm"))]
mod directory;
mod error;
mod find;
mod foreign;
mod halves;
pub mod header;
mod inspect;
mod loader;
mod manifest;
mod names;
mod nearest;
mod parameter;
mod quantize;
mod reader;
mod safetensors;
mod shards;
mod sink;
mod stored;
mod target;
mod torch;
mod values;
mod vectors;
mod write;

pub use collect::{MAX_HEAD_LENGTH, Tensor, read_tensors};
#[cfg(not(target_family = "wasm"))]
pub use convert::{ConvertError, Converted, convert};
#[cfg(not(target_family = "wasm"))]
pub use directory::{ModelDirectory, list};
pub use error::{MissingTensor, ModelPart, WeightError};
pub use find::{
    DESCRIPTIONS, Description, Folder, ModelFiles, WEIGHT_NAMES, find, is_head, is_index, is_model_file,
    is_weights, weights_among, written_scorer,
};
pub use foreign::ForeignFile;
pub use halves::widen;
pub use header::{Dtype, Header, HeaderError, LONGEST as LONGEST_HEADER, TensorInfo};
pub use inspect::{FileHeader, InspectedFile, InspectedTensor, Inspection, Role};
pub use loader::{Loaded, Loader, ParameterSink};
pub use manifest::{LARGEST_SHARD, LogicalFile, MANIFEST as SHARD_MANIFEST, Manifest, Part};
pub use parameter::{Kind, Parameter, parameters};
pub use reader::Reader;
pub use shards::ShardIndex;
pub use sink::{FileError, TensorSink};
pub use stored::{StoredLayout, StoredTensor};
pub use torch::{PassedOver, TorchError};
pub use values::{Blocks, Precision, Values};
pub use write::{NamedTensor, hugging_face_tensors, write_safetensors};
