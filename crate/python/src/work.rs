//! What is computed of a batch.

use std::{collections::HashMap, sync::Arc};

use pickscore_model::{
    PickScore,
    scorer::{ImageCache, ImageFeatures, PromptFeatures},
};
use pollster::FutureExt as _;

use crate::{fault::Fault, features::features, image::Source, pipeline::Outcome, warning::CutOff};

/// Maximum number of prompts whose features are kept, of about 4 KB each. Beyond it, they start
/// anew.
const MOST_PROMPTS: usize = 50_000;

/// An image and the prompt to score it for, which is empty for scorers that read none.
pub(crate) struct Item {
    pub(crate) prompt: Outcome<Arc<str>>,
    pub(crate) image: Outcome<Source>,
}

/// Scores items. Prompts and files that come again are computed once.
pub(crate) struct Scores {
    scorer: Arc<PickScore>,
    images: ImageCache,
    prompts: HashMap<Arc<str>, Outcome<PromptFeatures>>,
    cut_off: CutOff,
}

impl Scores {
    pub(crate) fn new(scorer: Arc<PickScore>, cut_off: CutOff) -> Self {
        Self { scorer, images: ImageCache::default(), prompts: HashMap::new(), cut_off }
    }

    /// Scores a batch.
    ///
    /// # Errors
    ///
    /// Fails if the device fails.
    pub(crate) fn run(&mut self, items: Vec<Item>) -> Result<Vec<Outcome<f32>>, Fault> {
        let (prompts, images): (Vec<_>, Vec<_>) =
            items.into_iter().map(|item| (item.prompt, item.image)).unzip();
        self.keep(prompts.iter().flatten())?;
        let prompts: Vec<Outcome<&PromptFeatures>> = prompts
            .iter()
            .map(|prompt| match prompt {
                Ok(prompt) => self.prompts[prompt].as_ref().map_err(Fault::clone),
                Err(fault) => Err(fault.clone()),
            })
            .collect();
        // The image of a prompt that cannot be read is not computed.
        let wanted = prompts.iter().zip(images).map(|(prompt, image)| match prompt {
            Ok(_) => image,
            Err(fault) => Err(fault.clone()),
        });
        let images = features(&self.scorer, &mut self.images, wanted.collect())?;
        let pairs: Vec<(&PromptFeatures, &ImageFeatures)> = prompts
            .iter()
            .zip(&images)
            .filter_map(|(prompt, image)| Some((*prompt.as_ref().ok()?, image.as_ref().ok()?)))
            .collect();
        let mut scores = self.scorer.score_features(&pairs).block_on()?.into_iter();
        let lost = || Fault::internal("an image has no score");
        Ok(images.iter().map(|image| image.clone().and_then(|_| scores.next().ok_or_else(lost))).collect())
    }

    /// Computes the features of the prompts that are not known yet.
    fn keep<'a>(&mut self, prompts: impl Iterator<Item = &'a Arc<str>>) -> Result<(), Fault> {
        if self.prompts.len() > MOST_PROMPTS {
            self.prompts.clear();
        }
        let mut unseen: Vec<Arc<str>> = Vec::new();
        for prompt in prompts {
            if self.prompts.contains_key(prompt) || unseen.contains(prompt) {
                continue;
            }
            match readable(&self.scorer, prompt, &self.cut_off) {
                Ok(()) => unseen.push(Arc::clone(prompt)),
                Err(fault) => {
                    self.prompts.insert(Arc::clone(prompt), Err(fault));
                }
            }
        }
        if unseen.is_empty() {
            return Ok(());
        }
        let texts: Vec<&str> = unseen.iter().map(|prompt| &**prompt).collect();
        let features = self.scorer.prompt_features(&texts).block_on()?;
        self.prompts.extend(unseen.into_iter().zip(features.into_iter().map(Ok)));
        Ok(())
    }
}

/// Checks that the scorer can read a prompt, if it reads any, and notes whether it is cut off.
///
/// # Errors
///
/// Fails if the prompt is empty.
pub(crate) fn readable(scorer: &PickScore, prompt: &Arc<str>, cut_off: &CutOff) -> Result<(), Fault> {
    if scorer.scoring().scorer.reads_prompt() && scorer.tokens(prompt)?.truncated {
        cut_off.add(prompt);
    }
    Ok(())
}

/// Embeds images. Files that come again are computed once.
pub(crate) struct ImageEmbeddings {
    scorer: Arc<PickScore>,
    images: ImageCache,
}

impl ImageEmbeddings {
    pub(crate) fn new(scorer: Arc<PickScore>) -> Self {
        Self { scorer, images: ImageCache::default() }
    }

    /// Embeds a batch: → `[images, projection]`
    ///
    /// # Errors
    ///
    /// Fails if the device fails.
    pub(crate) fn run(&mut self, images: Vec<Outcome<Source>>) -> Result<Vec<Outcome<Vec<f32>>>, Fault> {
        let features = features(&self.scorer, &mut self.images, images)?;
        let values = |features| match features {
            ImageFeatures::Embedding(embedding) => Ok(embedding.into_values()),
            ImageFeatures::Tokens(_) => Err(Fault::internal("the image has no embedding")),
        };
        Ok(features.into_iter().map(|features| features.and_then(values)).collect())
    }
}

/// Embeds prompts: → `[prompts, projection]`
///
/// # Errors
///
/// Fails if the device fails.
pub(crate) fn embed_prompts(
    scorer: &PickScore,
    prompts: Vec<Outcome<Arc<str>>>,
    cut_off: &CutOff,
) -> Result<Vec<Outcome<Vec<f32>>>, Fault> {
    let checked: Vec<Outcome<Arc<str>>> = prompts
        .into_iter()
        .map(|prompt| {
            let prompt = prompt?;
            if scorer.tokens(&prompt)?.truncated {
                cut_off.add(&prompt);
            }
            Ok(prompt)
        })
        .collect();
    let texts: Vec<&str> = checked.iter().flatten().map(|prompt| &**prompt).collect();
    let mut embeddings = scorer.embed_texts(&texts).block_on()?.into_iter();
    let lost = || Fault::internal("a prompt has no embedding");
    let values = |prompt: Outcome<Arc<str>>| {
        prompt.and_then(|_| Ok(embeddings.next().ok_or_else(lost)?.into_values()))
    };
    Ok(checked.into_iter().map(values).collect())
}
