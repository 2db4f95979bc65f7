//! The files that describe a model, and the scorer that they make it.

use js_sys::Object;
use pickscore_checkpoint::config::ModelConfig;
use pickscore_glue::object;
use pickscore_model::scorer::{Clues, Recognised, recognise};
use pickscore_score::{Formula, Scorer, TextInput};
use wasm_bindgen::prelude::*;

use crate::fault::Fault;

#[wasm_bindgen]
extern "C" {
    /// The interface `Description` of `../js/worker/description.ts`.
    pub type JsDescription;

    #[wasm_bindgen(method, getter)]
    pub fn config(this: &JsDescription) -> Vec<u8>;
    #[wasm_bindgen(method, getter)]
    pub fn tokenizer(this: &JsDescription) -> Option<Vec<u8>>;
    #[wasm_bindgen(method, getter)]
    pub fn preprocessor(this: &JsDescription) -> Option<Vec<u8>>;
    /// The name of the requested scorer.
    #[wasm_bindgen(method, getter)]
    pub fn scorer(this: &JsDescription) -> Option<String>;
    /// Names of the weights' file and of the model, most specific first.
    #[wasm_bindgen(method, getter)]
    pub fn names(this: &JsDescription) -> Vec<String>;
    #[wasm_bindgen(method, getter)]
    pub fn head(this: &JsDescription) -> Option<JsHead>;

    /// The interface `Head` of `../js/worker/description.ts`.
    pub type JsHead;

    #[wasm_bindgen(method, getter)]
    pub fn name(this: &JsHead) -> String;
    #[wasm_bindgen(method, getter)]
    pub fn bytes(this: &JsHead) -> Vec<u8>;
}

/// Recognises the scorer of a model.
pub(crate) fn recognised(files: &JsDescription) -> Result<Recognised, Fault> {
    let names = files.names();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let given = files.scorer();
    let head = files.head().map(|head| head.name());
    let config = files.config();
    let written = pickscore_checkpoint::weights::written_scorer(&config);
    let embeds = ModelConfig::from_json(&config)?.projection().is_some();
    let recognised = recognise(&Clues {
        given: given.as_deref().and_then(Scorer::named),
        written: written.as_deref(),
        head: head.as_deref(),
        names: &names,
        embeds,
    });
    Ok(recognised?)
}

/// Recognises the scorer of a model, as the interface `Recognised` of
/// `../js/worker/description.ts`.
#[wasm_bindgen]
pub fn recognise_scorer(files: &JsDescription) -> Result<Object, JsValue> {
    let Recognised { scorer, is_guess } = recognised(files)?;
    Ok(object(&[
        ("scorer", scorer.name.into()),
        ("scorerAssumed", is_guess.into()),
        ("needsHead", scorer.needs_head().into()),
        ("readsPrompt", scorer.reads_prompt().into()),
        ("hasProbabilities", scorer.has_probabilities().into()),
        ("embedsPrompts", scorer.embeds_prompts().into()),
        ("embedsImages", scorer.embeds_images().into()),
        ("readsWordPieces", (scorer.text == Some(TextInput::Bert)).into()),
        ("readsLengths", matches!(scorer.formula, Formula::Head { unit: false, .. }).into()),
    ]))
}
