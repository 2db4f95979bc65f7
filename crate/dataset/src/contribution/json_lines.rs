//! Rows as JSON Lines: the columns by their names, but for the images, which are files beside them.

use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::{Map, Value};

use super::time;
use crate::{
    Collected, DatasetError, Row, RowImage,
    limits::Place,
    schema::{COLUMNS, Column, Kind, RECORD_VERSION},
};

/// The columns that name the images' files.
pub(super) const FILES: [&str; 2] = ["pickscore_file_0", "pickscore_file_1"];

/// The columns of a row that a text can hold, in order.
pub(super) fn columns() -> impl Iterator<Item = Column> {
    COLUMNS.into_iter().filter(|column| column.kind != Kind::Image && column.is_written(false, true))
}

/// A row's value in a column, as JSON has it.
pub(super) fn cell(row: &Row, name: &str) -> Value {
    let collected = row.collected.as_ref();
    match name {
        "are_different" => row.are_different.into(),
        "best_image_uid" => row.best_image_uid.as_str().into(),
        "caption" => row.caption.as_str().into(),
        "created_at" => time::written(row.created_at.div_euclid(1_000_000)).into(),
        "has_label" => row.label.is_some().into(),
        "image_0_uid" => row.images[0].uid.as_str().into(),
        "image_0_url" => row.images[0].url.as_str().into(),
        "image_1_uid" => row.images[1].uid.as_str().into(),
        "image_1_url" => row.images[1].url.as_str().into(),
        "label_0" => row.label.map(|label| label[0]).into(),
        "label_1" => row.label.map(|label| label[1]).into(),
        "model_0" => row.images[0].model.as_str().into(),
        "model_1" => row.images[1].model.as_str().into(),
        "ranking_id" => row.ranking_id.into(),
        "user_id" => row.user_id.into(),
        "num_example_per_prompt" => row.num_example_per_prompt.into(),
        "__index_level_0__" => row.index.into(),
        RECORD_VERSION => collected.map(|collected| collected.record_version).into(),
        "pickscore_seconds" => collected.and_then(|collected| collected.seconds).into(),
        "pickscore_scores_visible" => collected.map(|collected| collected.scores_visible).into(),
        "pickscore_score_0" => collected.and_then(|collected| collected.scores[0]).into(),
        "pickscore_score_1" => collected.and_then(|collected| collected.scores[1]).into(),
        name => collected.and_then(|collected| collected.text(name)).map(String::as_str).into(),
    }
}

/// A row with the paths of its images: serialised, it is a line.
pub(super) struct Line<'a> {
    pub(super) row: &'a Row,
    pub(super) files: [&'a str; 2],
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for column in columns() {
            map.serialize_entry(column.name, &cell(self.row, column.name))?;
        }
        for (name, file) in FILES.into_iter().zip(self.files) {
            map.serialize_entry(name, file)?;
        }
        map.end()
    }
}

/// The row of a line and the paths of its images, where it names some. The images' bytes are left empty.
pub(crate) fn read(
    place: &Place<'_>,
    line: &Map<String, Value>,
) -> Result<(Row, [Option<String>; 2]), DatasetError> {
    let reader = LineReader { place, line };
    let has_label = reader.flag("has_label")?;
    let labels = [reader.real("label_0")?, reader.real("label_1")?];
    let label = match labels {
        [Some(left), Some(right)] if has_label.unwrap_or(true) => {
            place.label([left, right])?;
            Some([left, right])
        }
        _ if has_label == Some(true) => {
            let column = if labels[0].is_none() { "label_0" } else { "label_1" };
            return Err(place.wrong(column, "nothing".into(), "a label, since has_label is true"));
        }
        _ => None,
    };
    let image = |uid, url, model| -> Result<RowImage, DatasetError> {
        Ok(RowImage {
            uid: reader.text(uid)?.unwrap_or_default(),
            url: reader.text(url)?.unwrap_or_default(),
            model: reader.text(model)?.unwrap_or_default(),
            bytes: Vec::new(),
        })
    };
    let missing = |column, expected| place.wrong(column, "nothing".into(), expected);
    let row = Row {
        caption: reader.text("caption")?.ok_or_else(|| missing("caption", "a text"))?,
        images: [
            image("image_0_uid", "image_0_url", "model_0")?,
            image("image_1_uid", "image_1_url", "model_1")?,
        ],
        label,
        best_image_uid: reader.text("best_image_uid")?.unwrap_or_default(),
        are_different: reader.flag("are_different")?.unwrap_or(true),
        created_at: reader.time("created_at")?,
        ranking_id: reader.integer("ranking_id")?.unwrap_or_default(),
        user_id: reader.integer("user_id")?.unwrap_or_default(),
        num_example_per_prompt: reader
            .integer("num_example_per_prompt")?
            .ok_or_else(|| missing("num_example_per_prompt", "a number"))?,
        index: reader.integer("__index_level_0__")?.unwrap_or_default(),
        kind: None,
        collected: reader.collected()?,
    };
    place.row(&row)?;
    Ok((row, [reader.text(FILES[0])?, reader.text(FILES[1])?]))
}

/// One line, whose values are taken by their columns.
struct LineReader<'a> {
    place: &'a Place<'a>,
    line: &'a Map<String, Value>,
}

impl LineReader<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        self.line.get(name).filter(|value| !value.is_null())
    }

    fn take<T>(
        &self,
        name: &'static str,
        expected: &'static str,
        of: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>, DatasetError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let wrong = || {
            let text = value.to_string();
            let start: String = text.chars().take(40).collect();
            self.place.wrong(name, start, expected)
        };
        of(value).map(Some).ok_or_else(wrong)
    }

    fn text(&self, name: &'static str) -> Result<Option<String>, DatasetError> {
        let text = self.take(name, "a text", |value| value.as_str().map(str::to_owned))?;
        text.as_ref().map_or(Ok(()), |text| self.place.text(name, text.len()))?;
        Ok(text)
    }

    fn flag(&self, name: &'static str) -> Result<Option<bool>, DatasetError> {
        self.take(name, "true or false", Value::as_bool)
    }

    fn integer(&self, name: &'static str) -> Result<Option<i64>, DatasetError> {
        self.take(name, "a whole number", Value::as_i64)
    }

    fn real(&self, name: &'static str) -> Result<Option<f64>, DatasetError> {
        self.take(name, "a number", Value::as_f64)
    }

    /// Nanoseconds since 1970; 0 where there is no time.
    fn time(&self, name: &'static str) -> Result<i64, DatasetError> {
        let expected = "a time such as 2026-11-26T09:00:00.000Z";
        Ok(self.take(name, expected, |value| time::read(value.as_str()?))?.unwrap_or_default())
    }

    fn collected(&self) -> Result<Option<Collected>, DatasetError> {
        let Some(record_version) = self.integer(RECORD_VERSION)? else { return Ok(None) };
        let mut collected = Collected {
            record_version,
            seconds: self.real("pickscore_seconds")?,
            scores_visible: self.flag("pickscore_scores_visible")?.unwrap_or(false),
            scores: [self.real("pickscore_score_0")?, self.real("pickscore_score_1")?],
            ..Collected::default()
        };
        for name in Collected::TEXTS {
            if let Some(text) = self.text(name)? {
                collected.set_text(name, text);
            }
        }
        Ok(Some(collected))
    }
}
