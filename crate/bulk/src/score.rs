//! Scores prepared rows with one model after the other.

use pickscore_model::scorer::{ScoreCache, ScoreError};
use pollster::FutureExt as _;

use crate::{models::BulkModel, prepare::Prepared};

/// The models with their caches, and how each prepares images.
pub(crate) struct Scorers<'a> {
    models: &'a [BulkModel],
    caches: Vec<ScoreCache>,
    /// For each model, its way among the distinct ways of preparing images.
    ways: Vec<usize>,
    /// Number of prompts that a model read only in part.
    pub(crate) truncated: u64,
}

/// For each model and image of a row, the rows' scores: `[models][images][rows]`
pub(crate) type Scores = Vec<Vec<Vec<Result<f32, String>>>>;

impl<'a> Scorers<'a> {
    pub(crate) fn new(models: &'a [BulkModel], ways: Vec<usize>) -> Self {
        let caches = models.iter().map(|_| ScoreCache::default()).collect();
        Self { models, caches, ways, truncated: 0 }
    }

    /// Scores rows of `images` images each.
    ///
    /// # Errors
    ///
    /// If a device fails.
    pub(crate) fn score(&mut self, rows: &[Prepared], images: usize) -> Result<Scores, ScoreError> {
        let mut found = Vec::with_capacity(self.models.len());
        for (index, model) in self.models.iter().enumerate() {
            let reads_prompt = model.scorer.scoring().scorer.reads_prompt();
            let mut prompts: Vec<Result<&str, String>> = Vec::with_capacity(rows.len());
            for row in rows {
                prompts.push(if reads_prompt { self.readable(model, row)? } else { Ok("") });
            }
            let way = self.ways[index];
            let (mut pairs, mut scores) = (Vec::new(), vec![Vec::with_capacity(rows.len()); images]);
            for (side, scores) in scores.iter_mut().enumerate() {
                for (row, prompt) in rows.iter().zip(&prompts) {
                    scores.push(match (prompt, &row.images[side]) {
                        (Err(reason), _) | (_, Err(reason)) => Err(reason.clone()),
                        (Ok(prompt), Ok(image)) => {
                            pairs.push((*prompt, image.hash, &image.pixels[way]));
                            Ok(0.0)
                        }
                    });
                }
            }
            let cache = &mut self.caches[index];
            let computed = model.scorer.score_pixel_pairs_with(cache, &pairs).block_on()?;
            let places = scores.iter_mut().flatten().flatten();
            places.zip(computed).for_each(|(place, score)| *place = score);
            found.push(scores);
        }
        Ok(found)
    }

    /// The prompt of a row, or why the model cannot read it.
    fn readable<'p>(
        &mut self,
        model: &BulkModel,
        row: &'p Prepared,
    ) -> Result<Result<&'p str, String>, ScoreError> {
        let prompt = match &row.prompt {
            Ok(prompt) => prompt,
            Err(reason) => return Ok(Err(reason.clone())),
        };
        match model.scorer.tokens(prompt) {
            Ok(tokens) => {
                self.truncated += u64::from(tokens.truncated);
                Ok(Ok(prompt))
            }
            Err(error @ ScoreError::EmptyPrompt) => Ok(Err(error.to_string())),
            Err(error) => Err(error),
        }
    }
}
