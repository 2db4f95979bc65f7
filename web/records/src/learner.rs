//! A taste that is fitted again after each choice.

use pickscore_glue::Fault;
use pickscore_preferences::Record;
use pickscore_taste::{
    Answer, Choice, Embeddings, Learner as InnerLearner, LearnerPool, LeftOut, Pool, Priors, TasteError,
};
use tsify::Ts;
use wasm_bindgen::prelude::*;

use crate::{convert::to_js, fault, values::LearnedPair};

/// A taste that learns choice by choice. Images have numbers, from 0.
#[wasm_bindgen]
pub struct TasteLearner {
    learner: InnerLearner,
    /// Whether each record that was added is learned from.
    added: Vec<bool>,
    /// The images that pairs are chosen from, and their products.
    images: Vec<usize>,
    pool: LearnerPool,
}

#[wasm_bindgen]
impl TasteLearner {
    /// A taste without choices; `deviation` is the standard deviation of the prior of the weights.
    pub fn start(dimensions: usize, deviation: f64) -> Result<Self, JsValue> {
        let none = || Embeddings::new(dimensions, Vec::new());
        let priors = Priors { weights: deviation, ..Priors::default() };
        let learner = InnerLearner::new(none().map_err(fault::taste)?, priors).map_err(fault::taste)?;
        let pool = Pool::new(none().map_err(fault::taste)?, Vec::new()).map_err(fault::taste)?;
        Ok(Self { learner, added: Vec::new(), images: Vec::new(), pool: LearnerPool::new(pool) })
    }

    /// Adds an image and returns its number.
    #[wasm_bindgen(js_name = addImage)]
    pub fn add_image(&mut self, embedding: &[f32]) -> Result<usize, JsValue> {
        Ok(self.learner.push_image(embedding).map_err(fault::taste)?)
    }

    /// Adds the JSON of a record; false if it is not learned from. `lead` is the difference of the
    /// base scorer's scores in logits.
    pub fn add(
        &mut self,
        json: &str,
        left: usize,
        right: usize,
        lead: f64,
        without_visible: bool,
        now: f64,
    ) -> Result<bool, JsValue> {
        let value = serde_json::from_str(json).map_err(|error| Fault::new("record", error))?;
        let record = Record::from_json(&value, now as i64).map_err(fault::record)?;
        let label = LeftOut::default().learned(Answer::from(&record), without_visible);
        if let Some(label) = label {
            // Prompts matter for folds only.
            let choice = Choice { images: [left, right], lead, label, prompt: 0 };
            self.learner.push(choice).map_err(fault::taste)?;
        }
        self.added.push(label.is_some());
        Ok(label.is_some())
    }

    /// Takes the last record back; false if there is none.
    pub fn undo(&mut self) -> bool {
        let last = self.added.pop();
        if last == Some(true) {
            self.learner.pop();
        }
        last.is_some()
    }

    /// Sets the images that pairs are chosen from, with their base scores in logits.
    #[wasm_bindgen(js_name = setPool)]
    pub fn set_pool(&mut self, images: &[u32], scores: Vec<f64>) -> Result<(), JsValue> {
        let all = self.learner.data().embeddings();
        let mut embeddings = Embeddings::new(all.dimensions(), Vec::new()).map_err(fault::taste)?;
        let numbers: Vec<usize> = images.iter().map(|&image| image as usize).collect();
        for &image in &numbers {
            if image >= all.count() {
                return Err(Fault::new("bad-argument", "an image of the pool has no embedding").into());
            }
            embeddings.push(all.of(image)).map_err(fault::taste)?;
        }
        self.pool = LearnerPool::new(Pool::new(embeddings, scores).map_err(fault::taste)?);
        self.images = numbers;
        Ok(())
    }

    /// The most informative pair of the pool; null if every pair was asked. `asked` are pairs of
    /// numbers, one after the other.
    pub fn next(&mut self, asked: &[u32]) -> Result<Option<Ts<LearnedPair>>, JsValue> {
        let images = &self.images;
        let count = images.len();
        // By the places of both images in the pool.
        let mut known = vec![false; count * count];
        let place = |number: u32| images.iter().position(|&image| image == number as usize);
        for pair in asked.chunks_exact(2) {
            if let (Some(one), Some(other)) = (place(pair[0]), place(pair[1])) {
                known[one * count + other] = true;
                known[other * count + one] = true;
            }
        }
        let was_asked = |[one, other]: [usize; 2]| known[one * count + other];
        let found = self.learner.most_informative(&mut self.pool, 1, was_asked).map_err(fault::taste)?;
        let first = found.into_iter().next();
        let named = first.map(|mut pair| {
            pair.images = pair.images.map(|at| images[at]);
            pair
        });
        named.map(to_js).transpose()
    }

    /// The score and its standard deviation of each image of the pool, one after the other.
    pub fn scores(&mut self) -> Result<Vec<f64>, JsValue> {
        let scores: Result<_, TasteError> = self.learner.scores(&mut self.pool);
        Ok(scores.map_err(fault::taste)?.into_iter().flat_map(|of| [of.score, of.deviation]).collect())
    }
}
