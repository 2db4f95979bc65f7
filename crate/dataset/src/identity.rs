//! The rater and the verdict of a row, for rankings, agreement and merging.

use crate::row::Row;
use pickscore_score::Label;

impl Row {
    /// The rater: the uid, or else `user` with Pick-a-Pic's number. `None` if there is neither:
    /// without the column, `user_id` is 0.
    pub fn rater(&self) -> Option<String> {
        match &self.collected {
            Some(collected) if !collected.rater_uid.is_empty() => Some(collected.rater_uid.clone()),
            _ => (self.user_id != 0).then(|| format!("user {}", self.user_id)),
        }
    }

    /// The label, where left is image 0. `None` if the pair was skipped.
    pub fn verdict(&self) -> Option<Label> {
        self.label.map(Label::leaning)
    }

    /// Whether it is a control pair, which everybody should judge the same way.
    pub fn is_control(&self) -> bool {
        self.collected.as_ref().is_some_and(|collected| collected.control.is_some())
    }

    /// Whether a control pair was judged as expected; `None` if it is not a control pair or was
    /// skipped.
    pub fn passed_control(&self) -> Option<bool> {
        let strong = match self.collected.as_ref()?.control.as_deref()? {
            "image_0" => Label::Left,
            "image_1" => Label::Right,
            _ => return None,
        };
        Some(self.verdict()? == strong)
    }
}
