//! How well a scorer predicts what people preferred.
//!
//! Scores of both images of a pair and its label make a [`Judged`]; everything here is a function of those. The measure is the paper's
//! tie-aware accuracy ([`accuracy`]), with the tie threshold chosen on other pairs than it is applied to.
//!
//! Choices alone, without a scorer, are [`Comparison`]s: they make the human baseline ([`agreement`]) and rankings of models, images and prompt
//! templates ([`ranking`]).

pub mod accuracy;
pub mod agreement;
pub mod bootstrap;
pub mod bradley_terry;
pub mod calibration;
pub mod comparison;
pub mod correlation;
pub mod elo;
#[cfg(feature = "train")]
pub mod interval_plot;
mod judged;
mod rank_table;
pub mod ranking;
pub mod report;
#[cfg(feature = "model")]
pub mod retrieval;
mod scorer_agreement;
pub mod scorer_means;
mod table;

pub use agreement::Humans;
pub use bootstrap::{Bootstrap, Estimate};
pub use comparison::Comparison;
pub use judged::Judged;
pub use ranking::{RankOptions, Ranking, rank, rank_json};
pub use report::{Report, RetrievalRow, ScorerRow, ThresholdSource};
pub use scorer_agreement::{ScorerAgreement, scorer_agreement};
