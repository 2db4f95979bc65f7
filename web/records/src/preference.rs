//! Rounds and records.

use pickscore_preferences::evaluate::{
    Bootstrap, RankBy, Ranker as InnerRanker, ScorerAgreement, SelfAgreement, choices, ranking::RankError,
    scorer_agreement as agreement_of, self_agreement as self_agreement_of,
};
use pickscore_preferences::{
    Choice, Comparison, Record, Round as InnerRound, RoundSettings, image_uid as uid_of,
};
use serde_json::{Value, json};
use wasm_bindgen::prelude::*;

use crate::fault::Fault;

/// `imageUid`.
#[wasm_bindgen(js_name = imageUid)]
pub fn image_uid(bytes: &[u8]) -> String {
    uid_of(bytes)
}

/// `checkRecord`: JSON of a record of any version → JSON of the newest.
#[wasm_bindgen(js_name = checkRecord)]
pub fn check_record(json: &str, now: f64) -> Result<String, JsValue> {
    Ok(record(&parsed(json, "record")?, now)?.to_json().to_string())
}

/// `compareRecords`.
#[wasm_bindgen(js_name = compareRecords)]
pub fn compare_records(known: &str, incoming: &str, now: f64) -> Result<String, JsValue> {
    let Comparison { fresh, duplicates, renamed } =
        Comparison::of(&records(known, now)?, records(incoming, now)?);
    let fresh: Vec<Value> = fresh.iter().map(Record::to_json).collect();
    let renamed: Vec<Value> = renamed.iter().map(|(from, to)| json!({ "from": from, "to": to })).collect();
    Ok(json!({ "fresh": fresh, "duplicates": duplicates, "renamed": renamed }).to_string())
}

/// `selfAgreement`.
#[wasm_bindgen(js_name = selfAgreement)]
pub fn self_agreement(json: &str, now: f64) -> Result<String, JsValue> {
    let SelfAgreement { repeats, oneself } = self_agreement_of(&records(json, now)?, &Bootstrap::default());
    let repeats: Vec<Value> =
        repeats.iter().map(|repeat| json!({ "records": repeat.records, "agrees": repeat.agrees })).collect();
    Ok(json!({ "repeats": repeats, "oneself": oneself }).to_string())
}

/// `scorerAgreement`.
#[wasm_bindgen(js_name = scorerAgreement)]
pub fn scorer_agreement(json: &str, now: f64) -> Result<String, JsValue> {
    let found = agreement_of(&records(json, now)?, &Bootstrap::default());
    let found = found.map(|ScorerAgreement { pairs, score }| {
        json!({ "pairs": pairs, "score": score.value, "low": score.low, "high": score.high })
    });
    Ok(Value::from(found).to_string())
}

/// `ranking`: a piece of work at a time.
#[wasm_bindgen]
pub struct Ranker(Option<InnerRanker>);

#[wasm_bindgen]
impl Ranker {
    /// Of JSON of records, by `"image"` or `"model"`; nothing where no two things are compared.
    pub fn of(json: &str, by: &str, now: f64) -> Result<Option<Self>, JsValue> {
        let by = match by {
            "image" => RankBy::Image,
            "model" => RankBy::Model,
            _ => return Err(Fault::new("bad-argument", "`by` is \"image\" or \"model\"").into()),
        };
        match InnerRanker::new(&choices(&records(json, now)?, by), &by.options()) {
            Ok(ranker) => Ok(Some(Self(Some(ranker)))),
            Err(RankError::Nothing { .. }) => Ok(None),
            Err(error) => Err(Fault::new("internal", error).into()),
        }
    }

    /// Does the next piece; false where there was none.
    pub fn step(&mut self) -> Result<bool, JsValue> {
        let Some(ranker) = &mut self.0 else { return Ok(false) };
        let progress = ranker.step().map_err(|error| Fault::new("internal", error))?;
        Ok(progress.is_some())
    }

    /// JSON of the ranking, once.
    pub fn finish(&mut self) -> String {
        json!(self.0.take().map(InnerRanker::finish)).to_string()
    }
}

fn parsed(json: &str, code: &'static str) -> Result<Value, Fault> {
    serde_json::from_str(json).map_err(|error| Fault::new(code, error))
}

fn record(value: &Value, now: f64) -> Result<Record, Fault> {
    Ok(Record::from_json(value, now as i64)?)
}

/// A list of records, of which each has to be one.
pub(crate) fn records(json: &str, now: f64) -> Result<Vec<Record>, Fault> {
    let value = parsed(json, "record")?;
    let list = value.as_array().ok_or_else(|| Fault::new("bad-argument", "the records are no list"))?;
    let numbered = |(at, value)| {
        Record::from_json(value, now as i64)
            .map_err(|error| Fault::new("record", format!("record {at}: {error}")))
    };
    list.iter().enumerate().map(numbered).collect()
}

/// A round of pairs.
#[wasm_bindgen]
pub struct Round(InnerRound);

#[wasm_bindgen]
impl Round {
    /// Starts a round from JSON of its settings.
    pub fn start(settings: &str) -> Result<Self, JsValue> {
        let settings: RoundSettings = serde_json::from_str(settings)
            .map_err(|error| Fault::new("round", format!("settings: {error}")))?;
        Ok(Self(InnerRound::start(settings).map_err(Fault::from)?))
    }

    /// Goes on where a round was.
    pub fn restore(state: &str) -> Result<Self, JsValue> {
        Ok(Self(InnerRound::from_json(state).map_err(Fault::from)?))
    }

    pub fn mode(&self) -> String {
        self.0.settings().mode.name().into()
    }

    /// JSON of the pair to show, or `null`.
    pub fn pair(&self) -> String {
        let pair = self.0.pair().map(|pair| {
            json!({
                "number": pair.number,
                "left": pair.left,
                "right": pair.right,
                "control": pair.control.map(|side| side.name()),
                "retestOf": pair.retest_of,
            })
        });
        Value::from(pair).to_string()
    }

    pub fn progress(&self) -> String {
        let progress = self.0.progress();
        json!({ "answered": progress.answered, "total": progress.total, "undoable": progress.answered })
            .to_string()
    }

    pub fn best(&self) -> Option<String> {
        self.0.best()
    }

    /// Answers the pair and gives the next one's JSON.
    pub fn choose(&mut self, choice: &str, record: &str) -> Result<String, JsValue> {
        let choice = Choice::of(choice).ok_or_else(|| {
            Fault::new("bad-argument", "a choice is \"left\", \"tie\", \"right\" or \"skip\"")
        })?;
        self.0.choose(choice, record).map_err(Fault::from)?;
        Ok(self.pair())
    }

    /// Takes answers back and gives their records' uids.
    pub fn undo(&mut self, count: usize) -> Vec<String> {
        self.0.undo(count)
    }

    pub fn state(&self) -> String {
        self.0.to_json()
    }
}
