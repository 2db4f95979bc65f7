//! Suggests a similar name for a missing tensor.

/// Maximum number of names compared; files have about a thousand.
const MAX_NAMES: usize = 4096;
/// Maximum length of a name that is compared.
const MAX_LENGTH: usize = 160;
/// Minimum similarity (0 to 1) of a suggestion.
const MIN_SIMILARITY: f64 = 0.6;

/// The most similar of `names`, if any is similar enough.
pub(super) fn nearest(wanted: &str, names: &[String]) -> Option<String> {
    let candidates = names.iter().take(MAX_NAMES).filter(|name| name.len() <= MAX_LENGTH);
    let scored = candidates.map(|name| (strsim::normalized_levenshtein(wanted, name), name));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= MIN_SIMILARITY).then(|| best.1.clone())
}
