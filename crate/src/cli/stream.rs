//! Takes results as they become ready: writes them with `--format jsonl`, and collects errors.

use std::collections::HashSet;

use serde::Serialize;

use super::{
    fault::Fault,
    output::{Unread, line},
    score_files::Group,
};
use crate::files::{Outcome, Work};

/// The results of one model.
pub(super) struct Stream<'a> {
    work: &'a Work,
    /// Files whose errors are known from an earlier model.
    known: HashSet<usize>,
    /// The pairs in the order of their file, if pairs are scored.
    pub(super) pairs: Option<&'a [Group]>,
    /// The model's name, if there are several models.
    pub(super) model: Option<String>,
    /// Whether results are written at once.
    pub(super) at_once: bool,
    pub(super) reads_prompt: bool,
    errors: Vec<Unread>,
    /// The results for each file of pairs.
    ready: Vec<Option<Outcome>>,
    /// The next pair to be written.
    next: usize,
}

/// A line of results.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    prompt: Option<&'a str>,
    path: String,
    score: f32,
}

impl<'a> Stream<'a> {
    pub(super) fn new(work: &'a Work, known: HashSet<usize>) -> Self {
        Self {
            work,
            known,
            pairs: None,
            model: None,
            at_once: false,
            reads_prompt: true,
            errors: Vec::new(),
            ready: vec![None; work.files.len()],
            next: 0,
        }
    }

    pub(super) fn into_errors(self) -> Vec<Unread> {
        self.errors
    }

    /// Takes the result for a file.
    pub(super) fn take(&mut self, file: usize, outcome: &Outcome) -> Result<(), Fault> {
        if let Some(pairs) = self.pairs {
            self.ready[file] = Some(outcome.clone());
            return self.take_pairs(pairs);
        }
        let scores = match outcome {
            Err(error) => return self.fail(file, &error.to_string()),
            Ok(scores) => scores,
        };
        let columns = if self.reads_prompt { scores.len() } else { 1 };
        for (&prompt, score) in self.work.wanted[file].iter().zip(scores.iter()).take(columns) {
            let prompt = self.work.prompts.get(prompt).filter(|_| self.reads_prompt);
            self.write(prompt.map(String::as_str), file, *score)?;
        }
        Ok(())
    }

    /// Takes the pairs that are ready, in their order.
    fn take_pairs(&mut self, pairs: &[Group]) -> Result<(), Fault> {
        while let Some(pair) = pairs.get(self.next) {
            let Some(member) = pair.members.first() else { break };
            let Some(outcome) = self.ready[member.file].clone() else { break };
            self.next += 1;
            match outcome {
                Err(error) => self.fail(member.file, &error.to_string())?,
                Ok(scores) => self.write(pair.prompt.as_deref(), member.file, scores[member.column])?,
            }
        }
        Ok(())
    }

    fn fail(&mut self, file: usize, error: &str) -> Result<(), Fault> {
        if !self.known.contains(&file) {
            self.errors.push(Unread::told(self.work.path(file), error.into(), self.at_once)?);
        }
        Ok(())
    }

    fn write(&self, prompt: Option<&str>, file: usize, score: Option<f32>) -> Result<(), Fault> {
        let (true, Some(score)) = (self.at_once, score) else { return Ok(()) };
        let (model, path) = (self.model.as_deref(), self.work.path(file));
        line(&Line { model, prompt, path, score })
    }
}
