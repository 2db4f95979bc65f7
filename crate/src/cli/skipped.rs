//! Rows of a dataset that are left out of an evaluation.

use std::collections::{HashMap, HashSet};

use super::{fault, text::counted};

/// Maximum number of reasons that are reported.
const REASONS: usize = 10;
/// Maximum number of `ranking_id` values listed with a reason.
const RANKINGS: usize = 5;

/// Rows that could not be read, by reason.
pub(super) struct Skipped {
    /// What a row is called: `pair` or `row`.
    what: &'static str,
    /// Each reason, the number of rows, and the first `ranking_id` values.
    reasons: Vec<(String, usize, Vec<i64>)>,
    index: HashMap<String, usize>,
    /// Number of rows with other reasons.
    others: usize,
}

impl Default for Skipped {
    fn default() -> Self {
        Self::new("pair")
    }
}

impl Skipped {
    /// No rows yet; messages call a row `what`.
    pub(super) fn new(what: &'static str) -> Self {
        Self { what, reasons: Vec::new(), index: HashMap::new(), others: 0 }
    }

    /// Counts a row; `ranking` is its `ranking_id`, unless the reason names the row.
    pub(super) fn add(&mut self, ranking: Option<i64>, reason: String) {
        let next = self.reasons.len();
        let at = match self.index.get(&reason) {
            Some(&at) => at,
            None if next == REASONS => {
                self.others += 1;
                return;
            }
            None => {
                self.index.insert(reason.clone(), next);
                self.reasons.push((reason, 0, Vec::new()));
                next
            }
        };
        let (_, count, rankings) = &mut self.reasons[at];
        *count += 1;
        if rankings.len() < RANKINGS {
            rankings.extend(ranking);
        }
    }

    /// Reports each reason once, except lines that were `said` for another model.
    pub(super) fn report(&self, said: &mut HashSet<String>) {
        let what = self.what;
        let mut lines: Vec<String> = Vec::new();
        for (reason, count, rankings) in &self.reasons {
            let listed = rankings.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
            lines.push(match count {
                1 if rankings.is_empty() => format!("skipped a {what}: {reason}"),
                _ if rankings.is_empty() => format!("skipped {count} {what}s: {reason}"),
                1 => format!("skipped the {what} with ranking_id {listed}: {reason}"),
                _ if *count > rankings.len() => format!(
                    "skipped {count} {what}s: {reason} (ranking_id {listed} and {} more)",
                    count - rankings.len()
                ),
                _ => format!("skipped {count} {what}s: {reason} (ranking_id {listed})"),
            });
        }
        if self.others > 0 {
            lines
                .push(format!("skipped {} for other reasons", counted(self.others, &format!("more {what}"))));
        }
        for line in lines {
            if !said.contains(&line) {
                fault::report(&line);
                said.insert(line);
            }
        }
    }
}
