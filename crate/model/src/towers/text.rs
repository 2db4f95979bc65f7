//! [`Tokens`] → embedding

use pickscore_checkpoint::config::{TextConfig, TextPooling};
use pickscore_tokens::Tokens;

use super::{
    Linear,
    block::{Block, LayerNorm, pooled},
    kernels::Steps,
    table::Table,
};

/// The text transformer: causal, the state at the end token stands for the prompt.
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

/// Sequences are cut to a multiple of this, so that a GPU sees few different shapes.
const LENGTH_STEP: usize = 8;

impl<S: Steps, T: Table<S>> TextTower<S, T> {
    /// Prompts → embeddings, not yet of unit length.
    ///
    /// Positions after the last one that any prompt is pooled at are left out: under the causal
    /// mask they change nothing.
    ///
    /// # Shapes
    ///
    /// - prompts: `batch` × `[context]`; every id is below the vocabulary's size
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

    /// The position that stands for the prompt, as transformers' `CLIPTextTransformer` finds it:
    /// the first of the highest id, or the first of the end token (position 0 where there is none).
    fn pooled_position(&self, tokens: &Tokens) -> usize {
        let wanted = match self.config.pooling {
            TextPooling::HighestId => tokens.ids.iter().copied().max(),
            TextPooling::FirstOf(id) => Some(id),
        };
        tokens.ids.iter().position(|&id| Some(id) == wanted).unwrap_or(0)
    }
}
