//! The Python module `pickscore._pickscore`.
//!
//! ```text
//! images ─► Source ─► Item ─┐            ┌─► scores ─► numpy, Arrow
//!                           ├─► Pipeline ─┤
//! prompts ──────────────────┘            └─► embeddings ─► numpy
//! ```
//!
//! Python objects are read and made on the caller's thread. Everything else runs on a thread of its
//! own, so that the caller can obey Ctrl-C at once.

mod arguments;
mod arrow;
mod bulk;
mod fault;
mod features;
mod image;
mod numpy;
mod options;
mod pipeline;
mod pool;
mod scorer;
mod table;
mod wait;
mod warning;
mod work;

#[pyo3::pymodule]
mod _pickscore {
    #[pymodule_export]
    use crate::{
        arrow::Table,
        bulk::{DataPlan, RangeScorer},
        scorer::{Info, Scorer},
    };
}
