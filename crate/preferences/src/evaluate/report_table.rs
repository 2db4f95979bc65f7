//! Formats the report of an evaluation as tables.

use super::{
    agreement::Agreed,
    bootstrap::Estimate,
    concordance::Concordance,
    report::{DistanceRow, Report, ScorerRow, ThresholdSource},
    scorer_means::Correlation,
    table::{self, printable},
};
use pickscore_score::SCORERS;

/// The accuracy of a random scorer in the paper (arXiv 2305.01569), in per cent.
const PUBLISHED_RANDOM: f32 = 56.8;
/// The accuracy of people in the paper.
const PUBLISHED_PEOPLE: f32 = 68.0;

/// The accuracies in the paper, lowest first.
fn published() -> String {
    let named = SCORERS.iter().filter_map(|scorer| Some((scorer.title, scorer.accuracy?)));
    let others = [("Random", PUBLISHED_RANDOM), ("people", PUBLISHED_PEOPLE)];
    let mut rows: Vec<(&str, f32)> = others.into_iter().chain(named).collect();
    rows.sort_by(|(_, one), (_, other)| one.total_cmp(other));
    let rows: Vec<String> = rows.iter().map(|(title, accuracy)| format!("{title} {accuracy:.1}")).collect();
    format!("In the paper, on the test split of Pick-a-Pic v1: {}.", rows.join(", "))
}

impl Report {
    /// The report as a Markdown table, followed by a line about the pairs and the ranking.
    pub fn markdown(&self) -> String {
        let mut out = format!("{}\n{}\n", table::markdown(&self.cells()), self.about());
        self.notes().iter().for_each(|note| out += &format!("\n{note}\n"));
        if let Some(without) = &self.without_ties {
            out += &format!("\n{}\n{}\n", table::markdown(&without.cells(self.intervals)), without.about());
        }
        if let Some(distance) = &self.distance {
            out += &format!("\n{}\n{}\n", table::markdown(&distance.cells()), distance.about());
        }
        if let Some(ranking) = &self.ranking {
            out += &format!("\n{}", ranking.markdown());
        }
        out
    }

    /// The report as a table for terminals.
    pub fn table(&self) -> String {
        let mut out = format!("{}{}\n", table::plain(&self.cells()), self.about());
        self.notes().iter().for_each(|note| out += &format!("{note}\n"));
        if let Some(without) = &self.without_ties {
            out += &format!("\n{}{}\n", table::plain(&without.cells(self.intervals)), without.about());
        }
        if let Some(distance) = &self.distance {
            out += &format!("\n{}{}\n", table::plain(&distance.cells()), distance.about());
        }
        if let Some(ranking) = &self.ranking {
            out += &format!("\n{}", ranking.table());
        }
        out
    }

    /// The header and the rows of the table.
    fn cells(&self) -> Vec<Vec<String>> {
        let kinds: Vec<&String> =
            self.scorers.first().map_or_else(Vec::new, |row| row.kinds.keys().collect());
        let mut header: Vec<String> =
            ["scorer", "accuracy", "95 % interval", "threshold", "log loss", "calibration error"]
                .map(str::to_owned)
                .into();
        header.extend(kinds.iter().map(|kind| printable(kind)));
        let tried = self.scorers.iter().find_map(|row| row.retrieval.as_ref());
        if let Some(tried) = tried {
            header.extend(["top 1", "top 5"].map(|top| format!("{top} of {} prompts", tried.candidates)));
        }
        let correlated = self.scorers.iter().any(|row| row.correlation.is_some());
        if correlated {
            header.extend(["Spearman", "95 %", "Kendall", "95 %", "Spearman, Elo"].map(str::to_owned));
        }
        let percent = |share: f64| format!("{:.1}", share * 100.0);
        let number = |number: Option<f64>| number.map_or("–".into(), |number| format!("{number:.3}"));
        let interval = |low, high| match self.intervals {
            true => format!("{} – {}", percent(low), percent(high)),
            false => "none".into(),
        };
        let of_scorer = |row: &ScorerRow| {
            let Estimate { value, low, high } = row.accuracy;
            let mut cells = vec![
                printable(&row.scorer),
                percent(value),
                interval(low, high),
                format!("{:.1}", row.threshold),
                number(row.log_loss.map(|loss| loss.value)),
                number(row.calibration_error),
            ];
            let of_kind = |kind: &&String| {
                row.kinds.get(*kind).map_or_else(String::new, |kind| percent(kind.accuracy.value))
            };
            cells.extend(kinds.iter().map(of_kind));
            match (&row.retrieval, tried) {
                (Some(found), _) => cells.extend([&found.top_1, &found.top_5].map(|top| percent(top.value))),
                (None, Some(_)) => cells.extend([String::new(), String::new()]),
                (None, None) => {}
            }
            if let Some(found) = &row.correlation {
                for Estimate { value, low, high } in [found.spearman, found.kendall] {
                    cells.extend([format!("{value:.3}"), format!("{low:.2} – {high:.2}")]);
                }
                cells.push(format!("{:.3} ± {:.3}", found.spearman_elo.mean, found.spearman_elo.deviation));
            }
            cells
        };
        let of_people = |(name, agreed): (&str, &Agreed)| {
            let Estimate { value, low, high } = agreed.accuracy;
            vec![name.to_owned(), percent(value), interval(low, high)]
        };
        let people = [("Another person", &self.humans.others), ("The same person", &self.humans.oneself)];
        let people = people.into_iter().filter_map(|(name, agreed)| Some((name, agreed.as_ref()?)));
        let rows = self.scorers.iter().take(1).map(of_scorer).chain(people.map(of_people));
        let rows = rows.chain(self.scorers.iter().skip(1).map(of_scorer));
        let width = header.len();
        let filled = |mut row: Vec<String>| {
            row.resize(width, String::new());
            row
        };
        std::iter::once(header).chain(rows.map(filled)).collect()
    }

    /// The protocol, the paper's numbers, and the agreement of scorers.
    fn notes(&self) -> Vec<String> {
        let mut notes = vec![self.protocol.clone(), published()];
        for Concordance { scorers: [one, other], kendall: Estimate { value, low, high } } in &self.agreement {
            let (one, other) = (printable(one), printable(other));
            let interval =
                if self.intervals { format!(" (95 %: {low:.2} to {high:.2})") } else { String::new() };
            notes.push(format!(
                "Agreement of {one} and {other} on these pairs: Kendall's τ {value:.2}{interval}."
            ));
        }
        notes
    }

    fn about(&self) -> String {
        let chosen = match self.scorers.last().map(|row| row.threshold_source) {
            Some(ThresholdSource::Validation) => {
                format!("thresholds chosen on {} validation pairs", self.validation_pairs)
            }
            Some(ThresholdSource::Given) => "threshold as given".into(),
            _ => "no tie threshold without validation pairs".into(),
        };
        let (pairs, prompts, ties, left_out) = (self.pairs, self.prompts, self.ties, self.left_out);
        let mut about = format!(
            "{pairs} pairs of {prompts} prompts, {ties} ties, {left_out} left out; accuracy in %; {chosen}."
        );
        if !self.intervals {
            about += " There are no intervals: they resample prompts, and there is only one.";
        }
        if let Some(others) = &self.humans.others {
            let (choices, pairs) = (others.choices, others.pairs);
            about += &format!(
                " Another person: {choices} choices about {pairs} pairs that several people judged."
            );
        }
        if let Some(oneself) = &self.humans.oneself {
            let (choices, pairs) = (oneself.choices, oneself.pairs);
            about += &format!(
                " The same person: {choices} choices about {pairs} pairs that a person judged more than once."
            );
        }
        about
    }
}

impl DistanceRow {
    /// The header and a row for each item, the nearest first.
    fn cells(&self) -> Vec<Vec<String>> {
        let mut items: Vec<_> = self.correlation.items.iter().collect();
        items.sort_by(|one, other| one.mean.total_cmp(&other.mean));
        let header = ["", self.metric.as_str(), "images", "rating"].map(str::to_owned).to_vec();
        let rows = items.into_iter().map(|item| {
            let (mean, rating) = (format!("{:.3}", item.mean), format!("{:.0}", item.rating));
            vec![printable(&item.name), mean, item.images.to_string(), rating]
        });
        std::iter::once(header).chain(rows).collect()
    }

    fn about(&self) -> String {
        let Correlation { spearman, kendall, spearman_elo, .. } = &self.correlation;
        let estimate =
            |Estimate { value, low, high }: &Estimate| format!("{value:.3} ({low:.2} to {high:.2})");
        format!(
            "{} ({}) to {} reference images against people's ranking: Spearman {}, Kendall {}, Spearman with Elo \
             {:.3} ± {:.3}. A smaller distance is better, so −1 is agreement. The intervals resample choices, not images.",
            self.metric,
            printable(&self.encoder),
            self.reference,
            estimate(spearman),
            estimate(kendall),
            spearman_elo.mean,
            spearman_elo.deviation,
        )
    }
}
