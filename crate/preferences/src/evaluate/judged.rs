//! A pair with its label and the scores of a scorer.

use pickscore_score::Label;

/// A pair with its label and the scores of a scorer.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The label as shares: `[1, 0]`, `[0, 1]` or `[½, ½]`.
    pub label: [f64; 2],
    /// The scores of the two images.
    pub scores: [f32; 2],
    /// The kind of pair, if the dataset has kinds.
    pub kind: Option<String>,
    /// The number of its prompt. Pairs of the same prompt are not independent, so intervals
    /// resample prompts.
    pub prompt: usize,
}

impl Judged {
    /// The predicted probability that each image is preferred: the softmax of the scores, in 64-bit
    /// floats.
    pub fn probabilities(&self) -> [f64; 2] {
        let [left, right] = self.scores.map(f64::from);
        let highest = left.max(right);
        let weights = [(left - highest).exp(), (right - highest).exp()];
        weights.map(|weight| weight / (weights[0] + weights[1]))
    }

    /// The logarithms of [`Judged::probabilities`], finite even if those round to 0.
    pub fn log_probabilities(&self) -> [f64; 2] {
        let lead = f64::from(self.scores[0]) - f64::from(self.scores[1]);
        // ln(1 / (1 + exp(−x))) without overflow.
        let log_sigmoid = |x: f64| x.min(0.0) - (-x.abs()).exp().ln_1p();
        [log_sigmoid(lead), log_sigmoid(-lead)]
    }

    /// The scorer's prediction: a tie if the probabilities differ by at most `threshold` (0 to 1).
    pub fn predicted(&self, threshold: f64) -> Label {
        let [left, right] = self.probabilities();
        if (left - right).abs() <= threshold {
            Label::Tie
        } else if left > right {
            Label::Left
        } else {
            Label::Right
        }
    }

    /// The person's label.
    pub fn judged(&self) -> Label {
        Label::leaning(self.label)
    }
}
