//! Records of choices.

use pickscore_preferences as library;
use serde::{Deserialize, Serialize};
use tsify::Tsify;

/// Where an image is shown.
#[derive(Debug, Clone, Copy, Serialize, Tsify)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    Left,
    Right,
}

/// Which image is preferred.
#[derive(Debug, Clone, Copy, Serialize, Tsify)]
#[serde(rename_all = "lowercase")]
pub enum Label {
    Left,
    Tie,
    Right,
}

/// What a visitor answers to a pair.
#[derive(Debug, Clone, Copy, Serialize, Tsify)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    Left,
    Tie,
    Right,
    Skip,
}

/// How a round chooses its pairs.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, Tsify)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    WinnerStays,
    AllPairs,
    Active,
    BestOfFour,
    Retest,
}

/// An image as it was shown.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct Shown {
    /// SHA-256 of the file's bytes, 64 lowercase hexadecimal digits: see `imageUid`.
    pub image_uid: String,
    /// The model that generated the image; null if unknown.
    pub model: Option<String>,
    /// Its score for the prompt; null if there is none.
    pub score: Option<f64>,
}

/// The scorer that computed the scores.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct Scorer {
    /// The name of the model.
    pub name: String,
    /// Everything else that determines its scores: precision, build, revision.
    pub version: String,
}

/// One pair that a visitor was shown, and the answer. Plain data: it can be stored in IndexedDB,
/// written as JSON and sent in messages. `checkRecord` reads every version and returns this one.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct PreferenceRecord {
    #[tsify(type = "1")]
    pub record_version: u64,
    /// A unique name: `crypto.randomUUID()`.
    pub uid: String,
    /// At most 16,384 bytes in UTF-8.
    pub prompt: String,
    /// The image on the left.
    pub left: Shown,
    /// The image on the right, which must differ.
    pub right: Shown,
    /// False if the pair was skipped.
    pub has_label: bool,
    /// Null if the pair was skipped.
    pub label: Option<Label>,
    /// When it was answered: milliseconds since 1970, as from `Date.now()`.
    pub created_at: i64,
    /// The visit that it belongs to.
    pub session_uid: String,
    /// An anonymous name of the rater: random, and kept by one browser.
    pub rater_uid: String,
    pub mode: Mode,
    /// For a control pair, the side of the image that everybody should prefer.
    pub control: Option<Side>,
    /// For a pair that was asked again, the uid of the first record.
    pub retest_of: Option<String>,
    /// For a pair of a group of images that were shown together, a name that the pairs of the group
    /// share; each of them has the time of the whole group.
    pub group_uid: Option<String>,
    /// How long the answer took, in seconds.
    pub seconds: Option<f64>,
    /// Whether scores were visible before the answer.
    pub scores_visible: bool,
    /// The scorer that computed the scores.
    pub scorer: Option<Scorer>,
    /// The version of the page.
    pub app_version: String,
}

/// A record that was stored under another uid.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct Renamed {
    pub from: String,
    pub to: String,
}

/// Records compared with those that are known already.
#[derive(Debug, Clone, Serialize, Tsify)]
pub struct Comparison {
    /// The new records, in their order.
    pub fresh: Vec<PreferenceRecord>,
    /// The uids of records that are known, or occur twice, by their content.
    pub duplicates: Vec<String>,
    /// Uids that two different records had. Both records are kept, the later one under a uid that
    /// is derived from its content.
    pub renamed: Vec<Renamed>,
}

impl From<library::Side> for Side {
    fn from(side: library::Side) -> Self {
        match side {
            library::Side::Left => Self::Left,
            library::Side::Right => Self::Right,
        }
    }
}

impl From<library::Label> for Label {
    fn from(label: library::Label) -> Self {
        match label {
            library::Label::Left => Self::Left,
            library::Label::Tie => Self::Tie,
            library::Label::Right => Self::Right,
        }
    }
}

impl From<library::Choice> for Choice {
    fn from(choice: library::Choice) -> Self {
        match choice {
            library::Choice::Label(library::Label::Left) => Self::Left,
            library::Choice::Label(library::Label::Tie) => Self::Tie,
            library::Choice::Label(library::Label::Right) => Self::Right,
            library::Choice::Skip => Self::Skip,
        }
    }
}

impl From<library::Mode> for Mode {
    fn from(mode: library::Mode) -> Self {
        match mode {
            library::Mode::WinnerStays => Self::WinnerStays,
            library::Mode::AllPairs => Self::AllPairs,
            library::Mode::Active => Self::Active,
            library::Mode::BestOfFour => Self::BestOfFour,
            library::Mode::Retest => Self::Retest,
        }
    }
}

impl From<library::Shown> for Shown {
    fn from(library::Shown { image_uid, model, score }: library::Shown) -> Self {
        Self { image_uid, model, score }
    }
}

impl From<library::Scorer> for Scorer {
    fn from(library::Scorer { name, version }: library::Scorer) -> Self {
        Self { name, version }
    }
}

impl From<library::Record> for PreferenceRecord {
    fn from(record: library::Record) -> Self {
        let library::Record {
            uid,
            prompt,
            left,
            right,
            label,
            created_at,
            session_uid,
            rater_uid,
            mode,
            control,
            retest_of,
            group_uid,
            seconds,
            scores_visible,
            scorer,
            app_version,
        } = record;
        Self {
            record_version: library::RECORD_VERSION,
            uid,
            prompt,
            left: left.into(),
            right: right.into(),
            has_label: label.is_some(),
            label: label.map(Label::from),
            created_at,
            session_uid,
            rater_uid,
            mode: mode.into(),
            control: control.map(Side::from),
            retest_of,
            group_uid,
            seconds,
            scores_visible,
            scorer: scorer.map(Scorer::from),
            app_version,
        }
    }
}

impl From<library::Comparison> for Comparison {
    fn from(library::Comparison { fresh, duplicates, renamed }: library::Comparison) -> Self {
        Self {
            fresh: fresh.into_iter().map(PreferenceRecord::from).collect(),
            duplicates,
            renamed: renamed.into_iter().map(|(from, to)| Renamed { from, to }).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn stored() -> Value {
        json!({
            "record_version": 1,
            "uid": "0b7c5c1e-6a34-4d0b-9a55-8f2d6f3c1a10",
            "prompt": "a fox in the snow",
            "left": { "image_uid": "0".repeat(64), "model": "sdxl", "score": 21.3 },
            "right": { "image_uid": "1".repeat(64), "model": null, "score": 20.1 },
            "has_label": true,
            "label": "tie",
            "created_at": 1_795_683_300_123_i64,
            "session_uid": "5f0c",
            "rater_uid": "9d1e",
            "mode": "retest",
            "control": "right",
            "retest_of": "r-1",
            "group_uid": null,
            "seconds": 3.2,
            "scores_visible": true,
            "scorer": { "name": "PickScore_v1", "version": "f32" },
            "app_version": "0.1.0",
        })
    }

    /// The value has the schema of stored records, which `Record::to_json` writes.
    #[test]
    fn a_record_crosses_as_it_is_stored() {
        let skipped = {
            let mut record = stored();
            for name in ["label", "control", "retest_of", "seconds", "scorer"] {
                record[name] = Value::Null;
            }
            record["has_label"] = false.into();
            record["mode"] = "winner-stays".into();
            for side in ["left", "right"] {
                record[side]["score"] = Value::Null;
            }
            record
        };
        let of_group = {
            let mut record = stored();
            record["mode"] = "best-of-four".into();
            record["retest_of"] = Value::Null;
            record["group_uid"] = "g-1".into();
            record
        };
        for expected in [stored(), skipped, of_group] {
            let record = library::Record::from_json(&expected, i64::MAX).unwrap();
            assert_eq!(record.to_json(), expected);
            assert_eq!(serde_json::to_value(PreferenceRecord::from(record)).unwrap(), expected);
        }
    }

    #[test]
    fn words_are_those_of_the_library() {
        for mode in library::Mode::ALL {
            assert_eq!(serde_json::to_value(Mode::from(mode)).unwrap(), mode.name());
        }
        for side in [library::Side::Left, library::Side::Right] {
            assert_eq!(serde_json::to_value(Side::from(side)).unwrap(), side.name());
        }
        for label in library::Label::ALL {
            assert_eq!(serde_json::to_value(Label::from(label)).unwrap(), label.name());
        }
        for (choice, expected) in [
            (Choice::Left, library::Choice::Label(library::Label::Left)),
            (Choice::Tie, library::Choice::Label(library::Label::Tie)),
            (Choice::Right, library::Choice::Label(library::Label::Right)),
            (Choice::Skip, library::Choice::Skip),
        ] {
            assert_eq!(serde_json::to_value(choice).unwrap(), expected.name());
        }
    }
}
