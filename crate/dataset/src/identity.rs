//! Who judged a row, and what it compared: the same question for rankings, agreement and merging.

use super::Row;
use pickscore_score::Label;

impl Row {
    /// Who judged: the rater's uid, else the number that Pick-a-Pic has for a user. `None` where there is neither; a file without the
    /// column has 0 in every row.
    pub fn rater(&self) -> Option<String> {
        match &self.collected {
            Some(collected) if !collected.rater_uid.is_empty() => Some(collected.rater_uid.clone()),
            _ => (self.user_id != 0).then(|| format!("user {}", self.user_id)),
        }
    }

    /// Which image was preferred: left means image 0. `None` where the pair was skipped.
    pub fn verdict(&self) -> Option<Label> {
        self.label.map(Label::leaning)
    }

    /// Whether it is a control pair, chosen so that everybody should judge it the same way.
    pub fn is_control(&self) -> bool {
        self.collected.as_ref().is_some_and(|collected| collected.control.is_some())
    }

    /// Whether a control pair was judged as everybody should; `None` where it is none, or was skipped.
    pub fn passed_control(&self) -> Option<bool> {
        let strong = match self.collected.as_ref()?.control.as_deref()? {
            "image_0" => Label::Left,
            "image_1" => Label::Right,
            _ => return None,
        };
        Some(self.verdict()? == strong)
    }
}
