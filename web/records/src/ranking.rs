//! Rankings, computed in steps so that the page stays responsive.

use pickscore_glue::Fault;
use pickscore_preferences::evaluate::{RankBy, Ranker as InnerRanker, choices, ranking::RankError};
use tsify::Ts;
use wasm_bindgen::prelude::*;

use crate::{convert::to_js, preference::records, values::Ranking};

/// Computes a ranking.
#[wasm_bindgen]
pub struct Ranker(Option<InnerRanker>);

#[wasm_bindgen]
impl Ranker {
    /// Ranks images or models of a JSON array of records; null if no two items are compared.
    pub fn of(
        json: &str,
        #[wasm_bindgen(unchecked_param_type = "\"image\" | \"model\"")] by: &str,
        now: f64,
    ) -> Result<Option<Self>, JsValue> {
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

    /// Does the next step; false if no step was left.
    pub fn step(&mut self) -> Result<bool, JsValue> {
        let Some(ranker) = &mut self.0 else { return Ok(false) };
        let progress = ranker.step().map_err(|error| Fault::new("internal", error))?;
        Ok(progress.is_some())
    }

    /// The ranking. It can be taken once.
    pub fn finish(&mut self) -> Result<Option<Ts<Ranking>>, JsValue> {
        self.0.take().map(|ranker| to_js(ranker.finish())).transpose()
    }
}
