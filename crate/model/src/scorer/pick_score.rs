//! The scorer: prompts and encoded images in, scores out.

use super::{
    batch,
    cached::ScoreCache,
    distinct,
    error::ScoreError,
    features::{ImageCache, ImageFeatures, PromptFeatures},
    prompt_tokenizer::PromptTokenizer,
};
use crate::towers::{Embedding, Model};
use pickscore_checkpoint::config::{BlipConfig, VisionConfig};
use pickscore_checkpoint::weights::Precision;
use pickscore_pixels::{PixelError, Pixels, Processor};
use pickscore_score::{Head, Scorer};
use pickscore_tokens::Tokens;

/// Properties of a loaded model and its device.
#[derive(Debug, Clone, PartialEq)]
pub struct Info {
    /// The model's name: the last component of its path or URL.
    pub model: String,
    /// `"cpu"` or `"gpu"`.
    pub device: &'static str,
    /// The name of the GPU, or `None` on the CPU.
    pub adapter: Option<String>,
    /// Whether the GPU is emulated on the CPU.
    pub emulated: bool,
    /// How a GPU's kernels divide matrix products, such as `"blocked-32x64"`; `None` on the CPU and
    /// for burn's kernels.
    pub tuning: Option<String>,
    /// The precision of the stored weight matrices.
    pub precision: Precision,
    /// Number of parameters.
    pub parameters: u64,
    /// Names of tensors in the model's files that are not parameters of the model.
    pub unexpected: Vec<String>,
    /// Identifies the scorer in every file format and precision: 64 hexadecimal digits, from
    /// [`identity`](super::identity()).
    pub identity: String,
}

/// How a model's embeddings become scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Scoring {
    /// The scorer.
    pub scorer: &'static Scorer,
    /// The head, for [`Formula::Head`](pickscore_score::Formula::Head).
    pub head: Option<Head>,
    /// Whether the scorer was guessed from the name of a file or folder.
    pub is_guess: bool,
}

/// A loaded scorer: its model with its tokenizer and image processor.
#[derive(Debug)]
pub struct PickScore {
    pub(super) model: Model,
    tokenizer: Box<dyn PromptTokenizer>,
    processor: Processor,
    info: Info,
    batch: usize,
    pub(super) scoring: Scoring,
}

/// One result per image, in the given order. An unreadable image does not affect the others.
pub type PerImage<T> = Vec<Result<T, PixelError>>;

impl PickScore {
    /// Combines a model with its tokenizer, its image processor and how it scores.
    ///
    /// # Errors
    ///
    /// Fails if the scorer needs another model.
    pub fn new(
        model: Model,
        tokenizer: Box<dyn PromptTokenizer>,
        processor: Processor,
        info: Info,
        scoring: Scoring,
    ) -> Result<Self, ScoreError> {
        if scoring.scorer.embeds_images() != matches!(model, Model::Clip(_)) {
            return Err(ScoreError::OtherModel { scorer: scoring.scorer.name });
        }
        let batch = batch::size(vision(&model), info.device == "gpu");
        Ok(Self { model, tokenizer, processor, info, batch, scoring })
    }

    /// How scores are computed.
    pub fn scoring(&self) -> &Scoring {
        &self.scoring
    }

    /// Properties of the model and its device.
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The factor by which the cosine similarity of a CLIP model is multiplied to give a score.
    pub fn logit_scale(&self) -> Option<f32> {
        match &self.model {
            Model::Clip(clip) => Some(clip.logit_scale()),
            Model::Blip(_) => None,
        }
    }

    /// Width and height of preprocessed images, in pixels.
    pub fn image_size(&self) -> usize {
        vision(&self.model).image_size
    }

    /// The image processor.
    pub fn processor(&self) -> &Processor {
        &self.processor
    }

    /// Recommended number of images per call of [`PickScore::pixel_features`].
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Reduces the batch size so that no tensor of the vision tower exceeds `largest` bytes.
    pub fn limit_batch(&mut self, largest: usize) {
        self.batch = self.batch.min(batch::largest_size(vision(&self.model), largest));
    }

    /// Tokenizes a prompt, truncated and padded to the model's context length: → `[context]`
    ///
    /// # Errors
    ///
    /// Fails with [`ScoreError::EmptyPrompt`] if the prompt has no tokens.
    pub fn tokens(&self, prompt: &str) -> Result<Tokens, ScoreError> {
        let context = match &self.model {
            Model::Clip(clip) => clip.config().text.context,
            Model::Blip(_) => BlipConfig::CONTEXT,
        };
        let tokens = self.tokenizer.encode(prompt, context);
        // Every prompt has a start and an end token.
        if tokens.length <= 2 { Err(ScoreError::EmptyPrompt) } else { Ok(tokens) }
    }

    /// Decodes and preprocesses an image: → `[3, size, size]`
    ///
    /// # Errors
    ///
    /// Fails with a [`PixelError`] if the image cannot be decoded.
    pub fn pixels(&self, image: &[u8]) -> Result<Pixels, PixelError> {
        self.processor.pixels(image)
    }

    /// Decodes and preprocesses images, on all cores with the feature `parallel`.
    pub fn pixels_of(&self, images: &[&[u8]]) -> PerImage<Pixels> {
        #[cfg(feature = "parallel")]
        {
            use rayon::prelude::*;
            images.par_iter().map(|image| self.pixels(image)).collect()
        }
        #[cfg(not(feature = "parallel"))]
        images.iter().map(|image| self.pixels(image)).collect()
    }

    /// Embeds prompts, in the given order. Equal prompts are computed once.
    ///
    /// # Errors
    ///
    /// Fails if a prompt is empty, the model has no embeddings or the device fails.
    pub async fn embed_texts(&self, prompts: &[&str]) -> Result<Vec<Embedding>, ScoreError> {
        if !matches!(self.model, Model::Clip(_)) {
            return Err(self.no_embedding());
        }
        let distinct = distinct::Distinct::new(prompts.iter().map(|prompt| prompt.as_bytes()));
        let tokens =
            distinct.first.iter().map(|&at| self.tokens(prompts[at])).collect::<Result<Vec<_>, _>>()?;
        let embeddings = self.embed_tokens(&tokens.iter().collect::<Vec<_>>()).await?;
        Ok(distinct.of.iter().map(|&index| embeddings[index].clone()).collect())
    }

    /// Embeds prompts that [`PickScore::tokens`] has tokenized, in the given order.
    ///
    /// # Errors
    ///
    /// Fails if the model has no embeddings or the device fails.
    pub async fn embed_tokens(&self, prompts: &[&Tokens]) -> Result<Vec<Embedding>, ScoreError> {
        let Model::Clip(clip) = &self.model else { return Err(self.no_embedding()) };
        let mut embeddings = Vec::with_capacity(prompts.len());
        for batch in prompts.chunks(batch::PROMPTS) {
            embeddings.extend(clip.text(batch).await?);
        }
        Ok(embeddings)
    }

    /// Embeds encoded images, in the given order. Identical files are computed once.
    ///
    /// # Errors
    ///
    /// Fails if the model has no embeddings or the device fails. An unreadable image is an error of
    /// its own result only.
    pub async fn embed_images(&self, images: &[&[u8]]) -> Result<PerImage<Embedding>, ScoreError> {
        self.embed_images_with(&mut ImageCache::default(), images).await
    }

    /// As [`PickScore::embed_images`], with results kept in `cache` between calls.
    ///
    /// # Errors
    ///
    /// As [`PickScore::embed_images`].
    pub async fn embed_images_with(
        &self,
        cache: &mut ImageCache,
        images: &[&[u8]],
    ) -> Result<PerImage<Embedding>, ScoreError> {
        self.embeddings(self.image_features_with(cache, images).await?)
    }

    /// The embeddings among features of images.
    ///
    /// # Errors
    ///
    /// Fails if the model has no embeddings.
    pub fn embeddings(&self, features: PerImage<ImageFeatures>) -> Result<PerImage<Embedding>, ScoreError> {
        let embedding = |features| match features {
            Ok(ImageFeatures::Embedding(embedding)) => Ok(Ok(embedding)),
            Ok(ImageFeatures::Tokens(_)) => Err(self.no_embedding()),
            Err(error) => Ok(Err(error)),
        };
        features.into_iter().map(embedding).collect()
    }

    fn no_embedding(&self) -> ScoreError {
        ScoreError::NoEmbedding { scorer: self.scoring.scorer.name }
    }

    /// Scores images for one prompt.
    ///
    /// # Errors
    ///
    /// Fails if the prompt is empty or the device fails.
    pub async fn score(&self, prompt: &str, images: &[&[u8]]) -> Result<PerImage<f32>, ScoreError> {
        let mut rows = self.score_matrix(&[prompt], images).await?;
        Ok(rows.pop().unwrap_or_default())
    }

    /// Scores pairs of a prompt and an image.
    ///
    /// # Errors
    ///
    /// Fails if a prompt is empty or the device fails.
    pub async fn score_pairs(&self, pairs: &[(&str, &[u8])]) -> Result<PerImage<f32>, ScoreError> {
        self.score_pairs_with(&mut ScoreCache::default(), pairs).await
    }

    /// Scores every image for every prompt: `[prompts, images]`.
    ///
    /// # Errors
    ///
    /// Fails if a prompt is empty or the device fails.
    pub async fn score_matrix(
        &self,
        prompts: &[&str],
        images: &[&[u8]],
    ) -> Result<Vec<PerImage<f32>>, ScoreError> {
        let prompts = self.prompt_features(prompts).await?;
        let mut cache = ImageCache::default();
        let mut rows: Vec<PerImage<f32>> = prompts.iter().map(|_| Vec::with_capacity(images.len())).collect();
        for images in images.chunks(self.batch) {
            let images = self.image_features_with(&mut cache, images).await?;
            let readable: Vec<_> = images.iter().filter_map(|image| image.as_ref().ok()).collect();
            let scored = self.score_all(&prompts, &readable).await?;
            for (row, scored) in rows.iter_mut().zip(scored) {
                let mut scored = scored.into_iter();
                let score = |image: &Result<_, PixelError>| match image {
                    Ok(_) => Ok(scored.next().unwrap_or(f32::NAN)),
                    Err(error) => Err(error.clone()),
                };
                row.extend(images.iter().map(score));
            }
        }
        Ok(rows)
    }

    /// Scores every image for every prompt: `[prompts, images]`
    async fn score_all(
        &self,
        prompts: &[PromptFeatures],
        images: &[&ImageFeatures],
    ) -> Result<Vec<Vec<f32>>, ScoreError> {
        let pairs: Vec<_> =
            images.iter().flat_map(|image| prompts.iter().map(move |prompt| (prompt, *image))).collect();
        let scores = self.score_features(&pairs).await?;
        let row = |row| scores.iter().skip(row).step_by(prompts.len()).copied().collect();
        Ok((0..prompts.len()).map(row).collect())
    }
}

fn vision(model: &Model) -> &VisionConfig {
    match model {
        Model::Clip(clip) => &clip.config().vision,
        Model::Blip(blip) => &blip.config().vision,
    }
}
