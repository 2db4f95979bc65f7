//! Describes the contents of a checkpoint from its headers alone.

use super::{
    error::WeightError,
    header::{Dtype, Header, TensorInfo},
    loader::Loader,
    names::Names,
    parameter::parameters,
    torch::PassedOver,
    values::Precision,
};
use crate::config::ModelConfig;

/// The contents of a checkpoint, compared with a configuration.
#[derive(Debug)]
pub struct Inspection {
    /// The files with their tensors.
    pub files: Vec<InspectedFile>,
    /// The first error that loading the checkpoint would report.
    pub problem: Option<WeightError>,
}

/// A file of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectedFile {
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its tensors, in file order.
    pub tensors: Vec<InspectedTensor>,
    /// The values of a PyTorch file that are not tensors of the model.
    pub passed_over: Vec<PassedOver>,
}

/// The parts of a file that precede the values of its tensors.
#[derive(Debug, Clone)]
pub struct FileHeader {
    /// The file's name.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its tensors.
    pub header: Header,
    /// Its values that are not tensors of the model.
    pub passed_over: Vec<PassedOver>,
}

/// A tensor of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectedTensor {
    /// Its name in the file.
    pub name: String,
    /// Its data type in the file.
    pub dtype: Dtype,
    /// Its shape in the file.
    pub shape: Vec<usize>,
    /// Its role in the model.
    pub role: Role,
}

/// The role of a tensor in a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// It is this parameter, or some of its rows.
    Parameter(String),
    /// A buffer that the towers do not use.
    Ignored,
    /// It is not part of the configured model.
    Unexpected,
    /// Unknown, because there is no configuration.
    Unknown,
}

impl Inspection {
    /// Compares files with a configuration.
    pub fn new(config: &ModelConfig, files: &[FileHeader]) -> Self {
        let parameters = parameters(config);
        let mut names = Names::new(config, &parameters);
        let mut loader = Loader::new(config, Precision::F32);
        let mut problem = None;
        let mut inspected = Vec::with_capacity(files.len());
        for (index, file) in files.iter().enumerate() {
            if problem.is_none() {
                problem = loader.accept_header(&file.name, &file.header, index + 1 == files.len()).err();
            }
            names.unwrap(&file.header);
            inspected.push(InspectedFile::new(file, |name| {
                match names.slot(name).or_else(|| names.scaled(name)) {
                    Some(slot) => Role::Parameter(parameters[slot.parameter].name.clone()),
                    None if Names::ignored(name) => Role::Ignored,
                    None => Role::Unexpected,
                }
            }));
        }
        Self { files: inspected, problem }
    }
}

impl InspectedFile {
    fn new(file: &FileHeader, role: impl Fn(&str) -> Role) -> Self {
        let inspected = |tensor: &TensorInfo| InspectedTensor {
            name: tensor.name.clone(),
            dtype: tensor.dtype.clone(),
            shape: tensor.shape.clone(),
            role: role(&tensor.name),
        };
        Self {
            name: file.name.clone(),
            bytes: file.bytes,
            tensors: file.header.tensors.iter().map(inspected).collect(),
            passed_over: file.passed_over.clone(),
        }
    }

    /// Describes a file without a configuration.
    pub fn without_roles(file: &FileHeader) -> Self {
        Self::new(file, |_| Role::Unknown)
    }
}
