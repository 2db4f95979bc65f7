//! Checkpoints: a model's configuration and its weights, from the files as they are published.

pub mod config;
pub mod weights;
