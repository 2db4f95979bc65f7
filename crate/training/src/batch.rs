//! Batches of preprocessed examples.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{
    error::TrainError,
    hold_out::HeldOut,
    options::{Objective, TrainOptions},
    order::Order,
};
use pickscore_dataset::{Columns, DatasetError, DatasetFiles, Row};
use pickscore_pixels::{Pixels, Processor};
use pickscore_tokens::{Tokenizer, Tokens};

/// The preprocessing of prompts and images.
#[derive(Debug, Clone)]
pub(super) struct Preprocessing {
    pub(super) tokenizer: Tokenizer,
    pub(super) processor: Processor,
    /// Context length in tokens.
    pub(super) context: usize,
    /// Number of tokens in the model's vocabulary.
    pub(super) vocabulary: usize,
}

/// A batch of examples.
#[derive(Debug, Default)]
pub struct Batch {
    /// One per example.
    pub prompts: Vec<Tokens>,
    /// For preferences, all first images followed by all second images; otherwise one per example.
    pub images: Vec<Pixels>,
    /// One per example: the shares of the preference for the first and the second image.
    pub labels: Vec<[f32; 2]>,
    /// For each example, the number of examples in the dataset with the same prompt.
    pub examples_per_prompt: Vec<i64>,
    /// For each example, the index of the first example with the same prompt.
    pub same: Vec<usize>,
}

/// A position in the stream of examples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Position {
    pass: u64,
    window: usize,
    row: usize,
}

/// The endless stream of a dataset's examples, pass after pass.
#[derive(Debug)]
pub(super) struct Examples<'a> {
    files: &'a DatasetFiles,
    held_out: &'a HeldOut,
    groups: Vec<(u64, u64)>,
    seed: u64,
    objective: Objective,
    pub(super) position: Position,
    /// The order of the pass at `position`.
    order: Order,
    /// Rows of the window at `position`, in order; each is taken when it is used.
    held: Option<Vec<Option<Row>>>,
    /// Number of rows with unreadable images, and the reason for the last one.
    pub(super) skipped: (u64, Option<String>),
}

impl<'a> Examples<'a> {
    pub(super) fn new(
        files: &'a DatasetFiles,
        held_out: &'a HeldOut,
        options: &TrainOptions,
        position: Position,
    ) -> Self {
        let &TrainOptions { seed, objective, .. } = options;
        let groups: Vec<_> = files.groups().iter().map(|group| (group.rows, group.bytes)).collect();
        let order = Order::new(&groups, seed, position.pass);
        Self { files, held_out, groups, seed, objective, position, order, held: None, skipped: (0, None) }
    }

    /// The next batch. Rows without a label or with an unreadable image are skipped.
    ///
    /// # Errors
    ///
    /// Fails if a file cannot be read or if the data has no usable example.
    pub(super) fn next(&mut self, size: usize, preprocessing: &Preprocessing) -> Result<Batch, TrainError> {
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
            for (row, inputs) in prepared(rows, self.objective, self.seed ^ self.position.pass, preprocessing)
            {
                match inputs {
                    Ok(inputs) => batch.push(&row, inputs, &mut seconds),
                    Err(reason) => self.skipped = (self.skipped.0 + 1, Some(reason)),
                }
            }
        }
        batch.images.append(&mut seconds);
        Ok(batch)
    }

    /// The next labelled row that is not held out.
    fn row(&mut self) -> Result<Row, TrainError> {
        let began = self.position.pass;
        let held_out = self.held_out;
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
                none => {
                    let (rows, faults) = window(self.files, &self.order, self.position.window)?;
                    self.skipped.0 += faults.len() as u64;
                    if let Some(fault) = faults.last() {
                        self.skipped.1 = Some(fault.to_string());
                    }
                    none.insert(rows)
                }
            };
            while let Some(row) = held.get_mut(self.position.row) {
                self.position.row += 1;
                if let Some(row) =
                    row.take().filter(|row| row.label.is_some() && !held_out.contains(&row.caption))
                {
                    return Ok(row);
                }
            }
            self.held = None;
            self.position = Position { window: self.position.window + 1, row: 0, ..self.position };
        }
    }
}

/// The rows of a window in order, `None` for invalid ones, and the faults of these.
type Window = (Vec<Option<Row>>, Vec<DatasetError>);

/// Reads all rows of a window.
fn window(files: &DatasetFiles, order: &Order, window: usize) -> Result<Window, TrainError> {
    let mut groups: HashMap<usize, HashMap<u64, Row>> = HashMap::new();
    let mut faults = Vec::new();
    for &group in order.groups(window) {
        let found = files.read_sound(files.groups()[group], Columns::All)?;
        faults.extend(found.faults);
        groups.insert(group, found.numbers.into_iter().zip(found.rows).collect());
    }
    let mut taken = |(group, row): (usize, usize)| groups.get_mut(&group)?.remove(&(row as u64));
    Ok((order.places(window).into_iter().map(&mut taken).collect(), faults))
}

impl Batch {
    /// Creates a batch from rows. Rows with an unreadable image are skipped.
    pub(super) fn of(rows: Vec<Row>, objective: Objective, seed: u64, preprocessing: &Preprocessing) -> Self {
        let (mut batch, mut seconds) = (Self::default(), Vec::new());
        for (row, inputs) in prepared(rows, objective, seed, preprocessing) {
            if let Ok(inputs) = inputs {
                batch.push(&row, inputs, &mut seconds);
            }
        }
        batch.images.append(&mut seconds);
        batch
    }

    /// Adds an example. Second images are collected in `seconds`.
    fn push(&mut self, row: &Row, (tokens, images): (Tokens, Vec<Pixels>), seconds: &mut Vec<Pixels>) {
        let first = self.prompts.iter().position(|other| other.ids == tokens.ids);
        self.same.push(first.unwrap_or(self.prompts.len()));
        self.prompts.push(tokens);
        self.labels.push(row.label.unwrap_or([0.5; 2]).map(|share| share as f32));
        self.examples_per_prompt.push(row.num_example_per_prompt);
        let mut images = images.into_iter();
        self.images.extend(images.next());
        seconds.extend(images.next());
    }

    /// The prompts and images of some examples of a preference batch.
    pub(super) fn part(&self, range: std::ops::Range<usize>) -> (Vec<&Tokens>, Vec<&Pixels>) {
        let count = self.prompts.len();
        let seconds = range.start + count..range.end + count;
        let images = self.images[range.clone()].iter().chain(&self.images[seconds]).collect();
        (self.prompts[range].iter().collect(), images)
    }
}

/// A row with its tokens and preprocessed images, or why one of them cannot be used.
type Prepared = (Row, Result<(Tokens, Vec<Pixels>), String>);

/// Tokenizes prompts, and decodes and preprocesses images. The feature `parallel` uses all cores.
fn prepared(rows: Vec<Row>, objective: Objective, seed: u64, preprocessing: &Preprocessing) -> Vec<Prepared> {
    let prepare = |row: Row| {
        let wanted: Vec<usize> = match objective {
            Objective::Preference => vec![0, 1],
            Objective::Contrastive => vec![preferred(&row, seed)],
        };
        let tokens = preprocessing.tokenizer.encode(&row.caption, preprocessing.context);
        if let Some(token) = tokens.ids.iter().find(|&&id| id as usize >= preprocessing.vocabulary) {
            let ranking = row.ranking_id;
            let reason = format!("the prompt of ranking {ranking} has token {token}, which the model lacks");
            return (row, Err(reason));
        }
        let pixels = wanted.iter().map(|&which| {
            let read = preprocessing.processor.pixels(&row.images[which].bytes);
            read.map_err(|error| format!("image {which} of ranking {}: {error}", row.ranking_id))
        });
        let pixels: Result<Vec<Pixels>, String> = pixels.collect();
        (row, pixels.map(|pixels| (tokens, pixels)))
    };
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        rows.into_par_iter().map(prepare).collect()
    }
    #[cfg(not(feature = "parallel"))]
    rows.into_iter().map(prepare).collect()
}

/// The index of the image that is paired with the prompt in contrastive training: the preferred
/// one, or a pseudorandom one for a tie.
fn preferred(row: &Row, seed: u64) -> usize {
    let [first, second] = row.label.unwrap_or([0.5; 2]);
    if first == second {
        let mixed = (seed ^ row.ranking_id as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        return ((mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 63) as usize;
    }
    usize::from(second > first)
}
