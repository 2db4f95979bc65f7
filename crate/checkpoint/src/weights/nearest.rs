//! Which of the names that are there was probably meant.

/// Names that are looked at; files have about a thousand.
const MOST: usize = 4096;
/// Longest name that is compared.
const LONGEST: usize = 160;
/// Least share of equal letters for a name to be worth a mention.
const ALIKE: f64 = 0.6;

/// The most similar of `names`, if one is similar.
pub(super) fn nearest(wanted: &str, names: &[String]) -> Option<String> {
    let candidates = names.iter().take(MOST).filter(|name| name.len() <= LONGEST);
    let scored = candidates.map(|name| (strsim::normalized_levenshtein(wanted, name), name));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= ALIKE).then(|| best.1.clone())
}
