//! Names of precisions.

use pickscore_checkpoint::weights::Precision;

/// Parses `"f32"`, `"f16"` or `"q8"`.
pub(crate) fn parse_precision(name: &str) -> Precision {
    match name {
        "f32" => Precision::F32,
        "f16" => Precision::F16,
        _ => Precision::Q8,
    }
}
