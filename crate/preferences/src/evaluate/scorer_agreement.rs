//! The agreement of a scorer with the labels of records.

use super::{
    accuracy::points,
    bootstrap::{Bootstrap, Estimate},
    judged::Judged,
};
use crate::record::Record;

/// The agreement of a scorer with people.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScorerAgreement {
    /// Number of records with a label and both scores.
    pub pairs: usize,
    /// Mean of 1 if both prefer the same image, ½ if exactly one of them has a tie, 0 otherwise.
    pub score: Estimate,
}

/// Computes how well the scores in records agree with the labels. Control pairs are left out.
/// `None` if no record has both scores and a label. The scorer has a tie only if the scores are
/// equal, because a threshold would have to be chosen on other pairs. The interval resamples
/// records.
pub fn scorer_agreement(records: &[Record], bootstrap: &Bootstrap) -> Option<ScorerAgreement> {
    let judged: Vec<Judged> = records.iter().filter_map(judged).collect();
    let points = judged.iter().map(|pair| points(pair.judged(), pair.predicted(0.0)));
    let score = bootstrap.mean(points.enumerate())?;
    Some(ScorerAgreement { pairs: judged.len(), score })
}

fn judged(record: &Record) -> Option<Judged> {
    if record.control.is_some() {
        return None;
    }
    let label = record.label?.shares();
    let scores = [record.left.score? as f32, record.right.score? as f32];
    Some(Judged { label, scores, kind: None, prompt: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Label, Mode, Shown, Side, image_uid};

    fn record(label: Option<Label>, scores: [Option<f64>; 2], control: Option<Side>) -> Record {
        let shown = |at: usize| Shown { image_uid: image_uid(&[at as u8]), model: None, score: scores[at] };
        Record {
            uid: "record".into(),
            prompt: "a fox".into(),
            left: shown(0),
            right: shown(1),
            label,
            created_at: 0,
            session_uid: "session".into(),
            rater_uid: "rater".into(),
            mode: Mode::AllPairs,
            control,
            retest_of: None,
            group_uid: None,
            seconds: None,
            scores_visible: false,
            scorer: None,
            app_version: "0.1.0".into(),
        }
    }

    #[test]
    fn only_labelled_and_scored_pairs_count() {
        let both = [Some(21.0), Some(20.0)];
        let records = [
            record(Some(Label::Left), both, None),
            record(Some(Label::Tie), both, None),
            record(Some(Label::Right), both, None),
            record(Some(Label::Left), both, None),
            record(Some(Label::Tie), [Some(20.0), Some(20.0)], None),
            record(None, both, None),
            record(Some(Label::Left), [Some(20.0), None], None),
            record(Some(Label::Right), both, Some(Side::Left)),
        ];
        let found = scorer_agreement(&records, &Bootstrap::default()).unwrap();
        // 1, ½, 0, 1, 1
        assert_eq!((found.pairs, found.score.value), (5, 0.7));
        assert!(found.score.low <= 0.7 && found.score.high >= 0.7 && found.score.low < found.score.high);
        assert_eq!(scorer_agreement(&records[5..], &Bootstrap::default()), None);
    }
}
