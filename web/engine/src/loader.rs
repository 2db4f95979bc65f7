//! A model in the making.

use burn::tensor::{FloatDType, Tensor};
use js_sys::{Array, Function, Object, Promise, Uint8Array};
use pickscore_checkpoint::config::ClipConfig;
use pickscore_checkpoint::weights::{Loader, Parameter, Precision, StoredLayout, Values};
use pickscore_glue::object;
use pickscore_model::PickScore;
use pickscore_model::scorer::Info;
use pickscore_model::towers::{ClipBuilder, Towers};
use pickscore_pixels::Processor;
use pickscore_tokens::Tokenizer;
use wasm_bindgen::prelude::*;

use crate::{device::EngineDevice, fault::Fault, scorer::Scorer};

/// Bytes of a parameter that are handed out at a time.
const PIECE: usize = 4 << 20;

/// Takes a model's files in pieces and builds the scorer on a device, one parameter at a time.
#[wasm_bindgen]
pub struct ModelLoader {
    loader: Loader,
    building: Building,
    tokenizer: Tokenizer,
    processor: Processor,
    precision: Precision,
}

/// What complete parameters go into.
struct Building {
    builder: ClipBuilder,
    device: EngineDevice,
    layout: StoredLayout,
    store: Option<Function>,
    /// Bytes handed to the device so far.
    uploaded: f64,
}

#[wasm_bindgen]
impl ModelLoader {
    /// Begins a model. The first three are the bytes of `config.json`, `tokenizer.json` and `preprocessor_config.json`.
    ///
    /// `towers` is `"both"`, `"text"` or `"vision"`: what the device is to hold. `store(parameter, offset, bytes)` gets each complete parameter as it lies in the stored file, in pieces; the bytes are a view of
    /// this module's memory, to be copied before it returns.
    #[wasm_bindgen(constructor)]
    pub fn new(
        config: &[u8],
        tokenizer: Option<Vec<u8>>,
        preprocessor: Option<Vec<u8>>,
        precision: &str,
        device: &EngineDevice,
        towers: &str,
        store: Option<Function>,
    ) -> Result<Self, JsValue> {
        let config = ClipConfig::from_json(config).map_err(Fault::from)?;
        let tokenizer = match tokenizer {
            Some(json) => Tokenizer::from_json(&json).map_err(Fault::from)?,
            None => Tokenizer::clip(),
        };
        let size = config.vision.image_size;
        let processor = match preprocessor {
            Some(json) => Processor::from_json(&json, size).map_err(Fault::from)?,
            None => Processor::clip(size),
        };
        let (precision, compute) = self::precision(precision, device);
        let layout = StoredLayout::new(&config, precision);
        let loader = Loader::new(&config, precision);
        let towers = match towers {
            "text" => Towers::Text,
            "vision" => Towers::Vision,
            _ => Towers::Both,
        };
        let builder = ClipBuilder::new(config, compute, device.device.clone()).only(towers);
        let building = Building { builder, device: device.clone(), layout, store, uploaded: 0.0 };
        Ok(Self { loader, building, tokenizer, processor, precision })
    }

    /// How the model is stored: `{ header: Uint8Array, length, tensors: [{ parameter, offset, bytes }] }`.
    pub fn layout(&self) -> Object {
        let layout = &self.building.layout;
        let tensors = layout.tensors().iter().map(|tensor| {
            object(&[
                ("parameter", tensor.parameter.as_str().into()),
                ("offset", (tensor.offset as f64).into()),
                ("bytes", (tensor.info.bytes as f64).into()),
            ])
        });
        object(&[
            ("header", Uint8Array::from(layout.header()).into()),
            ("length", (layout.length() as f64).into()),
            ("tensors", tensors.collect::<Array>().into()),
        ])
    }

    /// Begins a file of this many bytes, where that is known. `last`: no other follows.
    pub fn begin(&mut self, name: &str, length: Option<f64>, last: bool) {
        self.loader.begin(name, length.map(|length| length as u64), last);
    }

    /// The file's next bytes.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), JsValue> {
        let building = &mut self.building;
        let pushed =
            self.loader.push(bytes, &mut |parameter, values| building.accept(parameter, values, true));
        pushed.map_err(|error| Fault::from(error).into())
    }

    /// Where the file is needed from, once its header has been pushed and stored parameters restored.
    pub fn resumes_at(&self) -> Option<f64> {
        self.loader.resumes_at().map(|position| position as f64)
    }

    /// Passes over the file up to there.
    pub fn skip_to(&mut self, position: f64) {
        self.loader.skip_to(position as u64);
    }

    /// Bytes of a stored tensor (an index into the layout's), `offset` bytes after its beginning.
    pub fn restore(&mut self, tensor: usize, offset: f64, bytes: &[u8]) -> Result<(), JsValue> {
        let building = &mut self.building;
        let tensor = building.layout.tensors().get(tensor).map(|tensor| tensor.info.clone());
        let tensor = tensor.ok_or_else(|| Fault::new("internal", "there is no such stored tensor"))?;
        let restored = self.loader.restore(&tensor, offset as u64, bytes, &mut |parameter, values| {
            building.accept(parameter, values, false);
        });
        restored.map_err(|error| Fault::from(error).into())
    }

    /// The file has ended.
    pub fn end(&mut self) -> Result<(), JsValue> {
        self.loader.end().map_err(|error| Fault::from(error).into())
    }

    /// Bytes handed to the device so far.
    #[wasm_bindgen(getter)]
    pub fn uploaded(&self) -> f64 {
        self.building.uploaded
    }

    /// Resolves when the device has taken everything that was handed to it.
    pub fn settled(&self) -> Promise {
        let device = self.building.device.clone();
        wasm_bindgen_futures::future_to_promise(async move {
            settle(&device).await?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// All files have been pushed; `name` stands for all of them in messages.
    pub fn finish(self, name: &str) -> Result<Scorer, JsValue> {
        let config = self.loader.config().clone();
        let parameters = u64::try_from(config.parameter_count()).unwrap_or(u64::MAX);
        let loaded = self.loader.finish(name).map_err(Fault::from)?;
        let clip = self.building.builder.finish().map_err(Fault::from)?;
        let device = self.building.device;
        let info = Info {
            model: name.into(),
            device: if device.gpu { "gpu" } else { "cpu" },
            adapter: None,
            precision: self.precision,
            parameters,
            unexpected: loaded.unexpected,
        };
        let mut scorer = PickScore::new(clip, self.tokenizer, self.processor, info);
        scorer.limit_batch(device.largest);
        Ok(Scorer::new(scorer))
    }
}

impl Building {
    fn accept(&mut self, parameter: &Parameter, values: Values, store: bool) {
        for (tensor, bytes) in self.layout.pieces(parameter, &values) {
            self.uploaded += bytes.len() as f64;
            let Some(store) = self.store.as_ref().filter(|_| store) else { continue };
            for (index, piece) in bytes.chunks(PIECE).enumerate() {
                let offset = tensor.offset + (index * PIECE) as u64;
                // SAFETY: the callback copies the bytes before it returns and does not call into this module.
                #[allow(unsafe_code, reason = "the one copy less of every weight")]
                let view = unsafe { Uint8Array::view(piece) };
                // It keeps its own failures: a model that cannot be stored can still be used.
                let _ = store.call3(
                    &JsValue::NULL,
                    &parameter.name.as_str().into(),
                    &(offset as f64).into(),
                    &view,
                );
            }
        }
        self.builder.accept(parameter, values);
    }
}

/// What a precision is stored and computed in on a device.
pub(crate) fn precision(name: &str, device: &EngineDevice) -> (Precision, FloatDType) {
    let precision = match name {
        "f32" => Precision::F32,
        "f16" => Precision::F16,
        _ => Precision::Q8,
    };
    let half = precision != Precision::F32 && device.half;
    (precision, if half { FloatDType::F16 } else { FloatDType::F32 })
}

/// Waits until the device has taken all uploads and finished all work.
pub(crate) async fn settle(device: &EngineDevice) -> Result<(), JsValue> {
    if !device.gpu {
        return Ok(());
    }
    let fence = Tensor::<1>::from_data([0.0f32], &device.device);
    let read = fence.into_data_async().await;
    read.map_err(|error| Fault::new("device-failed", format!("the device failed: {error}")))?;
    Ok(())
}
