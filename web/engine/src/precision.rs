//! Names of precisions.

use pickscore_checkpoint::weights::Precision;

/// Parses a precision's name, which the JavaScript library has checked.
pub(crate) fn parse_precision(name: &str) -> Precision {
    Precision::named(name).unwrap_or(Precision::Q8)
}
