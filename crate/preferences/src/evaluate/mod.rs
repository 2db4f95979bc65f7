//! How well a scorer predicts what people preferred.
//!
//! Scores of both images of a pair and its label make a [`Judged`]; everything here is a function of those. The measure is the paper's
//! tie-aware accuracy ([`accuracy`]), with the tie threshold chosen on other pairs than it is applied to.
//!
//! Choices alone, without a scorer, are [`Comparison`]s: they make the human baseline ([`agreement`]) and rankings of models, images and prompt
//! templates ([`ranking`]). Rows of a data set and records of the page say the same ([`choices`]).

pub mod accuracy;
pub mod agreement;
pub mod bootstrap;
pub mod bradley_terry;
pub mod calibration;
pub mod comparison;
pub mod correlation;
pub mod elo;
#[cfg(feature = "plot")]
pub mod interval_plot;
mod judged;
mod rank_table;
pub mod ranking;
mod record_choices;
pub mod report;
pub mod retrieval;
mod scorer_agreement;
pub mod scorer_means;
mod table;

pub use agreement::{Agreed, Humans};
pub use bootstrap::{Bootstrap, Estimate};
pub use comparison::Comparison;
pub use judged::Judged;
pub use ranking::{RankOptions, Ranker, Ranking, rank};
pub use record_choices::{RankBy, SelfAgreement, choices, self_agreement};
pub use report::{Report, RetrievalRow, ScorerRow, ThresholdSource};
pub use scorer_agreement::{ScorerAgreement, scorer_agreement};
