//! A row of a dataset: a prompt, two images and the preferred one.

/// A pair that was judged or skipped, with the columns of `pickapic_v1` and `pickapic_v2`.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "merge", derive(serde::Serialize, serde::Deserialize))]
pub struct Row {
    /// The prompt.
    pub caption: String,
    /// The images: columns `image_0_*` and `image_1_*`, `jpg_*` and `model_*`.
    pub images: [RowImage; 2],
    /// The label as shares: `[1, 0]`, `[0, 1]` or `[½, ½]`. `None` if `has_label` is false.
    pub label: Option<[f64; 2]>,
    /// The uid of the preferred image, or `"tie"`; empty without a label.
    pub best_image_uid: String,
    /// Whether the two images differ.
    pub are_different: bool,
    /// The time of the answer, in nanoseconds since 1970 (UTC).
    pub created_at: i64,
    /// The number of the judgement.
    pub ranking_id: i64,
    /// The number of the rater.
    pub user_id: i64,
    /// Number of rows of the dataset with this prompt. Training weights a row with its inverse.
    pub num_example_per_prompt: i64,
    /// `__index_level_0__`, the index that pandas wrote.
    pub index: i64,
    /// PickScore's column `pickscore_kind`: the kind of pair in a synthetic dataset, for results by
    /// kind.
    pub kind: Option<String>,
    /// PickScore's columns of a row that its page collected; `None` in Pick-a-Pic's data.
    pub collected: Option<Collected>,
}

/// How a row was collected: PickScore's own columns, which other readers ignore. A row has them if
/// `pickscore_record_version` is not null. [`pickscore_preferences::Record`] describes them.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "merge", derive(serde::Serialize, serde::Deserialize))]
pub struct Collected {
    /// `pickscore_record_version`.
    pub record_version: i64,
    /// `pickscore_uid`: the uid of the record.
    pub uid: String,
    /// `pickscore_session_uid`.
    pub session_uid: String,
    /// `pickscore_rater_uid`. `user_id` is derived from it.
    pub rater_uid: String,
    /// `pickscore_side_0`: the side of image 0, `left` or `right`. Image 1 was on the other side.
    pub side_0: String,
    /// `pickscore_mode`: `winner-stays`, `all-pairs`, `active`, `best-of-four` or `retest`.
    pub mode: String,
    /// `pickscore_control`: for a control pair, the image that everybody should prefer: `image_0`
    /// or `image_1`.
    pub control: Option<String>,
    /// `pickscore_retest_of`: for a pair that was asked again, the uid of the first record.
    pub retest_of: Option<String>,
    /// `pickscore_group_uid`: for a pair of a group of images that were shown together, a name that
    /// the pairs of the group share.
    pub group_uid: Option<String>,
    /// `pickscore_seconds`: the time to answer, in seconds.
    pub seconds: Option<f64>,
    /// `pickscore_scores_visible`: whether scores were visible before the answer.
    pub scores_visible: bool,
    /// `pickscore_scorer`: the name of the scorer.
    pub scorer: Option<String>,
    /// `pickscore_scorer_version`.
    pub scorer_version: Option<String>,
    /// `pickscore_score_0`, `pickscore_score_1`.
    pub scores: [Option<f64>; 2],
    /// `pickscore_app_version`.
    pub app_version: String,
}

/// One image of a pair.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "merge", derive(serde::Serialize, serde::Deserialize))]
pub struct RowImage {
    /// SHA-256 of the bytes in this project's data; Pick-a-Pic's own are random.
    pub uid: String,
    /// Its URL; may be empty.
    pub url: String,
    /// The model that generated it; may be empty.
    pub model: String,
    /// The encoded file, unchanged. Empty if the column was not read.
    #[cfg_attr(feature = "merge", serde(with = "serde_bytes"))]
    pub bytes: Vec<u8>,
}
