//! What a generator wrote into an image about how it made it: prompt, seed, model and the rest.
//!
//! ```text
//! PNG: tEXt, zTXt, iTXt ──┐
//!                         ├─► Texts ─► whichever generator they are of ─► Metadata
//! JPEG, PNG, WebP: Exif ──┘
//! ```
//!
//! Everything here comes from outside and is optional: a text that is damaged, too long or of no known form is passed over, never an error.

mod automatic1111;
mod comfyui;
mod json;
mod png;
mod services;
mod texts;

use texts::Texts;

/// What was found. A field is there where the file had it.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize)]
pub struct Metadata {
    /// Who wrote it: `automatic1111` (and its descendants), `comfyui`, `invokeai`, `fooocus` or `novelai`.
    pub generator: &'static str,
    /// What to draw.
    pub prompt: Option<String>,
    /// What not to draw.
    pub negative_prompt: Option<String>,
    /// The seed, as text: it may have more digits than a number of JavaScript holds.
    pub seed: Option<String>,
    /// The model's name.
    pub model: Option<String>,
    /// Steps of the sampler.
    pub steps: Option<f64>,
    /// Scale of the guidance.
    pub guidance: Option<f64>,
    /// The sampler.
    pub sampler: Option<String>,
    /// The schedule of noise.
    pub scheduler: Option<String>,
    /// Width in pixels, as it was asked for.
    pub width: Option<f64>,
    /// Height in pixels, as it was asked for.
    pub height: Option<f64>,
}

impl Metadata {
    /// Of a file's bytes: PNG, JPEG or WebP. `None` where there is nothing of a known form.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let texts = Texts::of(bytes);
        // Those whose form is their own come first: Fooocus and InvokeAI can write Automatic1111's beside it.
        [
            services::invokeai(&texts),
            services::novelai(&texts),
            services::fooocus(&texts),
            comfyui::read(&texts),
            automatic1111::read(&texts),
        ]
        .into_iter()
        .flatten()
        .find(|found| found.prompt.is_some() || found.seed.is_some() || found.model.is_some())
    }
}
