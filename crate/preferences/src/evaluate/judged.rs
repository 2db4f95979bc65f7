//! A pair that a person and a scorer have judged.

use pickscore_score::Label;

/// A pair that a person and a scorer have judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// How the person shared preference: `[1, 0]`, `[0, 1]` or `[½, ½]`.
    pub label: [f64; 2],
    /// The two images' scores.
    pub scores: [f32; 2],
    /// What kind of pair it is, where the data set says so.
    pub kind: Option<String>,
    /// Which prompt it is of. Pairs of one prompt are no independent evidence: intervals resample prompts.
    pub prompt: usize,
}

impl Judged {
    /// The scorer's probability that each image is preferred: the softmax of the scores, in 64 bits.
    pub fn probabilities(&self) -> [f64; 2] {
        let [left, right] = self.scores.map(f64::from);
        let highest = left.max(right);
        let weights = [(left - highest).exp(), (right - highest).exp()];
        weights.map(|weight| weight / (weights[0] + weights[1]))
    }

    /// Logarithms of [`Judged::probabilities`], finite even where those round to 0.
    pub fn log_probabilities(&self) -> [f64; 2] {
        let lead = f64::from(self.scores[0]) - f64::from(self.scores[1]);
        // ln(1 / (1 + exp(−x))), without an overflow.
        let log_sigmoid = |x: f64| x.min(0.0) - (-x.abs()).exp().ln_1p();
        [log_sigmoid(lead), log_sigmoid(-lead)]
    }

    /// What the scorer says: a tie where the probabilities are at most `threshold` (0 to 1) apart.
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

    /// What the person said.
    pub fn judged(&self) -> Label {
        Label::leaning(self.label)
    }
}
