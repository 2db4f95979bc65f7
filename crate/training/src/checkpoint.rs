//! Checkpoints, from which a run is resumed.
//!
//! A checkpoint is a folder with `parameters.safetensors`, `moments.safetensors` and `state.json`.
//! A new one is written next to the old one and replaces it when it is complete.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

use burn::tensor::{DType, Device, Tensor};
use serde::{Deserialize, Serialize};

use super::{
    batch::Position,
    error::TrainError,
    optimizer::Optimizer,
    options::TrainOptions,
    parameters::{Trainee, numbers},
    validation::Validation,
};
use pickscore_checkpoint::weights::{Dtype, Header, header::PREFIX, write_safetensors};

/// The state of a run without its tensors.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct State {
    /// Number of completed steps.
    pub(super) steps: u64,
    pub(super) position: Position,
    /// The best validation so far: the step, its loss and its accuracy.
    pub(super) best: Option<(u64, f64, f64)>,
    /// The options of the run.
    pub(super) options: TrainOptions,
    /// The names and row counts of the training data's files.
    pub(super) data: Vec<(String, u64)>,
}

impl State {
    pub(super) fn best(&self) -> Option<Validation> {
        self.best.map(|(_, loss, accuracy)| Validation { loss, accuracy })
    }
}

/// The checkpoint of a run.
#[derive(Debug)]
pub(super) struct Checkpoint {
    folder: PathBuf,
}

impl Checkpoint {
    pub(super) fn of(out: &Path) -> Self {
        Self { folder: out.join("checkpoint") }
    }

    /// Reads the state of a run, if there is one. Completes a replacement that a crash interrupted.
    pub(super) fn state(&self) -> Result<Option<State>, TrainError> {
        let new = self.folder.with_extension("new");
        if !self.folder.exists() && new.join("state.json").exists() {
            fs::rename(&new, &self.folder).map_err(TrainError::writing(&self.folder))?;
        }
        let path = self.folder.join("state.json");
        if !path.exists() {
            return Ok(None);
        }
        let json = fs::read(&path).map_err(|error| TrainError::damaged(&path, error))?;
        serde_json::from_slice(&json).map(Some).map_err(|error| TrainError::damaged(&path, error))
    }

    /// Replaces the checkpoint.
    pub(super) fn save(
        &self,
        trainee: &Trainee,
        optimizer: &Optimizer,
        state: &State,
    ) -> Result<(), TrainError> {
        let new = self.folder.with_extension("new");
        let _ = fs::remove_dir_all(&new);
        fs::create_dir_all(&new).map_err(TrainError::writing(&new))?;
        let mut tensors = Vec::new();
        for (index, parameter) in trainee.list().iter().enumerate() {
            tensors.push((parameter.name.clone(), parameter.shape.clone(), trainee.numbers(index)?));
        }
        write(&new.join("parameters.safetensors"), &tensors)?;
        tensors.clear();
        for (parameter, moments) in trainee.list().iter().zip(&optimizer.moments) {
            for (which, moment) in moments.iter().flatten().enumerate() {
                let name = format!("{}.moment_{}", parameter.name, which + 1);
                tensors.push((name, parameter.shape.clone(), numbers(moment.clone())?));
            }
        }
        write(&new.join("moments.safetensors"), &tensors)?;
        let path = new.join("state.json");
        let json = serde_json::to_vec_pretty(state).map_err(|error| TrainError::damaged(&path, error))?;
        let mut file = File::create(&path).map_err(TrainError::writing(&path))?;
        file.write_all(&json).and_then(|()| file.sync_all()).map_err(TrainError::writing(&path))?;
        // From here on, `state` finds the new checkpoint even after a crash.
        let _ = fs::remove_dir_all(&self.folder);
        fs::rename(&new, &self.folder).map_err(TrainError::writing(&self.folder))
    }

    /// Restores a model and its optimizer.
    pub(super) fn restore(
        &self,
        trainee: &mut Trainee,
        optimizer: &mut Optimizer,
        steps: u64,
        device: &Device,
    ) -> Result<(), TrainError> {
        let tensor = |values: &Vec<f32>| Tensor::<1>::from_data(values.as_slice(), (device, DType::F32));
        let path = self.folder.join("parameters.safetensors");
        let saved = read(&path)?;
        let shapes: Vec<(String, usize)> = trainee
            .list()
            .iter()
            .map(|parameter| (parameter.name.clone(), parameter.shape.iter().product()))
            .collect();
        let find = |saved: &HashMap<String, Vec<f32>>, path: &Path, name: &str, length: usize| {
            let values = saved.get(name).filter(|values| values.len() == length);
            values
                .map(tensor)
                .ok_or_else(|| TrainError::damaged(path, format!("{name} is missing or has the wrong size")))
        };
        for (index, (name, length)) in shapes.iter().enumerate() {
            trainee.values[index] = find(&saved, &path, name, *length)?;
        }
        let path = self.folder.join("moments.safetensors");
        let saved = read(&path)?;
        optimizer.steps = steps;
        for (index, (name, length)) in shapes.iter().enumerate() {
            if steps > 0 {
                let moment = |which: usize| find(&saved, &path, &format!("{name}.moment_{which}"), *length);
                optimizer.moments[index] = Some([moment(1)?, moment(2)?]);
            }
        }
        Ok(())
    }
}

/// Writes a safetensors file.
fn write(path: &Path, tensors: &[(String, Vec<usize>, Vec<f32>)]) -> Result<(), TrainError> {
    let mut file = File::create(path).map_err(TrainError::writing(path))?;
    write_safetensors(&mut file, tensors).and_then(|()| file.sync_all()).map_err(TrainError::writing(path))
}

/// Reads all tensors of an f32 safetensors file.
fn read(path: &Path) -> Result<HashMap<String, Vec<f32>>, TrainError> {
    let mut bytes = Vec::new();
    let opened = File::open(path).and_then(|mut file| file.read_to_end(&mut bytes));
    opened.map_err(|error| TrainError::damaged(path, error))?;
    let wrong = TrainError::header(path);
    let length = Some(bytes.len() as u64);
    let prefix =
        bytes.first_chunk::<PREFIX>().ok_or_else(|| TrainError::damaged(path, "the file is truncated"))?;
    let json = Header::json_length(*prefix, length).map_err(&wrong)?;
    let header = Header::parse(&bytes[PREFIX..PREFIX + json], length).map_err(&wrong)?;
    let mut data = &bytes[PREFIX + json..];
    let mut tensors = HashMap::new();
    for tensor in header.tensors {
        let (mine, rest) = data.split_at(tensor.bytes as usize);
        data = rest;
        if tensor.dtype != Dtype::F32 {
            return Err(TrainError::damaged(path, format!("{} is not f32", tensor.name)));
        }
        let values =
            mine.chunks_exact(4).map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
        tensors.insert(tensor.name, values.collect());
    }
    Ok(tensors)
}
