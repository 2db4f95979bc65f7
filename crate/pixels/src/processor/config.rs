//! Reads the preprocessor configurations of Hugging Face and open_clip.

use serde_json::Value;

use super::{Processor, Resize};
use crate::error::ProcessorError;

impl Processor {
    /// Reads Hugging Face's `preprocessor_config.json`, or the `preprocess_cfg` of
    /// `open_clip_config.json`, for a model with this image size. Missing fields have CLIP's
    /// published values.
    ///
    /// # Errors
    ///
    /// When the size differs from the model's, or a filter or step is not supported.
    pub fn from_json(bytes: &[u8], size: usize) -> Result<Self, ProcessorError> {
        const LONGEST: usize = 1 << 20;
        if bytes.len() > LONGEST {
            let reason = format!("it is {} bytes long, expected at most {LONGEST}", bytes.len());
            return Err(ProcessorError::Malformed { reason });
        }
        let json = serde_json::from_slice::<Value>(bytes);
        let json = json.map_err(|error| ProcessorError::Malformed { reason: error.to_string() })?;
        let Value::Object(_) = json else {
            return Err(ProcessorError::Malformed { reason: "it is not a JSON object".into() });
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
