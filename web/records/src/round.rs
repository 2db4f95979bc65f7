//! Rounds of pairs and groups.

use pickscore_glue::Fault;
use pickscore_preferences::{
    Choice, Round as InnerRound, RoundSettings, round::GroupChoice as InnerGroupChoice,
};
use tsify::Ts;
use wasm_bindgen::prelude::*;

use crate::convert::to_js;
use crate::fault;
use crate::values::{Group, GroupPairs, Pair, RoundProgress, RoundStep};

/// A round of pairs or groups.
#[wasm_bindgen]
pub struct Round(InnerRound);

#[wasm_bindgen]
impl Round {
    /// Starts a round from the JSON of its `RoundSettings`.
    pub fn start(settings: &str) -> Result<Self, JsValue> {
        let settings: RoundSettings = serde_json::from_str(settings)
            .map_err(|error| Fault::new("round", format!("settings: {error}")))?;
        Ok(Self(InnerRound::start(settings).map_err(fault::round)?))
    }

    /// Restores a round from the JSON of its state.
    pub fn restore(state: &str) -> Result<Self, JsValue> {
        Ok(Self(InnerRound::from_json(state).map_err(fault::round)?))
    }

    #[wasm_bindgen(unchecked_return_type = "Mode")]
    pub fn mode(&self) -> String {
        self.0.settings().mode.name().into()
    }

    #[wasm_bindgen(js_name = isOver)]
    pub fn is_over(&self) -> bool {
        self.0.is_over()
    }

    /// The group to show; null if the round is over or a pair is shown.
    pub fn group(&self) -> Result<Option<Ts<Group>>, JsValue> {
        self.0.group().map(to_js).transpose()
    }

    /// The pairs of the group that an answer gives.
    #[wasm_bindgen(js_name = pairsOf)]
    pub fn pairs_of(
        &self,
        #[wasm_bindgen(unchecked_param_type = "GroupChoice")] choice: &str,
    ) -> Result<Ts<GroupPairs>, JsValue> {
        to_js(self.0.pairs_of(group_choice(choice)?).map_err(fault::round)?)
    }

    /// Answers the group. `records` are the uids of the records of its pairs.
    #[wasm_bindgen(js_name = chooseBest)]
    pub fn choose_best(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "GroupChoice")] choice: &str,
        records: Vec<String>,
    ) -> Result<(), JsValue> {
        Ok(self.0.choose_best(group_choice(choice)?, &records).map_err(fault::round)?)
    }

    /// The pair to show; null if the round is over or a group is shown.
    pub fn pair(&self) -> Result<Option<Ts<Pair>>, JsValue> {
        self.0.pair().map(to_js).transpose()
    }

    pub fn progress(&self) -> Result<Ts<RoundProgress>, JsValue> {
        to_js(self.0.progress())
    }

    pub fn best(&self) -> Option<String> {
        self.0.best()
    }

    /// Answers the pair.
    pub fn choose(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "Choice")] choice: &str,
        record: &str,
    ) -> Result<(), JsValue> {
        let choice = Choice::of(choice).ok_or_else(|| {
            Fault::new("bad-argument", "a choice is \"left\", \"tie\", \"right\" or \"skip\"")
        })?;
        Ok(self.0.choose(choice, record).map_err(fault::round)?)
    }

    /// Asks another pair of the pool in place of the current one.
    pub fn suggest(&mut self, one: &str, other: &str) -> bool {
        self.0.suggest(one, other)
    }

    /// Removes answers and returns the uids of their records.
    pub fn undo(&mut self, count: usize) -> Vec<String> {
        self.0.undo(count)
    }

    /// The change that the latest answer made.
    pub fn step(&self) -> Result<Ts<RoundStep>, JsValue> {
        to_js(self.0.step())
    }

    /// The whole round as JSON.
    pub fn state(&self) -> String {
        self.0.to_json()
    }
}

fn group_choice(choice: &str) -> Result<InnerGroupChoice, Fault> {
    InnerGroupChoice::of(choice).ok_or_else(|| {
        Fault::new("bad-argument", "a choice of a group is \"1\" to \"4\", \"tie\" or \"skip\"")
    })
}
