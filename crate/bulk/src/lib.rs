//! Scores datasets of any size.
//!
//! ```text
//! tables ─► plan: ranges of rows ─► claim ─► read and decode ─► score ─► one Parquet file per
//! range
//! ```
//!
//! The output is a folder of Parquet files, one for each input file and range of rows. A file's
//! name follows from the content of its input and the models, so that a second run, or another
//! process that shares the folder, only does what is missing. Images that are given as paths are
//! compared by the states that the file notes; if one has changed, its range is scored again and
//! the file replaced. A file is written under another name and renamed when it is complete, so that
//! a process can be killed at any time.

mod claim;
mod error;
mod inputs;
mod models;
mod owner;
mod plan;
mod prepare;
mod results;
mod run;
mod score;
mod shard;
mod states;
mod turns;

pub use error::BulkError;
pub use inputs::{Input, Inputs};
pub use models::{BulkModel, identity};
pub use plan::{Job, Plan};
pub use results::is_result;
pub use run::{Event, Summary, Work, clean, run};
pub use turns::{Turn, combine, turn_folder};
