//! Simulated people whose taste is known, for measuring what can be learned about it.
//!
//! A person agrees with the base scorer to some degree, and has a taste besides: a random direction
//! among the embeddings. Answers follow the model.

use pickscore_common::seeded::hashes;
use pickscore_score::Label;

use crate::{
    data::{Choice, Embeddings},
    error::TasteError,
    likelihood::Answers,
};

/// How people are simulated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct People {
    /// The standard deviation of the leads that people share with the base scorer, in nats. With 1
    /// the base scorer predicts 70 % of the choices of people without a taste of their own.
    pub agreement: f64,
    /// The standard deviation of the leads that are a person's own, in nats.
    pub strength: f64,
    /// ln ν; `None` for people who never answer with a tie.
    pub tie: Option<f64>,
    /// The seed.
    pub seed: u64,
}

/// A pair that is shown: its images, the base scorer's lead and the number of the prompt.
pub type Shown = ([usize; 2], f64, usize);

/// A simulated person.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// The factor of the base scorer's leads.
    pub alpha: f64,
    /// The person's own weights.
    pub weights: Vec<f64>,
    tie: Option<f64>,
    seed: u64,
    name: String,
}

impl People {
    /// A person. `pairs` are those that people of this kind choose between.
    ///
    /// # Errors
    ///
    /// If agreement or strength is not 0 to 100.
    pub fn person(
        &self,
        number: usize,
        embeddings: &Embeddings,
        pairs: &[Shown],
    ) -> Result<Person, TasteError> {
        for (name, value) in [("agreement", self.agreement), ("strength", self.strength)] {
            if !(0.0..=100.0).contains(&value) {
                return Err(TasteError::Option { name, value, expected: "0 to 100" });
            }
        }
        let name = format!("person {number}");
        let mut weights: Vec<f64> =
            normal(self.seed, &format!("{name} taste")).take(embeddings.dimensions()).collect();
        let along = |&(images, ..): &Shown| -> f64 {
            embeddings.difference(images).zip(&weights).map(|(e, w)| e * w).sum()
        };
        let spread = |of: &dyn Fn(&Shown) -> f64| {
            (pairs.iter().map(|pair| of(pair).powi(2)).sum::<f64>() / pairs.len().max(1) as f64).sqrt()
        };
        let factor = |wanted: f64, spread: f64| if spread > 0.0 { wanted / spread } else { 0.0 };
        let alpha = factor(self.agreement, spread(&|pair| pair.1));
        let scale = factor(self.strength, spread(&along));
        weights.iter_mut().for_each(|w| *w *= scale);
        Ok(Person { alpha, weights, tie: self.tie, seed: self.seed, name })
    }
}

impl Person {
    /// The lead that the person sees.
    pub fn lead(&self, embeddings: &Embeddings, images: [usize; 2], base: f64) -> f64 {
        self.alpha * base + embeddings.difference(images).zip(&self.weights).map(|(e, w)| e * w).sum::<f64>()
    }

    /// The person's answers to pairs.
    pub fn answers(&self, embeddings: &Embeddings, pairs: &[Shown]) -> Vec<Choice> {
        let numbers = hashes(self.seed, &format!("{} answers", self.name), 0).map(unit);
        let of = |(&(images, lead, prompt), number): (&Shown, f64)| {
            let [left, tie, _] = Answers::of(self.lead(embeddings, images, lead), self.tie).shares();
            let label = if number < left {
                Label::Left
            } else if number < left + tie {
                Label::Tie
            } else {
                Label::Right
            };
            Choice { images, lead, label, prompt }
        };
        pairs.iter().zip(numbers).map(of).collect()
    }
}

/// A number between 0 and 1.
fn unit(number: u64) -> f64 {
    ((number >> 12) as f64 + 0.5) / (1u64 << 52) as f64
}

/// Normally distributed numbers (Box and Muller).
pub(crate) fn normal(seed: u64, name: &str) -> impl Iterator<Item = f64> {
    let mut numbers = hashes(seed, name, 0).map(unit);
    std::iter::repeat_with(move || {
        let (one, other) = (numbers.next().unwrap_or(0.5), numbers.next().unwrap_or(0.5));
        (-2.0 * one.ln()).sqrt() * (std::f64::consts::TAU * other).cos()
    })
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::{Data, Needed, Validation, fit, tests::embeddings, validate};

    /// Choices of a person between images that each occur often.
    fn asked(strength: f64, count: usize, images: usize) -> (Person, Data) {
        let embeddings = embeddings(images, 12, 5);
        let numbers: Vec<u64> = hashes(3, "pairs", 0).take(count * 2).collect();
        let pair = |two: &[u64]| {
            let one = (two[0] % images as u64) as usize;
            [one, (one + 1 + (two[1] % (images as u64 - 1)) as usize) % images]
        };
        let pairs: Vec<[usize; 2]> = numbers.chunks(2).map(pair).collect();
        // A base scorer that knows nothing of this person.
        let bases: Vec<f64> = normal(4, "bases").take(images).collect();
        let with = |&pair: &[usize; 2]| (pair, bases[pair[0]] - bases[pair[1]], 0);
        let pairs: Vec<_> = pairs.iter().map(with).collect();
        let people = People { agreement: 1.4, strength, tie: Some(-1.0), seed: 9 };
        let person = people.person(0, &embeddings, &pairs).unwrap();
        let choices = person.answers(&embeddings, &pairs);
        (person, Data::new(embeddings, choices).unwrap())
    }

    fn validated(data: &Data) -> crate::Validated {
        let options = Validation { seed: 1, ..Validation::default() };
        validate(data, &options, &mut |_| ControlFlow::Continue(())).unwrap().unwrap()
    }

    #[test]
    fn a_known_taste_is_found() {
        let (person, data) = asked(3.0, 4000, 300);
        let found = fit(&data, crate::Priors { weights: 4.0, ..crate::Priors::default() }).unwrap();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let (one, other) = (&found.weights, &person.weights);
        let cosine = dot(one, other) / (dot(one, one) * dot(other, other)).sqrt();
        assert!(cosine > 0.98, "{cosine}");
        assert!((found.alpha - person.alpha).abs() < 0.15 && (found.tie.unwrap() + 1.0).abs() < 0.15);
    }

    #[test]
    fn a_strong_taste_is_offered() {
        let (_, data) = asked(3.0, 400, 60);
        let found = validated(&data);
        let accuracy = found.accuracy.unwrap();
        assert_eq!(found.needed, Needed::Offered);
        assert!(accuracy.gain.low > 0.0 && accuracy.tested > 150, "{accuracy:?}");
        assert!((accuracy.taste.value - accuracy.base.value - accuracy.gain.value).abs() < 1e-12);
    }

    #[test]
    fn nothing_is_offered_to_somebody_without_a_taste_of_their_own() {
        let mut offered = 0;
        for seed in 0..40 {
            let embeddings = embeddings(60, 12, seed);
            let pairs: Vec<_> = (0..150).map(|at| ([at % 60, (at * 7 + 1 + at / 60) % 60], 0)).collect();
            let bases: Vec<f64> = normal(seed, "bases").take(60).map(|x| 2.0 * x).collect();
            let pairs: Vec<_> =
                pairs.into_iter().map(|([a, b], prompt)| ([a, b], bases[a] - bases[b], prompt)).collect();
            let person = People { agreement: 2.0, strength: 0.0, tie: None, seed };
            let person = person.person(0, &embeddings, &pairs).unwrap();
            let data = Data::new(embeddings.clone(), person.answers(&embeddings, &pairs)).unwrap();
            offered += u32::from(validated(&data).needed == Needed::Offered);
        }
        // The lower end of a 99 % interval is above 0 in 0.5 % of cases.
        assert!(offered <= 2, "{offered}");
    }

    #[test]
    fn few_choices_cannot_be_validated() {
        for count in 0..3 {
            let (_, data) = asked(3.0, count, 60);
            let found = validated(&data);
            assert!(found.accuracy.is_none_or(|accuracy| accuracy.tested <= count));
            assert!(matches!(found.needed, Needed::AtLeast(_) | Needed::About(_)));
        }
    }

    #[test]
    fn people_are_the_same_every_time_and_differ() {
        let (one, data) = asked(2.0, 50, 20);
        assert_eq!(asked(2.0, 50, 20), (one.clone(), data.clone()));
        let people = People { agreement: 1.0, strength: 2.0, tie: None, seed: 9 };
        let other = people.person(1, data.embeddings(), &[([0, 1], 1.0, 0), ([1, 2], 0.0, 0)]).unwrap();
        assert_ne!(one.weights, other.weights);
        assert!(People { strength: f64::NAN, ..people }.person(1, data.embeddings(), &[]).is_err());
    }

    #[test]
    fn cancelling_gives_nothing() {
        let (_, data) = asked(2.0, 50, 20);
        let found = validate(&data, &Validation::default(), &mut |_| ControlFlow::Break(()));
        assert_eq!(found, Ok(None));
    }
}
