//! What generators wrote into images.

use pickscore_metadata::Metadata;
use serde_json::{Map, Value};
use wasm_bindgen::prelude::*;

/// JSON of what is in a file, or nothing.
#[wasm_bindgen(js_name = readMetadata)]
pub fn read_metadata(bytes: &[u8]) -> Option<String> {
    let found = Metadata::of(bytes)?;
    let texts = [
        ("prompt", found.prompt),
        ("negativePrompt", found.negative_prompt),
        ("seed", found.seed),
        ("model", found.model),
        ("sampler", found.sampler),
        ("scheduler", found.scheduler),
    ];
    let numbers = [
        ("steps", found.steps),
        ("guidance", found.guidance),
        ("width", found.width),
        ("height", found.height),
    ];
    let texts = texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), Value::from(text?))));
    let numbers =
        numbers.into_iter().filter_map(|(name, number)| Some((name.to_owned(), Value::from(number?))));
    let mut json: Map<String, Value> = texts.chain(numbers).collect();
    json.insert("generator".into(), found.generator.into());
    Some(Value::Object(json).to_string())
}
