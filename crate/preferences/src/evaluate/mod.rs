//! Evaluates how well a scorer predicts human preferences.
//!
//! A [`Judged`] is a pair with its label and the scores of both images. The measure is the
//! tie-aware accuracy of the Pick-a-Pic paper ([`accuracy`]). Its tie threshold is chosen on
//! validation pairs.
//!
//! A [`Comparison`] is a choice without scores. Comparisons give the human baseline ([`agreement`])
//! and rankings of models, images and prompt templates ([`ranking`]). They come from the rows of a
//! dataset or from records ([`choices`]).

pub mod accuracy;
pub mod agreement;
pub mod bootstrap;
pub mod bradley_terry;
pub mod calibration;
pub mod comparison;
pub mod concordance;
pub mod correlation;
pub mod distance;
pub mod elo;
#[cfg(feature = "plot")]
pub mod interval_plot;
mod judged;
mod numbers;
mod opinions;
mod rank_table;
pub mod ranking;
mod record_choices;
pub mod report;
mod report_table;
pub mod retrieval;
mod scorer_agreement;
pub mod scorer_means;
mod table;
pub mod without_ties;

pub use agreement::{Agreed, Humans};
pub use bootstrap::{Bootstrap, Estimate};
pub use comparison::Comparison;
pub use concordance::Concordance;
pub use judged::Judged;
pub use numbers::Numbers;
pub use opinions::Opinions;
pub use ranking::{RankOptions, Ranker, Ranking, rank};
pub use record_choices::{RankBy, SelfAgreement, choices, self_agreement};
pub use report::{DistanceRow, Report, RetrievalRow, ScorerRow, ThresholdSource};
pub use scorer_agreement::{ScorerAgreement, scorer_agreement};
pub use without_ties::WithoutTies;
