//! Rounds of pairs and groups.

use pickscore_preferences as library;
use serde::{Deserialize, Serialize};
use tsify::Tsify;

use super::record::{Choice, Mode, Side};

/// A pair that everybody should judge the same way. Mixed with other pairs, it detects careless
/// raters.
#[derive(Debug, Clone, Deserialize, Tsify)]
pub struct ControlPair {
    /// The uid of the image that everybody should prefer.
    pub strong: String,
    /// The uid of the other image.
    pub weak: String,
}

/// A pair to ask again.
#[derive(Debug, Clone, Deserialize, Tsify)]
pub struct EarlierPair {
    pub left: String,
    pub right: String,
    /// The uid of its record.
    pub record: String,
}

// Only for the TypeScript declarations: the library parses settings itself. A test checks that both
// accept the same JSON.
/// The settings of a round. Images are given by their uids, each once.
#[derive(Debug, Clone, Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct RoundSettings {
    pub mode: Mode,
    /// Decides order and sides: a whole number from 0 to 2⁵³ − 1.
    pub seed: u64,
    /// The pool: 2 to 2,000 images (300 in mode `"active"`). Not in mode `"retest"`.
    #[serde(default)]
    pub images: Vec<String>,
    /// An image of the pool that is shown in the first pair: the winner of the round before. Only
    /// in mode `"winner-stays"`.
    #[serde(default)]
    #[tsify(optional)]
    pub first: Option<String>,
    /// The pairs of mode `"retest"`.
    #[serde(default)]
    pub earlier: Vec<EarlierPair>,
    /// Ends the round after this many pairs or groups, not counting controls. In mode `"active"`
    /// the default is `images · log₂(images)`.
    #[serde(default)]
    #[tsify(optional)]
    pub limit: Option<u64>,
    /// Control pairs to mix in, each at most once.
    #[serde(default)]
    pub controls: Vec<ControlPair>,
    /// The probability of a control pair before each other pair: 0 to 0.5, default 0.1.
    #[serde(default = "control_rate")]
    pub control_rate: f64,
}

fn control_rate() -> f64 {
    library::round::CONTROL_RATE
}

/// A pair to show.
#[derive(Debug, Clone, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Pair {
    /// Its number within the round, from 0, counting controls. After an undo the same pair has the
    /// same number.
    pub number: u64,
    /// The uid of the image on the left.
    pub left: String,
    /// The uid of the image on the right.
    pub right: String,
    /// For a control pair, the side of the strong image. Do not show it.
    pub control: Option<Side>,
    /// For a pair that is asked again, the uid of the first record.
    pub retest_of: Option<String>,
}

/// A group of images to show, of which the best is chosen.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct Group {
    /// Its number within the round, from 0, counting controls. After an undo the same group has the
    /// same number.
    pub number: u64,
    /// The uids of its two to four images, in the order in which to show them.
    pub images: Vec<String>,
}

/// The answer to a group: the place of the best image, `"1"` to `"4"`.
#[derive(Debug, Clone, Copy, Serialize, Tsify)]
pub enum GroupChoice {
    #[serde(rename = "1")]
    First,
    #[serde(rename = "2")]
    Second,
    #[serde(rename = "3")]
    Third,
    #[serde(rename = "4")]
    Fourth,
    #[serde(rename = "tie")]
    Tie,
    #[serde(rename = "skip")]
    Skip,
}

/// A pair of a group's images, and the choice that follows from the answer to the group.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct GroupPair {
    /// The uid of the image that was shown first.
    pub left: String,
    /// The uid of the image that was shown after it.
    pub right: String,
    pub choice: Choice,
}

/// The pairs that the answer to a group gives.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct GroupPairs {
    pub pairs: Vec<GroupPair>,
}

/// The progress of a round.
#[derive(Debug, Clone, Copy, Serialize, Tsify)]
pub struct RoundProgress {
    /// Pairs or groups that were answered or skipped, counting controls.
    pub answered: u64,
    /// Number of pairs or groups of the whole round as far as is known. It counts the controls that
    /// were or are being asked.
    pub total: u64,
    /// Answers that can be undone.
    pub undoable: u64,
}

/// What the latest answer changed in a round: append `answer` to the stored ones and replace the
/// stored `pair`. Its size does not depend on the number of answers.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct RoundStep {
    /// The version of the state that it belongs to.
    pub round_version: u64,
    /// The latest answer in its stored form, which has more fields than these; null if there is
    /// none.
    #[tsify(type = "{ choice: Choice; record: string } | { choice: GroupChoice; records: string[] } | null")]
    pub answer: Option<library::round::StoredAnswer>,
    /// The pair or group that is shown in its stored form; null if the round is over.
    #[tsify(type = "object | null")]
    pub pair: Option<library::round::StoredPair>,
}

impl From<library::Pair> for Pair {
    fn from(library::Pair { number, left, right, control, retest_of }: library::Pair) -> Self {
        Self { number, left, right, control: control.map(Side::from), retest_of }
    }
}

impl From<library::round::Group> for Group {
    fn from(library::round::Group { number, images }: library::round::Group) -> Self {
        Self { number, images }
    }
}

impl From<library::round::GroupPair> for GroupPair {
    fn from(library::round::GroupPair { left, right, choice }: library::round::GroupPair) -> Self {
        Self { left, right, choice: choice.into() }
    }
}

impl From<Vec<library::round::GroupPair>> for GroupPairs {
    fn from(pairs: Vec<library::round::GroupPair>) -> Self {
        Self { pairs: pairs.into_iter().map(GroupPair::from).collect() }
    }
}

impl From<library::round::RoundProgress> for RoundProgress {
    fn from(library::round::RoundProgress { answered, total }: library::round::RoundProgress) -> Self {
        Self { answered, total, undoable: answered }
    }
}

impl From<library::round::RoundStep> for RoundStep {
    fn from(step: library::round::RoundStep) -> Self {
        let library::round::RoundStep { round_version, answer, pair } = step;
        Self { round_version, answer, pair }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    impl From<RoundSettings> for library::RoundSettings {
        fn from(settings: RoundSettings) -> Self {
            let RoundSettings { mode, seed, images, first, earlier, limit, controls, control_rate } =
                settings;
            let earlier = earlier.into_iter().map(|EarlierPair { left, right, record }| {
                library::round::EarlierPair { left, right, record }
            });
            let controls = controls
                .into_iter()
                .map(|ControlPair { strong, weak }| library::round::ControlPair { strong, weak });
            Self {
                mode: match mode {
                    Mode::WinnerStays => library::Mode::WinnerStays,
                    Mode::AllPairs => library::Mode::AllPairs,
                    Mode::Active => library::Mode::Active,
                    Mode::BestOfFour => library::Mode::BestOfFour,
                    Mode::Retest => library::Mode::Retest,
                },
                seed,
                images,
                first,
                earlier: earlier.collect(),
                limit,
                controls: controls.collect(),
                control_rate,
            }
        }
    }

    /// Both types accept the same settings and have the same defaults.
    #[test]
    fn settings_are_read_as_the_library_reads_them() {
        let images = ["0".repeat(64), "1".repeat(64)];
        for settings in [
            json!({ "mode": "all-pairs", "seed": 7, "images": images }),
            json!({ "mode": "winner-stays", "seed": 7, "images": images, "first": images[1], "limit": 3,
                    "controls": [{ "strong": images[0], "weak": "2".repeat(64) }], "controlRate": 0.25 }),
            json!({ "mode": "best-of-four", "seed": 8, "images": images, "limit": 1 }),
            json!({ "mode": "retest", "seed": 9, "earlier": [{ "left": images[0], "right": images[1], "record": "r" }] }),
        ] {
            let ours: RoundSettings = serde_json::from_value(settings.clone()).unwrap();
            let theirs: library::RoundSettings = serde_json::from_value(settings).unwrap();
            assert_eq!(library::RoundSettings::from(ours), theirs);
        }
    }

    #[test]
    fn answers_to_groups_are_named_as_in_the_library() {
        use GroupChoice::{First, Fourth, Second, Skip, Third, Tie};
        use library::round::GroupChoice as Theirs;
        let best = (0..library::round::GROUP_MOST).map(Theirs::Best);
        let theirs: Vec<Theirs> = best.chain([Theirs::Tie, Theirs::Skip]).collect();
        let ours = [First, Second, Third, Fourth, Tie, Skip];
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.into_iter().zip(theirs) {
            assert_eq!(serde_json::to_value(ours).unwrap(), theirs.name());
        }
    }
}
