//! The accuracy on pairs that are not ties, as other evaluations report it.
//!
//! It is much higher than the paper's, in which ties count, and the two must not be compared.

use serde::{Deserialize, Serialize};

use super::{
    agreement::Humans,
    bootstrap::{Bootstrap, Estimate},
    judged::Judged,
    opinions::Opinions,
    table::printable,
};
use pickscore_score::Label;

/// The accuracies without ties.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WithoutTies {
    /// Number of pairs that are not ties.
    pub pairs: usize,
    /// The scorers, `Random` first.
    pub scorers: Vec<WithoutTiesRow>,
    /// The human baselines, if such pairs were judged more than once.
    pub humans: Humans,
}

/// The accuracy of a scorer without ties.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WithoutTiesRow {
    /// Its name.
    pub scorer: String,
    /// How often the preferred image has the higher score; equal scores count half.
    pub accuracy: Estimate,
}

impl WithoutTies {
    /// The accuracies of scorers, each with the same pairs, and of people. `None` if all pairs are
    /// ties.
    pub fn new(scorers: &[(&str, &[Judged])], choices: &Opinions, bootstrap: &Bootstrap) -> Option<Self> {
        let accuracy = |pairs: &[Judged], points: &dyn Fn(&Judged) -> f64| {
            let decided = pairs.iter().filter(|pair| pair.judged() != Label::Tie);
            bootstrap.mean(decided.map(|pair| (pair.prompt, points(pair))))
        };
        let (_, first) = scorers.first()?;
        let mut rows = vec![WithoutTiesRow { scorer: "Random".into(), accuracy: accuracy(first, &|_| 0.5)? }];
        for (scorer, pairs) in scorers {
            rows.push(WithoutTiesRow { scorer: (*scorer).into(), accuracy: accuracy(pairs, &points)? });
        }
        Some(Self {
            pairs: first.iter().filter(|pair| pair.judged() != Label::Tie).count(),
            scorers: rows,
            humans: Humans::of(&choices.decided(), bootstrap),
        })
    }

    /// The header and the rows of the table.
    pub(super) fn cells(&self, intervals: bool) -> Vec<Vec<String>> {
        let header = ["without ties", "accuracy", "95 % interval"].map(str::to_owned).to_vec();
        let row = |name: &str, Estimate { value, low, high }: Estimate| {
            let percent = |share: f64| format!("{:.1}", share * 100.0);
            let interval = format!("{} – {}", percent(low), percent(high));
            vec![printable(name), percent(value), if intervals { interval } else { "none".into() }]
        };
        let of_scorer = |scorer: &WithoutTiesRow| row(&scorer.scorer, scorer.accuracy);
        let people = [("Another person", &self.humans.others), ("The same person", &self.humans.oneself)];
        let people =
            people.into_iter().filter_map(|(name, agreed)| Some(row(name, agreed.as_ref()?.accuracy)));
        let rows = self.scorers.iter().take(1).map(of_scorer).chain(people);
        std::iter::once(header).chain(rows.chain(self.scorers.iter().skip(1).map(of_scorer))).collect()
    }

    pub(super) fn about(&self) -> String {
        format!(
            "{} pairs that are not ties; the preferred image has the higher score. Other evaluations report this \
             accuracy; it does not compare with the paper's.",
            self.pairs
        )
    }
}

/// 1 if the preferred image has the higher score, ½ if the scores are equal. Scores are compared as
/// they are, because a softmax may round to equal probabilities.
fn points(pair: &Judged) -> f64 {
    let [left, right] = pair.scores;
    let leads = if pair.judged() == Label::Left { left - right } else { right - left };
    if leads == 0.0 { 0.5 } else { f64::from(u8::from(leads > 0.0)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_are_left_out() {
        let pair = |label, scores, prompt| Judged { label, scores, kind: None, prompt };
        let pairs = [
            pair([1.0, 0.0], [3.0, 1.0], 0),
            pair([0.0, 1.0], [3.0, 1.0], 1),
            pair([0.0, 1.0], [1.0, 1.0], 2),
            pair([0.5, 0.5], [1.0, 1.0], 3),
            pair([0.0, 1.0], [-2.0, -1.0], 0),
        ];
        let mut choices = Opinions::default();
        choices.add("p", ["a", "b"], Label::Left, Some("1"));
        choices.add("p", ["b", "a"], Label::Right, Some("2"));
        choices.add("p", ["a", "b"], Label::Tie, Some("3"));
        let found = WithoutTies::new(&[("tiny", &pairs)], &choices, &Bootstrap::default()).unwrap();
        // 1, 0, ½ and 1.
        let values: Vec<f64> = found.scorers.iter().map(|row| row.accuracy.value).collect();
        assert_eq!((found.pairs, values), (4, vec![0.5, 0.625]));
        // The third person's tie is left out, and the other two agree.
        assert_eq!(found.humans.others.as_ref().map(|agreed| agreed.accuracy.value), Some(1.0));
        let cells = found.cells(true);
        assert_eq!(cells[2][..2], ["Another person", "100.0"].map(str::to_owned));
        assert_eq!(cells[3][..2], ["tiny", "62.5"].map(str::to_owned));
        assert_eq!(
            WithoutTies::new(&[("tiny", &pairs[3..4])], &Opinions::default(), &Bootstrap::default()),
            None
        );
    }
}
