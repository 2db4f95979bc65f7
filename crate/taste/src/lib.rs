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

mod conjugate;
mod data;
mod dense;
mod design;
mod error;
mod fit;
mod kernel;
mod likelihood;
mod linear;
mod newton;
mod problem;

pub use data::{Choice, Data, Embeddings};
pub use error::{MOST_DIMENSIONS, MOST_LEAD, TasteError};
pub use fit::{Fit, fit};
pub use newton::Solver;
pub use problem::Priors;

#[cfg(test)]
mod tests;
