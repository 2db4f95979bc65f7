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
