//! Rows as the towers read them.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{Objective, Order, TrainError};
use pickscore_dataset::{DatasetFiles, GroupId, Row};
use pickscore_pixels::{Pixels, Processor};
use pickscore_tokens::{Tokenizer, Tokens};

/// How prompts and images become numbers.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Prompts.
    pub tokenizer: Tokenizer,
    /// Images.
    pub processor: Processor,
    /// Tokens that the model reads.
    pub context: usize,
}

/// Examples that are learned from together.
#[derive(Debug, Default)]
pub struct Batch {
    /// One an example.
    pub prompts: Vec<Tokens>,
    /// For preferences all first images, then all second ones; else one an example.
    pub images: Vec<Pixels>,
    /// How preference is shared; one an example.
    pub labels: Vec<[f32; 2]>,
    /// How many examples the data set has of each one's prompt.
    pub examples_per_prompt: Vec<i64>,
    /// For each example the first one with the same prompt.
    pub same: Vec<usize>,
}

/// A place in the stream of examples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Position {
    pass: u64,
    window: usize,
    row: usize,
}

/// The stream of a data set's examples: pass after pass, without end.
#[derive(Debug)]
pub struct Examples<'a> {
    files: &'a DatasetFiles,
    groups: Vec<(u64, u64)>,
    seed: u64,
    objective: Objective,
    pub(super) position: Position,
    /// The order of the pass at `position`.
    order: Order,
    /// Rows of the window at `position`, in order; taken out one by one.
    held: Option<Vec<Option<Row>>>,
    /// Rows whose images could not be read, with the reason of the last one.
    pub skipped: (u64, Option<String>),
}

impl<'a> Examples<'a> {
    pub(super) fn new(files: &'a DatasetFiles, seed: u64, objective: Objective, position: Position) -> Self {
        let groups: Vec<_> = files.groups().iter().map(|group| (group.rows, group.bytes)).collect();
        let order = Order::new(&groups, seed, position.pass);
        Self { files, groups, seed, objective, position, order, held: None, skipped: (0, None) }
    }

    /// The next batch. Rows without a label are passed over, and so are those with an image that cannot be read.
    ///
    /// # Errors
    ///
    /// Files that cannot be read; data without a single example that can be learned from.
    pub fn next(&mut self, size: usize, reading: &Reading) -> Result<Batch, TrainError> {
        let mut batch = Batch::default();
        let mut seconds = Vec::new();
        let (skipped, all) = (self.skipped.0, self.files.rows());
        while batch.prompts.len() < size {
            if self.skipped.0 - skipped > all {
                return Err(TrainError::TooFew { split: "training", rows: 0, expected: 1 });
            }
            let mut rows = Vec::new();
            while rows.len() < size - batch.prompts.len() {
                rows.push(self.row()?);
            }
            for (row, images) in prepared(rows, self.objective, self.seed ^ self.position.pass, reading) {
                match images {
                    Ok(images) => batch.push(&row, images, &mut seconds, reading),
                    Err(reason) => self.skipped = (self.skipped.0 + 1, Some(reason)),
                }
            }
        }
        batch.images.append(&mut seconds);
        Ok(batch)
    }

    /// The next row with a label.
    fn row(&mut self) -> Result<Row, TrainError> {
        let began = self.position.pass;
        loop {
            if self.position.window >= self.order.windows() {
                if self.position.pass > began + 1 || self.order.windows() == 0 {
                    return Err(TrainError::TooFew { split: "training", rows: 0, expected: 1 });
                }
                self.position = Position { pass: self.position.pass + 1, ..Position::default() };
                self.order = Order::new(&self.groups, self.seed, self.position.pass);
                continue;
            }
            let held = match &mut self.held {
                Some(held) => held,
                none => none.insert(window(self.files, &self.order, self.position.window)?),
            };
            while let Some(row) = held.get_mut(self.position.row) {
                self.position.row += 1;
                if let Some(row) = row.take().filter(|row| row.label.is_some()) {
                    return Ok(row);
                }
            }
            self.held = None;
            self.position = Position { window: self.position.window + 1, row: 0, ..self.position };
        }
    }
}

/// All rows of a window, in order.
fn window(files: &DatasetFiles, order: &Order, window: usize) -> Result<Vec<Option<Row>>, TrainError> {
    let mut groups: HashMap<usize, Vec<Option<Row>>> = HashMap::new();
    for &group in order.groups(window) {
        let id: GroupId = files.groups()[group];
        groups.insert(group, files.read(id)?.into_iter().map(Some).collect());
    }
    let mut taken = |(group, row): (usize, usize)| groups.get_mut(&group)?.get_mut(row)?.take();
    Ok(order.places(window).into_iter().map(&mut taken).collect())
}

impl Batch {
    /// A batch of these rows.
    pub(super) fn of(rows: Vec<Row>, objective: Objective, seed: u64, reading: &Reading) -> Self {
        let (mut batch, mut seconds) = (Self::default(), Vec::new());
        for (row, images) in prepared(rows, objective, seed, reading) {
            if let Ok(images) = images {
                batch.push(&row, images, &mut seconds, reading);
            }
        }
        batch.images.append(&mut seconds);
        batch
    }

    fn push(&mut self, row: &Row, images: Vec<Pixels>, seconds: &mut Vec<Pixels>, reading: &Reading) {
        let tokens = reading.tokenizer.encode(&row.caption, reading.context);
        let first = self.prompts.iter().position(|other| other.ids == tokens.ids);
        self.same.push(first.unwrap_or(self.prompts.len()));
        self.prompts.push(tokens);
        self.labels.push(row.label.unwrap_or([0.5; 2]).map(|share| share as f32));
        self.examples_per_prompt.push(row.num_example_per_prompt);
        let mut images = images.into_iter();
        self.images.extend(images.next());
        seconds.extend(images.next());
    }

    /// Some of the examples of a batch of preferences.
    pub(super) fn part(&self, range: std::ops::Range<usize>) -> (Vec<&Tokens>, Vec<&Pixels>) {
        let count = self.prompts.len();
        let seconds = range.start + count..range.end + count;
        let images = self.images[range.clone()].iter().chain(&self.images[seconds]).collect();
        (self.prompts[range].iter().collect(), images)
    }
}

/// Rows with the images that are learned from, or why one cannot be read.
type Prepared = (Row, Result<Vec<Pixels>, String>);

/// Decodes images, on all cores.
fn prepared(rows: Vec<Row>, objective: Objective, seed: u64, reading: &Reading) -> Vec<Prepared> {
    let prepare = |row: Row| {
        let wanted: Vec<usize> = match objective {
            Objective::Preference => vec![0, 1],
            Objective::Contrastive => vec![preferred(&row, seed)],
        };
        let pixels = wanted.iter().map(|&which| {
            let read = reading.processor.pixels(&row.images[which].bytes);
            read.map_err(|error| format!("image {which} of ranking {}: {error}", row.ranking_id))
        });
        let pixels = pixels.collect();
        (row, pixels)
    };
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        rows.into_par_iter().map(prepare).collect()
    }
    #[cfg(not(feature = "parallel"))]
    rows.into_iter().map(prepare).collect()
}

/// Which image stands for its prompt: the preferred one; of a tie one or the other, as the seed has it.
fn preferred(row: &Row, seed: u64) -> usize {
    let [first, second] = row.label.unwrap_or([0.5; 2]);
    if first == second {
        let mixed = (seed ^ row.ranking_id as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        return ((mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 63) as usize;
    }
    usize::from(second > first)
}
