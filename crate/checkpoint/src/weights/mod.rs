//! Checkpoints: from the bytes of a file to the parameters of the towers.
//!
//! ```text
//! bytes, in file order ─► Reader ─► tensors ─► Loader ─► Parameter + Values, one at a time ─► the towers
//! ```
//!
//! Nothing here holds a file: the [`Reader`] recognises safetensors and PyTorch's forms by their content and passes on what it gets, and the
//! [`Loader`] converts it to the target precision as it comes.

#[cfg(not(target_family = "wasm"))]
mod convert;
#[cfg(not(target_family = "wasm"))]
mod directory;
mod error;
mod find;
mod foreign;
pub mod header;
mod inspect;
mod loader;
mod names;
mod nearest;
mod parameter;
mod quantize;
mod reader;
mod safetensors;
mod shards;
mod stored;
mod target;
mod torch;
mod values;
mod write;

#[cfg(not(target_family = "wasm"))]
pub use convert::{
    ConvertError, Converted, DESCRIPTIONS, LARGEST_SHARD, MANIFEST as SHARD_MANIFEST, convert,
};
#[cfg(not(target_family = "wasm"))]
pub use directory::{ModelDirectory, list};
pub use error::{MissingTensor, WeightError};
pub use find::{WEIGHT_NAMES, is_index, is_weights, weights_among};
pub use foreign::ForeignFile;
pub use header::{Dtype, Header, HeaderError, LONGEST as LONGEST_HEADER, TensorInfo};
pub use inspect::{FileHeader, InspectedFile, InspectedTensor, Inspection, Role};
pub use loader::{Loaded, Loader, ParameterSink};
pub use parameter::{Kind, Parameter, parameters};
pub use reader::{FileError, Reader, TensorSink};
pub use shards::ShardIndex;
pub use stored::{StoredLayout, StoredTensor};
pub use torch::{PassedOver, TorchError};
pub use values::{Blocks, Precision, Values};
pub use write::{NamedTensor, hugging_face_tensors, write_safetensors};
