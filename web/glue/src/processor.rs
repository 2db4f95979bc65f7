//! Image processors as plain JavaScript objects, which one worker sends to another.

use js_sys::{Float64Array, Object};
use pickscore_pixels::{Limits, Method, Processor, Resize};
use wasm_bindgen::prelude::*;

use crate::object::object;

#[wasm_bindgen]
extern "C" {
    /// The interface `ProcessorDescription` of `../../engine/js/worker/prepare.ts`.
    pub type JsProcessor;

    #[wasm_bindgen(method, getter)]
    fn size(this: &JsProcessor) -> f64;
    #[wasm_bindgen(method, getter)]
    fn method(this: &JsProcessor) -> String;
    #[wasm_bindgen(method, getter)]
    fn resize(this: &JsProcessor) -> Vec<f64>;
    #[wasm_bindgen(method, getter)]
    fn rescale(this: &JsProcessor) -> f64;
    #[wasm_bindgen(method, getter)]
    fn mean(this: &JsProcessor) -> Vec<f64>;
    #[wasm_bindgen(method, getter)]
    fn deviation(this: &JsProcessor) -> Vec<f64>;
    #[wasm_bindgen(method, getter, js_name = maxPixels)]
    fn max_pixels(this: &JsProcessor) -> f64;
}

/// A processor as the interface `ProcessorDescription`. Every number is exact as an f64.
pub fn processor_to_js(processor: &Processor) -> Object {
    let Processor { size, method, resize, rescale, mean, deviation, limits } = processor;
    let method = match method {
        Method::Clip => "clip",
        Method::Hps => "hps",
        Method::ImageReward => "image-reward",
    };
    let resize = match *resize {
        Resize::Shortest(edge) => vec![edge as f64],
        Resize::To { width, height } => vec![width as f64, height as f64],
    };
    let numbers = |values: &[f64]| Float64Array::from(values).into();
    object(&[
        ("size", (*size as f64).into()),
        ("method", method.into()),
        ("resize", numbers(&resize)),
        ("rescale", (*rescale).into()),
        ("mean", numbers(&mean.map(f64::from))),
        ("deviation", numbers(&deviation.map(f64::from))),
        ("maxPixels", (limits.max_pixels as f64).into()),
    ])
}

/// The processor that [`processor_to_js`] has described.
pub fn processor_from_js(description: &JsProcessor) -> Processor {
    let method = match description.method().as_str() {
        "hps" => Method::Hps,
        "image-reward" => Method::ImageReward,
        _ => Method::Clip,
    };
    let resize = match description.resize()[..] {
        [width, height] => Resize::To { width: width as usize, height: height as usize },
        [edge, ..] => Resize::Shortest(edge as usize),
        [] => Resize::Shortest(description.size() as usize),
    };
    let channels = |values: Vec<f64>| std::array::from_fn(|at| values.get(at).map_or(0.0, |&x| x as f32));
    Processor {
        size: description.size() as usize,
        method,
        resize,
        rescale: description.rescale(),
        mean: channels(description.mean()),
        deviation: channels(description.deviation()),
        limits: Limits { max_pixels: description.max_pixels() as u64 },
    }
}
