//! A round as text, and back.

use serde::{Deserialize, Serialize};

use super::{Answered, Asked, Choice, Mode, PAIRS_MOST, Round, RoundError, RoundSettings, Source};
use crate::record::UID_LENGTH;

/// The version that is written and read.
const ROUND_VERSION: u64 = 1;
/// Most bytes of a round as text.
const LONGEST: usize = 64 << 20;
/// Most answers of a round: more than all pairs of the largest pool.
const ANSWERS_MOST: usize = super::POOL_MOST * super::POOL_MOST / 2 + PAIRS_MOST;

/// What the latest answer changed in a round, in the form of [`Round::to_json`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RoundStep {
    /// The version of the state that it belongs to: `round_version`.
    pub round_version: u64,
    /// The latest answer, the last one of `answers`; `None` if there is none.
    pub answer: Option<StoredAnswer>,
    /// The pair that is shown, `pair`; `None` if the round is over.
    pub pair: Option<StoredPair>,
}

/// A round as it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    round_version: u64,
    settings: RoundSettings,
    answers: Vec<StoredAnswer>,
    pair: Option<StoredPair>,
}

/// A pair as it is stored: where it comes from, and whether its first image is on the right.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredPair {
    #[serde(flatten)]
    source: StoredSource,
    swapped: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StoredSource {
    Pool([usize; 2]),
    Control(usize),
    Earlier(usize),
}

/// An answer as it is stored: the pair, `choice` and `record`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredAnswer {
    #[serde(flatten)]
    pair: StoredPair,
    choice: String,
    record: String,
}

impl StoredAnswer {
    fn of(answered: &Answered) -> Self {
        Self {
            pair: answered.asked.into(),
            choice: answered.choice.name().into(),
            record: answered.record.clone(),
        }
    }
}

impl From<Asked> for StoredPair {
    fn from(asked: Asked) -> Self {
        let source = match asked.source {
            Source::Pool(first, second) => StoredSource::Pool([first, second]),
            Source::Control(at) => StoredSource::Control(at),
            Source::Earlier(at) => StoredSource::Earlier(at),
        };
        Self { source, swapped: asked.swapped }
    }
}

impl From<StoredPair> for Asked {
    fn from(pair: StoredPair) -> Self {
        let source = match pair.source {
            StoredSource::Pool([first, second]) => Source::Pool(first, second),
            StoredSource::Control(at) => Source::Control(at),
            StoredSource::Earlier(at) => Source::Earlier(at),
        };
        Self { source, swapped: pair.swapped }
    }
}

impl Round {
    /// The whole round as JSON.
    pub fn to_json(&self) -> String {
        let answers = self.answers.iter().map(StoredAnswer::of);
        let stored = Stored {
            round_version: ROUND_VERSION,
            settings: self.settings.clone(),
            answers: answers.collect(),
            pair: self.current.map(Into::into),
        };
        // Nothing in it has keys other than texts, which is all that could fail.
        serde_json::to_string(&stored).unwrap_or_default()
    }

    /// What the latest answer changed. Whoever keeps the answers of all steps and the pair of the last
    /// one has the whole state, and stores as little for the thousandth answer as for the first.
    pub fn step(&self) -> RoundStep {
        RoundStep {
            round_version: ROUND_VERSION,
            answer: self.answers.last().map(StoredAnswer::of),
            pair: self.current.map(StoredPair::from),
        }
    }

    /// The round of some JSON, in the very place where it was.
    ///
    /// # Errors
    ///
    /// When it is not such JSON, or a state that no round could come into.
    pub fn from_json(json: &str) -> Result<Self, RoundError> {
        let impossible = |reason: String| RoundError::State { reason };
        if json.len() > LONGEST {
            return Err(impossible(format!("it has {} bytes; expected at most {LONGEST}", json.len())));
        }
        // Its version comes first: of another one, nothing else need be as it is here.
        let value: serde_json::Value =
            serde_json::from_str(json).map_err(|error| impossible(error.to_string()))?;
        let version = value.get("round_version").and_then(serde_json::Value::as_u64);
        if version != Some(ROUND_VERSION) {
            let found = version.map_or_else(|| "no version".into(), |version| format!("version {version}"));
            return Err(impossible(format!("it has {found}; expected version {ROUND_VERSION}")));
        }
        let stored: Stored = serde_json::from_value(value).map_err(|error| impossible(error.to_string()))?;
        if stored.answers.len() > ANSWERS_MOST {
            let count = stored.answers.len();
            return Err(impossible(format!("{count} answers; expected at most {ANSWERS_MOST}")));
        }
        let mut round = Self::unanswered(stored.settings)?;
        // In the other modes each next pair is worked out in no time, and has to be the one that was stored.
        for (number, stored) in stored.answers.into_iter().enumerate() {
            let choice = Choice::of(&stored.choice).ok_or_else(|| {
                impossible(format!("the answer to pair {number} is {:.40?}", stored.choice))
            })?;
            if stored.record.len() > UID_LENGTH {
                let length = stored.record.len();
                return Err(impossible(format!(
                    "the record of pair {number} has a uid of {length} characters"
                )));
            }
            let answered = Answered { asked: stored.pair.into(), choice, record: stored.record };
            if !round.could_ask(&answered) {
                return Err(impossible(format!("pair {number} is not one that came after those before")));
            }
            round.push(answered);
        }
        let current: Option<Asked> = stored.pair.map(Into::into);
        let expected = match (round.settings.mode, current) {
            (Mode::Active, Some(asked)) => {
                let answered = Answered { asked, choice: Choice::Skip, record: String::new() };
                round.could_ask(&answered).then_some(asked)
            }
            _ => round.next(),
        };
        if current != expected {
            return Err(impossible("the pair that is shown is not one that comes after the answers".into()));
        }
        round.current = current;
        Ok(round)
    }
}
