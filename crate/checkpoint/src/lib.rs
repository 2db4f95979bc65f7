//! Reads checkpoints: the configuration and the weights of published models.

pub mod config;
pub mod weights;
