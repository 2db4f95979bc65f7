//! What a checkpoint holds, seen from its headers alone.

use super::{
    Dtype, Header, Loader, PassedOver, Precision, TensorInfo, WeightError, names::Names, parameters,
};
use crate::config::ClipConfig;

/// What the files of a checkpoint hold, held against a configuration.
#[derive(Debug)]
pub struct Inspection {
    /// Each file with its tensors.
    pub files: Vec<InspectedFile>,
    /// The first thing that would stop the checkpoint from being loaded.
    pub problem: Option<WeightError>,
}

/// A file of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectedFile {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub bytes: u64,
    /// Its tensors, in file order.
    pub tensors: Vec<InspectedTensor>,
    /// What a PyTorch file holds besides its tensors.
    pub passed_over: Vec<PassedOver>,
}

/// What is read of a file before its first number.
#[derive(Debug, Clone)]
pub struct FileHeader {
    /// The file's name.
    pub name: String,
    /// Its bytes.
    pub bytes: u64,
    /// Its tensors.
    pub header: Header,
    /// What it holds besides.
    pub passed_over: Vec<PassedOver>,
}

/// A tensor of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectedTensor {
    /// Its name in the file.
    pub name: String,
    /// What its numbers are stored as.
    pub dtype: Dtype,
    /// Its shape in the file.
    pub shape: Vec<usize>,
    /// What it is to the model.
    pub role: Role,
}

/// What a tensor is to a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// It fills this parameter, or some rows of it.
    Parameter(String),
    /// A buffer that means nothing to the towers.
    Ignored,
    /// The configuration does not ask for it.
    Unexpected,
    /// There is no configuration.
    Unknown,
}

impl Inspection {
    /// Holds files against a configuration.
    pub fn new(config: &ClipConfig, files: &[FileHeader]) -> Self {
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

    /// A file that is held against no configuration.
    pub fn without_roles(file: &FileHeader) -> Self {
        Self::new(file, |_| Role::Unknown)
    }
}
