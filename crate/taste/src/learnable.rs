//! Which answers a taste learns from.

use pickscore_preferences::Record;
use pickscore_score::Label;

/// An answer, as far as it decides whether it is learned from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The label; `None` if the pair was skipped.
    pub label: Option<Label>,
    /// Whether it is a control pair.
    pub is_control: bool,
    /// Whether scores were visible before the answer.
    pub scores_visible: bool,
}

impl From<&Record> for Answer {
    fn from(record: &Record) -> Self {
        Self {
            label: record.label,
            is_control: record.control.is_some(),
            scores_visible: record.scores_visible,
        }
    }
}

/// Numbers of answers that are not learned from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LeftOut {
    /// Skipped pairs.
    pub skipped: usize,
    /// Control pairs, which everybody answers alike.
    pub controls: usize,
    /// Choices that were made while scores were visible, which may have followed them.
    pub scores_visible: usize,
    /// Answers that were given before: the same record in two files, for example. Whoever reads
    /// answers counts them, and knows what makes two of them the same.
    pub duplicates: usize,
}

impl LeftOut {
    /// The label, if the answer is learned from; counts it otherwise.
    pub fn learned(&mut self, answer: Answer, without_visible: bool) -> Option<Label> {
        match answer {
            Answer { label: None, .. } => self.skipped += 1,
            Answer { is_control: true, .. } => self.controls += 1,
            Answer { scores_visible: true, .. } if without_visible => self.scores_visible += 1,
            Answer { label, .. } => return label,
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipped_and_control_pairs_are_never_learned_from() {
        let answer = |label, is_control, scores_visible| Answer { label, is_control, scores_visible };
        let mut left_out = LeftOut::default();
        let left = Some(Label::Left);
        assert_eq!(left_out.learned(answer(left, false, false), true), left);
        assert_eq!(left_out.learned(answer(left, false, true), false), left);
        assert_eq!(left_out.learned(answer(left, false, true), true), None);
        assert_eq!(left_out.learned(answer(left, true, false), false), None);
        assert_eq!(left_out.learned(answer(None, false, false), false), None);
        assert_eq!(left_out, LeftOut { skipped: 1, controls: 1, scores_visible: 1, duplicates: 0 });
    }
}
