//! Reads what image generators write into their files: prompt, seed, model and settings.
//!
//! ```text
//! PNG: tEXt, zTXt, iTXt ──────────────┐
//! JPEG, PNG, WebP, TIFF, HEIF: Exif ──┼─► Texts ─► one reader for each generator ─► Metadata
//! JPEG, PNG, WebP: XMP ───────────────┤
//! JPEG, GIF: comments ────────────────┘
//! ```
//!
//! All input is untrusted and optional. A text that is damaged, too long or of an unknown format is
//! skipped; it is never an error. Sizes and counts are bounded before memory is taken.
//!
//! Metadata that is hidden in the pixels ("stealth PNG info" in the alpha channel or in the lowest
//! bits of the colors) is not read: that would need the decoded image.

mod automatic1111;
mod comfyui;
mod containers;
mod draw_things;
mod easy_diffusion;
mod encoding;
mod exif;
mod fooocus;
mod heif;
mod invokeai;
mod json;
mod novelai;
mod png;
mod services;
mod swarmui;
mod texts;
mod xmp;

use serde::{Serialize, Serializer};
use texts::Texts;

/// The generation data of one image. A field is `None` where the file does not say.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Metadata {
    /// The program that wrote the data: `automatic1111` (and its descendants such as Forge, SD.Next
    /// and Civitai), `comfyui`, `invokeai`, `fooocus`, `ruined-fooocus`, `novelai`, `swarmui`,
    /// `draw-things`, `easy-diffusion`, `stability-matrix`, `tensorart`, `civitai`,
    /// `huggingface-space`, `midjourney`.
    pub generator: &'static str,
    /// The prompt. Several texts that were combined are separated by a newline.
    pub prompt: Option<String>,
    /// The negative prompt.
    pub negative_prompt: Option<String>,
    /// The seed, as text: it may have more digits than a JavaScript number can hold.
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
    /// Reads the metadata of an image file: PNG, JPEG, WebP, GIF, TIFF, HEIC or AVIF. Returns
    /// `None` if the file has none of a known format.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let texts = Texts::of(bytes);
        // Specific formats come first: several programs add a text in Automatic1111's format, or
        // the graph of the ComfyUI that they run.
        let readers: [fn(&Texts) -> Option<Self>; 12] = [
            invokeai::read,
            novelai::read,
            swarmui::read,
            fooocus::read,
            draw_things::read,
            services::stability_matrix,
            services::tensorart,
            services::json,
            easy_diffusion::read,
            comfyui::read,
            automatic1111::read,
            services::midjourney,
        ];
        let mut without_prompt: Option<Self> = None;
        for found in readers.into_iter().filter_map(|read| read(&texts)) {
            if found.prompt.is_some() {
                // The node that saved the image may know texts that the graph only computes.
                let from_comfyui = without_prompt.is_some_and(|other| other.generator == "comfyui");
                let generator = if from_comfyui { "comfyui" } else { found.generator };
                return Some(Self { generator, ..found });
            }
            let says_something = found.seed.is_some() || found.model.is_some();
            without_prompt = without_prompt.or(says_something.then_some(found));
        }
        without_prompt
    }

    /// The metadata as a JSON object with all fields, `null` for those that are missing.
    pub fn to_json(&self) -> serde_json::Value {
        // Serializing a struct of texts and numbers has no way to fail.
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// Writes whole numbers as such: 25 and not 25.0.
fn plain_number<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
            serializer.serialize_some(&(*number as i64))
        }
        other => other.serialize(serializer),
    }
}
