//! Several scorers on the same pairs, as a table.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Bootstrap, Estimate, Humans, Judged, Ranking,
    accuracy::{best_threshold, points, random_points},
    calibration::{BINS, Bin, expected_error, log_loss, reliability},
    scorer_means::Correlation,
    table::{self, printable},
};
use pickscore_score::Label;

/// Where a scorer's tie threshold comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThresholdSource {
    /// Whoever asked gave it.
    Given,
    /// It is the best of validation pairs.
    Validation,
    /// Nobody gave one and there were no validation pairs: nothing is called a tie.
    None,
}

/// Scorers on the same pairs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// How many pairs were judged.
    pub pairs: usize,
    /// How many prompts they have.
    pub prompts: usize,
    /// Whether there are intervals. They are drawn over prompts: with a single one every drawn data set is the same, and `low` and `high` are no
    /// more than the value.
    #[serde(default = "has_intervals")]
    pub intervals: bool,
    /// How many of them people called a tie.
    pub ties: usize,
    /// How many pairs thresholds were chosen on.
    pub validation_pairs: usize,
    /// Pairs left out: without a label, or with an image or prompt that cannot be read.
    pub left_out: usize,
    /// Data sets drawn for the intervals.
    pub resamples: usize,
    /// What they were drawn from.
    pub seed: u64,
    /// The scorers, `Random` first.
    pub scorers: Vec<ScorerRow>,
    /// How well people predict each other and themselves, where pairs were judged more than once.
    #[serde(default)]
    pub humans: Humans,
    /// What people prefer, ranked, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ranking: Option<Ranking>,
}

/// One scorer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScorerRow {
    /// Its name.
    pub scorer: String,
    /// Tie-aware accuracy.
    pub accuracy: Estimate,
    /// The same for each kind of pair, where the data set names kinds.
    pub kinds: BTreeMap<String, KindRow>,
    /// Probabilities at most this far apart are a tie.
    pub threshold: f64,
    /// Where the threshold comes from.
    pub threshold_source: ThresholdSource,
    /// Logarithmic loss, nats.
    pub log_loss: Estimate,
    /// Expected calibration error.
    pub calibration_error: f64,
    /// The reliability diagram.
    pub reliability: Vec<Bin>,
    /// How often an image finds its own prompt, where that was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retrieval: Option<RetrievalRow>,
    /// Its means beside people's ranking, where that was asked for and there are three things or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<Correlation>,
}

/// How often an image finds its own prompt among others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RetrievalRow {
    /// How many images.
    pub images: usize,
    /// Prompts that each chooses from, its own among them.
    pub candidates: usize,
    /// Its own prompt has the highest score.
    pub top_1: Estimate,
    /// Its own prompt is among the five highest.
    pub top_5: Estimate,
}

/// One kind of pair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KindRow {
    /// How many pairs.
    pub pairs: usize,
    /// Tie-aware accuracy.
    pub accuracy: Estimate,
}

impl Report {
    /// A report with the row `Random`: what a scorer that knows nothing is expected to get, in closed form ([`random_points`]). Its threshold is
    /// the given one; where thresholds are chosen on validation pairs it is 1, which is always the best; without either it is 0.
    ///
    /// `None` without pairs.
    pub fn new(
        pairs: &[Judged],
        validation_pairs: usize,
        left_out: usize,
        given: Option<f64>,
        bootstrap: &Bootstrap,
    ) -> Option<Self> {
        let (threshold, source) = match given {
            Some(threshold) => (threshold, ThresholdSource::Given),
            None if validation_pairs > 0 => (1.0, ThresholdSource::Validation),
            None => (0.0, ThresholdSource::None),
        };
        let knows_nothing: Vec<Judged> =
            pairs.iter().map(|pair| Judged { scores: [0.0; 2], ..pair.clone() }).collect();
        let points = |pair: &Judged| random_points(pair.judged(), threshold);
        let random = row("Random", &knows_nothing, &points, (threshold, source), bootstrap)?;
        let mut prompts: Vec<usize> = pairs.iter().map(|pair| pair.prompt).collect();
        prompts.sort_unstable();
        prompts.dedup();
        Some(Self {
            pairs: pairs.len(),
            prompts: prompts.len(),
            intervals: prompts.len() > 1,
            ties: pairs.iter().filter(|pair| pair.judged() == Label::Tie).count(),
            validation_pairs,
            left_out,
            resamples: bootstrap.resamples,
            seed: bootstrap.seed,
            scorers: vec![random],
            humans: Humans::default(),
            ranking: None,
        })
    }

    /// Adds a scorer. Its threshold is the given one, else the best of `validation`, else 0. `None` without pairs.
    pub fn add(
        &mut self,
        scorer: &str,
        pairs: &[Judged],
        validation: &[Judged],
        given: Option<f64>,
        bootstrap: &Bootstrap,
    ) -> Option<()> {
        let (threshold, source) = match (given, best_threshold(validation)) {
            (Some(threshold), _) => (threshold, ThresholdSource::Given),
            (None, Some(threshold)) => (threshold, ThresholdSource::Validation),
            (None, None) => (0.0, ThresholdSource::None),
        };
        let points = |pair: &Judged| points(pair.judged(), pair.predicted(threshold));
        self.scorers.push(row(scorer, pairs, &points, (threshold, source), bootstrap)?);
        Some(())
    }

    /// Adds to the scorer that was added last how often images find their own prompt.
    pub fn add_retrieval(&mut self, retrieval: RetrievalRow) {
        if let Some(row) = self.scorers.last_mut() {
            row.retrieval = Some(retrieval);
        }
    }

    /// Adds to the scorer that was added last how its means agree with people's ranking.
    pub fn add_correlation(&mut self, correlation: Correlation) {
        if let Some(row) = self.scorers.last_mut() {
            row.correlation = Some(correlation);
        }
    }

    /// The report as a Markdown table, with a line about the pairs under it, and the ranking after it.
    pub fn markdown(&self) -> String {
        let mut out = format!("{}\n{}\n", table::markdown(&self.cells()), self.about());
        if let Some(ranking) = &self.ranking {
            out += &format!("\n{}", ranking.markdown());
        }
        out
    }

    /// The same for terminals.
    pub fn table(&self) -> String {
        let mut out = format!("{}{}\n", table::plain(&self.cells()), self.about());
        if let Some(ranking) = &self.ranking {
            out += &format!("\n{}", ranking.table());
        }
        out
    }

    /// Header and rows.
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
                format!("{:.3}", row.log_loss.value),
                format!("{:.3}", row.calibration_error),
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
        let of_people = |(name, agreed): (&str, &super::agreement::Agreed)| {
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

    fn about(&self) -> String {
        let chosen = match self.scorers.last().map(|row| row.threshold_source) {
            Some(ThresholdSource::Validation) => {
                format!("thresholds chosen on {} validation pairs", self.validation_pairs)
            }
            Some(ThresholdSource::Given) => "threshold as given".into(),
            _ => "nothing called a tie, for want of validation pairs".into(),
        };
        let (pairs, prompts, ties, left_out) = (self.pairs, self.prompts, self.ties, self.left_out);
        let mut about = format!(
            "{pairs} pairs of {prompts} prompts, {ties} ties, {left_out} left out; accuracy in %; {chosen}."
        );
        if !self.intervals {
            about += " There are no intervals: they are drawn over prompts, and there is only one.";
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
                " The same person: {choices} choices about {pairs} pairs that somebody judged again."
            );
        }
        about
    }
}

/// What reports say that were written before they could say it.
fn has_intervals() -> bool {
    true
}

/// One scorer's row; `points` is what it gets for a pair.
fn row(
    scorer: &str,
    pairs: &[Judged],
    points: &dyn Fn(&Judged) -> f64,
    (threshold, threshold_source): (f64, ThresholdSource),
    bootstrap: &Bootstrap,
) -> Option<ScorerRow> {
    let mean = |pairs: &mut dyn Iterator<Item = &Judged>, of: &dyn Fn(&Judged) -> f64| {
        bootstrap.mean(pairs.map(|pair| (pair.prompt, of(pair))))
    };
    let accuracy = mean(&mut pairs.iter(), points)?;
    let mut of_kind: BTreeMap<&str, Vec<&Judged>> = BTreeMap::new();
    for pair in pairs {
        if let Some(kind) = &pair.kind {
            of_kind.entry(kind).or_default().push(pair);
        }
    }
    let kinds = of_kind.into_iter().filter_map(|(kind, pairs)| {
        let accuracy = mean(&mut pairs.iter().copied(), points)?;
        Some((kind.to_owned(), KindRow { pairs: pairs.len(), accuracy }))
    });
    let reliability = reliability(pairs, BINS);
    Some(ScorerRow {
        scorer: scorer.into(),
        accuracy,
        kinds: kinds.collect(),
        threshold,
        threshold_source,
        log_loss: mean(&mut pairs.iter(), &log_loss)?,
        calibration_error: expected_error(&reliability),
        reliability,
        retrieval: None,
        correlation: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four pairs of two prompts: right, wrong, a tie seen as one, a tie not seen.
    fn pairs() -> Vec<Judged> {
        let pair =
            |label, scores, kind: &str, prompt| Judged { label, scores, kind: Some(kind.into()), prompt };
        vec![
            pair([1.0, 0.0], [3.0, 1.0], "colour", 0),
            pair([1.0, 0.0], [1.0, 3.0], "count", 0),
            pair([0.5, 0.5], [2.0, 2.0], "colour", 1),
            pair([0.5, 0.5], [5.0, 2.0], "a|b\u{1b}", 1),
        ]
    }

    fn report(given: Option<f64>, validation: &[Judged]) -> Report {
        let bootstrap = Bootstrap { resamples: 100, seed: 3 };
        let mut report = Report::new(&pairs(), validation.len(), 2, given, &bootstrap).unwrap();
        report.add("tiny", &pairs(), validation, given, &bootstrap).unwrap();
        report
    }

    #[test]
    fn rows_hold_what_the_pairs_come_to() {
        let report = report(Some(0.2), &[]);
        assert_eq!((report.pairs, report.prompts, report.ties, report.left_out), (4, 2, 2, 2));
        let [random, tiny] = &report.scorers[..] else { panic!("{report:?}") };
        // Two ties at ½ + 0.2 / 2, two others at ½.
        assert!((random.accuracy.value - 0.55).abs() < 1e-12);
        assert!((random.log_loss.value - std::f64::consts::LN_2).abs() < 1e-12);
        // 1 + 0 + 1 + ½ of 4; prompt 0 alone would have ½, prompt 1 alone ¾.
        assert_eq!((tiny.accuracy.value, tiny.accuracy.low, tiny.accuracy.high), (0.625, 0.5, 0.75));
        assert_eq!((tiny.kinds["colour"].pairs, tiny.kinds["colour"].accuracy.value), (2, 1.0));
        assert_eq!((tiny.kinds["count"].pairs, tiny.kinds["count"].accuracy.value), (1, 0.0));
        assert_eq!((tiny.threshold, tiny.threshold_source), (0.2, ThresholdSource::Given));
    }

    #[test]
    fn thresholds_come_from_validation_where_there_is_any() {
        let source = |report: &Report| {
            report.scorers.iter().map(|row| (row.threshold, row.threshold_source)).collect::<Vec<_>>()
        };
        // softmax(3, 1) is 0.88 and 0.12, 0.76 apart: at 0.8 and on all of these pairs but the last are ties.
        assert_eq!(
            source(&report(None, &pairs())),
            [(1.0, ThresholdSource::Validation), (1.0, ThresholdSource::Validation)]
        );
        assert_eq!(source(&report(None, &[])), [(0.0, ThresholdSource::None), (0.0, ThresholdSource::None)]);
    }

    #[test]
    fn every_format_says_the_same() {
        let report = report(Some(0.2), &[]);
        let table = report.table();
        let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[0][..2], ["scorer", "accuracy"]);
        assert_eq!(lines[2][..5], ["tiny", "62.5", "50.0", "–", "75.0"]);
        assert!(
            table.ends_with("4 pairs of 2 prompts, 2 ties, 2 left out; accuracy in %; threshold as given.\n")
        );
        let markdown = report.markdown();
        assert!(markdown.contains("| tiny | 62.5 | 50.0 – 75.0 | 0.2 |"), "{markdown}");
        assert!(markdown.contains("a\\|b\u{fffd}") && !markdown.contains('\u{1b}'), "{markdown}");
        let json = serde_json::to_value(&report).unwrap();
        let tiny = &json["scorers"][1];
        assert_eq!((&tiny["scorer"], &tiny["accuracy"]["value"]), (&"tiny".into(), &0.625.into()));
        assert_eq!(
            (&tiny["threshold_source"], &tiny["kinds"]["colour"]["pairs"]),
            (&"given".into(), &2.into())
        );
        assert_eq!(serde_json::from_value::<Report>(json).unwrap(), report);
    }

    #[test]
    fn a_single_prompt_has_no_intervals() {
        let pairs: Vec<Judged> = pairs().into_iter().map(|pair| Judged { prompt: 7, ..pair }).collect();
        let report = Report::new(&pairs, 0, 0, Some(0.2), &Bootstrap::default()).unwrap();
        let table = report.table();
        let row: Vec<&str> = table.lines().nth(1).unwrap_or_default().split_whitespace().collect();
        assert_eq!(row[..3], ["Random", "55.0", "none"], "{table}");
        assert!(
            table.contains("There are no intervals: they are drawn over prompts, and there is only one.")
        );
        assert!(!report.intervals && serde_json::to_value(&report).unwrap()["intervals"] == false);
    }

    #[test]
    fn no_pairs_make_no_report() {
        assert!(Report::new(&[], 0, 3, None, &Bootstrap::default()).is_none());
    }
}
