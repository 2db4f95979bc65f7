//! The text tower: [`Tokens`] → embedding.

use pickscore_checkpoint::config::{TextConfig, TextPooling};
use pickscore_tokens::Tokens;

use super::{
    block::{Block, LayerNorm, pooled},
    linear::Linear,
    steps::Steps,
    table::Table,
};

/// The causal text transformer. The embedding is computed from the state at the end token.
#[derive(Debug)]
pub(super) struct TextTower<S: Steps, T> {
    pub(super) config: TextConfig,
    pub(super) steps: S,
    pub(super) token: T,
    pub(super) blocks: Vec<Block<S>>,
    pub(super) final_norm: LayerNorm<S>,
    /// `[projection, width]`
    pub(super) projection: Linear<S>,
}

/// Sequence lengths are rounded up to a multiple of this, which limits the number of shapes.
const LENGTH_STEP: usize = 8;

impl<S: Steps, T: Table<S>> TextTower<S, T> {
    /// Embeds prompts, without normalising to unit length.
    ///
    /// Positions after the last pooled position of the batch are skipped; the causal mask makes
    /// them irrelevant.
    ///
    /// # Shapes
    ///
    /// - prompts: `batch` × `[context]`; every ID is below the vocabulary size
    /// - output: `[batch, projection]`
    pub(super) fn forward(&self, prompts: &[&Tokens]) -> S::Matrix {
        let pooled_at: Vec<usize> = prompts.iter().map(|tokens| self.pooled_position(tokens)).collect();
        let last = pooled_at.iter().copied().max().unwrap_or(0);
        let length = (last + 1).next_multiple_of(LENGTH_STEP).min(self.config.context);

        let ids: Vec<u32> = prompts.iter().flat_map(|tokens| &tokens.ids[..length]).copied().collect();
        let steps = &self.steps;
        let stream = self.token.embed(steps, &ids, length);
        let row = |(sample, position)| sample * length + position;
        let rows: Vec<usize> = pooled_at.into_iter().enumerate().map(row).collect();
        let states = pooled(steps, &self.blocks, stream, length, &rows);
        self.projection.forward(steps, self.final_norm.forward(steps, &states), None)
    }

    /// The position whose state represents the prompt, as in transformers' `CLIPTextTransformer`:
    /// the first occurrence of the highest ID or of the end token, or 0 if there is no end token.
    fn pooled_position(&self, tokens: &Tokens) -> usize {
        let wanted = match self.config.pooling {
            TextPooling::HighestId => tokens.ids.iter().copied().max(),
            TextPooling::FirstOf(id) => Some(id),
        };
        tokens.ids.iter().position(|&id| Some(id) == wanted).unwrap_or(0)
    }
}
