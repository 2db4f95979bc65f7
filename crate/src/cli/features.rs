//! The features of images that distances are computed from.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use pollster::FutureExt as _;

use super::{
    fault::Fault,
    load::{self, Decoded, Outcome},
    text::counted,
};
use crate::{
    PickScore,
    evaluate::{
        Bootstrap, Estimate,
        distance::{KERNEL_WIDTH, Moments, SCALE, frechet, mmd},
    },
    inception::{Inception, WEIGHTS},
    scorer::{DeviceChoice, ImageCache, OpenOptions, PerImage, PrecisionChoice},
    towers::{Embedding, Model},
};

/// A distance between two sets of images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Metric {
    /// Fréchet Inception distance, with the network of pytorch-fid.
    Fid,
    /// Fréchet distance of a CLIP model's image embeddings.
    Frechet,
    /// Maximum mean discrepancy (unbiased, × 1000) of a CLIP model's image embeddings.
    Mmd,
}

impl Metric {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Fid => "fid",
            Self::Frechet => "frechet",
            Self::Mmd => "mmd",
        }
    }
}

/// Computes features.
pub(super) enum Encoder {
    /// A CLIP model's image embeddings.
    Clip(Box<PickScore>),
    /// The network of FID, and the name of its file.
    Inception(Box<Inception>, String),
}

impl Encoder {
    /// Loads the encoder of a metric, which `option` names.
    pub(super) fn open(
        metric: Metric,
        (option, model): (&str, Option<&Path>),
        options: &OpenOptions,
        threads: Option<u16>,
    ) -> Result<Self, Fault> {
        let model = given(metric, option, model, options)?;
        if metric != Metric::Fid {
            return Ok(Self::Clip(Box::new(load::open_as(model, options, threads)?)));
        }
        load::set_threads(threads);
        let name = model.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self::Inception(Box::new(Inception::open(model, options.limits)?), name))
    }

    /// Checks the files of the encoder without keeping it.
    pub(super) fn check(
        metric: Metric,
        (option, model): (&str, Option<&Path>),
        options: &OpenOptions,
    ) -> Result<(), Fault> {
        let model = given(metric, option, model, options)?;
        match metric {
            Metric::Fid => Inception::open(model, options.limits).map(drop)?,
            Metric::Frechet | Metric::Mmd => PickScore::check(model, options).map(drop)?,
        }
        Ok(())
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Clip(scorer) => &scorer.info().model,
            Self::Inception(_, name) => name,
        }
    }

    /// Recommended number of images per call of [`Encoder::features`].
    pub(super) fn batch(&self) -> usize {
        /// Enough images for all cores; each takes a few megabytes.
        const IMAGES: usize = 32;
        match self {
            Self::Clip(scorer) => scorer.batch(),
            Self::Inception(..) => IMAGES,
        }
    }

    /// The features of encoded images for a metric.
    pub(super) fn features(&self, metric: Metric, images: &[&[u8]]) -> Result<PerImage<Vec<f32>>, Fault> {
        match self {
            Self::Inception(network, _) => Ok(network.features(images)),
            Self::Clip(scorer) => Ok(of_embeddings(metric, scorer.embed_images(images).block_on()?)),
        }
    }

    /// The features of image files in order, as [`load::each_file`].
    fn features_of_files(
        &self,
        metric: Metric,
        files: &[PathBuf],
        strict: bool,
        take: &mut dyn FnMut(Outcome<Vec<f32>>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        match self {
            Self::Inception(network, _) => {
                // The network decodes and computes each image on one core.
                let mut compute = |images: &[Vec<u8>]| {
                    Ok(network.features(&images.iter().map(Vec::as_slice).collect::<Vec<_>>()))
                };
                load::each_file(files, self.batch(), strict, &|encoded| encoded, &mut compute, take)
            }
            Self::Clip(scorer) => {
                let processor = scorer.processor();
                let decode = |encoded: Vec<u8>| Decoded::new(&encoded, processor);
                let mut compute = |decoded: &[Decoded]| {
                    let embedded = load::embeddings(scorer, &mut ImageCache::default(), decoded)?;
                    Ok(of_embeddings(metric, embedded))
                };
                load::each_file(files, self.batch(), strict, &decode, &mut compute, take)
            }
        }
    }

    /// What the metric with this encoder is, for people.
    pub(super) fn notes(&self, metric: Metric) -> Vec<String> {
        match (self, metric) {
            (Self::Inception(..), _) => vec![
                "Fréchet Inception distance as in pytorch-fid. It depends on the number of images: compare only values \
                 of the same numbers, 10,000 or more."
                    .into(),
            ],
            (Self::Clip(_), Metric::Frechet | Metric::Fid) => vec![
                "Fréchet distance of image embeddings as the tower gives them, as in clean-fid; values of \
                 different models do not compare."
                    .into(),
            ],
            (Self::Clip(scorer), Metric::Mmd) => {
                let mut notes = vec![format!(
                    "Squared maximum mean discrepancy of unit-length image embeddings × {SCALE}: the unbiased \
                     U-statistic, Gaussian kernel with σ = {KERNEL_WIDTH}; values of different models do not \
                     compare."
                )];
                notes.push(if is_encoder_of_cmmd(scorer) {
                    "This architecture is that of CMMD's encoder, OpenAI's ViT-L/14 at 336 pixels. CMMD reports the \
                     biased estimate, and resizes images without a crop."
                        .into()
                } else {
                    "This is not CMMD, whose encoder is OpenAI's ViT-L/14 at 336 pixels.".into()
                });
                notes
            }
        }
    }
}

/// The features for a metric of a CLIP model's embeddings.
fn of_embeddings(metric: Metric, embedded: PerImage<Embedding>) -> PerImage<Vec<f32>> {
    let features = |embedding: Embedding| match metric {
        // As clean-fid: what the tower gives.
        Metric::Frechet | Metric::Fid => {
            let length = embedding.length();
            let scaled = |&value: &f32| (f64::from(value) * length) as f32;
            embedding.values().iter().map(scaled).collect()
        }
        // As CMMD: unit length.
        Metric::Mmd => embedding.into_values(),
    };
    embedded.into_iter().map(|embedding| embedding.map(features)).collect()
}

/// The path that was given for the encoder of a metric, and may be one.
fn given<'a>(
    metric: Metric,
    option: &str,
    model: Option<&'a Path>,
    options: &OpenOptions,
) -> Result<&'a Path, Fault> {
    let reason = match (metric, model) {
        (Metric::Fid, None) => format!("fid needs its network; give {option} FILE, from {WEIGHTS}"),
        (Metric::Frechet | Metric::Mmd, None) => {
            format!("{} needs a CLIP model; give {option}", metric.name())
        }
        (Metric::Fid, Some(folder)) if folder.is_dir() => format!(
            "fid takes no CLIP model: {option} is the file of its network, from {WEIGHTS}; for a CLIP model, \
             choose frechet or mmd"
        ),
        (Metric::Fid, Some(_))
            if options.device == DeviceChoice::Gpu || options.precision != PrecisionChoice::Auto =>
        {
            "fid runs on the CPU in f32; leave out --device gpu and --precision".into()
        }
        (_, Some(model)) => return Ok(model),
    };
    Err(Fault::Usage { reason })
}

/// Whether a model has the architecture of CMMD's encoder.
fn is_encoder_of_cmmd(scorer: &PickScore) -> bool {
    let Model::Clip(clip) = scorer.model() else { return false };
    let config = clip.config();
    let vision = &config.vision;
    (vision.image_size, vision.patch_size, config.projection) == (336, 14, 768)
        && (vision.transformer.width, vision.transformer.layers) == (1024, 24)
}

/// The features of a set of images, as far as a metric needs them.
pub(super) enum Set {
    /// Mean and covariance; no features are kept.
    Moments(Moments),
    /// All features, `[images, features]`.
    Features { values: Vec<f32>, features: usize },
}

impl Set {
    /// No images.
    pub(super) fn new(metric: Metric) -> Self {
        match metric {
            Metric::Frechet | Metric::Fid => Self::Moments(Moments::new(0)),
            Metric::Mmd => Self::Features { values: Vec::new(), features: 0 },
        }
    }

    /// Number of images.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Moments(moments) => moments.count(),
            Self::Features { values, features } => values.len() / (*features).max(1),
        }
    }

    /// Number of features; 0 without images.
    pub(super) fn features(&self) -> usize {
        match self {
            Self::Moments(moments) => moments.features(),
            Self::Features { features, .. } => *features,
        }
    }

    /// What to know if there are too few images for the features; `None` if there are enough.
    pub(super) fn too_few(&self, name: &str) -> Option<String> {
        let (count, features) = (self.count(), self.features());
        let is_moments = matches!(self, Self::Moments(_));
        (is_moments && count <= features).then(|| {
            format!(
                "{name} has {}, no more than the {features} features: its covariance is singular, and the distance \
                 says little",
                counted(count, "image"),
            )
        })
    }

    /// Adds a batch of images.
    pub(super) fn add(&mut self, batch: &[Vec<f32>]) {
        let Some(first) = batch.first() else { return };
        match self {
            Self::Moments(moments) => {
                if moments.count() == 0 {
                    *moments = Moments::new(first.len());
                }
                let batch: Vec<Vec<f64>> =
                    batch.iter().map(|values| values.iter().copied().map(f64::from).collect()).collect();
                moments.add(&batch.iter().map(Vec::as_slice).collect::<Vec<_>>());
            }
            Self::Features { values, features } => {
                *features = first.len();
                batch.iter().for_each(|image| values.extend_from_slice(image));
            }
        }
    }

    /// The set of image files. `unread` is told of each that cannot be read.
    pub(super) fn of_files(
        encoder: &Encoder,
        metric: Metric,
        files: &[PathBuf],
        strict: bool,
        unread: &mut dyn FnMut(PathBuf, String),
    ) -> Result<Self, Fault> {
        /// Images whose features are added at once.
        const BATCH: usize = 64;
        let (mut set, mut batch) = (Self::new(metric), Vec::new());
        encoder.features_of_files(metric, files, strict, &mut |Outcome { path, result }| {
            match result {
                Ok(features) => batch.push(features),
                Err(reason) => unread(path, reason),
            }
            if batch.len() == BATCH {
                set.add(&std::mem::take(&mut batch));
            }
            Ok(())
        })?;
        set.add(&batch);
        Ok(set)
    }
}

/// The distance of two sets for the same metric; the interval only for [`Metric::Mmd`]. `None` if
/// there is none: a set has fewer than two images, or features are not finite.
pub(super) fn distance(one: &Set, other: &Set, bootstrap: &Bootstrap) -> Option<(f64, Option<[f64; 2]>)> {
    match (one, other) {
        (Set::Moments(one), Set::Moments(other)) => Some((frechet(one, other)?, None)),
        (Set::Features { values: one, features }, Set::Features { values: other, features: same })
            if features == same =>
        {
            let Estimate { value, low, high } = mmd(one, other, *features, bootstrap)?.estimate;
            Some((value, Some([low, high]))).filter(|(value, _)| value.is_finite())
        }
        _ => None,
    }
}
