//! Reads the metadata that image generators write into their files: prompt, seed, model, settings.
//!
//! ```text
//! PNG: tEXt, zTXt, iTXt ──────────────┐
//! JPEG, PNG, WebP, TIFF, HEIF: Exif ──┼─► TextFields ─► one reader per generator ─► Metadata
//! JPEG, PNG, WebP: XMP ───────────────┤
//! JPEG, GIF: comments ────────────────┘
//! ```
//!
//! All input is untrusted. Fields that are damaged, too long or in an unknown format are skipped,
//! not reported as errors. Sizes and counts are checked before memory is allocated.
//!
//! Metadata hidden in the pixels ("stealth PNG info" in the alpha channel or in the lowest bits of
//! the colors) is not supported, because it requires decoding the image.

mod automatic1111;
mod comfyui;
mod containers;
mod draw_things;
mod easy_diffusion;
mod encoding;
mod exif;
mod fields;
mod fooocus;
mod heif;
mod invokeai;
mod json;
mod metadata;
mod novelai;
mod png;
mod services;
mod swarmui;
mod xmp;

use fields::TextFields;
pub use metadata::Metadata;

impl Metadata {
    /// Reads the metadata of a PNG, JPEG, WebP, GIF, TIFF, HEIC or AVIF file. Returns `None` if the
    /// file has no metadata in a known format.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let mut fields = TextFields::default();
        containers::read(bytes, &mut fields);
        // Specific formats first: several programs also write a field in Automatic1111's format, or
        // the graph of the ComfyUI backend that they use.
        let readers: [fn(&TextFields) -> Option<Self>; 12] = [
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
        for found in readers.into_iter().filter_map(|read| read(&fields)).map(Self::without_blanks) {
            if found.prompt.is_some() {
                // The node that saves the image may write a prompt that cannot be read from the
                // graph.
                let from_comfyui = without_prompt.is_some_and(|other| other.generator == "comfyui");
                let generator = if from_comfyui { "comfyui" } else { found.generator };
                return Some(Self { generator, ..found });
            }
            let is_useful = found.seed.is_some() || found.model.is_some();
            without_prompt = without_prompt.or(is_useful.then_some(found));
        }
        without_prompt
    }
}
