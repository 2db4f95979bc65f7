//! How well a scorer predicts what people preferred.
//!
//! Scores of both images of a pair and its label make a [`Judged`]; everything here is a function of those. The measure is the paper's
//! tie-aware accuracy ([`accuracy`]), with the tie threshold chosen on other pairs than it is applied to.

pub mod accuracy;
mod agreement;
pub mod bootstrap;
pub mod calibration;
mod judged;
pub mod report;
#[cfg(feature = "model")]
pub mod retrieval;

pub use agreement::{ScorerAgreement, scorer_agreement};
pub use bootstrap::{Bootstrap, Estimate};
pub use judged::Judged;
pub use report::{Report, RetrievalRow, ScorerRow, ThresholdSource};
