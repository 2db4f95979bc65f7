//! Converts the bytes of checkpoint files to the parameters of a model, and passes on each
//! parameter as soon as it is complete.

use std::collections::HashMap;

use half::f16;

use super::{
    error::{MissingTensor, WeightError},
    halves,
    header::{Dtype, Header, TensorInfo},
    names::{Names, Slot},
    nearest,
    parameter::{Kind, Parameter, parameters},
    quantize,
    reader::Reader,
    sink::{FileError, TensorSink},
    target::{Target, Unfit},
    torch::PassedOver,
    values::{Precision, Values},
    vectors::Vectors,
};
use crate::config::ModelConfig;

/// Number of values decoded at a time.
const CHUNK: usize = 16 << 10;

/// Receives each parameter once it is complete.
pub type ParameterSink<'a> = dyn FnMut(&Parameter, Values) + 'a;

/// Loads a model from one or more safetensors or PyTorch files, pushed in file order.
///
/// Holds only incomplete parameters, in the target precision: usually one, or a layer's query, key
/// and value. The first error ends loading; nothing may be pushed after it.
#[derive(Debug)]
pub struct Loader {
    config: ModelConfig,
    precision: Precision,
    parameters: Vec<Parameter>,
    names: Names,
    /// For each parameter, the number of rows announced by headers and the number of rows read.
    rows: Vec<(usize, usize)>,
    targets: HashMap<usize, Target>,
    seen: std::collections::HashSet<(usize, usize)>,
    /// Scales of 8-bit tensors by parameter and first row; empty until their values are read.
    scales: HashMap<(usize, usize), Vec<f32>>,
    /// Parameters restored by [`Loader::restore`]: their tensors are skipped in the files.
    restored: std::collections::HashSet<usize>,
    unexpected: Vec<String>,
    passed_over: Vec<PassedOver>,
    vectors: Vectors,
    open_clip: bool,
    file: Option<File>,
    scratch: Scratch,
}

/// The current file.
#[derive(Debug)]
struct File {
    name: String,
    reader: Reader,
    last: bool,
    length_known: bool,
}

#[derive(Debug, Default)]
struct Scratch {
    /// The first bytes of a value that is split between two pushes.
    cut: Vec<u8>,
    numbers: Vec<f32>,
    halves: Vec<f16>,
    /// A matrix that is transposed in the file, until it is complete.
    transposed: Vec<f32>,
}

/// Information about the loaded files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// Tensors that are not part of the model, for a warning.
    pub unexpected: Vec<String>,
    /// Values of PyTorch files that are not tensors of the model, for example the epoch.
    pub passed_over: Vec<PassedOver>,
    /// A hash of the vectors that were read (biases, norms, positions and the logit scale), rounded
    /// to f16: the same for all files and precisions of a model.
    pub vectors: [u8; 32],
}

impl Loader {
    /// Creates a loader for a model.
    pub fn new(config: impl Into<ModelConfig>, precision: Precision) -> Self {
        let config = config.into();
        let parameters = parameters(&config);
        Self {
            precision,
            names: Names::new(&config, &parameters),
            config,
            rows: vec![(0, 0); parameters.len()],
            parameters,
            targets: HashMap::new(),
            seen: Default::default(),
            scales: HashMap::new(),
            restored: Default::default(),
            unexpected: Vec::new(),
            passed_over: Vec::new(),
            vectors: Vectors::default(),
            open_clip: false,
            file: None,
            scratch: Scratch::default(),
        }
    }

    /// The model's configuration.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// Starts a file. `name` is used in errors. `length` is the size of the file in bytes, if
    /// known, so that a wrong header is rejected immediately. `last` states that no other file
    /// follows, so that missing tensors are reported before any values are read.
    pub fn begin(&mut self, name: &str, length: Option<u64>, last: bool) {
        self.scratch = Scratch::default();
        let reader = Reader::new(length);
        self.file = Some(File { name: name.into(), reader, last, length_known: length.is_some() });
    }

    /// Pushes the next bytes of the file. Completed parameters go to `sink`.
    ///
    /// # Errors
    ///
    /// See [`WeightError`].
    pub fn push(&mut self, bytes: &[u8], sink: &mut ParameterSink<'_>) -> Result<(), WeightError> {
        let Some(mut file) = self.file.take() else { return Ok(()) };
        let mut intake = Intake {
            loader: self,
            file: &file.name,
            last: file.last,
            reserve: file.length_known,
            stored: false,
            sink,
        };
        let outcome = file.reader.push(bytes, &mut intake);
        let outcome = outcome.map_err(|fault| fault.named(&file.name));
        self.file = Some(file);
        outcome
    }

    /// Ends the current file.
    ///
    /// # Errors
    ///
    /// Returns an error if the file is truncated.
    pub fn end(&mut self) -> Result<(), WeightError> {
        let Some(file) = self.file.take() else { return Ok(()) };
        self.passed_over.extend_from_slice(file.reader.passed_over());
        file.reader.finish().map_err(|error| WeightError::of_file(&file.name, error))?;
        Ok(())
    }

    /// Ends loading after the last file.
    ///
    /// # Errors
    ///
    /// Returns an error if a parameter is missing. `name` stands for all files in the message.
    pub fn finish(self, name: &str) -> Result<Loaded, WeightError> {
        self.check_complete(name)?;
        let vectors = self.vectors.hash();
        Ok(Loaded { unexpected: self.unexpected, passed_over: self.passed_over, vectors })
    }

    /// Compares a header with the configuration.
    pub(super) fn accept_header(
        &mut self,
        file: &str,
        header: &Header,
        last: bool,
    ) -> Result<(), WeightError> {
        self.names.unwrap(header);
        for tensor in &header.tensors {
            let Some(slot) = self.names.slot(&tensor.name) else {
                if let Some(slot) = self.names.scaled(&tensor.name).cloned() {
                    self.accept_scales(file, tensor, &slot)?;
                } else if !Names::ignored(&tensor.name) {
                    self.unexpected.push(tensor.name.clone());
                }
                continue;
            };
            self.open_clip |= Names::is_open_clip(&tensor.name);
            let (file, name) = (|| file.to_owned(), || tensor.name.clone());
            let scaled = self.scales.contains_key(&(slot.parameter, slot.rows.start));
            let known = match tensor.dtype {
                Dtype::F32 | Dtype::F16 | Dtype::Bf16 | Dtype::F64 => !scaled,
                Dtype::I8 => scaled && !slot.transposed,
                Dtype::Other(..) => false,
            };
            if !known {
                let (found, shape) = (tensor.dtype.clone(), tensor.shape.clone());
                return Err(WeightError::Dtype { file: file(), tensor: name(), found, shape });
            }
            // A scalar has the shape [] or [1].
            let scalar = slot.shape.is_empty() && tensor.shape == [1];
            if tensor.shape != slot.shape && !scalar {
                let (expected, found) = (slot.shape.clone(), tensor.shape.clone());
                return Err(WeightError::Shape { file: file(), tensor: name(), expected, found });
            }
            let whole = self.rows[slot.parameter].0 + slot.rows.len();
            let first = self.seen.insert((slot.parameter, slot.rows.start));
            if !first || whole > row_count(&self.parameters[slot.parameter]) {
                return Err(WeightError::Twice { file: file(), tensor: name() });
            }
            self.rows[slot.parameter].0 = whole;
        }
        if last { self.check_complete(file) } else { Ok(()) }
    }

    /// Compares a tensor of scales with the configuration. Scales precede the values that they
    /// apply to.
    fn accept_scales(&mut self, file: &str, tensor: &TensorInfo, slot: &Slot) -> Result<(), WeightError> {
        let parameter = &self.parameters[slot.parameter];
        let (file, name) = (|| file.to_owned(), || tensor.name.clone());
        if tensor.dtype != Dtype::F32 || parameter.kind == Kind::Vector {
            let (found, shape) = (tensor.dtype.clone(), tensor.shape.clone());
            return Err(WeightError::Dtype { file: file(), tensor: name(), found, shape });
        }
        let expected = vec![slot.rows.len(), column_count(parameter).div_ceil(quantize::BLOCK)];
        if tensor.shape != expected {
            return Err(WeightError::Shape {
                file: file(),
                tensor: name(),
                expected,
                found: tensor.shape.clone(),
            });
        }
        match self.scales.insert((slot.parameter, slot.rows.start), Vec::new()) {
            None => Ok(()),
            Some(_) => Err(WeightError::Twice { file: file(), tensor: name() }),
        }
    }

    /// Restores parameters that an earlier, interrupted load has stored, as tensors of
    /// [`StoredLayout`](super::StoredLayout). Their tensors are skipped in the files. The headers
    /// of the files must have been pushed first.
    ///
    /// # Errors
    ///
    /// The same as [`Loader::push`].
    pub fn restore(
        &mut self,
        tensor: &TensorInfo,
        offset: u64,
        bytes: &[u8],
        sink: &mut ParameterSink<'_>,
    ) -> Result<(), WeightError> {
        let name = "the stored part of this model";
        if offset == 0
            && let Some(slot) = self.names.find(&tensor.name)
        {
            self.restored.insert(slot.parameter);
            self.rows[slot.parameter].1 = 0;
        }
        if offset == 0
            && self.names.find(&tensor.name).is_none()
            && let Some(slot) = self.names.find_scaled(&tensor.name).cloned()
        {
            self.accept_scales(name, tensor, &slot)?;
        }
        let file = name.to_owned();
        let mut intake = Intake { loader: self, file: &file, last: false, reserve: true, stored: true, sink };
        let outcome = intake.bytes(tensor, offset, bytes).and_then(|()| {
            if offset + bytes.len() as u64 == tensor.bytes { intake.end(tensor) } else { Ok(()) }
        });
        outcome.map_err(|fault| fault.named(name))
    }

    /// The offset of the first tensor in the current file that belongs to an incomplete parameter,
    /// or the length of the file if there is none. Loading can resume from there. Returns `None`
    /// before the header has been read, and for PyTorch files, which must be read from the start.
    pub fn resumes_at(&self) -> Option<u64> {
        let reader = &self.file.as_ref()?.reader;
        let (header, mut position) = (reader.header()?, reader.data_start()?);
        for tensor in &header.tensors {
            let slot = self.names.slot(&tensor.name).or_else(|| self.names.scaled(&tensor.name));
            if slot.is_some_and(|slot| !self.restored.contains(&slot.parameter)) {
                break;
            }
            position += tensor.bytes;
        }
        Some(position)
    }

    /// Skips to an offset of the current file returned by [`Loader::resumes_at`].
    pub fn skip_to(&mut self, position: u64) {
        if let Some(file) = &mut self.file {
            file.reader.skip_to(position);
        }
    }

    /// Checks that the headers contain every parameter.
    fn check_complete(&self, file: &str) -> Result<(), WeightError> {
        let mut missing = Vec::new();
        for (index, parameter) in self.parameters.iter().enumerate() {
            let rows = row_count(parameter);
            if self.rows[index].0 == rows {
                continue;
            }
            // Query, key and value may be missing individually, so each third is checked.
            let mut last = None;
            for row in [0, rows / 3, rows / 3 * 2] {
                let Some(name) = self.names.of(index, row, self.open_clip) else { continue };
                let Some(slot) = self.names.find(name) else { continue };
                if last == Some(name) || self.seen.contains(&(index, slot.rows.start)) {
                    continue;
                }
                last = Some(name);
                let nearest = nearest::nearest(name, &self.unexpected);
                missing.push(MissingTensor { name: name.into(), shape: slot.shape.clone(), nearest });
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        Err(WeightError::Missing { file: file.into(), missing, unexpected: self.unexpected.len() })
    }
}

/// Number of rows of a parameter. Vectors have one value per row.
fn row_count(parameter: &Parameter) -> usize {
    parameter.shape.first().copied().unwrap_or(1)
}

fn column_count(parameter: &Parameter) -> usize {
    parameter.shape.iter().skip(1).product()
}

/// The loader and the sink during one push.
struct Intake<'a, 'b> {
    loader: &'a mut Loader,
    file: &'a str,
    last: bool,
    reserve: bool,
    /// Whether the bytes come from stored parameters instead of a file.
    stored: bool,
    sink: &'a mut ParameterSink<'b>,
}

/// Whether a tensor contains values or scales.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Numbers,
    Scales,
}

/// An error during a push.
enum Fault {
    File(FileError),
    Weights(Box<WeightError>),
}

impl From<FileError> for Fault {
    fn from(error: FileError) -> Self {
        Self::File(error)
    }
}

impl From<WeightError> for Fault {
    fn from(error: WeightError) -> Self {
        Self::Weights(Box::new(error))
    }
}

impl Fault {
    fn named(self, file: &str) -> WeightError {
        match self {
            Self::File(error) => WeightError::of_file(file, error),
            Self::Weights(error) => *error,
        }
    }
}

impl TensorSink for Intake<'_, '_> {
    type Error = Fault;

    fn header(&mut self, header: &Header) -> Result<(), Fault> {
        Ok(self.loader.accept_header(self.file, header, self.last)?)
    }

    fn bytes(&mut self, tensor: &TensorInfo, offset: u64, mut bytes: &[u8]) -> Result<(), Fault> {
        let Some((slot, part)) = self.place(tensor) else { return Ok(()) };
        let size = tensor.dtype.bits().unwrap_or(8) as usize / 8;
        let mut index = offset / size as u64;
        let mut scratch = std::mem::take(&mut self.loader.scratch);
        if !scratch.cut.is_empty() {
            let (taken, rest) = bytes.split_at((size - scratch.cut.len()).min(bytes.len()));
            scratch.cut.extend_from_slice(taken);
            bytes = rest;
            if scratch.cut.len() == size {
                let number = std::mem::take(&mut scratch.cut);
                self.take(tensor, &slot, part, index, &number, &mut scratch)?;
                index += 1;
            }
        }
        let whole = bytes.len() / size * size;
        for chunk in bytes[..whole].chunks(CHUNK * size) {
            self.take(tensor, &slot, part, index, chunk, &mut scratch)?;
            index += (chunk.len() / size) as u64;
        }
        scratch.cut.extend_from_slice(&bytes[whole..]);
        self.loader.scratch = scratch;
        Ok(())
    }

    fn end(&mut self, tensor: &TensorInfo) -> Result<(), Fault> {
        let Some((slot, Part::Numbers)) = self.place(tensor) else { return Ok(()) };
        let parameter = &self.loader.parameters[slot.parameter];
        let (rows, columns) = (row_count(parameter), column_count(parameter));
        if slot.transposed {
            let source = std::mem::take(&mut self.loader.scratch.transposed);
            let mut row = vec![0.0; columns];
            for index in 0..rows {
                row.iter_mut()
                    .zip(source.iter().skip(index).step_by(rows))
                    .for_each(|(to, from)| *to = *from);
                self.write(tensor, &slot, (index * columns) as u64, |target, start| {
                    target.write(start, &row)
                })?;
            }
        }
        let loader = &mut *self.loader;
        loader.scales.remove(&(slot.parameter, slot.rows.start));
        loader.rows[slot.parameter].1 += slot.rows.len();
        if loader.rows[slot.parameter].1 == rows
            && let Some(target) = loader.targets.remove(&slot.parameter)
        {
            let values = target.finish();
            let parameter = &loader.parameters[slot.parameter];
            if let (Kind::Vector, Values::F32(values)) = (parameter.kind, &values) {
                loader.vectors.add(slot.parameter, values);
            }
            (self.sink)(parameter, values);
        }
        Ok(())
    }
}

impl Intake<'_, '_> {
    /// The destination of a tensor's values, if it has one.
    fn place(&self, tensor: &TensorInfo) -> Option<(Slot, Part)> {
        let names = &self.loader.names;
        let name = &tensor.name;
        let (numbers, scales) = match self.stored {
            true => (names.find(name), names.find_scaled(name)),
            false => (names.slot(name), names.scaled(name)),
        };
        let place = match (numbers, scales) {
            (Some(slot), _) => (slot.clone(), Part::Numbers),
            (None, scales) => (scales?.clone(), Part::Scales),
        };
        let wanted = self.stored || !self.loader.restored.contains(&place.0.parameter);
        wanted.then_some(place)
    }

    /// Takes complete values of a tensor in the file's data type, starting at `index`.
    fn take(
        &mut self,
        tensor: &TensorInfo,
        slot: &Slot,
        part: Part,
        index: u64,
        bytes: &[u8],
        scratch: &mut Scratch,
    ) -> Result<(), Fault> {
        if tensor.dtype == Dtype::I8 {
            return self.take_blocks(tensor, slot, index, bytes, scratch);
        }
        if tensor.dtype == Dtype::F16 && part == Part::Numbers && !slot.transposed {
            let Scratch { halves, numbers, .. } = scratch;
            decode_halves(bytes, halves);
            return self
                .write(tensor, slot, index, |target, start| target.write_halves(start, halves, numbers));
        }
        decode(&tensor.dtype, bytes, &mut scratch.numbers);
        let not_finite = || scratch.numbers.iter().position(|x| !x.is_finite());
        if part == Part::Numbers && !slot.transposed {
            return self.write(tensor, slot, index, |target, start| target.write(start, &scratch.numbers));
        }
        if let Some(at) = not_finite() {
            return Err(self.unfit(tensor, index, Unfit { index: at, value: scratch.numbers[at] }));
        }
        if part == Part::Numbers {
            scratch.transposed.extend_from_slice(&scratch.numbers);
        } else {
            let scales = self.loader.scales.entry((slot.parameter, slot.rows.start)).or_default();
            scales.extend_from_slice(&scratch.numbers);
        }
        Ok(())
    }

    /// Takes 8-bit values, after their scales: unchanged if the target is 8-bit, otherwise
    /// dequantised.
    fn take_blocks(
        &mut self,
        tensor: &TensorInfo,
        slot: &Slot,
        index: u64,
        bytes: &[u8],
        scratch: &mut Scratch,
    ) -> Result<(), Fault> {
        let columns = column_count(&self.loader.parameters[slot.parameter]);
        let per_row = columns.div_ceil(quantize::BLOCK);
        let scales = self.loader.scales.remove(&(slot.parameter, slot.rows.start)).unwrap_or_default();
        if scales.len() != slot.rows.len() * per_row {
            let (file, name, found) = (self.file.to_owned(), tensor.name.clone(), tensor.dtype.clone());
            return Err(WeightError::Dtype { file, tensor: name, found, shape: tensor.shape.clone() }.into());
        }
        if self.loader.precision == Precision::Q8 {
            let start = slot.rows.start * columns + index as usize;
            self.target(tensor, slot)?.adopt(start, bytemuck::cast_slice(bytes), slot.rows.start, &scales);
        } else {
            let number = |(at, &byte): (usize, &u8)| {
                let at = index as usize + at;
                f32::from(byte as i8) * scales[at / columns * per_row + at % columns / quantize::BLOCK]
            };
            scratch.numbers.clear();
            scratch.numbers.extend(bytes.iter().enumerate().map(number));
            self.write(tensor, slot, index, |target, start| target.write(start, &scratch.numbers))?;
        }
        self.loader.scales.insert((slot.parameter, slot.rows.start), scales);
        Ok(())
    }

    /// Writes values of a tensor, the first of which is at `index`. `write` gets their parameter
    /// and the position in it.
    fn write(
        &mut self,
        tensor: &TensorInfo,
        slot: &Slot,
        index: u64,
        write: impl FnOnce(&mut Target, usize) -> Result<(), Unfit>,
    ) -> Result<(), Fault> {
        let columns = column_count(&self.loader.parameters[slot.parameter]);
        // Cannot truncate: the tensor has the slot's shape, whose size fits in usize.
        let start = slot.rows.start * columns + index as usize;
        let written = write(self.target(tensor, slot)?, start);
        written.map_err(|unfit| self.unfit(tensor, index, unfit))
    }

    /// The incomplete parameter that a tensor belongs to.
    fn target(&mut self, tensor: &TensorInfo, slot: &Slot) -> Result<&mut Target, Fault> {
        let loader = &mut *self.loader;
        let parameter = &loader.parameters[slot.parameter];
        match loader.targets.entry(slot.parameter) {
            std::collections::hash_map::Entry::Occupied(target) => Ok(target.into_mut()),
            std::collections::hash_map::Entry::Vacant(empty) => {
                let precision =
                    if parameter.kind == Kind::Vector { Precision::F32 } else { loader.precision };
                let target =
                    Target::new(row_count(parameter), column_count(parameter), precision, self.reserve);
                Ok(empty.insert(target.ok_or_else(|| WeightError::Memory {
                    file: self.file.into(),
                    tensor: tensor.name.clone(),
                    shape: tensor.shape.clone(),
                })?))
            }
        }
    }

    fn unfit(&self, tensor: &TensorInfo, start: u64, unfit: Unfit) -> Fault {
        let (file, tensor, value) = (self.file.to_owned(), tensor.name.clone(), unfit.value);
        let index = start + unfit.index as u64;
        Fault::from(if value.is_finite() {
            WeightError::TooLarge { file, tensor, index, value }
        } else {
            WeightError::NotFinite { file, tensor, index, value }
        })
    }
}

/// Decodes little-endian floating-point values to f32.
pub(super) fn decode(dtype: &Dtype, bytes: &[u8], numbers: &mut Vec<f32>) {
    numbers.clear();
    match dtype {
        Dtype::F32 => numbers.extend(bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes))),
        Dtype::F64 => {
            numbers.extend(bytes.as_chunks().0.iter().map(|&bytes| f64::from_le_bytes(bytes) as f32))
        }
        Dtype::Bf16 => numbers
            .extend(bytes.as_chunks().0.iter().map(|&[low, high]| f32::from_le_bytes([0, 0, low, high]))),
        Dtype::F16 => {
            let mut halves = Vec::new();
            decode_halves(bytes, &mut halves);
            numbers.resize(halves.len(), 0.0);
            halves::widen_all(&halves, numbers);
        }
        // `take_blocks` handles I8; other types are rejected with the header.
        Dtype::I8 | Dtype::Other(..) => {}
    }
}

/// Decodes little-endian f16.
fn decode_halves(bytes: &[u8], halves: &mut Vec<f16>) {
    halves.clear();
    halves.extend(bytes.as_chunks().0.iter().map(|&bytes| f16::from_le_bytes(bytes)));
}
