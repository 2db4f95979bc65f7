//! What `pickscore score` computes, for one model after the other.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    rc::Rc,
    sync::Arc,
};

use pollster::FutureExt as _;

use super::{
    ahead::ahead,
    fault::{self, Fault},
    load,
    prepared::Prepared,
};
use crate::{
    PickScore,
    pixels::{Pixels, Processor},
    score::Scorer,
    scorer::{Info, ScoreCache},
};

/// Prompts, images, and which prompts each image is scored for.
pub(super) struct Work {
    /// Distinct prompts; empty if no scorer reads any.
    pub(super) prompts: Vec<String>,
    pub(super) files: Vec<PathBuf>,
    /// The prompts of each file, by place; without prompts, the place 0.
    pub(super) wanted: Vec<Arc<[usize]>>,
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
    Unreadable(String),
}

/// The scores of a file for its prompts. `None` for a prompt that the model cannot read.
pub(super) type Scores = Rc<[Option<f32>]>;

/// The result for a file, or why it cannot be read.
pub(super) type Outcome = Result<Scores, String>;

/// The results of one model.
pub(super) struct Run {
    pub(super) info: Info,
    pub(super) scorer: &'static Scorer,
    /// For each file; `None` if it cannot be read.
    pub(super) scores: Vec<Option<Scores>>,
}

/// The images of a prompt.
pub(super) struct Group {
    /// `None` if no scorer reads prompts.
    pub(super) prompt: Option<String>,
    pub(super) members: Vec<Member>,
}

/// A score's place: the file, and the place among the file's prompts.
#[derive(Clone, Copy)]
pub(super) struct Member {
    pub(super) file: usize,
    pub(super) column: usize,
}

impl Run {
    pub(super) fn score(&self, Member { file, column }: Member) -> Option<f32> {
        *self.scores[file].as_ref()?.get(column)?
    }
}

/// How files are scored.
pub(super) struct Pass<'a> {
    /// The text of the progress bar.
    pub(super) title: String,
    /// Prompts that the model cannot read, by place.
    pub(super) unreadable: HashSet<usize>,
    /// Whether a file that cannot be read is an error.
    pub(super) strict: bool,
    /// Files that were reported as unreadable for another model.
    pub(super) reported: &'a mut HashSet<usize>,
}

/// Is given each file in order with its scores, or why it cannot be read.
pub(super) type Take<'a> = dyn FnMut(usize, &Outcome) -> Result<(), Fault> + 'a;

impl Work {
    /// Every image for every prompt.
    pub(super) fn matrix(prompts: Vec<String>, files: Vec<PathBuf>) -> Self {
        let every: Arc<[usize]> = (0..prompts.len().max(1)).collect();
        let wanted = vec![every; files.len()];
        Self { prompts, files, wanted }
    }

    /// Scores the files with a model, a batch at a time. A file that cannot be read is reported.
    /// Files with the same content are computed once.
    pub(super) fn score(
        &self,
        scorer: &PickScore,
        prepared: &mut Prepared<'_>,
        pass: &mut Pass<'_>,
        take: &mut Take<'_>,
    ) -> Result<Run, Fault> {
        let bar = load::bar("{msg} {wide_bar} {pos}/{len} ({eta} left)");
        bar.set_message(pass.title.clone());
        bar.set_length(self.files.len() as u64);
        let mut outcomes: Vec<Option<Outcome>> = vec![None; self.files.len()];
        let mut cache = ScoreCache::default();
        let all: Vec<usize> = (0..self.files.len()).collect();
        // While a batch is computed, the next is read and decoded.
        let mut first = HashMap::new();
        let processor = scorer.processor();
        let prepare = |batch: &[usize]| self.prepare(processor, batch, prepared, &mut first);
        let computed = ahead(all.chunks(scorer.batch()), prepare, |batch: Vec<Ready>| {
            self.score_batch(scorer, &batch, pass, &mut cache, &mut outcomes)?;
            for Ready { file, .. } in batch {
                let outcome = outcomes[file].clone().unwrap_or_else(|| Err("the file has changed".into()));
                if let Err(reason) = &outcome {
                    let path = self.files[file].display().to_string();
                    let fault = Fault::Input { path, reason: reason.clone() };
                    if pass.strict {
                        return Err(fault);
                    }
                    if pass.reported.insert(file) {
                        bar.suspend(|| fault::report(&fault));
                    }
                }
                // A line of results must not be written into the progress bar.
                bar.suspend(|| take(file, &outcome))?;
                bar.inc(1);
            }
            Ok(())
        });
        bar.finish_and_clear();
        computed?;
        let scores = outcomes.into_iter().map(|outcome| outcome.and_then(Result::ok)).collect();
        Ok(Run { info: scorer.info().clone(), scorer: scorer.scoring().scorer, scores })
    }

    /// Reads and decodes those of a batch of files that differ from all `first` files, which are
    /// kept by hash.
    fn prepare(
        &self,
        processor: &Processor,
        batch: &[usize],
        prepared: &mut Prepared<'_>,
        first: &mut HashMap<Arc<str>, usize>,
    ) -> Vec<Ready> {
        // A file with the same content but other prompts is scored for itself.
        let same = |first: &HashMap<Arc<str>, usize>, hash: &Arc<str>, file: usize| {
            first.get(hash).copied().filter(|&other| self.wanted[other] == self.wanted[file])
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
                Some(Ok(content)) => match same(first, &content.hash, file) {
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
        pass: &Pass<'_>,
        cache: &mut ScoreCache,
        outcomes: &mut [Option<Outcome>],
    ) -> Result<(), Fault> {
        let (mut files, mut images, mut pairs) = (Vec::new(), Vec::<&Pixels>::new(), Vec::new());
        for Ready { file, found } in batch {
            if let Found::New(pixels) = found {
                let wanted = self.wanted[*file].iter();
                let readable = wanted.filter(|prompt| !pass.unreadable.contains(prompt));
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
            let score = |prompt: &usize| match pass.unreadable.contains(prompt) {
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

    /// The path of a file in results.
    pub(super) fn path(&self, file: usize) -> String {
        self.files[file].display().to_string()
    }
}
