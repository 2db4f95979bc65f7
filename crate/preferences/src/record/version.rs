//! Reads records of every version.
//!
//! A record contains its version. Reading upgrades it to the newest version, one version at a time:
//! `UPGRADES[0]` converts version 1 to version 2, and so on. A new version needs a new function
//! here and a new fixture in `tests/records/`; existing functions and fixtures never change.

use serde_json::{Map, Value};

use super::{
    check::wrong,
    choice_record::{Mode, RECORD_VERSION, Record, Scorer, Shown},
    error::RecordError,
    fields::Fields,
    label::{Label, Side},
};

/// Converts a record of one version to the next version.
type Upgrade = fn(&mut Map<String, Value>) -> Result<(), RecordError>;

/// From version 1 to 2, from 2 to 3, …
const UPGRADES: [Upgrade; RECORD_VERSION as usize - 1] = [];

impl Record {
    /// Reads a record of any version and checks it. `now` is the time in milliseconds since 1970.
    ///
    /// # Errors
    ///
    /// As [`Record::parse`] and [`Record::check`].
    pub fn from_json(value: &Value, now: i64) -> Result<Self, RecordError> {
        let record = Self::parse(value)?;
        record.check(now)?;
        Ok(record)
    }

    /// Reads a record of any version. [`Record::check`] is left to the caller.
    ///
    /// # Errors
    ///
    /// If it is not an object, its version is unknown, or a field is missing or has another type.
    pub fn parse(value: &Value) -> Result<Self, RecordError> {
        let object = value.as_object();
        let object = object.ok_or_else(|| RecordError::NoRecord { reason: "it is no object".into() })?;
        let upgraded = upgraded(object, &UPGRADES)?;
        Self::of_fields(&Fields::of(upgraded.as_ref().unwrap_or(object)))
    }

    /// Reads the fields of the newest version.
    fn of_fields(fields: &Fields<'_>) -> Result<Self, RecordError> {
        let label = fields.word("label", Label::named, "\"left\", \"tie\" or \"right\"")?;
        if fields.flag("has_label")?.is_some_and(|has_label| has_label != label.is_some()) {
            let found =
                format!("{} beside {} label", label.is_none(), if label.is_some() { "a" } else { "no" });
            return Err(wrong("has_label", found, "true beside a label, false beside none"));
        }
        let scorer = fields.object("scorer", "scorer.")?;
        let scorer = scorer.map(|scorer| {
            let (name, version) = (scorer.needed("name")?, scorer.needed("version")?);
            Ok(Scorer { name, version })
        });
        let shown = |side, within| {
            let shown = fields.object(side, within)?.ok_or_else(|| fields.wrong(side, "an object"))?;
            Ok(Shown {
                image_uid: shown.needed("image_uid")?,
                model: shown.text("model")?.filter(|model| !model.is_empty()),
                score: shown.number("score")?,
            })
        };
        let modes = "\"winner-stays\", \"all-pairs\", \"active\", \"best-of-four\" or \"retest\"";
        Ok(Self {
            uid: fields.needed("uid")?,
            prompt: fields.needed("prompt")?,
            left: shown("left", "left.")?,
            right: shown("right", "right.")?,
            label,
            created_at: fields
                .integer("created_at")?
                .ok_or_else(|| fields.wrong("created_at", "a whole number"))?,
            session_uid: fields.needed("session_uid")?,
            rater_uid: fields.needed("rater_uid")?,
            mode: fields.word("mode", Mode::of, modes)?.ok_or_else(|| fields.wrong("mode", modes))?,
            control: fields.word("control", Side::of, "\"left\" or \"right\"")?,
            retest_of: fields.text("retest_of")?,
            // Absent in records of pages that showed only pairs.
            group_uid: fields.text("group_uid")?,
            seconds: fields.number("seconds")?,
            scores_visible: fields.flag("scores_visible")?.unwrap_or(false),
            scorer: scorer.transpose()?,
            app_version: fields.needed("app_version")?,
        })
    }
}

/// Upgrades a record; `None` if it has the newest version already.
fn upgraded(
    record: &Map<String, Value>,
    upgrades: &[Upgrade],
) -> Result<Option<Map<String, Value>>, RecordError> {
    let found = record.get("record_version").ok_or_else(|| RecordError::Version { found: "none".into() })?;
    let newest = upgrades.len() as u64 + 1;
    let version =
        found.as_u64().or_else(|| found.as_f64().filter(|real| real.fract() == 0.0).map(|real| real as u64));
    let version = version.filter(|version| (1..=newest).contains(version));
    let version = version
        .ok_or_else(|| RecordError::Version { found: found.to_string().chars().take(40).collect() })?;
    let steps = &upgrades[version as usize - 1..];
    if steps.is_empty() {
        return Ok(None);
    }
    let mut record = record.clone();
    steps.iter().try_for_each(|step| step(&mut record))?;
    Ok(Some(record))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three invented versions: version 2 renames `a` to `b`, version 3 adds `c`.
    #[test]
    fn every_step_to_the_newest_version_is_taken() {
        let renamed: Upgrade = |record| {
            let a = record.remove("a").unwrap_or_default();
            record.insert("b".into(), a);
            Ok(())
        };
        let added: Upgrade = |record| {
            record.insert("c".into(), 3.into());
            Ok(())
        };
        let steps = [renamed, added];
        for (version, json, expected) in [
            (1, r#"{"record_version":1,"a":5}"#, r#"{"record_version":1,"b":5,"c":3}"#),
            (2, r#"{"record_version":2,"b":5}"#, r#"{"record_version":2,"b":5,"c":3}"#),
        ] {
            let record: Map<String, Value> = serde_json::from_str(json).unwrap();
            let upgraded = upgraded(&record, &steps).unwrap().unwrap();
            assert_eq!(
                Value::Object(upgraded),
                serde_json::from_str::<Value>(expected).unwrap(),
                "{version}"
            );
        }
        let newest: Map<String, Value> = serde_json::from_str(r#"{"record_version":3.0}"#).unwrap();
        assert_eq!(upgraded(&newest, &steps), Ok(None));
        for version in ["0", "4", "-1", "1.5", "\"1\"", "1e300", "null"] {
            let json = format!("{{\"record_version\":{version}}}");
            let record: Map<String, Value> = serde_json::from_str(&json).unwrap();
            assert!(matches!(upgraded(&record, &steps), Err(RecordError::Version { .. })), "{version}");
        }
    }
}
