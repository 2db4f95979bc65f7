//! Derives missing columns from others.

use serde::{Deserialize, Serialize};

use crate::{columns::Columns, error::DatasetError, limits::Place, row::Row, schema::Layout};
use pickscore_preferences::image_uid;

/// A missing column that was derived from others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Derived {
    /// Its name.
    pub column: String,
    /// What it was derived from.
    pub how: String,
}

impl Derived {
    pub(super) fn new(column: &str, how: &str) -> Self {
        Self { column: column.into(), how: how.into() }
    }
}

/// Adds the columns that are not in the list yet.
#[cfg(not(target_family = "wasm"))]
pub(super) fn add_derived(all: &mut Vec<Derived>, more: impl IntoIterator<Item = Derived>) {
    for derived in more {
        if !all.contains(&derived) {
            all.push(derived);
        }
    }
}

/// A line about derived columns; `None` if there are none.
pub fn derived_line(derived: &[Derived]) -> Option<String> {
    let same_how = derived.chunk_by(|one, other| one.how == other.how);
    let parts: Vec<String> = same_how
        .map(|same| {
            let columns: Vec<&str> = same.iter().map(|derived| derived.column.as_str()).collect();
            format!("{} ({})", columns.join(", "), same.first().map_or("", |derived| &derived.how))
        })
        .collect();
    (!parts.is_empty()).then(|| format!("derived: {}", parts.join(", ")))
}

/// The columns from which labels are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LabelSource {
    /// `label_0` and `label_1`.
    Both,
    /// `label_0`; the other label is 1 minus it.
    First,
    /// `label_1`; the other label is 1 minus it.
    Second,
    /// `best_image_uid`, `image_0_uid` and `image_1_uid`.
    BestUid,
}

impl Layout {
    pub(super) fn labels(&self) -> LabelSource {
        match [self.leaf("label_0"), self.leaf("label_1")] {
            [Some(_), Some(_)] => LabelSource::Both,
            [Some(_), None] => LabelSource::First,
            [None, Some(_)] => LabelSource::Second,
            [None, None] => LabelSource::BestUid,
        }
    }

    /// The columns that the reader derives for this file.
    pub(super) fn derived(&self) -> Vec<Derived> {
        let mut derived = Vec::new();
        let mut add = |column: &str, how: &str| {
            if self.leaf(column).is_none() {
                derived.push(Derived::new(column, how));
            }
        };
        let how = match self.labels() {
            LabelSource::BestUid => "from best_image_uid",
            _ => "1 minus the other label",
        };
        add("label_0", how);
        add("label_1", how);
        add("has_label", "whether there is a label");
        add("image_0_uid", "SHA-256 of the bytes");
        add("image_1_uid", "SHA-256 of the bytes");
        add("best_image_uid", "from label and uids");
        add("are_different", "by comparing the images");
        derived
    }
}

/// The label of a row from its label columns. `has_label` is `None` if the file lacks it.
pub(super) fn label(
    place: &Place<'_>,
    source: LabelSource,
    has_label: Option<bool>,
    found: [Option<f64>; 2],
) -> Result<Option<[f64; 2]>, DatasetError> {
    let found = match source {
        LabelSource::Both => found,
        LabelSource::First => [found[0], found[0].map(|share| 1.0 - share)],
        LabelSource::Second => [found[1].map(|share| 1.0 - share), found[1]],
        // It is derived after the uids are read.
        LabelSource::BestUid => return Ok(None),
    };
    if !has_label.unwrap_or(found != [None, None]) {
        return Ok(None);
    }
    let [Some(left), Some(right)] = found else {
        let column = if found[0].is_none() { "label_0" } else { "label_1" };
        let expected = match has_label {
            Some(_) => "a label, since has_label is true",
            None => "a label, since the other one is there",
        };
        return Err(place.wrong(column, "nothing".into(), expected));
    };
    place.label([left, right])?;
    Ok(Some([left, right]))
}

/// The label according to `best_image_uid`.
fn label_of_best(place: &Place<'_>, row: &Row) -> Result<Option<[f64; 2]>, DatasetError> {
    let best = row.best_image_uid.as_str();
    let [left, right] = [0, 1].map(|side: usize| row.images[side].uid.as_str());
    match best {
        "" => Ok(None),
        "tie" => Ok(Some([0.5, 0.5])),
        _ if best == left && best != right => Ok(Some([1.0, 0.0])),
        _ if best == right && best != left => Ok(Some([0.0, 1.0])),
        _ => {
            let expected = "the uid of one of the row's two images, \"tie\" or nothing";
            Err(place.wrong("best_image_uid", format!("{best:.70?}"), expected))
        }
    }
}

/// Fills in the missing columns of a row. Uids need the bytes of the images.
pub(super) fn complete(
    layout: &Layout,
    columns: Columns,
    place: &Place<'_>,
    has_label: Option<bool>,
    row: &mut Row,
) -> Result<(), DatasetError> {
    let lacks = |column: &str| layout.leaf(column).is_none();
    if columns == Columns::All && row.collected.is_none() {
        // A collected row must have uids, which are checked elsewhere.
        for image in row.images.iter_mut().filter(|image| image.uid.is_empty() && !image.bytes.is_empty()) {
            image.uid = image_uid(&image.bytes);
        }
    }
    if lacks("are_different") {
        let [left, right] = &row.images;
        let told = !left.uid.is_empty() && !right.uid.is_empty();
        row.are_different =
            if left.bytes.is_empty() { !told || left.uid != right.uid } else { left.bytes != right.bytes };
    }
    if layout.labels() == LabelSource::BestUid && has_label != Some(false) {
        row.label = label_of_best(place, row)?;
    }
    if lacks("best_image_uid") {
        row.best_image_uid = match row.label {
            Some([left, right]) if left == right => "tie".into(),
            Some([left, right]) => row.images[usize::from(right > left)].uid.clone(),
            None => String::new(),
        };
    }
    Ok(())
}
