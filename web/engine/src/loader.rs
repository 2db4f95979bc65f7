//! Loads a model.

use js_sys::{Array, Function, Object, Promise, Uint8Array};
use pickscore_checkpoint::config::ModelConfig;
use pickscore_checkpoint::weights::{Kind, Loader, Parameter, Precision, StoredLayout, Values};
use pickscore_glue::object;
use pickscore_model::PickScore;
use pickscore_model::scorer::{Info, PromptTokenizer, Scoring, identity, processor, prompt_tokenizer};
use pickscore_model::towers::{ModelBuilder, Towers};
use pickscore_pixels::Processor;
use wasm_bindgen::prelude::*;

use crate::{
    checksum::checksum,
    description::{JsDescription, recognised},
    device::EngineDevice,
    fault::Fault,
    precision::parse_precision,
    scorer::Scorer,
};

/// The layout of a model's stored file in a precision:
/// `{ header: Uint8Array, checksum, length, tensors: [{ parameter, offset, bytes, isVector }] }`,
/// with the checksum of the header.
#[wasm_bindgen]
pub fn stored_layout(config: &[u8], precision: &str) -> Result<Object, JsValue> {
    let config = ModelConfig::from_json(config).map_err(Fault::from)?;
    Ok(layout_object(&StoredLayout::new(&config, parse_precision(precision))))
}

fn layout_object(layout: &StoredLayout) -> Object {
    let tensors = layout.tensors().iter().map(|tensor| {
        object(&[
            ("parameter", tensor.parameter.as_str().into()),
            ("offset", (tensor.offset as f64).into()),
            ("bytes", (tensor.info.bytes as f64).into()),
            ("isVector", (tensor.kind == Kind::Vector).into()),
        ])
    });
    object(&[
        ("header", Uint8Array::from(layout.header()).into()),
        ("checksum", checksum(layout.header()).into()),
        ("length", (layout.length() as f64).into()),
        ("tensors", tensors.collect::<Array>().into()),
    ])
}

/// Largest piece passed to the `store` callback, in bytes.
const PIECE: usize = 4 << 20;

/// Reads a model's files in pieces and builds a scorer on a device, one parameter at a time.
#[wasm_bindgen]
pub struct ModelLoader {
    loader: Loader,
    building: Building,
    tokenizer: Box<dyn PromptTokenizer>,
    processor: Processor,
    precision: Precision,
    scoring: Scoring,
}

/// The destination of complete parameters.
struct Building {
    builder: ModelBuilder,
    device: EngineDevice,
    layout: StoredLayout,
    store: Option<Function>,
    /// Bytes uploaded so far.
    uploaded: f64,
}

#[wasm_bindgen]
impl ModelLoader {
    /// Starts loading a model.
    ///
    /// `towers` is `"both"`, `"text"` or `"vision"`: the towers to build.
    /// `store(parameter, offset, bytes, checksum)` is called with each complete parameter, in
    /// pieces, at its offset in the stored file. The bytes are a view of this module's memory,
    /// which the callback must copy before it returns.
    #[wasm_bindgen(constructor)]
    pub fn new(
        files: &JsDescription,
        precision: &str,
        device: &EngineDevice,
        towers: &str,
        store: Option<Function>,
    ) -> Result<Self, JsValue> {
        let config = ModelConfig::from_json(&files.config()).map_err(Fault::from)?;
        let head = files.head();
        let head = head.as_ref().map(|head| (head.name(), head.bytes()));
        let head = head.as_ref().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
        let scoring = recognised(files)?;
        let scoring =
            scoring.with_head(head, config.projection().unwrap_or_default()).map_err(Fault::from)?;
        let scorer = scoring.scorer;
        let tokenizer = prompt_tokenizer(scorer, files.tokenizer().as_deref()).map_err(Fault::from)?;
        let size = config.vision().image_size;
        let processor = processor(scorer, files.preprocessor().as_deref(), size).map_err(Fault::from)?;
        let precision = parse_precision(precision);
        let layout = StoredLayout::new(&config, precision);
        let loader = Loader::new(&config, precision);
        let towers = match towers {
            "text" => Towers::Text,
            "vision" => Towers::Vision,
            _ => Towers::Both,
        };
        let builder = ModelBuilder::new(config, device.kernels(precision)).only(towers);
        let building = Building { builder, device: device.clone(), layout, store, uploaded: 0.0 };
        Ok(Self { loader, building, tokenizer, processor, precision, scoring })
    }

    /// The layout of the stored file, as [`stored_layout`].
    pub fn layout(&self) -> Object {
        layout_object(&self.building.layout)
    }

    /// Starts a file of `length` bytes, if known. `last` marks the last file.
    pub fn begin(&mut self, name: &str, length: Option<f64>, last: bool) {
        self.loader.begin(name, length.map(|length| length as u64), last);
    }

    /// Adds the next bytes of the file.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), JsValue> {
        let building = &mut self.building;
        let pushed =
            self.loader.push(bytes, &mut |parameter, values| building.accept(parameter, values, true));
        pushed.map_err(|error| Fault::from(error).into())
    }

    /// The first position in the file that is still needed, after its header has been pushed and
    /// stored parameters have been restored.
    pub fn resumes_at(&self) -> Option<f64> {
        self.loader.resumes_at().map(|position| position as f64)
    }

    /// Skips the file up to `position`.
    pub fn skip_to(&mut self, position: f64) {
        self.loader.skip_to(position as u64);
    }

    /// Restores bytes of a stored tensor. `tensor` is its index in the layout; `offset` counts from
    /// the start of the tensor. Returns the checksum of the bytes, or nothing if they were stored
    /// with another one.
    pub fn restore(
        &mut self,
        tensor: usize,
        offset: f64,
        bytes: &[u8],
        stored: Option<String>,
    ) -> Result<Option<String>, JsValue> {
        let found = checksum(bytes);
        if stored.is_some_and(|stored| stored != found) {
            return Ok(None);
        }
        let building = &mut self.building;
        let tensor = building.layout.tensors().get(tensor).map(|tensor| tensor.info.clone());
        let tensor = tensor.ok_or_else(|| Fault::new("internal", "the stored tensor does not exist"))?;
        let restored = self.loader.restore(&tensor, offset as u64, bytes, &mut |parameter, values| {
            building.accept(parameter, values, false);
        });
        restored.map_err(Fault::from)?;
        Ok(Some(found))
    }

    /// Ends the file.
    pub fn end(&mut self) -> Result<(), JsValue> {
        self.loader.end().map_err(|error| Fault::from(error).into())
    }

    /// Bytes uploaded to the device so far.
    #[wasm_bindgen(getter)]
    pub fn uploaded(&self) -> f64 {
        self.building.uploaded
    }

    /// Resolves when the device has finished all uploads.
    pub fn settled(&self) -> Promise {
        let device = self.building.device.clone();
        wasm_bindgen_futures::future_to_promise(async move {
            device.settled().await?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Completes the model after its last file. `name` is the model's name.
    pub fn finish(self, name: &str) -> Result<Scorer, JsValue> {
        let config = self.loader.config().clone();
        let parameters = u64::try_from(config.parameter_count()).unwrap_or(u64::MAX);
        let loaded = self.loader.finish(name).map_err(Fault::from)?;
        let tuning = self.building.builder.tuning();
        let model = self.building.builder.finish().map_err(Fault::from)?;
        let device = self.building.device;
        let info = Info {
            model: name.into(),
            device: if device.gpu { "gpu" } else { "cpu" },
            // The page knows the adapter.
            adapter: None,
            emulated: false,
            tuning,
            precision: self.precision,
            parameters,
            unexpected: loaded.unexpected,
            identity: identity(&self.scoring, loaded.vectors),
        };
        let mut scorer =
            PickScore::new(model, self.tokenizer, self.processor, info, self.scoring).map_err(Fault::from)?;
        scorer.limit_batch(device.largest);
        Ok(Scorer::new(scorer))
    }
}

impl Building {
    /// Stores a parameter, if `store`, and adds it to the model.
    fn accept(&mut self, parameter: &Parameter, values: Values, store: bool) {
        for (tensor, bytes) in self.layout.pieces(parameter, &values) {
            self.uploaded += bytes.len() as f64;
            let Some(store) = self.store.as_ref().filter(|_| store) else { continue };
            for (index, piece) in bytes.chunks(PIECE).enumerate() {
                let offset = (tensor.offset + (index * PIECE) as u64) as f64;
                let offset = JsValue::from(offset);
                let (name, checksum) = (parameter.name.as_str().into(), checksum(piece).into());
                // SAFETY: nothing is allocated between the view and the call, and the callback
                // copies the bytes before it returns and does not call into this module, so the
                // memory neither moves nor changes while the view is alive.
                #[allow(unsafe_code, reason = "avoids a copy of every weight")]
                let view = unsafe { Uint8Array::view(piece) };
                // The callback records its own failures; the model is usable without being stored.
                let _ = store.call4(&JsValue::NULL, &name, &offset, &view, &checksum);
            }
        }
        self.builder.accept(parameter, values);
    }
}
