//! A scorer of one person's taste.
//!
//! ```text
//! choices + embeddings ─► Data ─► fit ─► Fit ─► score of an image, with its uncertainty
//!                          │
//!                          └► validate ─► accuracy beside the base scorer's ─► offered or not
//! ```
//!
//! `p(left) = σ(α·Δs + w·Δe)`: Δs is how far the base scorer's score of the left image is above
//! that of the right one, Δe the difference of their embeddings. α is normal around 1, w around 0,
//! so that without choices a taste is the base scorer. Ties follow Davidson's model.

mod base64;
mod conjugate;
mod curve;
#[cfg(feature = "plot")]
pub mod curve_plot;
mod data;
mod dense;
mod design;
mod directions;
mod error;
mod file;
mod file_error;
mod fit;
mod folds;
mod information;
mod interval;
mod judged;
mod kernel;
mod learnable;
mod learner;
mod likelihood;
mod linear;
mod needed;
mod newton;
mod posterior;
mod problem;
mod scale;
pub mod simulated;
mod validate;

pub use curve::{Curve, CurveOptions, CurvePoint, curve};
pub use data::{Choice, Data, Embeddings};
pub use directions::{Direction, directions};
pub use error::{MOST_DIMENSIONS, MOST_LEAD, TasteError};
pub use file::{BaseScorer, FORMAT, MOST_BYTES, MOST_DIRECTIONS, MOST_NAME, Taste, Uncertainty, VERSION};
pub use file_error::TasteFileError;
pub use fit::{Fit, fit};
pub use folds::Assigned;
pub use information::{Informative, most_informative};
pub use interval::FEWEST_UNITS;
pub use judged::Judged;
pub use learnable::{Answer, LeftOut};
pub use learner::{LearnedScore, Learner, LearnerPool};
pub use needed::Needed;
pub use newton::Solver;
pub use posterior::{Covariance, Pool, Posterior};
pub use problem::Priors;
pub use scale::logit_scale;
pub use validate::{
    Accuracy, DEVIATIONS, FEWEST_TESTED, STRICTER, Validated, Validation, Validator, validate,
};

#[cfg(test)]
mod tests;
