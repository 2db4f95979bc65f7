//! The features of a batch of images from any source.

use pickscore_model::{
    PickScore,
    scorer::{ImageCache, ImageFeatures},
};
use pickscore_pixels::Pixels;
use pollster::FutureExt as _;
use rayon::prelude::*;

use crate::{
    fault::Fault,
    image::{Encoded, Source, read},
};

/// The features of a batch of images, in the given order. Files with the same content are computed
/// once, and kept in `cache` between calls.
///
/// # Errors
///
/// Fails if the device fails. An unreadable image is an error of its own result only.
pub(crate) fn features(
    scorer: &PickScore,
    cache: &mut ImageCache,
    sources: Vec<Result<Source, Fault>>,
) -> Result<Vec<Result<ImageFeatures, Fault>>, Fault> {
    let mut found: Vec<Option<Result<ImageFeatures, Fault>>> = vec![None; sources.len()];
    let (mut encoded, mut decoded) = (Vec::new(), Vec::new());
    for (at, source) in sources.into_iter().enumerate() {
        match source {
            Err(fault) => found[at] = Some(Err(fault)),
            Ok(Source::Path(path)) => match read(&path) {
                Err(fault) => found[at] = Some(Err(fault)),
                Ok(bytes) => encoded.push((at, Encoded::Owned(bytes), Some(path))),
            },
            Ok(Source::Encoded(bytes)) => encoded.push((at, bytes, None)),
            Ok(Source::Decoded(image)) => decoded.push((at, image)),
        }
    }
    let bytes: Vec<&[u8]> = encoded.iter().map(|(_, bytes, _)| bytes.bytes()).collect();
    let computed = scorer.image_features_with(cache, &bytes).block_on()?;
    for ((at, _, path), features) in encoded.iter().zip(computed) {
        found[*at] = Some(features.map_err(|error| {
            let mut fault = Fault::from(error);
            if let Some(path) = path {
                fault.message = format!("{}: {}", path.display(), fault.message);
            }
            fault
        }));
    }
    let prepare = |(at, image): &(usize, crate::image::Decoded)| (*at, image.prepare(scorer.processor()));
    let prepared: Vec<(usize, Result<Pixels, _>)> = decoded.par_iter().map(prepare).collect();
    let pixels: Vec<&Pixels> = prepared.iter().filter_map(|(_, pixels)| pixels.as_ref().ok()).collect();
    let mut computed = match pixels[..] {
        [] => Vec::new(),
        _ => scorer.pixel_features(&pixels).block_on()?,
    }
    .into_iter();
    for (at, pixels) in prepared {
        found[at] = match pixels {
            Err(error) => Some(Err(error.into())),
            Ok(_) => computed.next().map(Ok),
        };
    }
    let lost = || Err(Fault::internal("an image has no result"));
    Ok(found.into_iter().map(|found| found.unwrap_or_else(lost)).collect())
}
