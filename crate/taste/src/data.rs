//! What a taste is fitted to: embeddings of images, and choices between them.

use std::sync::Arc;

use pickscore_score::Label;

use crate::error::{MOST_DIMENSIONS, MOST_LEAD, TasteError};

/// How far the length of an embedding may be from 1. Embeddings stored in 16 bits are within this.
const UNIT: f64 = 1e-2;

/// Unit-length embeddings of images, numbered from 0. Copies share the numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Embeddings {
    dimensions: usize,
    values: Arc<Vec<f32>>,
}

impl Embeddings {
    /// Embeddings from their numbers, one image after the other.
    ///
    /// # Errors
    ///
    /// If a number is not finite, an embedding is not of unit length, or the number of numbers is
    /// not a multiple of `dimensions`.
    pub fn new(dimensions: usize, values: Vec<f32>) -> Result<Self, TasteError> {
        if dimensions == 0 || dimensions > MOST_DIMENSIONS {
            return Err(TasteError::Dimensions { found: dimensions });
        }
        if !values.len().is_multiple_of(dimensions) {
            return Err(TasteError::Ragged { dimensions, found: values.len() });
        }
        for (image, values) in values.chunks_exact(dimensions).enumerate() {
            check(image, values)?;
        }
        Ok(Self { dimensions, values: Arc::new(values) })
    }

    /// Adds an image and returns its number.
    ///
    /// # Errors
    ///
    /// If the embedding is of another model, not finite or not of unit length.
    pub fn push(&mut self, embedding: &[f32]) -> Result<usize, TasteError> {
        if embedding.len() != self.dimensions {
            return Err(TasteError::OtherModel { expected: self.dimensions, found: embedding.len() });
        }
        check(self.count(), embedding)?;
        Arc::make_mut(&mut self.values).extend_from_slice(embedding);
        Ok(self.count() - 1)
    }

    /// Number of dimensions.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Number of images.
    pub fn count(&self) -> usize {
        self.values.len() / self.dimensions
    }

    /// The embedding of an image.
    pub fn of(&self, image: usize) -> &[f32] {
        &self.values[image * self.dimensions..(image + 1) * self.dimensions]
    }

    /// The embedding of an image in 64 bits.
    pub(crate) fn wide(&self, image: usize) -> impl Iterator<Item = f64> + '_ {
        self.of(image).iter().map(|&value| f64::from(value))
    }

    /// The difference of two embeddings, in 64 bits, which is exact.
    pub(crate) fn difference(&self, [left, right]: [usize; 2]) -> impl Iterator<Item = f64> + '_ {
        self.wide(left).zip(self.wide(right)).map(|(left, right)| left - right)
    }
}

fn check(image: usize, values: &[f32]) -> Result<(), TasteError> {
    let square: f64 = values.iter().map(|&value| f64::from(value) * f64::from(value)).sum();
    if !square.is_finite() {
        return Err(TasteError::Embedding { image, problem: "not finite" });
    }
    if (square.sqrt() - 1.0).abs() > UNIT {
        return Err(TasteError::Embedding { image, problem: "not of unit length" });
    }
    Ok(())
}

/// One choice between two images.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    /// The numbers of the left and right image.
    pub images: [usize; 2],
    /// How far the base scorer's score of the left image is above that of the right one, in logits.
    pub lead: f64,
    /// The preferred side, or a tie.
    pub label: Label,
    /// The number of the prompt. Choices about the same prompt are not independent.
    pub prompt: usize,
}

/// Choices and the embeddings of their images, all checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Data {
    embeddings: Embeddings,
    choices: Vec<Choice>,
}

impl Data {
    /// Checks choices.
    ///
    /// # Errors
    ///
    /// If a choice is about an image that has no embedding, or its lead is not finite.
    pub fn new(embeddings: Embeddings, choices: Vec<Choice>) -> Result<Self, TasteError> {
        let mut data = Self { embeddings, choices: Vec::with_capacity(choices.len()) };
        choices.into_iter().try_for_each(|choice| data.push(choice))?;
        Ok(data)
    }

    /// Adds a choice.
    ///
    /// # Errors
    ///
    /// As [`Data::new`].
    pub fn push(&mut self, choice: Choice) -> Result<(), TasteError> {
        let at = self.choices.len();
        let images = self.embeddings.count();
        if let Some(&image) = choice.images.iter().find(|&&image| image >= images) {
            return Err(TasteError::UnknownImage { choice: at, image, images });
        }
        if choice.lead.is_nan() || choice.lead.abs() > MOST_LEAD {
            return Err(TasteError::Lead { choice: at });
        }
        self.choices.push(choice);
        Ok(())
    }

    /// Removes the last choice.
    pub fn pop(&mut self) -> Option<Choice> {
        self.choices.pop()
    }

    /// Adds an image, as [`Embeddings::push`].
    ///
    /// # Errors
    ///
    /// As [`Embeddings::push`].
    pub fn push_image(&mut self, embedding: &[f32]) -> Result<usize, TasteError> {
        self.embeddings.push(embedding)
    }

    /// The embeddings.
    pub fn embeddings(&self) -> &Embeddings {
        &self.embeddings
    }

    /// The choices.
    pub fn choices(&self) -> &[Choice] {
        &self.choices
    }

    /// Number of ties.
    pub fn ties(&self) -> usize {
        self.choices.iter().filter(|choice| choice.label == Label::Tie).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Embeddings {
        Embeddings::new(2, vec![1.0, 0.0, 0.6, 0.8]).unwrap()
    }

    #[test]
    fn what_is_no_embedding_is_refused() {
        let refused = |dimensions, values: &[f32]| Embeddings::new(dimensions, values.to_vec()).unwrap_err();
        assert_eq!(refused(0, &[]), TasteError::Dimensions { found: 0 });
        assert_eq!(refused(5000, &[]), TasteError::Dimensions { found: 5000 });
        assert_eq!(refused(2, &[1.0]), TasteError::Ragged { dimensions: 2, found: 1 });
        let not_finite = TasteError::Embedding { image: 1, problem: "not finite" };
        assert_eq!(refused(2, &[1.0, 0.0, f32::NAN, 0.0]), not_finite);
        assert_eq!(refused(2, &[1.0, 0.0, f32::INFINITY, 0.0]), not_finite);
        assert_eq!(
            refused(2, &[1.0, 1.0]),
            TasteError::Embedding { image: 0, problem: "not of unit length" }
        );
        assert_eq!(two().push(&[1.0]).unwrap_err(), TasteError::OtherModel { expected: 2, found: 1 });
        assert_eq!(two().push(&[0.0, 1.0]), Ok(2));
    }

    #[test]
    fn what_is_no_choice_is_refused() {
        let of = |images, lead| {
            let choice = Choice { images, lead, label: Label::Left, prompt: 0 };
            Data::new(two(), vec![choice]).unwrap_err()
        };
        assert_eq!(of([0, 2], 0.0), TasteError::UnknownImage { choice: 0, image: 2, images: 2 });
        assert_eq!(of([0, 1], f64::NAN), TasteError::Lead { choice: 0 });
        assert_eq!(of([0, 1], f64::NEG_INFINITY), TasteError::Lead { choice: 0 });
        assert_eq!(of([0, 1], 1e5), TasteError::Lead { choice: 0 });
    }
}
