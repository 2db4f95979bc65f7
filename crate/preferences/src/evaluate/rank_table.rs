//! Formats a ranking as a table.

use std::fmt::Write as _;

use super::{ranking::Ranking, table};

/// Maximum number of rows of a table.
const ROWS: usize = 200;

impl Ranking {
    /// The ranking as a table for terminals, followed by notes.
    pub fn table(&self) -> String {
        table::plain(&self.cells()) + &self.about("")
    }

    /// The ranking as a Markdown table, followed by notes.
    pub fn markdown(&self) -> String {
        table::markdown(&self.cells()) + "\n" + &self.about("\n")
    }

    fn cells(&self) -> Vec<Vec<String>> {
        let several = self.groups > 1;
        let header = ["", "rank", "95 %", "rating", "95 % interval", "Elo", "±", "wins", "ties", "losses"];
        let mut cells = vec![header.map(str::to_owned).to_vec()];
        for row in self.items.iter().take(ROWS) {
            let [best, worst] = row.rank_interval;
            let places = if best == worst { best.to_string() } else { format!("{best} – {worst}") };
            let points = |points: f64| format!("{points:.0}");
            cells.push(vec![
                table::printable(&row.name),
                row.rank.to_string(),
                places,
                points(row.rating.value),
                format!("{} – {}", points(row.rating.low), points(row.rating.high)),
                points(row.elo.mean),
                points(row.elo.deviation),
                row.wins.to_string(),
                row.ties.to_string(),
                row.losses.to_string(),
            ]);
        }
        if several {
            let groups = self.items.iter().take(ROWS).map(|row| (row.group + 1).to_string());
            let column = std::iter::once("group".to_owned()).chain(groups);
            cells.iter_mut().zip(column).for_each(|(row, group)| row.insert(1, group));
        }
        cells
    }

    /// The notes, each on its own line and separated by `gap`.
    fn about(&self, gap: &str) -> String {
        let mut out = String::new();
        if let Some(more) = self.items.len().checked_sub(ROWS).filter(|&more| more > 0) {
            let _ = writeln!(out, "… and {more} more, which the JSON output contains.{gap}");
        }
        let _ = writeln!(
            out,
            "{} choices, {} ties, {} left out; rating: Bradley–Terry with ties, mean 1000, intervals over {} {} ({} drawn); Elo over {} orders.",
            self.choices,
            self.ties,
            self.left_out,
            self.units,
            self.options.unit.name(),
            self.options.resamples,
            self.options.orders,
        );
        for note in &self.notes {
            let _ = writeln!(out, "{gap}{note}");
        }
        out
    }
}
