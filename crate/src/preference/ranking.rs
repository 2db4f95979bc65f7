//! The order of images, or of what made them, that records suggest.

use std::collections::HashMap;

use super::{
    Label, Record, Shown,
    round::{ACTIVE_MOST, Outcome, Strengths},
};

/// What is ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RankBy {
    /// Images. Only those of one prompt compare.
    Image,
    /// Models, over all prompts. Records in which one is not known, or both are the same, are left out.
    Model,
}

/// A place in an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// The image's uid or the model's name.
    pub name: String,
    /// Its strength on the scale on which a lead of 1 means odds of e to 1; the mean of all is 0.
    pub strength: f64,
    /// The standard error of the strength.
    pub error: f64,
    /// Records that preferred it.
    pub wins: usize,
    /// Records that preferred neither.
    pub ties: usize,
    /// Records that preferred the other.
    pub losses: usize,
}

/// Ranks what labelled records compare, the best first: Bradley–Terry with a prior, as in a round's standings. Control pairs are left out. Nothing
/// where more than [`ACTIVE_MOST`] are compared.
pub fn ranking(records: &[Record], by: RankBy) -> Vec<Ranked> {
    let mut order = Vec::new();
    let mut places = HashMap::new();
    let mut outcomes = Vec::new();
    for record in records {
        let (Some(label), None) = (record.label, record.control) else { continue };
        let (Some(left), Some(right)) = (name(&record.left, by), name(&record.right, by)) else { continue };
        if left == right {
            continue;
        }
        let [first, second] = [left, right].map(|name| {
            *places.entry(name.to_owned()).or_insert_with(|| {
                order.push(blank(name));
                order.len() - 1
            })
        });
        match label {
            Label::Left => {
                (order[first].wins, order[second].losses) = (order[first].wins + 1, order[second].losses + 1)
            }
            Label::Right => {
                (order[first].losses, order[second].wins) = (order[first].losses + 1, order[second].wins + 1)
            }
            Label::Tie => {
                (order[first].ties, order[second].ties) = (order[first].ties + 1, order[second].ties + 1)
            }
        }
        let [share, _] = label.shares();
        outcomes.push(Outcome { first, second, share });
    }
    if order.len() > ACTIVE_MOST {
        return Vec::new();
    }
    let strengths = Strengths::of(order.len(), &outcomes);
    for (at, ranked) in order.iter_mut().enumerate() {
        ranked.strength = strengths.mean[at];
        ranked.error = strengths.error(at);
    }
    order.sort_by(|one, other| {
        other.strength.total_cmp(&one.strength).then_with(|| one.name.cmp(&other.name))
    });
    order
}

fn name(shown: &Shown, by: RankBy) -> Option<&str> {
    match by {
        RankBy::Image => Some(&shown.image_uid),
        RankBy::Model => shown.model.as_deref(),
    }
}

fn blank(name: &str) -> Ranked {
    Ranked { name: name.to_owned(), strength: 0.0, error: 0.0, wins: 0, ties: 0, losses: 0 }
}
