//! What a checkpoint holds, seen from its headers alone.

use super::{Dtype, Header, Loader, Precision, WeightError, names::Names, parameters};
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
}

impl Inspection {
    /// Holds headers, each with its file's name and bytes, against a configuration.
    pub fn new(config: &ClipConfig, files: &[(String, u64, Header)]) -> Self {
        let parameters = parameters(config);
        let names = Names::new(config, &parameters);
        let role = |name: &str| match names.slot(name).or_else(|| names.scaled(name)) {
            Some(slot) => Role::Parameter(parameters[slot.parameter].name.clone()),
            None if Names::ignored(name) => Role::Ignored,
            None => Role::Unexpected,
        };
        let mut loader = Loader::new(config, Precision::F32);
        let mut problem = None;
        let mut inspected = Vec::with_capacity(files.len());
        for (index, (name, bytes, header)) in files.iter().enumerate() {
            if problem.is_none() {
                problem = loader.accept_header(name, header, index + 1 == files.len()).err();
            }
            let tensors = header.tensors.iter().map(|tensor| InspectedTensor {
                name: tensor.name.clone(),
                dtype: tensor.dtype.clone(),
                shape: tensor.shape.clone(),
                role: role(&tensor.name),
            });
            inspected.push(InspectedFile { name: name.clone(), bytes: *bytes, tensors: tensors.collect() });
        }
        Self { files: inspected, problem }
    }
}
