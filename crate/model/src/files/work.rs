//! Which image files are scored for which prompts, for one model after the other.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    rc::Rc,
    sync::Arc,
};

use pickscore_pixels::{Pixels, Processor};
use pollster::FutureExt as _;

use super::{
    ahead::ahead,
    error::FileError,
    prepared::{Hash, Prepared},
};
use crate::scorer::{PickScore, ScoreCache, ScoreError};

/// Prompts, image files, and which prompts each image is scored for.
#[derive(Debug)]
pub struct Work {
    /// Distinct prompts; empty if no scorer reads any.
    pub prompts: Vec<String>,
    /// Image files.
    pub files: Vec<PathBuf>,
    /// The prompts of each file, by place; without prompts, the place 0.
    pub wanted: Vec<Arc<[usize]>>,
}

/// A file that has been read.
struct Ready {
    file: usize,
    found: Found,
}

/// What a file contains.
enum Found {
    /// The same as an earlier file, which is scored for the same prompts.
    Same(usize),
    /// An image, prepared for the model.
    New(Arc<Pixels>),
    /// Nothing that can be read, and why.
    Unreadable(FileError),
}

/// The scores of a file for its prompts. `None` for a prompt that the model cannot read.
pub type Scores = Rc<[Option<f32>]>;

/// The result for a file, or why it has none.
pub type Outcome = Result<Scores, FileError>;

impl Work {
    /// Every image for every prompt.
    pub fn matrix(prompts: Vec<String>, files: Vec<PathBuf>) -> Self {
        let every: Arc<[usize]> = (0..prompts.len().max(1)).collect();
        let wanted = vec![every; files.len()];
        Self { prompts, files, wanted }
    }

    /// Scores the files with a model, a batch at a time. `take` is given each file in order, by its
    /// place, with its scores or why it has none. Files with the same content are computed once.
    ///
    /// `unreadable` are the prompts that the model cannot read, by place; they have no scores.
    ///
    /// # Errors
    ///
    /// If another prompt is empty and the scorer reads prompts, if the device fails, or with the
    /// first error of `take`.
    pub fn score<E: From<ScoreError>>(
        &self,
        scorer: &PickScore,
        prepared: &mut Prepared<'_>,
        unreadable: &HashSet<usize>,
        take: &mut dyn FnMut(usize, &Outcome) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut outcomes: Vec<Option<Outcome>> = vec![None; self.files.len()];
        let mut cache = ScoreCache::default();
        let all: Vec<usize> = (0..self.files.len()).collect();
        let mut first = HashMap::new();
        let processor = scorer.processor();
        let prepare = |batch: &[usize]| self.prepare(processor, batch, prepared, &mut first);
        ahead(all.chunks(scorer.batch()), prepare, |batch: Vec<Ready>| {
            self.score_batch(scorer, &batch, unreadable, &mut cache, &mut outcomes)?;
            for Ready { file, .. } in batch {
                take(file, outcomes[file].as_ref().unwrap_or(&Err(FileError::Changed)))?;
            }
            Ok(())
        })
    }

    /// Reads and decodes those of a batch of files that differ from all `first` files, which are
    /// kept by hash.
    fn prepare(
        &self,
        processor: &Processor,
        batch: &[usize],
        prepared: &mut Prepared<'_>,
        first: &mut HashMap<Hash, usize>,
    ) -> Vec<Ready> {
        // A file with the same content but other prompts is scored for itself.
        let same = |first: &HashMap<Hash, usize>, hash: Hash, file: usize| {
            first.get(&hash).copied().filter(|&other| self.wanted[other] == self.wanted[file])
        };
        let known: Vec<Option<usize>> =
            batch.iter().map(|&file| same(first, prepared.hash(file)?, file)).collect();
        let unknown = batch.iter().zip(&known).filter(|(_, known)| known.is_none());
        let unknown: Vec<usize> = unknown.map(|(&file, _)| file).collect();
        let mut contents = prepared.get(processor, &unknown).into_iter();
        let mut ready = Vec::with_capacity(batch.len());
        for (&file, known) in batch.iter().zip(known) {
            let found = match known.map_or_else(|| contents.next(), |_| None) {
                None => Found::Same(known.unwrap_or(file)),
                Some(Err(reason)) => Found::Unreadable(reason),
                Some(Ok(content)) => match same(first, content.hash, file) {
                    Some(other) => Found::Same(other),
                    None => {
                        first.entry(content.hash).or_insert(file);
                        Found::New(content.pixels)
                    }
                },
            };
            ready.push(Ready { file, found });
        }
        ready
    }

    /// The outcomes of a batch of files.
    fn score_batch(
        &self,
        scorer: &PickScore,
        batch: &[Ready],
        unreadable: &HashSet<usize>,
        cache: &mut ScoreCache,
        outcomes: &mut [Option<Outcome>],
    ) -> Result<(), ScoreError> {
        let (mut files, mut images, mut pairs) = (Vec::new(), Vec::<&Pixels>::new(), Vec::new());
        for Ready { file, found } in batch {
            if let Found::New(pixels) = found {
                let wanted = self.wanted[*file].iter();
                let readable = wanted.filter(|prompt| !unreadable.contains(prompt));
                pairs.extend(readable.map(|&prompt| (prompt, images.len())));
                files.push(*file);
                images.push(pixels);
            }
        }
        // The other prompts come later, or are in the cache.
        let mut places: Vec<usize> = pairs.iter().map(|&(prompt, _)| prompt).collect();
        places.sort_unstable();
        places.dedup();
        let text = |&place: &usize| self.prompts.get(place).map(String::as_str).unwrap_or_default();
        let prompts: Vec<&str> = places.iter().map(text).collect();
        for (prompt, _) in &mut pairs {
            *prompt = places.binary_search(prompt).unwrap_or_default();
        }
        let scores = scorer.score_chosen(cache, &prompts, &images, &pairs).block_on()?;
        let mut scores = scores.into_iter();
        for file in files {
            let score = |prompt: &usize| match unreadable.contains(prompt) {
                true => None,
                false => scores.next(),
            };
            outcomes[file] = Some(Ok(self.wanted[file].iter().map(score).collect()));
        }
        for Ready { file, found } in batch {
            match found {
                Found::New(_) => {}
                Found::Same(other) => outcomes[*file] = outcomes[*other].clone(),
                Found::Unreadable(reason) => outcomes[*file] = Some(Err(reason.clone())),
            }
        }
        Ok(())
    }
    /// The path of a file, as text.
    pub fn path(&self, file: usize) -> String {
        self.files[file].display().to_string()
    }
}
