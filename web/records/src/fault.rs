//! Errors of the library, with the codes that `../js/error.ts` documents.

use pickscore_dataset::contribution::ExportError;
use pickscore_glue::Fault;
use pickscore_preferences::{RecordError, RoundError};
use pickscore_taste::{TasteError, TasteFileError};

/// A record is invalid.
pub(crate) fn record(error: RecordError) -> Fault {
    Fault::new("record", error)
}

/// Settings or state of a round are invalid, or it is over.
pub(crate) fn round(error: RoundError) -> Fault {
    let code = if matches!(error, RoundError::Over) { "round-over" } else { "round" };
    Fault::new(code, error)
}

/// A contribution cannot be written.
pub(crate) fn export(error: ExportError) -> Fault {
    let code = match &error {
        ExportError::Card { .. } => "card",
        ExportError::Empty => "nothing-to-export",
        ExportError::Image { .. } => "image",
        ExportError::Order { .. } => "internal",
        ExportError::Records { .. } | ExportError::Write { .. } => "write",
    };
    Fault::new(code, error)
}

/// A taste cannot be fitted or applied.
pub(crate) fn taste(error: TasteError) -> Fault {
    let code = if matches!(error, TasteError::NotConverged { .. }) { "internal" } else { "taste" };
    Fault::new(code, error)
}

/// A file is no taste, or a taste of another scorer.
pub(crate) fn taste_file(error: TasteFileError) -> Fault {
    let code =
        if matches!(error, TasteFileError::OtherScorer { .. }) { "taste-scorer" } else { "taste-file" };
    Fault::new(code, error)
}
