//! One row of Pick-a-Pic's schema: a prompt, two images and which of them was preferred.

/// One judged (or skipped) pair. The columns of `pickapic_v1` and `v2`, in the order in which one thinks of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The prompt.
    pub caption: String,
    /// What was shown, as columns `image_0_*` and `image_1_*`.
    pub images: [RowImage; 2],
    /// How preference is shared between the two: `[1, 0]`, `[0, 1]` or `[½, ½]`. `None` where `has_label` is false.
    pub label: Option<[f64; 2]>,
    /// Uid of the preferred image; `"tie"` where neither was.
    pub best_image_uid: String,
    /// Whether the two images differ.
    pub are_different: bool,
    /// Nanoseconds since 1970 (UTC).
    pub created_at: i64,
    /// Which judgement this is.
    pub ranking_id: i64,
    /// Who judged.
    pub user_id: i64,
    /// How many rows of the data set have this prompt: a training example weighs one over this.
    pub num_example_per_prompt: i64,
    /// `__index_level_0__`, an artefact of pandas.
    pub index: i64,
    /// Our own column `pickscore_kind`: what kind of pair a made data set holds here, for tables by kind.
    pub kind: Option<String>,
    /// Our own columns of a row that this project's page collected; `None` in plain Pick-a-Pic data.
    pub collected: Option<Collected>,
}

/// How a row was collected: our own columns, which other readers of Pick-a-Pic's schema ignore. A row has them where
/// `pickscore_record_version` is not null. What each means is said at [`pickscore_preferences::Record`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Collected {
    /// `pickscore_record_version`.
    pub record_version: i64,
    /// `pickscore_uid`: the record's uid.
    pub uid: String,
    /// `pickscore_session_uid`.
    pub session_uid: String,
    /// `pickscore_rater_uid`. `user_id` is a number made of it.
    pub rater_uid: String,
    /// `pickscore_side_0`: where image 0 was shown, `left` or `right`. Image 1 was on the other side.
    pub side_0: String,
    /// `pickscore_mode`: `winner-stays`, `all-pairs`, `active` or `retest`.
    pub mode: String,
    /// `pickscore_control`: for a control pair, `image_0` or `image_1`, whichever everybody should prefer.
    pub control: Option<String>,
    /// `pickscore_retest_of`: for a pair that was asked again, the uid of the first record.
    pub retest_of: Option<String>,
    /// `pickscore_seconds`: how long the rater took.
    pub seconds: Option<f64>,
    /// `pickscore_scores_visible`: whether scores were shown before the answer.
    pub scores_visible: bool,
    /// `pickscore_scorer`: the model that scored.
    pub scorer: Option<String>,
    /// `pickscore_scorer_version`.
    pub scorer_version: Option<String>,
    /// `pickscore_score_0`, `pickscore_score_1`.
    pub scores: [Option<f64>; 2],
    /// `pickscore_app_version`.
    pub app_version: String,
}

impl Collected {
    /// The columns of texts.
    pub(super) const TEXTS: [&str; 10] = [
        "pickscore_uid",
        "pickscore_session_uid",
        "pickscore_rater_uid",
        "pickscore_side_0",
        "pickscore_mode",
        "pickscore_control",
        "pickscore_retest_of",
        "pickscore_scorer",
        "pickscore_scorer_version",
        "pickscore_app_version",
    ];

    /// The text of a column; an empty one is as good as none.
    pub(super) fn text(&self, column: &str) -> Option<&String> {
        let text = match column {
            "pickscore_uid" => &self.uid,
            "pickscore_session_uid" => &self.session_uid,
            "pickscore_rater_uid" => &self.rater_uid,
            "pickscore_side_0" => &self.side_0,
            "pickscore_mode" => &self.mode,
            "pickscore_control" => self.control.as_ref()?,
            "pickscore_retest_of" => self.retest_of.as_ref()?,
            "pickscore_scorer" => self.scorer.as_ref()?,
            "pickscore_scorer_version" => self.scorer_version.as_ref()?,
            "pickscore_app_version" => &self.app_version,
            _ => return None,
        };
        (!text.is_empty()).then_some(text)
    }

    /// Sets the text of a column.
    pub(super) fn set_text(&mut self, column: &str, text: String) {
        match column {
            "pickscore_uid" => self.uid = text,
            "pickscore_session_uid" => self.session_uid = text,
            "pickscore_rater_uid" => self.rater_uid = text,
            "pickscore_side_0" => self.side_0 = text,
            "pickscore_mode" => self.mode = text,
            "pickscore_control" => self.control = Some(text),
            "pickscore_retest_of" => self.retest_of = Some(text),
            "pickscore_scorer" => self.scorer = Some(text),
            "pickscore_scorer_version" => self.scorer_version = Some(text),
            "pickscore_app_version" => self.app_version = text,
            _ => {}
        }
    }
}

/// One image of a pair.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RowImage {
    /// SHA-256 of the bytes in this project's data; Pick-a-Pic's own are random.
    pub uid: String,
    /// Where it was published; may be empty.
    pub url: String,
    /// What made it; may be empty.
    pub model: String,
    /// The encoded file, as it is. Empty where the column was not read.
    pub bytes: Vec<u8>,
}
