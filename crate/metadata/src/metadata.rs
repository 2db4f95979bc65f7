//! The metadata of one image.

use serde::{Serialize, Serializer};

/// The generation settings of one image. A field is `None` if the file does not contain it.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Metadata {
    /// The program that wrote the metadata: `automatic1111` (and its forks and compatible programs,
    /// such as Forge, SD.Next and Civitai), `comfyui`, `invokeai`, `fooocus`, `ruined-fooocus`,
    /// `novelai`, `swarmui`, `draw-things`, `easy-diffusion`, `stability-matrix`, `tensorart`,
    /// `civitai`, `huggingface-space`, `midjourney`.
    pub generator: &'static str,
    /// The prompt. Several combined prompts are separated by a newline.
    pub prompt: Option<String>,
    /// The negative prompt.
    pub negative_prompt: Option<String>,
    /// The seed as a string, because it may have more digits than a JavaScript number can hold.
    pub seed: Option<String>,
    /// The name of the model.
    pub model: Option<String>,
    /// Sampling steps.
    #[serde(serialize_with = "plain_number")]
    pub steps: Option<f64>,
    /// Guidance (CFG) scale.
    #[serde(serialize_with = "plain_number")]
    pub guidance: Option<f64>,
    /// The sampler.
    pub sampler: Option<String>,
    /// The noise schedule.
    pub scheduler: Option<String>,
    /// Requested width in pixels.
    #[serde(serialize_with = "plain_number")]
    pub width: Option<f64>,
    /// Requested height in pixels.
    #[serde(serialize_with = "plain_number")]
    pub height: Option<f64>,
}

impl Metadata {
    /// Removes texts of white space only.
    pub(super) fn without_blanks(mut self) -> Self {
        for text in [&mut self.prompt, &mut self.negative_prompt, &mut self.model] {
            text.take_if(|text| text.trim().is_empty());
        }
        self
    }

    /// Converts the metadata to a JSON object with all fields; missing values are `null`.
    pub fn to_json(&self) -> serde_json::Value {
        // A struct of strings and numbers always serializes.
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// Serializes whole numbers without a fraction: 25, not 25.0.
fn plain_number<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
            serializer.serialize_some(&(*number as i64))
        }
        other => other.serialize(serializer),
    }
}
