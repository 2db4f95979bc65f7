//! Groups: two to four images of the pool that are shown together, of which the best is chosen.

use crate::record::{Choice, Label};

/// Maximum number of images in a group.
pub const GROUP_MOST: usize = 4;

/// A group to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its number within the round, from 0, counting controls.
    pub number: u64,
    /// The uids of its two to four images, in the order in which they are shown.
    pub images: Vec<String>,
}

/// The answer to a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GroupChoice {
    /// The image at this place, from 0, is the best.
    Best(usize),
    /// All are equally good.
    Tie,
    /// No label.
    Skip,
}

/// A pair of a group's images, and the choice that follows from the answer to the group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupPair {
    /// The uid of the image that was shown first.
    pub left: String,
    /// The uid of the image that was shown after it.
    pub right: String,
    /// The choice.
    pub choice: Choice,
}

impl GroupChoice {
    /// `"1"` to `"4"`, `"tie"` or `"skip"`.
    pub fn name(self) -> String {
        match self {
            Self::Best(place) => (place + 1).to_string(),
            Self::Tie => "tie".into(),
            Self::Skip => "skip".into(),
        }
    }

    /// The choice of this name.
    pub fn of(name: &str) -> Option<Self> {
        let best = (0..GROUP_MOST).map(Self::Best);
        best.chain([Self::Tie, Self::Skip]).find(|choice| choice.name() == name)
    }

    /// The pairs of a group of `count` images that the answer says something about, by their places
    /// (the earlier first), with the choice: the best image and each of the others. After a tie or
    /// a skip there is no best one, and the first image stands for it.
    pub(super) fn pairs(self, count: usize) -> impl Iterator<Item = (usize, usize, Choice)> {
        let (pivot, before, after) = match self {
            Self::Best(best) => (best, Choice::Label(Label::Right), Choice::Label(Label::Left)),
            Self::Tie => (0, Choice::Label(Label::Tie), Choice::Label(Label::Tie)),
            Self::Skip => (0, Choice::Skip, Choice::Skip),
        };
        (0..count)
            .filter(move |&other| other != pivot)
            .map(move |other| if other < pivot { (other, pivot, before) } else { (pivot, other, after) })
    }
}

/// The indices of a group's images in the settings, in the order in which they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Members {
    at: [usize; GROUP_MOST],
    count: usize,
}

impl Members {
    /// `None` unless there are two to four.
    pub(super) fn new(indices: &[usize]) -> Option<Self> {
        let count = indices.len();
        if !(2..=GROUP_MOST).contains(&count) {
            return None;
        }
        let mut at = [0; GROUP_MOST];
        at[..count].copy_from_slice(indices);
        Some(Self { at, count })
    }

    pub(super) fn indices(&self) -> &[usize] {
        &self.at[..self.count]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for name in ["1", "2", "3", "4", "tie", "skip"] {
            assert_eq!(GroupChoice::of(name).unwrap().name(), name);
        }
        for name in ["0", "5", "left", "", " 1", "+1", "01"] {
            assert_eq!(GroupChoice::of(name), None, "{name}");
        }
    }

    #[test]
    fn the_best_is_compared_with_each_of_the_others() {
        let pairs = |choice: GroupChoice, count| choice.pairs(count).collect::<Vec<_>>();
        let [left, tie, right] = [Label::Left, Label::Tie, Label::Right].map(Choice::Label);
        assert_eq!(pairs(GroupChoice::Best(0), 4), [(0, 1, left), (0, 2, left), (0, 3, left)]);
        assert_eq!(pairs(GroupChoice::Best(2), 4), [(0, 2, right), (1, 2, right), (2, 3, left)]);
        assert_eq!(pairs(GroupChoice::Best(1), 2), [(0, 1, right)]);
        assert_eq!(pairs(GroupChoice::Tie, 3), [(0, 1, tie), (0, 2, tie)]);
        assert_eq!(pairs(GroupChoice::Skip, 2), [(0, 1, Choice::Skip)]);
    }

    #[test]
    fn a_group_has_two_to_four_images() {
        assert_eq!(Members::new(&[7]), None);
        assert_eq!(Members::new(&[7, 8, 9]).unwrap().indices(), [7, 8, 9]);
        assert_eq!(Members::new(&[1, 2, 3, 4, 5]), None);
    }
}
