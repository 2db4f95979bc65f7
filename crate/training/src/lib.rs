//! Training: the paper's objective on preference pairs, and CLIP's contrastive objective, with
//! which the base model is trained.
//!
//! ```text
//! rows (Pick-a-Pic's schema) ─► order.rs ─► batch.rs ─► Batch ─► towers ─► objective.rs ─► loss
//!       streamed                shuffled    decoded                                         │
//!                 parameters.rs ◄─ optimizer.rs ◄────────────── gradients ◄─────────────────┘
//! ```
//!
//! Training uses the same towers as scoring. Everything follows from the options and the seed: a
//! run that is resumed from a checkpoint is bit-identical to an uninterrupted one with the same
//! number of threads.

mod batch;
mod checkpoint;
mod error;
mod hold_out;
mod log;
mod objective;
mod optimizer;
mod options;
mod order;
mod parameters;
mod plot;
mod trainer;
mod validation;

pub use batch::Batch;
pub use error::TrainError;
pub use log::{LogEntry, read_log};
pub use objective::{contrastive_loss, example_weights, preference_loss};
pub use optimizer::{Optimizer, Schedule};
pub use options::{Decay, Keep, Objective, OptimizerOptions, TrainOptions};
pub use parameters::Trainee;
pub use trainer::{Event, Outcome, gradients, train};
pub use validation::Validation;
