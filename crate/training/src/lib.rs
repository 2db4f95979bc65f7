//! Training: the paper's objective on preference pairs, and CLIP's contrastive objective for the model that it starts from.
//!
//! ```text
//! rows of Pick-a-Pic's schema ─► order.rs ─► batch.rs ─► Batch ─► the towers, with gradients ─► objective.rs ─► loss
//!          (streamed)            (shuffled)  (decoded)                                                         │
//!                        parameters.rs ◄─ optimizer.rs ◄───────────────── gradients ◄──────────────────────────┘
//! ```
//!
//! The towers are the same that score; only where their parameters lie differs. Everything is a function of the options and the seed: training that was
//! stopped and goes on from its checkpoint gives the same bits as training that was not, on as many threads.

mod batch;
mod checkpoint;
mod error;
mod log;
mod objective;
mod optimizer;
mod options;
mod order;
mod parameters;
mod plot;
mod trainer;
mod validation;

pub use batch::{Batch, Examples, Reading};
pub use error::TrainError;
pub use log::{LogEntry, read_log};
pub use objective::{contrastive_loss, example_weights, preference_loss};
pub use optimizer::{Optimizer, Schedule};
pub use options::{Decay, Keep, Objective, OptimizerOptions, TrainOptions};
pub use order::Order;
pub use parameters::Trainee;
pub use plot::plot;
pub use trainer::{Event, Outcome, gradients, train};
pub use validation::Validation;
