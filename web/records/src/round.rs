//! Rounds of pairs.

use pickscore_glue::Fault;
use pickscore_preferences::{Choice, Round as InnerRound, RoundSettings};
use tsify::Ts;
use wasm_bindgen::prelude::*;

use crate::convert::to_js;
use crate::fault;
use crate::values::{Pair, RoundProgress, RoundStep};

/// A round of pairs.
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

    /// The pair to show; null if the round is over.
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
