//! Scores with results that are kept between calls.

use std::collections::HashMap;

use super::{
    error::ScoreError,
    features::{ImageCache, PromptFeatures},
    pick_score::{PerImage, PickScore},
};
use pickscore_pixels::Pixels;

/// Results for prompts and images that may occur again. Belongs to one model.
#[derive(Debug, Default)]
pub struct ScoreCache {
    images: ImageCache,
    prompts: HashMap<String, PromptFeatures>,
}

impl ScoreCache {
    /// Maximum number of prompts, of about 4 KB each. Beyond it, they start anew.
    const MOST_PROMPTS: usize = 50_000;

    /// Number of distinct images.
    pub fn images(&self) -> usize {
        self.images.len()
    }
}

impl PickScore {
    /// Scores prepared images `[3, size, size]` for every prompt: `[prompts, images]`.
    ///
    /// Scorers that read no prompt ignore the texts and give the same row for each prompt.
    ///
    /// # Errors
    ///
    /// Fails if a prompt is empty and the scorer reads prompts, if an image does not have the
    /// model's size, or if the device fails.
    pub async fn score_pixels(
        &self,
        prompts: &[&str],
        images: &[&Pixels],
    ) -> Result<Vec<Vec<f32>>, ScoreError> {
        let pairs: Vec<(usize, usize)> = (0..prompts.len())
            .flat_map(|prompt| (0..images.len()).map(move |image| (prompt, image)))
            .collect();
        let scores = self.score_chosen(&mut ScoreCache::default(), prompts, images, &pairs).await?;
        let row = |prompt: usize| scores[prompt * images.len()..(prompt + 1) * images.len()].to_vec();
        Ok((0..prompts.len()).map(row).collect())
    }

    /// Scores chosen pairs of a prompt and a prepared image `[3, size, size]`, each given by its
    /// place: → `[pairs]`
    ///
    /// # Errors
    ///
    /// As [`PickScore::score_pixels`].
    ///
    /// # Panics
    ///
    /// If a place is not in `prompts` or `images`.
    pub async fn score_chosen(
        &self,
        cache: &mut ScoreCache,
        prompts: &[&str],
        images: &[&Pixels],
        pairs: &[(usize, usize)],
    ) -> Result<Vec<f32>, ScoreError> {
        self.keep_prompts(cache, prompts).await?;
        let mut features = Vec::with_capacity(images.len());
        for batch in images.chunks(self.batch()) {
            features.extend(self.pixel_features(batch).await?);
        }
        let pair = |&(prompt, image): &(usize, usize)| (&cache.prompts[prompts[prompt]], &features[image]);
        self.score_features(&pairs.iter().map(pair).collect::<Vec<_>>()).await
    }

    /// As [`PickScore::score_pairs`], with results kept in `cache` between calls.
    ///
    /// # Errors
    ///
    /// Fails if a prompt is empty and the scorer reads prompts, or if the device fails.
    pub async fn score_pairs_with(
        &self,
        cache: &mut ScoreCache,
        pairs: &[(&str, &[u8])],
    ) -> Result<PerImage<f32>, ScoreError> {
        let prompts: Vec<&str> = pairs.iter().map(|(prompt, _)| *prompt).collect();
        self.keep_prompts(cache, &prompts).await?;
        let mut scores = Vec::with_capacity(pairs.len());
        // The features of a batch's images are all held, and ImageReward's are large.
        for pairs in pairs.chunks(self.batch()) {
            let images: Vec<&[u8]> = pairs.iter().map(|(_, image)| *image).collect();
            let images = self.image_features_with(&mut cache.images, &images).await?;
            let readable = pairs
                .iter()
                .zip(&images)
                .filter_map(|((prompt, _), image)| Some((&cache.prompts[*prompt], image.as_ref().ok()?)));
            let mut scored = self.score_features(&readable.collect::<Vec<_>>()).await?.into_iter();
            scores.extend(images.into_iter().map(|image| image.map(|_| scored.next().unwrap_or(f32::NAN))));
        }
        Ok(scores)
    }

    /// Scores pairs of a prompt and a prepared image `[3, size, size]`, given with the SHA-256 of
    /// its file: → `[pairs]`. Results are kept in `cache` between calls.
    ///
    /// # Errors
    ///
    /// Fails if a prompt is empty and the scorer reads prompts, if an image does not have the
    /// model's size, or if the device fails.
    pub async fn score_pixel_pairs_with(
        &self,
        cache: &mut ScoreCache,
        pairs: &[(&str, [u8; 32], &Pixels)],
    ) -> Result<Vec<f32>, ScoreError> {
        let prompts: Vec<&str> = pairs.iter().map(|(prompt, ..)| *prompt).collect();
        self.keep_prompts(cache, &prompts).await?;
        let mut scores = Vec::with_capacity(pairs.len());
        // The features of a batch's images are all held, and ImageReward's are large.
        for pairs in pairs.chunks(self.batch()) {
            let images: Vec<_> = pairs.iter().map(|&(_, hash, pixels)| (hash, pixels)).collect();
            let images = self.pixel_features_with(&mut cache.images, &images).await?;
            let prompts = pairs.iter().map(|(prompt, ..)| &cache.prompts[*prompt]);
            scores.extend(self.score_features(&prompts.zip(&images).collect::<Vec<_>>()).await?);
        }
        Ok(scores)
    }

    /// Computes the features of the prompts that are not in the cache.
    async fn keep_prompts(&self, cache: &mut ScoreCache, prompts: &[&str]) -> Result<(), ScoreError> {
        if cache.prompts.len() > ScoreCache::MOST_PROMPTS {
            cache.prompts.clear();
        }
        let unseen = prompts.iter().copied().filter(|prompt| !cache.prompts.contains_key(*prompt));
        let unseen: Vec<&str> = unseen.collect();
        let features = self.prompt_features(&unseen).await?;
        cache.prompts.extend(unseen.into_iter().map(str::to_owned).zip(features));
        Ok(())
    }
}
