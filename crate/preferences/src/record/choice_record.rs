//! A preference record: one pair that a rater was shown, and the answer.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::label::{Label, Side};

/// The version that is written.
pub const RECORD_VERSION: u64 = 1;

/// One pair that a rater was shown, and the answer.
///
/// As JSON ([`Record::to_json`], [`Record::from_json`]):
///
/// ```json
/// {
///   "record_version": 1,
///   "uid": "0b7c5c1e-6a34-4d0b-9a55-8f2d6f3c1a10",
///   "prompt": "a fox in the snow",
///   "left":  { "image_uid": "<SHA-256 of the file, 64 hexadecimal digits>", "model": "sdxl", "score": 21.3 },
///   "right": { "image_uid": "<…>", "model": null, "score": 20.1 },
///   "has_label": true,
///   "label": "left",
///   "created_at": 1795683300123,
///   "session_uid": "5f0c…",
///   "rater_uid": "9d1e…",
///   "mode": "winner-stays",
///   "control": null,
///   "retest_of": null,
///   "group_uid": null,
///   "seconds": 3.2,
///   "scores_visible": false,
///   "scorer": { "name": "PickScore_v1", "version": "f32" },
///   "app_version": "0.1.0"
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// A unique random name: 1 to 64 letters, digits, `-` and `_`.
    pub uid: String,
    /// The prompt of both images.
    pub prompt: String,
    /// The image on the left.
    pub left: Shown,
    /// The image on the right.
    pub right: Shown,
    /// The preferred side or a tie. `None` if the pair was skipped: `has_label` is false.
    pub label: Option<Label>,
    /// The time of the answer, in milliseconds since 1970 (UTC).
    pub created_at: i64,
    /// The visit that it belongs to.
    pub session_uid: String,
    /// The anonymous rater: a random name that one browser keeps.
    pub rater_uid: String,
    /// How the pair was chosen.
    pub mode: Mode,
    /// For a control pair, the side of the image that everybody should prefer.
    pub control: Option<Side>,
    /// For a pair that was asked again, the uid of the first record.
    pub retest_of: Option<String>,
    /// For a pair of a group of images that were shown together, a random name that the pairs of
    /// the group share. The image that was shown first is on the left, and `seconds` is the time of
    /// the whole group.
    pub group_uid: Option<String>,
    /// The time that the answer took, in seconds, if it was measured.
    pub seconds: Option<f64>,
    /// Whether scores were visible before the answer.
    pub scores_visible: bool,
    /// The scorer, if there are scores.
    pub scorer: Option<Scorer>,
    /// The version of the program that showed the pair.
    pub app_version: String,
}

/// An image as it was shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// SHA-256 of the file's bytes, in lower-case hexadecimal digits.
    pub image_uid: String,
    /// The model that generated the image, if known.
    pub model: Option<String>,
    /// The scorer's score for the prompt, if any.
    pub score: Option<f64>,
}

/// The scorer that computed the scores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scorer {
    /// The model's name.
    pub name: String,
    /// Everything else that determines its scores: precision, build, revision.
    pub version: String,
}

/// How a round selects its pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The winner stays and is compared with the next image of the pool, as in Pick-a-Pic's app.
    WinnerStays,
    /// Every pair of the pool, once.
    AllPairs,
    /// The pair that is most informative about the order of the pool.
    Active,
    /// The best of four images, each paired with the other three.
    BestOfFour,
    /// Pairs that were judged before, with their sides swapped.
    Retest,
}

impl Mode {
    /// All modes.
    pub const ALL: [Self; 5] =
        [Self::WinnerStays, Self::AllPairs, Self::Active, Self::BestOfFour, Self::Retest];

    /// `"winner-stays"`, `"all-pairs"`, `"active"`, `"best-of-four"` or `"retest"`.
    pub fn name(self) -> &'static str {
        match self {
            Self::WinnerStays => "winner-stays",
            Self::AllPairs => "all-pairs",
            Self::Active => "active",
            Self::BestOfFour => "best-of-four",
            Self::Retest => "retest",
        }
    }

    /// The mode of this name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }
}

impl Record {
    /// The image on a side.
    pub fn shown(&self, side: Side) -> &Shown {
        match side {
            Side::Left => &self.left,
            Side::Right => &self.right,
        }
    }

    /// The uid of the preferred image; `None` for ties and skipped pairs.
    pub fn preferred(&self) -> Option<&str> {
        match self.label? {
            Label::Left => Some(&self.left.image_uid),
            Label::Right => Some(&self.right.image_uid),
            Label::Tie => None,
        }
    }

    /// The record as JSON, in the newest version.
    pub fn to_json(&self) -> Value {
        let shown = |shown: &Shown| json!({ "image_uid": shown.image_uid, "model": shown.model, "score": shown.score });
        let scorer =
            self.scorer.as_ref().map(|scorer| json!({ "name": scorer.name, "version": scorer.version }));
        let fields: [(&str, Value); 18] = [
            ("record_version", RECORD_VERSION.into()),
            ("uid", self.uid.as_str().into()),
            ("prompt", self.prompt.as_str().into()),
            ("left", shown(&self.left)),
            ("right", shown(&self.right)),
            ("has_label", self.label.is_some().into()),
            ("label", self.label.map(Label::name).into()),
            ("created_at", self.created_at.into()),
            ("session_uid", self.session_uid.as_str().into()),
            ("rater_uid", self.rater_uid.as_str().into()),
            ("mode", self.mode.name().into()),
            ("control", self.control.map(Side::name).into()),
            ("retest_of", self.retest_of.as_deref().into()),
            ("group_uid", self.group_uid.as_deref().into()),
            ("seconds", self.seconds.into()),
            ("scores_visible", self.scores_visible.into()),
            ("scorer", scorer.into()),
            ("app_version", self.app_version.as_str().into()),
        ];
        Value::Object(Map::from_iter(fields.map(|(name, value)| (name.to_owned(), value))))
    }
}
