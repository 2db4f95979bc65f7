//! The report of an evaluation: several scorers on the same pairs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    accuracy::{best_threshold, points, random_points},
    agreement::Humans,
    bootstrap::{Bootstrap, Estimate},
    calibration::{BINS, Bin, expected_error, log_loss, reliability},
    concordance::Concordance,
    judged::Judged,
    ranking::Ranking,
    scorer_means::Correlation,
    without_ties::WithoutTies,
};
use pickscore_score::Label;

/// The origin of a scorer's tie threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThresholdSource {
    /// It was given by the caller.
    Given,
    /// It was chosen on validation pairs.
    Validation,
    /// None was given and there were no validation pairs, so that nothing is predicted as a tie.
    None,
}

/// How accuracy is measured.
const PROTOCOL: &str = "Accuracy follows the Pick-a-Pic paper, in which ties count: 1 point for the person's choice, ½ if \
    exactly one of prediction and choice is a tie. A scorer predicts a tie if the probabilities of the two images \
    differ by at most its threshold. They are the softmax of its scores, and of 100 × its scores if these are cosines.";

/// The report of an evaluation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// How accuracy is measured.
    #[serde(default)]
    pub protocol: String,
    /// Number of pairs.
    pub pairs: usize,
    /// Number of prompts.
    pub prompts: usize,
    /// Whether there are intervals. They resample prompts: with a single prompt, `low` and `high`
    /// equal the value.
    #[serde(default = "has_intervals")]
    pub intervals: bool,
    /// Number of pairs that are labelled as ties.
    pub ties: usize,
    /// Number of validation pairs for the thresholds.
    pub validation_pairs: usize,
    /// Number of pairs that were left out: without a label, or with an unreadable image or prompt.
    pub left_out: usize,
    /// Number of resampled datasets for the intervals.
    pub resamples: usize,
    /// The seed of the intervals.
    pub seed: u64,
    /// The scorers, `Random` first.
    pub scorers: Vec<ScorerRow>,
    /// The human baselines, if pairs were judged more than once.
    #[serde(default)]
    pub humans: Humans,
    /// The agreement of every two scorers on the pairs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agreement: Vec<Concordance>,
    /// The accuracy without ties, if requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_ties: Option<WithoutTies>,
    /// The correlation of a distance with the ranking, if requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance: Option<DistanceRow>,
    /// The ranking, if requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ranking: Option<Ranking>,
}

/// How a distance between each model's images and reference images goes with the human ranking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DistanceRow {
    /// The distance: `fid`, `frechet` or `mmd`.
    pub metric: String,
    /// The network that computes features.
    pub encoder: String,
    /// Number of reference images.
    pub reference: usize,
    /// The correlation; the mean of an item is its distance.
    pub correlation: Correlation,
}

/// The results of one scorer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScorerRow {
    /// Its name.
    pub scorer: String,
    /// Tie-aware accuracy.
    pub accuracy: Estimate,
    /// The accuracy for each kind of pair, if the dataset has kinds.
    pub kinds: BTreeMap<String, KindRow>,
    /// The tie threshold: probabilities that differ by at most this are a tie.
    pub threshold: f64,
    /// The origin of the threshold.
    pub threshold_source: ThresholdSource,
    /// Log loss in nats; `None` for a scorer without probabilities.
    pub log_loss: Option<Estimate>,
    /// Expected calibration error; `None` for a scorer without probabilities.
    pub calibration_error: Option<f64>,
    /// The reliability diagram; empty for a scorer without probabilities.
    pub reliability: Vec<Bin>,
    /// How often an image retrieves its own prompt, if requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retrieval: Option<RetrievalRow>,
    /// The correlation of its means with the human ranking, if requested and there are at least
    /// three items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<Correlation>,
}

/// How often an image retrieves its own prompt among others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RetrievalRow {
    /// Number of images.
    pub images: usize,
    /// Number of prompts to choose from, including its own.
    pub candidates: usize,
    /// How often its own prompt has the highest score.
    pub top_1: Estimate,
    /// How often its own prompt is among the five highest scores.
    pub top_5: Estimate,
}

/// The results for one kind of pair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KindRow {
    /// Number of pairs.
    pub pairs: usize,
    /// Tie-aware accuracy.
    pub accuracy: Estimate,
}

impl Report {
    /// A report with the row `Random`: the expected result of a random scorer, in closed form
    /// ([`random_points`]). Its threshold is the given one, else 1 with validation pairs (the best
    /// threshold of a random scorer), else 0.
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
        let random = row("Random", true, &knows_nothing, &points, (threshold, source), bootstrap)?;
        let mut prompts: Vec<usize> = pairs.iter().map(|pair| pair.prompt).collect();
        prompts.sort_unstable();
        prompts.dedup();
        Some(Self {
            protocol: PROTOCOL.into(),
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
            agreement: Vec::new(),
            without_ties: None,
            distance: None,
            ranking: None,
        })
    }

    /// Adds a scorer. Its threshold is the given one, else the best of `validation`, else 0.
    /// `probabilities` says whether the softmax of its scores is a probability. `None` without
    /// pairs.
    pub fn add(
        &mut self,
        scorer: &str,
        probabilities: bool,
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
        self.scorers.push(row(scorer, probabilities, pairs, &points, (threshold, source), bootstrap)?);
        Some(())
    }

    /// Adds retrieval results to the scorer that was added last.
    pub fn add_retrieval(&mut self, retrieval: RetrievalRow) {
        if let Some(row) = self.scorers.last_mut() {
            row.retrieval = Some(retrieval);
        }
    }

    /// Adds the correlation with the human ranking to the scorer that was added last.
    pub fn add_correlation(&mut self, correlation: Correlation) {
        if let Some(row) = self.scorers.last_mut() {
            row.correlation = Some(correlation);
        }
    }
}

/// The default for older reports, which do not have the field.
fn has_intervals() -> bool {
    true
}

/// The row of a scorer. `points` are its points for a pair, and `probabilities` says whether the
/// softmax of its scores is a probability.
fn row(
    scorer: &str,
    probabilities: bool,
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
    let reliability = if probabilities { reliability(pairs, BINS) } else { Vec::new() };
    Some(ScorerRow {
        scorer: scorer.into(),
        accuracy,
        kinds: kinds.collect(),
        threshold,
        threshold_source,
        log_loss: if probabilities { mean(&mut pairs.iter(), &log_loss) } else { None },
        calibration_error: probabilities.then(|| expected_error(&reliability)),
        reliability,
        retrieval: None,
        correlation: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four pairs of two prompts: right, wrong, a tie that is predicted, a tie that is not.
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
        report.add("tiny", true, &pairs(), validation, given, &bootstrap).unwrap();
        report
    }

    #[test]
    fn rows_hold_what_the_pairs_come_to() {
        let report = report(Some(0.2), &[]);
        assert_eq!((report.pairs, report.prompts, report.ties, report.left_out), (4, 2, 2, 2));
        let [random, tiny] = &report.scorers[..] else { panic!("{report:?}") };
        // Two ties at ½ + 0.2 / 2, two others at ½.
        assert!((random.accuracy.value - 0.55).abs() < 1e-12);
        assert!((random.log_loss.unwrap().value - std::f64::consts::LN_2).abs() < 1e-12);
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
        // softmax(3, 1) is 0.88 and 0.12, a difference of 0.76: from threshold 0.8 on all pairs but
        // the last are predicted as ties.
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
        let about =
            "\n4 pairs of 2 prompts, 2 ties, 2 left out; accuracy in %; threshold as given.\nAccuracy";
        assert!(table.contains(about), "{table}");
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
    fn scorers_without_probabilities_have_no_loss() {
        let mut report = report(Some(0.2), &[]);
        report.add("hps", false, &pairs(), &[], Some(0.2), &Bootstrap::default()).unwrap();
        let [tiny, hps] = &report.scorers[1..] else { panic!("{report:?}") };
        assert_eq!(hps.accuracy.value, tiny.accuracy.value);
        assert_eq!((&hps.log_loss, hps.calibration_error, hps.reliability.len()), (&None, None, 0));
        let table = report.table();
        let row = table.lines().find(|line| line.starts_with("hps")).unwrap();
        assert!(row.split_whitespace().filter(|cell| *cell == "–").count() == 3, "{table}");
    }

    #[test]
    fn a_single_prompt_has_no_intervals() {
        let pairs: Vec<Judged> = pairs().into_iter().map(|pair| Judged { prompt: 7, ..pair }).collect();
        let report = Report::new(&pairs, 0, 0, Some(0.2), &Bootstrap::default()).unwrap();
        let table = report.table();
        let row: Vec<&str> = table.lines().nth(1).unwrap_or_default().split_whitespace().collect();
        assert_eq!(row[..3], ["Random", "55.0", "none"], "{table}");
        assert!(table.contains("There are no intervals: they resample prompts, and there is only one."));
        assert!(!report.intervals && serde_json::to_value(&report).unwrap()["intervals"] == false);
    }

    #[test]
    fn no_pairs_make_no_report() {
        assert!(Report::new(&[], 0, 3, None, &Bootstrap::default()).is_none());
    }
}
