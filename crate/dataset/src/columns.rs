//! The table of all columns.
//!
//! [`COLUMNS`] determines the schema, reading, writing, limits, JSON Lines, CSV, Croissant, the
//! conversion of records and the fingerprints of a merge. A new column needs an entry here and a
//! field of [`Row`].

use crate::row::{Collected, Row};

/// Which columns to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Columns {
    /// All columns.
    All,
    /// All columns but the encoded images, which are most of a file.
    WithoutImages,
}

/// A column of the schema.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    /// Its description in Croissant metadata.
    pub(crate) meaning: &'static str,
    pub(crate) origin: Origin,
    pub(crate) presence: Presence,
    pub(crate) cell: Cell,
    /// Its position in the fingerprint of a row; `None` for a column that is about the file or is
    /// derived from other columns.
    #[cfg_attr(not(any(feature = "merge", test)), expect(dead_code, reason = "a merge tells rows by it"))]
    pub(crate) hashed: Option<u8>,
    /// Whether the field of the row is an `Option`, so that the fingerprint must distinguish an
    /// empty text from null.
    #[cfg_attr(not(feature = "merge"), expect(dead_code, reason = "a merge tells rows by it"))]
    pub(crate) optional: bool,
    /// The field of a record. The prefix `0.` stands for the side on which image 0 was shown.
    pub(crate) field: Option<&'static str>,
}

/// Which files have a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// All files: a column of Pick-a-Pic.
    PickAPic,
    /// Synthetic datasets: [`Row::kind`].
    Synthetic,
    /// Files with rows that PickScore collected: [`Collected`].
    Collected,
}

/// Whether a column may be missing or null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// The column may be missing, and values may be null.
    Optional,
    /// The column may be missing, but values may not be null.
    Filled,
    /// The column must be present without nulls.
    Needed,
}

/// The type of a column, with a getter (`None` for null) and a setter.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cell {
    Bool(fn(&Row) -> Option<bool>, fn(&mut Draft, bool)),
    Integer(fn(&Row) -> Option<i64>, fn(&mut Draft, i64)),
    Real(fn(&Row) -> Option<f64>, fn(&mut Draft, f64)),
    /// Nanoseconds since 1970 (UTC).
    Time(fn(&Row) -> Option<i64>, fn(&mut Draft, i64)),
    Text(fn(&Row) -> Option<&str>, fn(&mut Draft, String)),
    /// The encoded image with this index.
    Image(usize),
}

/// A row that is being read, with the columns from which its label follows.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) row: Row,
    pub(crate) has_label: Option<bool>,
    pub(crate) labels: [Option<f64>; 2],
}

impl Default for Draft {
    fn default() -> Self {
        let row = Row {
            caption: String::new(),
            images: Default::default(),
            label: None,
            best_image_uid: String::new(),
            are_different: true,
            created_at: 0,
            ranking_id: 0,
            user_id: 0,
            num_example_per_prompt: 1,
            index: 0,
            kind: None,
            collected: None,
        };
        Self { row, has_label: None, labels: [None; 2] }
    }
}

impl Draft {
    fn ours(&mut self) -> &mut Collected {
        self.row.collected.get_or_insert_default()
    }
}

impl Column {
    /// A column of Pick-a-Pic.
    const fn new(name: &'static str, meaning: &'static str, cell: Cell) -> Self {
        Self {
            name,
            meaning,
            origin: Origin::PickAPic,
            presence: Presence::Optional,
            cell,
            hashed: None,
            optional: false,
            field: None,
        }
    }

    /// PickScore's column of synthetic datasets.
    const fn synthetic(name: &'static str, meaning: &'static str, cell: Cell) -> Self {
        Self { origin: Origin::Synthetic, ..Self::new(name, meaning, cell) }
    }

    /// A column of PickScore for collected rows.
    const fn ours(name: &'static str, meaning: &'static str, cell: Cell) -> Self {
        Self { origin: Origin::Collected, ..Self::new(name, meaning, cell) }
    }

    const fn presence(self, presence: Presence) -> Self {
        Self { presence, ..self }
    }

    const fn hashed(self, at: u8) -> Self {
        Self { hashed: Some(at), ..self }
    }

    const fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    const fn field(self, field: &'static str) -> Self {
        Self { field: Some(field), ..self }
    }

    /// Whether a file with these options has the column.
    pub(crate) fn is_written(&self, kind: bool, collected: bool) -> bool {
        match self.origin {
            Origin::PickAPic => true,
            Origin::Synthetic => kind,
            Origin::Collected => collected,
        }
    }

    pub(crate) fn is_image(&self) -> bool {
        matches!(self.cell, Cell::Image(_))
    }

    /// A text as files store it: in PickScore's columns, an empty text is null.
    pub(crate) fn text<'a>(&self, text: Option<&'a str>) -> Option<&'a str> {
        text.filter(|text| self.origin != Origin::Collected || !text.is_empty())
    }
}

/// The cell of a field of [`Row`].
macro_rules! field {
    (Text $($field:tt)+) => {
        Cell::Text(|row| Some(&row.$($field)+), |draft, value| draft.row.$($field)+ = value)
    };
    ($kind:ident $($field:tt)+) => {
        Cell::$kind(|row| Some(row.$($field)+), |draft, value| draft.row.$($field)+ = value)
    };
}

/// The cell of a field of [`Collected`]. `Maybe` is an optional text; reals are always optional.
macro_rules! ours {
    (Maybe $field:ident) => {
        Cell::Text(
            |row| row.collected.as_ref()?.$field.as_deref(),
            |draft, value| draft.ours().$field = Some(value),
        )
    };
    (Text $field:ident) => {
        Cell::Text(|row| Some(&row.collected.as_ref()?.$field), |draft, value| draft.ours().$field = value)
    };
    (Real $($field:tt)+) => {
        Cell::Real(|row| row.collected.as_ref()?.$($field)+, |draft, value| draft.ours().$($field)+ = Some(value))
    };
    ($kind:ident $field:ident) => {
        Cell::$kind(|row| Some(row.collected.as_ref()?.$field), |draft, value| draft.ours().$field = value)
    };
}

/// The prompt.
pub(crate) const CAPTION: &str = "caption";
/// The column of synthetic datasets.
pub(crate) const KIND: &str = "pickscore_kind";
/// The column that is not null in rows with the columns of [`Collected`].
pub(crate) const RECORD_VERSION: &str = "pickscore_record_version";
/// The images, in order.
pub(crate) const IMAGES: [&str; 2] = ["jpg_0", "jpg_1"];
/// The columns of JSON Lines with the paths of the images.
pub(crate) const FILES: [&str; 2] = ["pickscore_file_0", "pickscore_file_1"];

const UID: &str = "SHA-256 of the image file.";
const URL: &str = "URL of the image; empty.";
const FILE: &str = "The image file, in its original format.";
const SHARE: &str = "Share of the preference: 1 if the image is preferred, 0.5 for a tie, 0 otherwise.";
const MODEL: &str = "The model that generated the image.";
const SCORE: &str = "Score of the image.";

/// Pick-a-Pic's columns in their original order, followed by those of PickScore.
pub(crate) static COLUMNS: [Column; 36] = [
    Column::new("are_different", "Whether the two images differ.", field!(Bool are_different)).hashed(9),
    Column::new(
        "best_image_uid",
        "The uid of the preferred image; tie if neither is.",
        field!(Text best_image_uid),
    )
    .hashed(8),
    Column::new(CAPTION, "The prompt.", field!(Text caption))
        .presence(Presence::Needed)
        .hashed(0)
        .field("prompt"),
    Column::new("created_at", "Time of the answer.", field!(Time created_at)).hashed(10).field("created_at"),
    Column::new(
        "has_label",
        "Whether the pair has a label; false if it was skipped.",
        Cell::Bool(|row| Some(row.label.is_some()), |draft, value| draft.has_label = Some(value)),
    )
    .field("label"),
    Column::new("image_0_uid", UID, field!(Text images[0].uid)).hashed(1).field("0.image_uid"),
    Column::new("image_0_url", URL, field!(Text images[0].url)).hashed(2),
    Column::new("image_1_uid", UID, field!(Text images[1].uid)).hashed(4).field("1.image_uid"),
    Column::new("image_1_url", URL, field!(Text images[1].url)).hashed(5),
    Column::new(IMAGES[0], FILE, Cell::Image(0)).presence(Presence::Needed),
    Column::new(IMAGES[1], FILE, Cell::Image(1)).presence(Presence::Needed),
    Column::new(
        "label_0",
        SHARE,
        Cell::Real(|row| row.label.map(|label| label[0]), |draft, value| draft.labels[0] = Some(value)),
    )
    .hashed(7),
    Column::new(
        "label_1",
        SHARE,
        Cell::Real(|row| row.label.map(|label| label[1]), |draft, value| draft.labels[1] = Some(value)),
    ),
    Column::new("model_0", MODEL, field!(Text images[0].model)).hashed(3).field("0.model"),
    Column::new("model_1", MODEL, field!(Text images[1].model)).hashed(6).field("1.model"),
    Column::new("ranking_id", "A number derived from the uid of the record.", field!(Integer ranking_id))
        .hashed(11),
    Column::new("user_id", "A number derived from the uid of the rater.", field!(Integer user_id)).hashed(12),
    Column::new(
        "num_example_per_prompt",
        "Number of rows with this prompt.",
        field!(Integer num_example_per_prompt),
    )
    .presence(Presence::Filled),
    Column::new("__index_level_0__", "The number of the row.", field!(Integer index)),
    Column::synthetic(
        KIND,
        "The kind of pair.",
        Cell::Text(|row| row.kind.as_deref(), |draft, value| draft.row.kind = Some(value)),
    )
    .hashed(13)
    .optional(),
    Column::ours(RECORD_VERSION, "The version of the record.", ours!(Integer record_version))
        .hashed(14)
        .field("record_version"),
    Column::ours("pickscore_uid", "The uid of the record.", ours!(Text uid)).hashed(15).field("uid"),
    Column::ours("pickscore_session_uid", "The visit that the record belongs to.", ours!(Text session_uid))
        .hashed(16)
        .field("session_uid"),
    Column::ours("pickscore_rater_uid", "The anonymous rater.", ours!(Text rater_uid))
        .hashed(17)
        .field("rater_uid"),
    Column::ours("pickscore_side_0", "The side of image 0: left or right.", ours!(Text side_0)).hashed(18),
    Column::ours("pickscore_mode", "How the pair was chosen.", ours!(Text mode)).hashed(19).field("mode"),
    Column::ours(
        "pickscore_control",
        "For a control pair, the image that everybody should prefer.",
        ours!(Maybe control),
    )
    .hashed(21)
    .optional()
    .field("control"),
    Column::ours(
        "pickscore_retest_of",
        "For a pair that was asked again, the uid of the first record.",
        ours!(Maybe retest_of),
    )
    .hashed(22)
    .optional()
    .field("retest_of"),
    Column::ours(
        "pickscore_group_uid",
        "For a pair of a group of images that were shown together, a name that its pairs share.",
        ours!(Maybe group_uid),
    )
    .hashed(29)
    .optional()
    .field("group_uid"),
    Column::ours("pickscore_seconds", "Time to answer, in seconds.", ours!(Real seconds))
        .hashed(25)
        .field("seconds"),
    Column::ours(
        "pickscore_scores_visible",
        "Whether scores were visible before the answer.",
        ours!(Bool scores_visible),
    )
    .hashed(28)
    .field("scores_visible"),
    Column::ours("pickscore_scorer", "The scorer that computed the scores.", ours!(Maybe scorer))
        .hashed(23)
        .optional()
        .field("scorer.name"),
    Column::ours(
        "pickscore_scorer_version",
        "Precision, build or revision of the scorer.",
        ours!(Maybe scorer_version),
    )
    .hashed(24)
    .optional()
    .field("scorer.version"),
    Column::ours("pickscore_score_0", SCORE, ours!(Real scores[0])).hashed(26).field("0.score"),
    Column::ours("pickscore_score_1", SCORE, ours!(Real scores[1])).hashed(27).field("1.score"),
    Column::ours("pickscore_app_version", "Version of the page.", ours!(Text app_version))
        .hashed(20)
        .field("app_version"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_column_has_a_name_and_a_place_of_its_own() {
        let names: BTreeSet<&str> = COLUMNS.iter().map(|column| column.name).collect();
        assert_eq!(names.len(), COLUMNS.len());
        let mut places: Vec<u8> = COLUMNS.iter().filter_map(|column| column.hashed).collect();
        places.sort_unstable();
        assert!(places.iter().copied().eq(0..places.len() as u8), "{places:?}");
        // The columns of collected rows come last.
        let last = COLUMNS.iter().filter(|column| column.origin != Origin::Collected);
        assert_eq!(last.filter_map(|column| column.hashed).max(), Some(13));
    }
}
