//! Scores prepared rows with one model after the other.

use pickscore_model::{PickScore, scorer::ScoreError};
use pollster::FutureExt as _;

use crate::{models::BulkModel, prepare::Prepared};

/// For each model and image of a row, the rows' scores: `[models][images][rows]`
pub(crate) type Scores = Vec<Vec<Vec<Result<f32, String>>>>;

/// Scores rows of `images` images each. `ways` gives each model's way among the ways of preparing
/// images. Returns also the number of prompts that a model read only in part.
///
/// # Errors
///
/// If a device fails.
pub(crate) fn score(
    models: &mut [BulkModel],
    ways: &[usize],
    rows: &[Prepared],
    images: usize,
) -> Result<(Scores, u64), ScoreError> {
    let (mut found, mut truncated) = (Vec::with_capacity(models.len()), 0);
    for (BulkModel { scorer, cache, .. }, &way) in models.iter_mut().zip(ways) {
        let reads_prompt = scorer.scoring().scorer.reads_prompt();
        let mut prompts: Vec<Result<&str, String>> = Vec::with_capacity(rows.len());
        for row in rows {
            prompts.push(if reads_prompt { readable(scorer, row, &mut truncated)? } else { Ok("") });
        }
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
        let computed = scorer.score_pixel_pairs_with(cache, &pairs).block_on()?;
        let places = scores.iter_mut().flatten().flatten();
        places.zip(computed).for_each(|(place, score)| *place = score);
        found.push(scores);
    }
    Ok((found, truncated))
}

/// The prompt of a row, or why the model cannot read it.
fn readable<'p>(
    scorer: &PickScore,
    row: &'p Prepared,
    truncated: &mut u64,
) -> Result<Result<&'p str, String>, ScoreError> {
    let prompt = match &row.prompt {
        Ok(prompt) => prompt,
        Err(reason) => return Ok(Err(reason.clone())),
    };
    match scorer.tokens(prompt) {
        Ok(tokens) => {
            *truncated += u64::from(tokens.truncated);
            Ok(Ok(prompt))
        }
        Err(error @ ScoreError::EmptyPrompt) => Ok(Err(error.to_string())),
        Err(error) => Err(error),
    }
}
