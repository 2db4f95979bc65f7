//! Stores and restores rounds as JSON.

use serde::{Deserialize, Serialize};

use super::{
    error::{RoundError, StateError},
    group::{GroupChoice, Members},
    pair::{Answered, Asked, Reply, Source},
    settings::{PAIRS_MOST, POOL_MOST, RoundSettings},
    state::Round,
};
use crate::record::{Choice, Mode, UID_LENGTH};

/// The version that is written and read.
const ROUND_VERSION: u64 = 1;
/// Maximum length of the JSON, in bytes.
const LONGEST: usize = 64 << 20;
/// Maximum number of answers: more than the largest pool has pairs.
const ANSWERS_MOST: usize = POOL_MOST * POOL_MOST / 2 + PAIRS_MOST;

/// The change that the latest answer made to a round, in the format of [`Round::to_json`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RoundStep {
    /// The version of the state: `round_version`.
    pub round_version: u64,
    /// The latest answer, which is the last of `answers`; `None` if there is none.
    pub answer: Option<StoredAnswer>,
    /// The current pair or group, `pair`; `None` if the round is over.
    pub pair: Option<StoredPair>,
}

/// A stored round.
#[derive(Serialize, Deserialize)]
struct Stored {
    round_version: u64,
    settings: RoundSettings,
    answers: Vec<StoredAnswer>,
    pair: Option<StoredPair>,
}

/// A stored pair or group: its source, and whether the first image of a pair is on the right.
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
    Group(Vec<usize>),
    Control(usize),
    Earlier(usize),
}

/// A stored answer: the pair or group, `choice`, and the uids of its records: `record` for a pair,
/// `records` for a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredAnswer {
    #[serde(flatten)]
    pair: StoredPair,
    choice: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    record: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    records: Vec<String>,
}

impl StoredAnswer {
    fn of(Answered { asked, reply, records }: &Answered) -> Self {
        let (choice, record, records) = match reply {
            Reply::Pair(choice) => (choice.name().into(), records.first().cloned(), Vec::new()),
            Reply::Group(choice) => (choice.name(), None, records.clone()),
        };
        Self { pair: (*asked).into(), choice, record, records }
    }

    /// The answer, which is number `pair` of its round.
    fn answered(self, pair: usize) -> Result<Answered, StateError> {
        let asked = self.pair.asked().ok_or(StateError::Pair { pair })?;
        let unknown = StateError::Choice { pair, found: self.choice.clone() };
        let (reply, expected) = match asked.source {
            Source::Group(group) => {
                let images = group.indices().len();
                let choice = GroupChoice::of(&self.choice);
                let choice =
                    choice.filter(|choice| !matches!(choice, GroupChoice::Best(best) if *best >= images));
                (Reply::Group(choice.ok_or(unknown)?), images - 1)
            }
            _ => (Reply::Pair(Choice::of(&self.choice).ok_or(unknown)?), 1),
        };
        let records =
            if matches!(reply, Reply::Pair(_)) { Vec::from_iter(self.record) } else { self.records };
        if records.len() != expected {
            return Err(StateError::Pair { pair });
        }
        match records.iter().map(String::len).find(|&length| length > UID_LENGTH) {
            Some(length) => Err(StateError::Record { pair, length }),
            None => Ok(Answered { asked, reply, records }),
        }
    }
}

impl From<Asked> for StoredPair {
    fn from(asked: Asked) -> Self {
        let source = match asked.source {
            Source::Pool(first, second) => StoredSource::Pool([first, second]),
            Source::Group(group) => StoredSource::Group(group.indices().to_vec()),
            Source::Control(at) => StoredSource::Control(at),
            Source::Earlier(at) => StoredSource::Earlier(at),
        };
        Self { source, swapped: asked.swapped }
    }
}

impl StoredPair {
    /// `None` if it is a group of another size.
    fn asked(&self) -> Option<Asked> {
        let source = match &self.source {
            StoredSource::Pool([first, second]) => Source::Pool(*first, *second),
            StoredSource::Group(images) => Source::Group(Members::new(images)?),
            StoredSource::Control(at) => Source::Control(*at),
            StoredSource::Earlier(at) => Source::Earlier(*at),
        };
        Some(Asked { source, swapped: self.swapped })
    }
}

impl Round {
    /// The whole round as JSON.
    pub fn to_json(&self) -> String {
        let answers = self.answers.iter().map(StoredAnswer::of);
        let stored = Stored {
            round_version: ROUND_VERSION,
            settings: self.settings().clone(),
            answers: answers.collect(),
            pair: self.current.map(Into::into),
        };
        // Serialization fails only for maps with keys that are not strings.
        serde_json::to_string(&stored).unwrap_or_default()
    }

    /// The change that the latest answer made. The answers of all steps and the pair of the last
    /// step make up the whole state, and the size of a step does not depend on the number of
    /// answers.
    pub fn step(&self) -> RoundStep {
        RoundStep {
            round_version: ROUND_VERSION,
            answer: self.answers.last().map(StoredAnswer::of),
            pair: self.current.map(StoredPair::from),
        }
    }

    /// Restores a round from the JSON of [`Round::to_json`].
    ///
    /// # Errors
    ///
    /// If it is not such JSON, or no round can have this state.
    pub fn from_json(json: &str) -> Result<Self, RoundError> {
        if json.len() > LONGEST {
            return Err(RoundError::State(StateError::Size { found: json.len(), most: LONGEST }));
        }
        // The version is read first: other versions may have other fields.
        let value: serde_json::Value =
            serde_json::from_str(json).map_err(|error| RoundError::State(StateError::Json(error)))?;
        let found = value.get("round_version").and_then(serde_json::Value::as_u64);
        if found != Some(ROUND_VERSION) {
            return Err(RoundError::State(StateError::Version { found, expected: ROUND_VERSION }));
        }
        let stored: Stored =
            serde_json::from_value(value).map_err(|error| RoundError::State(StateError::Json(error)))?;
        let found = stored.answers.len();
        if found > ANSWERS_MOST {
            return Err(RoundError::State(StateError::Answers { found, most: ANSWERS_MOST }));
        }
        let mut round = Self::unanswered(stored.settings)?;
        for (pair, stored) in stored.answers.into_iter().enumerate() {
            let answered = stored.answered(pair).map_err(RoundError::State)?;
            if !round.could_ask(answered.asked) {
                return Err(RoundError::State(StateError::Pair { pair }));
            }
            round.push(answered);
        }
        let current = match stored.pair {
            Some(pair) => Some(pair.asked().ok_or(RoundError::State(StateError::Current))?),
            None => None,
        };
        let expected = match (round.settings().mode, current) {
            (Mode::Active, Some(asked)) => round.could_ask(asked).then_some(asked),
            _ => round.next(),
        };
        if current != expected {
            return Err(RoundError::State(StateError::Current));
        }
        round.current = current;
        Ok(round)
    }
}
