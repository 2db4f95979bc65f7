//! How a picture becomes what the vision tower reads: transformers' `CLIPImageProcessor` (`image_processing_clip.py`).

use serde_json::Value;

use super::{Limits, Picture, PixelError, Pixels, ProcessorError, decode, resample, resample::Axis};

/// CLIP's published mean of each channel.
const MEAN: [f32; 3] = [0.481_454_66, 0.457_827_5, 0.408_210_73];
/// CLIP's published standard deviation of each channel.
const DEVIATION: [f32; 3] = [0.268_629_54, 0.261_302_6, 0.275_777_1];

/// What a picture is resized to before the crop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resize {
    /// The shortest edge becomes this long, the other keeps the ratio.
    Shortest(usize),
    /// Both edges are given, whatever the ratio.
    To {
        /// Width.
        width: usize,
        /// Height.
        height: usize,
    },
}

/// How a picture becomes [`Pixels`].
#[derive(Debug, Clone, PartialEq)]
pub struct Processor {
    /// Width and height of the result.
    pub size: usize,
    /// What happens before the centre crop.
    pub resize: Resize,
    /// What a level is multiplied by; 1/255.
    pub rescale: f64,
    /// Subtracted from each channel.
    pub mean: [f32; 3],
    /// Each channel is divided by it.
    pub deviation: [f32; 3],
    /// How large an image may be.
    pub limits: Limits,
}

impl Processor {
    /// CLIP's published values for a model that reads images of this size.
    pub fn clip(size: usize) -> Self {
        let resize = Resize::Shortest(size);
        Self {
            size,
            resize,
            rescale: 1.0 / 255.0,
            mean: MEAN,
            deviation: DEVIATION,
            limits: Limits::default(),
        }
    }

    /// Reads Hugging Face's `preprocessor_config.json`, or the `preprocess_cfg` of `open_clip_config.json`, for a model that reads images
    /// of this size. What is absent takes CLIP's published values.
    ///
    /// # Errors
    ///
    /// When it asks for another size than the model's, another filter than bicubic, or steps that CLIP's processor does not have.
    pub fn from_json(bytes: &[u8], size: usize) -> Result<Self, ProcessorError> {
        const LONGEST: usize = 1 << 20;
        if bytes.len() > LONGEST {
            let reason = format!("it is {} bytes long, expected at most {LONGEST}", bytes.len());
            return Err(ProcessorError::Malformed { reason });
        }
        let json = serde_json::from_slice::<Value>(bytes);
        let json = json.map_err(|error| ProcessorError::Malformed { reason: error.to_string() })?;
        let Value::Object(_) = json else {
            return Err(ProcessorError::Malformed { reason: "it is no JSON object".into() });
        };
        let mut processor = Self::clip(size);
        if json.get("model_cfg").is_some() || json.get("preprocess_cfg").is_some() {
            let open_clip = json.get("preprocess_cfg").unwrap_or(&Value::Null);
            is(open_clip, "interpolation", &["bicubic".into()])?;
            is(open_clip, "resize_mode", &["shortest".into()])?;
            is(open_clip, "mode", &["RGB".into()])?;
            channels(open_clip, "mean", &mut processor.mean)?;
            channels(open_clip, "std", &mut processor.deviation)?;
            return processor.checked();
        }
        for step in ["do_resize", "do_rescale", "do_normalize", "do_convert_rgb", "do_center_crop"] {
            is(&json, step, &[true.into()])?;
        }
        // Pillow's number for bicubic.
        is(&json, "resample", &[3.into()])?;
        channels(&json, "image_mean", &mut processor.mean)?;
        channels(&json, "image_std", &mut processor.deviation)?;
        match &json["crop_size"] {
            Value::Null => {}
            crop if *crop == size || (crop["height"] == size && crop["width"] == size) => {}
            crop => return Err(unsupported("crop_size", crop, format!("{size}, which the model reads"))),
        }
        let edge = |value: &Value| {
            let edge = value.as_u64().filter(|edge| (1..=1 << 14).contains(edge));
            edge.and_then(|edge| usize::try_from(edge).ok())
        };
        let resize = match &json["size"] {
            Value::Null => Some(Resize::Shortest(size)),
            Value::Number(number) => edge(&Value::Number(number.clone())).map(Resize::Shortest),
            size if size.get("shortest_edge").is_some() && size.get("longest_edge").is_none() => {
                edge(&size["shortest_edge"]).map(Resize::Shortest)
            }
            size => edge(&size["width"])
                .zip(edge(&size["height"]))
                .map(|(width, height)| Resize::To { width, height }),
        };
        let expected = || "a shortest edge, or a width and a height, of 1 to 16384".into();
        processor.resize = resize.ok_or_else(|| unsupported("size", &json["size"], expected()))?;
        match json["rescale_factor"].as_f64() {
            Some(factor) if factor.is_finite() && factor > 0.0 => processor.rescale = factor,
            None if json["rescale_factor"].is_null() => {}
            _ => {
                return Err(unsupported(
                    "rescale_factor",
                    &json["rescale_factor"],
                    "a positive number".into(),
                ));
            }
        }
        processor.checked()
    }

    fn checked(self) -> Result<Self, ProcessorError> {
        let divides = |x: &f32| x.is_finite() && *x > 0.0;
        if !self.deviation.iter().all(divides) || !self.mean.iter().all(|x| x.is_finite()) {
            let found = format!("{:?} and {:?}", self.mean, self.deviation);
            let expected = "finite means and positive deviations".into();
            return Err(ProcessorError::Unsupported { field: "image_mean and image_std", found, expected });
        }
        Ok(self)
    }

    /// Decodes an image and prepares it.
    ///
    /// # Errors
    ///
    /// See [`PixelError`].
    pub fn pixels(&self, bytes: &[u8]) -> Result<Pixels, PixelError> {
        Ok(self.prepare(&decode(bytes, &self.limits)?))
    }

    /// Prepares a decoded picture.
    pub fn prepare(&self, picture: &Picture) -> Pixels {
        self.normalise(&self.crop(picture))
    }

    /// Resizes and crops: levels `[size, size, 3]`. What the crop takes from beyond the picture is 0.
    pub fn crop(&self, picture: &Picture) -> Vec<u8> {
        let size = self.size;
        let (width, height) = self.resized(picture.width(), picture.height());
        let (across, left) = crop_axis(picture.width(), width, size);
        let (down, top) = crop_axis(picture.height(), height, size);
        let inner = resample::resample(picture.values(), across, down);
        if across.kept == size && down.kept == size {
            return inner;
        }
        let mut padded = vec![0; size * size * 3];
        for (row, inner) in inner.chunks_exact(across.kept * 3).enumerate() {
            padded[((top + row) * size + left) * 3..][..inner.len()].copy_from_slice(inner);
        }
        padded
    }

    /// `get_resize_output_image_size` of transformers' `image_transforms.py`: (width, height).
    fn resized(&self, width: usize, height: usize) -> (usize, usize) {
        match self.resize {
            Resize::To { width, height } => (width, height),
            Resize::Shortest(edge) => {
                let (short, long) = (width.min(height), width.max(height));
                // Python divides the whole numbers as floats and cuts the rest off.
                let long = ((edge * long) as f64 / short as f64) as usize;
                if width <= height { (edge, long) } else { (long, edge) }
            }
        }
    }

    /// Levels `[size, size, 3]` → values `[3, size, size]`
    fn normalise(&self, levels: &[u8]) -> Pixels {
        let mut values = Vec::with_capacity(levels.len());
        for channel in 0..3 {
            // The reference rescales in f64, rounds to f32, and normalises in f32.
            let table: [f32; 256] = std::array::from_fn(|level| {
                ((level as f64 * self.rescale) as f32 - self.mean[channel]) / self.deviation[channel]
            });
            values.extend(levels.iter().skip(channel).step_by(3).map(|&level| table[usize::from(level)]));
        }
        Pixels { size: self.size, values }
    }
}

/// `center_crop` of transformers' `image_transforms.py` along one axis: what is kept, and where in the result it begins.
fn crop_axis(source: usize, resized: usize, crop: usize) -> (Axis, usize) {
    if resized >= crop {
        return (Axis { source, resized, first: (resized - crop) / 2, kept: crop }, 0);
    }
    // Padding is rounded up, and the crop's beginning, which is negative, down: they cancel, and padding decides.
    let padding = (crop - resized).div_ceil(2);
    (Axis { source, resized, first: 0, kept: resized }, padding)
}

fn is(json: &Value, field: &'static str, allowed: &[Value]) -> Result<(), ProcessorError> {
    match json.get(field) {
        None | Some(Value::Null) => Ok(()),
        Some(found) if allowed.contains(found) => Ok(()),
        Some(found) => {
            let allowed: Vec<String> = allowed.iter().map(Value::to_string).collect();
            Err(unsupported(field, found, allowed.join(" or ")))
        }
    }
}

fn channels(json: &Value, field: &'static str, target: &mut [f32; 3]) -> Result<(), ProcessorError> {
    let Some(found) = json.get(field).filter(|value| !value.is_null()) else { return Ok(()) };
    let list = found.as_array().map(Vec::as_slice).unwrap_or_default();
    let numbers: Vec<f32> = list.iter().filter_map(Value::as_f64).map(|number| number as f32).collect();
    match <[f32; 3]>::try_from(numbers.as_slice()) {
        Ok(numbers) if list.len() == 3 => *target = numbers,
        _ => return Err(unsupported(field, found, "three numbers".into())),
    }
    Ok(())
}

fn unsupported(field: &'static str, found: &Value, expected: String) -> ProcessorError {
    let mut found = found.to_string();
    if let Some((end, _)) = found.char_indices().nth(60) {
        found.truncate(end);
        found.push('…');
    }
    ProcessorError::Unsupported { field, found, expected }
}
