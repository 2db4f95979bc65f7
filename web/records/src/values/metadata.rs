//! Metadata that image generators write into files.

use pickscore_metadata::Metadata;
use serde::Serialize;
use tsify::Tsify;

/// The metadata that a generator wrote into an image. Fields that the file does not have are
/// absent.
#[derive(Debug, Clone, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct ImageMetadata {
    /// The program that wrote it: `"automatic1111"` (and its descendants), `"comfyui"`,
    /// `"invokeai"`, `"fooocus"`, `"ruined-fooocus"`, `"novelai"`, `"swarmui"`, `"draw-things"`,
    /// `"easy-diffusion"`, `"stability-matrix"`, `"tensorart"`, `"civitai"`, `"huggingface-space"`,
    /// `"midjourney"`.
    #[tsify(type = "string")]
    pub generator: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negative_prompt: Option<String>,
    /// As text: a seed can have more digits than a JavaScript number holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Number of sampling steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<f64>,
    /// Guidance (CFG) scale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guidance: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sampler: Option<String>,
    /// The noise schedule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduler: Option<String>,
    /// Requested width in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<f64>,
    /// Requested height in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<f64>,
}

impl From<Metadata> for ImageMetadata {
    fn from(metadata: Metadata) -> Self {
        let Metadata {
            generator,
            prompt,
            negative_prompt,
            seed,
            model,
            steps,
            guidance,
            sampler,
            scheduler,
            width,
            height,
        } = metadata;
        Self {
            generator,
            prompt,
            negative_prompt,
            seed,
            model,
            steps,
            guidance,
            sampler,
            scheduler,
            width,
            height,
        }
    }
}
