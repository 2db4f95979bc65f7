//! The file of a taste, `taste.json`. The README describes its fields.
//!
//! It holds weights and some directions of the covariance; no image, prompt or choice. Everything
//! read is checked, because a file may come from anybody.

use half::f16;
use serde_json::{Map, Value};

use pickscore_preferences::evaluate::Estimate;
use pickscore_score::Scorer;

use crate::{
    base64, data::Data, directions::directions, error::MOST_DIMENSIONS, file_error::TasteFileError, fit::Fit,
    posterior::Posterior, validate::Accuracy,
};

/// The value of `format`.
pub const FORMAT: &str = "pickscore-taste";
/// The version that is written and read.
pub const VERSION: u64 = 1;
/// Maximum size of a file in bytes.
pub const MOST_BYTES: usize = 64 << 10;
/// Maximum number of directions of the covariance.
pub const MOST_DIRECTIONS: usize = 16;
/// Maximum number of characters of a name.
pub const MOST_NAME: usize = 80;
/// The fields of a file.
const FIELDS: [&str; 12] = [
    "format",
    "version",
    "name",
    "scorer",
    "choices",
    "ties",
    "accuracy",
    "dimensions",
    "alpha",
    "tie",
    "weights",
    "uncertainty",
];
/// Bytes for everything but the numbers in base64.
const REST: usize = 3 << 10;
/// Largest weight and factor; embeddings have unit length, so fitted ones are far smaller.
const LARGEST: f64 = 1e6;

/// The scorer that a taste was fitted on top of.
#[derive(Debug, Clone, PartialEq)]
pub struct BaseScorer {
    /// Its name, as in the catalogue.
    pub name: String,
    /// What identifies its weights: 64 hexadecimal digits.
    pub fingerprint: String,
    /// The factor that makes its scores logits.
    pub scale: f64,
}

/// A taste that does not need the choices that it was fitted to.
#[derive(Debug, Clone, PartialEq)]
pub struct Taste {
    /// The visitor's name for it.
    pub name: String,
    /// The scorer that it needs.
    pub scorer: BaseScorer,
    /// Number of choices that it was fitted to.
    pub choices: u64,
    /// Number of ties among them.
    pub ties: u64,
    /// Its accuracy; `None` if it could not be measured.
    pub accuracy: Option<Accuracy>,
    /// The factor of the base scorer's score.
    pub alpha: f64,
    /// ln ν; `None` without ties.
    pub tie: Option<f64>,
    /// The weights of the embedding.
    pub weights: Vec<f32>,
    /// The uncertainty.
    pub uncertainty: Uncertainty,
}

/// The covariance of a taste: that of the prior, less what the choices taught along some
/// directions.
#[derive(Debug, Clone, PartialEq)]
pub struct Uncertainty {
    /// The standard deviation of the prior of each weight.
    pub weights: f64,
    /// The standard deviation of the prior of α.
    pub alpha: f64,
    /// For each direction, by how much the variance is lower than the prior's.
    pub reductions: Vec<f32>,
    /// The directions, one after the other: the numbers of the weights, then that of α.
    pub directions: Vec<f16>,
}

impl Taste {
    /// A fitted taste as it is stored.
    ///
    /// # Errors
    ///
    /// If the name or the scorer is not one that a file may have.
    pub fn new(
        name: &str,
        scorer: BaseScorer,
        data: &Data,
        posterior: &Posterior,
        accuracy: Option<Accuracy>,
    ) -> Result<Self, TasteFileError> {
        let Fit { alpha, weights, tie, priors, .. } = posterior.fit();
        let found = directions(posterior, most_directions(weights.len()));
        let taste = Self {
            name: name.to_owned(),
            scorer,
            choices: data.choices().len() as u64,
            ties: data.ties() as u64,
            accuracy,
            alpha: *alpha,
            tie: *tie,
            weights: weights.iter().map(|&w| w as f32).collect(),
            uncertainty: Uncertainty {
                weights: priors.weights,
                alpha: priors.alpha,
                reductions: found.iter().map(|direction| direction.reduction as f32).collect(),
                directions: found.iter().flat_map(|one| &one.vector).map(|&x| f16::from_f64(x)).collect(),
            },
        };
        taste.check()?;
        Ok(taste)
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// If it is not a taste of this version.
    pub fn from_json(bytes: &[u8]) -> Result<Self, TasteFileError> {
        if bytes.len() > MOST_BYTES {
            return Err(TasteFileError::TooLarge { bytes: bytes.len(), expected: MOST_BYTES });
        }
        let not_json = |reason: String| TasteFileError::Json { reason };
        let text = std::str::from_utf8(bytes).map_err(|_| not_json("it is not UTF-8".into()))?;
        let value: Value = serde_json::from_str(text).map_err(|error| not_json(reason(&error)))?;
        if value.get("format").and_then(Value::as_str) != Some(FORMAT) {
            return Err(TasteFileError::Format { expected: FORMAT });
        }
        match value.get("version").map(Value::as_u64) {
            Some(Some(VERSION)) => {}
            Some(Some(found)) => return Err(TasteFileError::Version { found, expected: VERSION }),
            Some(None) => return Err(TasteFileError::NoVersion { expected: VERSION }),
            None => return Err(field("version", "missing")),
        }
        let read = Fields::of(&value, &FIELDS)?;
        if colons(text) != keys(&value) {
            return Err(TasteFileError::Fields { reason: "a field is given twice".into() });
        }
        let of_scorer = Fields::of(read.value("scorer"), &["name", "fingerprint", "scale"])?;
        let uncertainty =
            Fields::of(read.value("uncertainty"), &["weights", "alpha", "reductions", "directions"])?;
        let Some(dimensions) =
            read.count("dimensions")?.try_into().ok().filter(|n| (1..=MOST_DIMENSIONS).contains(n))
        else {
            return Err(field("dimensions", "not between 1 and 4096"));
        };
        let weights = numbers(read.text("weights")?, "weights")?;
        let of_directions = numbers(uncertainty.text("directions")?, "uncertainty.directions")?;
        if weights.len() != dimensions * 4 {
            return Err(field("weights", "not as many numbers as `dimensions`"));
        }
        let reductions =
            uncertainty.value("reductions").as_array().ok_or_else(|| other_type("reductions"))?;
        if reductions.len() > MOST_DIRECTIONS {
            return Err(field("uncertainty.reductions", "longer than 16"));
        }
        if of_directions.len() != reductions.len() * (dimensions + 1) * 2 {
            return Err(field("uncertainty.directions", "not as many numbers as its reductions need"));
        }
        let mut of_reductions = Vec::with_capacity(reductions.len());
        for reduction in reductions {
            of_reductions.push(reduction.as_f64().ok_or_else(|| other_type("reductions"))? as f32);
        }
        let taste = Self {
            name: read.text("name")?.into(),
            scorer: BaseScorer {
                name: of_scorer.text("name")?.into(),
                fingerprint: of_scorer.text("fingerprint")?.into(),
                scale: of_scorer.number("scale")?,
            },
            choices: read.count("choices")?,
            ties: read.count("ties")?,
            accuracy: if read.value("accuracy").is_null() {
                None
            } else {
                Some(accuracy(read.value("accuracy"))?)
            },
            alpha: read.number("alpha")?,
            tie: if read.value("tie").is_null() { None } else { Some(read.number("tie")?) },
            weights: weights.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect(),
            uncertainty: Uncertainty {
                weights: uncertainty.number("weights")?,
                alpha: uncertainty.number("alpha")?,
                reductions: of_reductions,
                directions: of_directions.chunks_exact(2).map(|b| f16::from_le_bytes([b[0], b[1]])).collect(),
            },
        };
        taste.check()?;
        Ok(taste)
    }

    /// The file.
    pub fn to_json(&self) -> String {
        let weights: Vec<u8> = self.weights.iter().flat_map(|w| w.to_le_bytes()).collect();
        let Uncertainty { weights: of_weights, alpha: of_alpha, reductions, directions } = &self.uncertainty;
        let of_directions: Vec<u8> = directions.iter().flat_map(|x| x.to_le_bytes()).collect();
        // Numbers can always be written.
        let number = |value: f64| serde_json::to_string(&value).unwrap_or_default();
        let estimate = |of: Estimate| {
            let ends = [("value", of.value), ("low", of.low), ("high", of.high)];
            object(4, &ends.map(|(name, value)| (name, number(value))))
        };
        let accuracy = self.accuracy.map_or_else(
            || "null".into(),
            |Accuracy { tested, base, taste, gain }| {
                let parts =
                    [("base", base), ("taste", taste), ("gain", gain)].map(|(name, of)| (name, estimate(of)));
                let [base, taste, gain] = parts;
                object(2, &[("tested", tested.to_string()), base, taste, gain])
            },
        );
        let scorer = [
            ("name", quoted(&self.scorer.name)),
            ("fingerprint", quoted(&self.scorer.fingerprint)),
            ("scale", number(self.scorer.scale)),
        ];
        let reductions: Vec<String> = reductions.iter().map(|&reduction| number(reduction.into())).collect();
        let uncertainty = [
            ("weights", number(*of_weights)),
            ("alpha", number(*of_alpha)),
            ("reductions", format!("[{}]", reductions.join(", "))),
            ("directions", quoted(&base64::encode(&of_directions))),
        ];
        object(
            0,
            &[
                ("format", quoted(FORMAT)),
                ("version", VERSION.to_string()),
                ("name", quoted(&self.name)),
                ("scorer", object(2, &scorer)),
                ("choices", self.choices.to_string()),
                ("ties", self.ties.to_string()),
                ("accuracy", accuracy),
                ("dimensions", self.weights.len().to_string()),
                ("alpha", number(self.alpha)),
                ("tie", self.tie.map_or_else(|| "null".into(), number)),
                ("weights", quoted(&base64::encode(&weights))),
                ("uncertainty", object(2, &uncertainty)),
            ],
        )
    }

    /// Refuses another scorer than the one that the taste was fitted on top of.
    ///
    /// # Errors
    ///
    /// If name or fingerprint differ.
    pub fn check_scorer(&self, name: &str, fingerprint: &str) -> Result<(), TasteFileError> {
        if self.scorer.name == name && self.scorer.fingerprint == fingerprint {
            return Ok(());
        }
        let said = |name: &str, fingerprint: &str| {
            format!("{name} ({})", fingerprint.get(..8).unwrap_or(fingerprint))
        };
        Err(TasteFileError::OtherScorer {
            expected: said(&self.scorer.name, &self.scorer.fingerprint),
            found: said(name, fingerprint),
        })
    }

    /// The score of an image by this taste, in logits, from the base scorer's score and the
    /// embedding.
    pub fn score(&self, base: f64, embedding: &[f32]) -> f64 {
        let along: f64 = self.weights.iter().zip(embedding).map(|(&w, &e)| f64::from(w) * f64::from(e)).sum();
        self.alpha * self.scorer.scale * base + along
    }

    /// The variance of a difference of two scores, from the differences of the base scorer's scores
    /// and of the embeddings. It is that of the posterior or above it.
    pub fn variance(&self, base: f64, difference: &[f64]) -> f64 {
        let uncertainty = &self.uncertainty;
        let mut apart: Vec<f64> = difference.iter().map(|e| uncertainty.weights * e).collect();
        apart.push(uncertainty.alpha * self.scorer.scale * base);
        let square = |of: &[f64]| of.iter().map(|x| x * x).sum::<f64>();
        let rows = uncertainty.directions.chunks_exact(apart.len());
        let reduced: f64 = rows
            .zip(&uncertainty.reductions)
            .map(|(row, &reduction)| {
                let along: f64 = row.iter().zip(&apart).map(|(u, x)| u.to_f64() * x).sum();
                f64::from(reduction) * along * along
            })
            .sum();
        (square(&apart) - reduced).max(0.0)
    }

    /// Refuses a name that no taste may have.
    ///
    /// # Errors
    ///
    /// If it is empty, too long, or has characters that cannot be seen and move others.
    pub fn check_name(name: &str) -> Result<(), TasteFileError> {
        if name.chars().all(is_invisible) || name.chars().count() > MOST_NAME {
            return Err(field("name", "empty or longer than 80 characters"));
        }
        if name.chars().any(|letter| letter.is_control() || is_moving(letter)) {
            return Err(field("name", "a text with control characters"));
        }
        Ok(())
    }

    fn check(&self) -> Result<(), TasteFileError> {
        Self::check_name(&self.name)?;
        let BaseScorer { name, fingerprint, scale } = &self.scorer;
        if !Scorer::named(name).is_some_and(Scorer::embeds_images) {
            return Err(field("scorer.name", "not a scorer that embeds images"));
        }
        let is_digit = |letter: u8| matches!(letter, b'0'..=b'9' | b'a'..=b'f');
        if fingerprint.len() != 64 || !fingerprint.bytes().all(is_digit) {
            return Err(field("scorer.fingerprint", "not 64 hexadecimal digits"));
        }
        if !(1e-6..=1e6).contains(scale) {
            return Err(field("scorer.scale", "not between 0.000001 and 1000000"));
        }
        if self.ties > self.choices || self.choices > 1 << 40 {
            return Err(field("choices", "not a possible number, or less than `ties`"));
        }
        if self.accuracy.is_some_and(|accuracy| !is_possible(&accuracy, self.choices - self.ties)) {
            return Err(field("accuracy", "not possible"));
        }
        // Also false for NaN and infinities, which JSON has not, but 1e999 would be read as one.
        let sound = |x: f64| x.abs() <= LARGEST;
        if !sound(self.alpha) {
            return Err(field("alpha", "not finite or too large"));
        }
        if self.tie.is_some_and(|tie| !sound(tie)) {
            return Err(field("tie", "not finite or too large"));
        }
        if !self.weights.iter().all(|&w| sound(w.into())) {
            return Err(field("weights", "not finite or too large"));
        }
        let Uncertainty { weights, alpha, reductions, directions } = &self.uncertainty;
        if ![weights, alpha].into_iter().all(|x| (1e-6..=1e3).contains(x)) {
            return Err(field("uncertainty", "not between 0.000001 and 1000"));
        }
        if !reductions.iter().all(|x| (0.0..=1.0).contains(x)) {
            return Err(field("uncertainty.reductions", "not between 0 and 1"));
        }
        let is_unit = |row: &[f16]| {
            let square: f64 = row.iter().map(|x| x.to_f64() * x.to_f64()).sum();
            (square - 1.0).abs() < 0.01
        };
        if !directions.chunks(self.weights.len() + 1).all(is_unit) {
            return Err(field("uncertainty.directions", "not of unit length"));
        }
        Ok(())
    }
}

/// How many directions fit into a file.
fn most_directions(dimensions: usize) -> usize {
    let text = |bytes: usize| bytes.div_ceil(3) * 4;
    let left = MOST_BYTES.saturating_sub(REST + text(dimensions * 4));
    (left / text((dimensions + 1) * 2)).min(MOST_DIRECTIONS)
}

fn field(field: &'static str, problem: &'static str) -> TasteFileError {
    TasteFileError::Field { field, problem }
}

/// The fields of an object. They are read by hand, because generic readers would make the page's
/// download larger.
struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    /// The fields of an object that has these and no others.
    fn of(value: &'a Value, names: &[&str]) -> Result<Self, TasteFileError> {
        let Some(map) = value.as_object() else { return Err(malformed("not an object", "")) };
        if let Some(name) = names.iter().find(|name| !map.contains_key(**name)) {
            return Err(malformed("missing field", name));
        }
        match map.keys().find(|name| !names.contains(&name.as_str())) {
            Some(name) => Err(malformed("unknown field", name)),
            None => Ok(Self(map)),
        }
    }

    /// The value of a field that is there.
    fn value(&self, name: &str) -> &'a Value {
        &self.0[name]
    }

    fn text(&self, name: &str) -> Result<&'a str, TasteFileError> {
        self.value(name).as_str().ok_or_else(|| other_type(name))
    }

    fn number(&self, name: &str) -> Result<f64, TasteFileError> {
        self.value(name).as_f64().ok_or_else(|| other_type(name))
    }

    fn count(&self, name: &str) -> Result<u64, TasteFileError> {
        self.value(name).as_u64().ok_or_else(|| other_type(name))
    }
}

fn accuracy(value: &Value) -> Result<Accuracy, TasteFileError> {
    let read = Fields::of(value, &["tested", "base", "taste", "gain"])?;
    let estimate = |name: &str| {
        let read = Fields::of(read.value(name), &["value", "low", "high"])?;
        Ok(Estimate { value: read.number("value")?, low: read.number("low")?, high: read.number("high")? })
    };
    let tested = usize::try_from(read.count("tested")?).map_err(|_| field("accuracy", "not possible"))?;
    Ok(Accuracy { tested, base: estimate("base")?, taste: estimate("taste")?, gain: estimate("gain")? })
}

fn malformed(what: &str, name: &str) -> TasteFileError {
    let name: String = name.chars().filter(|letter| !letter.is_control()).take(40).collect();
    TasteFileError::Fields { reason: format!("{what} `{name}`") }
}

fn other_type(name: &str) -> TasteFileError {
    malformed("another type in", name)
}

/// Number of colons outside strings: of keys, also of those that are given twice.
fn colons(json: &str) -> usize {
    let (mut count, mut inside, mut escaped) = (0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = inside,
            b'"' => inside = !inside,
            b':' if !inside => count += 1,
            _ => {}
        }
    }
    count
}

/// Number of keys.
fn keys(value: &Value) -> usize {
    match value {
        Value::Object(map) => map.len() + map.values().map(keys).sum::<usize>(),
        Value::Array(values) => values.iter().map(keys).sum(),
        _ => 0,
    }
}

/// A string as JSON.
fn quoted(text: &str) -> String {
    // Strings can always be written.
    serde_json::to_string(text).unwrap_or_default()
}

/// An object as JSON, a line for each field, indented by this many spaces. Written by hand, because
/// a generic writer would make the page's download larger.
fn object(indent: usize, fields: &[(&str, String)]) -> String {
    let lines: Vec<String> =
        fields.iter().map(|(name, value)| format!("{:indent$}  \"{name}\": {value}", "")).collect();
    format!("{{\n{}\n{:indent$}}}", lines.join(",\n"), "")
}

/// What a parser says, without what the file contains: it may be long.
fn reason(error: &serde_json::Error) -> String {
    error.to_string().chars().filter(|letter| !letter.is_control()).take(120).collect()
}

fn numbers(text: &str, name: &'static str) -> Result<Vec<u8>, TasteFileError> {
    base64::decode(text).ok_or_else(|| field(name, "not base64"))
}

/// Whether a character changes the direction of text or begins a new line.
fn is_moving(letter: char) -> bool {
    matches!(letter, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character is not seen: spaces, joiners, fillers, selectors and marks of direction.
fn is_invisible(letter: char) -> bool {
    letter.is_whitespace()
        || matches!(
            letter,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
                | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}'
                | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Whether accuracies are shares, their intervals are around them, and `gain` is their difference.
/// `choices` is the number of those that are not ties.
fn is_possible(accuracy: &Accuracy, choices: u64) -> bool {
    let Accuracy { tested, base, taste, gain } = accuracy;
    let within = |of: &Estimate, low: f64| {
        low <= of.low && of.low <= of.value && of.value <= of.high && of.high <= 1.0
    };
    let differ = (taste.value - base.value - gain.value).abs();
    *tested as u64 <= choices
        && differ < 1e-6
        && within(base, 0.0)
        && within(taste, 0.0)
        && within(gain, -1.0)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use pickscore_preferences::evaluate::Estimate;
    use pickscore_score::Label;

    use super::*;
    use crate::{Choice, Pool, Priors, fit, tests::embeddings};

    const FINGERPRINT: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    /// Where fuzzing begins.
    #[test]
    fn the_fuzzers_seed_is_a_taste() {
        let seed = include_bytes!("../../../tests/taste/fixtures/tastes/two-dimensions.json");
        let taste = Taste::from_json(seed).unwrap();
        assert_eq!((taste.weights.len(), taste.choices), (2, 120));
    }

    fn made(images: usize, dimensions: usize, count: usize) -> (Data, Posterior, Taste) {
        let of = |at: usize| Choice {
            images: [at % images, (at * 3 + 1) % images],
            lead: 0.1,
            label: Label::ALL[at % 3],
            prompt: 0,
        };
        let data = Data::new(embeddings(images, dimensions, 1), (0..count).map(of).collect()).unwrap();
        let posterior = Posterior::new(&data, &fit(&data, Priors::default()).unwrap());
        let half = Estimate { value: 0.5, low: 0.4, high: 0.6 };
        let accuracy = Accuracy {
            tested: 2,
            base: half,
            taste: half,
            gain: Estimate { value: 0.0, low: -0.1, high: 0.1 },
        };
        let scorer = BaseScorer { name: "pickscore".into(), fingerprint: FINGERPRINT.into(), scale: 1.0 };
        let taste = Taste::new("Mine", scorer, &data, &posterior, Some(accuracy)).unwrap();
        (data, posterior, taste)
    }

    /// What is said of a file after a change.
    fn changed(change: impl FnOnce(&mut Value)) -> TasteFileError {
        let mut value: Value = serde_json::from_str(&made(6, 4, 12).2.to_json()).unwrap();
        change(&mut value);
        Taste::from_json(value.to_string().as_bytes()).unwrap_err()
    }

    fn named(error: &TasteFileError) -> &'static str {
        match error {
            TasteFileError::Field { field, .. } => field,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let (.., taste) = made(6, 4, 12);
        assert_eq!(Taste::from_json(taste.to_json().as_bytes()).unwrap(), taste);
        let without = Taste { accuracy: None, tie: None, ..taste };
        assert_eq!(Taste::from_json(without.to_json().as_bytes()).unwrap(), without);
    }

    #[test]
    fn every_size_fits_into_a_file() {
        for dimensions in [1, 512, 768, 1024, 1280, 4096] {
            let (.., taste) = made(30, dimensions, 40);
            let text = taste.to_json();
            assert!(text.len() <= MOST_BYTES, "{dimensions}: {}", text.len());
            assert_eq!(Taste::from_json(text.as_bytes()).unwrap(), taste);
            let count = taste.uncertainty.reductions.len();
            assert!(
                count == MOST_DIRECTIONS.min(dimensions + 1) || dimensions == 4096 && count == 3,
                "{count}"
            );
        }
    }

    #[test]
    fn scores_and_uncertainty_are_nearly_those_of_the_fit() {
        let (data, posterior, taste) = made(6, 4, 12);
        let pool = Pool::new(data.embeddings().clone(), vec![1.0, 2.0, 0.5, 0.0, 1.5, 1.0]).unwrap();
        let covariance = posterior.covariance(&pool);
        for image in 1..6 {
            let embedding = data.embeddings().of(image);
            assert!((taste.score(0.5, embedding) - posterior.fit().score(0.5, embedding)).abs() < 1e-5);
            let apart: Vec<f64> = data.embeddings().difference([0, image]).collect();
            let base = pool.bases[0] - pool.bases[image];
            let (found, expected) = (taste.variance(base, &apart), covariance.of_difference(0, image));
            // Directions have 11 bits.
            assert!((found - expected).abs() < 2e-2 * (1.0 + expected), "{found} {expected}");
        }
    }

    #[test]
    fn it_holds_no_image_prompt_or_choice() {
        let text = made(6, 4, 12).2.to_json();
        let value: Value = serde_json::from_str(&text).unwrap();
        let fields: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
        let expected = [
            "accuracy",
            "alpha",
            "choices",
            "dimensions",
            "format",
            "name",
            "scorer",
            "tie",
            "ties",
            "uncertainty",
            "version",
            "weights",
        ];
        let mut sorted = fields.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, expected);
        assert!(value["choices"].is_u64());
    }

    #[test]
    fn another_scorer_is_refused() {
        let (.., taste) = made(6, 4, 12);
        assert_eq!(taste.check_scorer("pickscore", FINGERPRINT), Ok(()));
        let other = FINGERPRINT.replace('0', "f");
        for (name, fingerprint) in [("clip", FINGERPRINT), ("pickscore", other.as_str())] {
            let said = taste.check_scorer(name, fingerprint).unwrap_err().to_string();
            assert!(said.contains("pickscore (01234567)"), "{said}");
        }
    }

    #[test]
    fn a_file_that_is_too_large_is_refused() {
        let found = Taste::from_json(&vec![b' '; MOST_BYTES + 1]).unwrap_err();
        assert_eq!(found, TasteFileError::TooLarge { bytes: MOST_BYTES + 1, expected: MOST_BYTES });
    }

    #[test]
    fn a_file_that_is_not_json_is_refused() {
        for bytes in [&b""[..], b"{", b"\xff\xfe", b"PK\x03\x04", &[b'['; 5000]] {
            assert!(matches!(Taste::from_json(bytes), Err(TasteFileError::Json { .. })));
        }
    }

    #[test]
    fn json_of_something_else_is_refused() {
        for text in ["{}", "[]", "1", "null", r#"{"format": "geojson", "version": 1}"#, r#"{"format": 1}"#] {
            let found = Taste::from_json(text.as_bytes());
            assert_eq!(found, Err(TasteFileError::Format { expected: FORMAT }), "{text}");
        }
    }

    #[test]
    fn another_version_is_refused() {
        let found = changed(|file| file["version"] = json!(2));
        assert_eq!(found, TasteFileError::Version { found: 2, expected: 1 });
        for version in [json!("1"), json!(1.5), json!(-1), json!(null)] {
            let found = changed(|file| file["version"] = version);
            assert_eq!(found, TasteFileError::NoVersion { expected: 1 });
        }
        assert_eq!(named(&changed(|file| drop(file.as_object_mut().unwrap().remove("version")))), "version");
    }

    #[test]
    fn a_missing_field_is_refused() {
        let found = changed(|file| drop(file.as_object_mut().unwrap().remove("weights")));
        assert!(matches!(found, TasteFileError::Fields { .. }));
    }

    #[test]
    fn an_unknown_field_is_refused() {
        let found = changed(|file| file["prompt"] = json!("a fox"));
        assert!(matches!(found, TasteFileError::Fields { .. }));
        let found = changed(|file| file["uncertainty"]["more"] = json!(1));
        assert!(matches!(found, TasteFileError::Fields { .. }));
    }

    #[test]
    fn a_field_given_twice_is_refused() {
        let text = made(6, 4, 12).2.to_json().replacen("\"name\":", "\"ties\": 0,\n \"name\":", 1);
        assert!(matches!(Taste::from_json(text.as_bytes()), Err(TasteFileError::Fields { .. })));
    }

    #[test]
    fn a_field_of_another_type_is_refused() {
        for value in [json!(null), json!([1.0]), json!("1"), json!(true)] {
            assert!(matches!(changed(|file| file["alpha"] = value), TasteFileError::Fields { .. }));
        }
    }

    #[test]
    fn a_name_that_is_none_is_refused() {
        for name in [
            "",
            "  ",
            "\u{200b}\u{2060} \u{feff}",
            "a\u{202e}b",
            "a\u{2066}b",
            "a\u{2028}b",
            &"n".repeat(81),
            "a\nb",
            "a\u{1b}[2J",
        ] {
            assert_eq!(named(&changed(|file| file["name"] = json!(name))), "name");
        }
    }

    #[test]
    fn a_scorer_that_embeds_no_images_is_refused() {
        for name in ["", "image-reward", "somebody's"] {
            assert_eq!(named(&changed(|file| file["scorer"]["name"] = json!(name))), "scorer.name");
        }
    }

    #[test]
    fn a_fingerprint_that_is_none_is_refused() {
        for text in ["", "00", &"g".repeat(64), &"A".repeat(64), &"é".repeat(32)] {
            let found = changed(|file| file["scorer"]["fingerprint"] = json!(text));
            assert_eq!(named(&found), "scorer.fingerprint");
        }
    }

    #[test]
    fn a_scale_that_makes_no_logits_is_refused() {
        for scale in [0.0, -1.0, 1e30] {
            assert_eq!(named(&changed(|file| file["scorer"]["scale"] = json!(scale))), "scorer.scale");
        }
    }

    #[test]
    fn impossible_numbers_of_choices_are_refused() {
        assert_eq!(named(&changed(|file| file["ties"] = json!(13))), "choices");
        assert_eq!(named(&changed(|file| file["choices"] = json!(u64::MAX))), "choices");
        assert!(matches!(changed(|file| file["choices"] = json!(-1)), TasteFileError::Fields { .. }));
    }

    #[test]
    fn impossible_accuracies_are_refused() {
        let change =
            |name: &str, end: &str, value: f64| changed(|file| file["accuracy"][name][end] = json!(value));
        for (name, end, value) in [
            ("base", "value", 0.7),
            ("base", "value", 0.55),
            ("taste", "high", 1.5),
            ("taste", "low", -0.1),
            ("gain", "low", -1.1),
            ("gain", "low", 0.05),
        ] {
            assert_eq!(named(&change(name, end, value)), "accuracy", "{name} {end}");
        }
        // Four of the twelve choices are ties.
        assert_eq!(named(&changed(|file| file["accuracy"]["tested"] = json!(9))), "accuracy");
    }

    #[test]
    fn dimensions_out_of_range_are_refused() {
        for count in [0, 4097, 1_000_000_000] {
            assert_eq!(named(&changed(|file| file["dimensions"] = json!(count))), "dimensions");
        }
    }

    #[test]
    fn numbers_that_are_not_base64_are_refused() {
        assert_eq!(named(&changed(|file| file["weights"] = json!("?"))), "weights");
        let found = changed(|file| file["uncertainty"]["directions"] = json!("Zh=="));
        assert_eq!(named(&found), "uncertainty.directions");
    }

    #[test]
    fn too_few_or_too_many_numbers_are_refused() {
        assert_eq!(named(&changed(|file| file["dimensions"] = json!(5))), "weights");
        assert_eq!(named(&changed(|file| file["weights"] = json!(""))), "weights");
        let found = changed(|file| file["uncertainty"]["directions"] = json!(""));
        assert_eq!(named(&found), "uncertainty.directions");
        let found = changed(|file| file["uncertainty"]["reductions"] = json!(vec![0.5; 17]));
        assert_eq!(named(&found), "uncertainty.reductions");
    }

    #[test]
    fn weights_that_are_not_finite_or_enormous_are_refused() {
        for value in [f32::NAN, f32::INFINITY, 1e30] {
            let text = base64::encode(&[1.0_f32, 2.0, value, 0.0].map(f32::to_le_bytes).concat());
            assert_eq!(named(&changed(|file| file["weights"] = json!(text))), "weights");
        }
    }

    #[test]
    fn factors_that_are_not_finite_or_enormous_are_refused() {
        assert_eq!(named(&changed(|file| file["alpha"] = json!(1e7))), "alpha");
        assert_eq!(named(&changed(|file| file["tie"] = json!(-1e7))), "tie");
        let text = made(6, 4, 12).2.to_json();
        let at = text.find("\"alpha\":").unwrap();
        let enormous =
            format!("{}\"alpha\": 1e999, {}", &text[..at], &text[text[at..].find("\"tie\"").unwrap() + at..]);
        assert!(Taste::from_json(enormous.as_bytes()).is_err());
    }

    #[test]
    fn deviations_out_of_range_are_refused() {
        for name in ["weights", "alpha"] {
            for value in [0.0, -1.0, 1e9] {
                assert_eq!(named(&changed(|file| file["uncertainty"][name] = json!(value))), "uncertainty");
            }
        }
    }

    #[test]
    fn reductions_that_are_no_shares_are_refused() {
        for value in [-0.1, 1.1] {
            let found = changed(|file| file["uncertainty"]["reductions"][0] = json!(value));
            assert_eq!(named(&found), "uncertainty.reductions");
        }
    }

    #[test]
    fn directions_that_are_not_of_unit_length_are_refused() {
        let (.., taste) = made(6, 4, 12);
        for value in [f16::NAN, f16::INFINITY, f16::ZERO] {
            let mut directions = taste.uncertainty.directions.clone();
            directions[..5].fill(value);
            let bytes: Vec<u8> = directions.iter().flat_map(|x| x.to_le_bytes()).collect();
            let found = changed(|file| file["uncertainty"]["directions"] = json!(base64::encode(&bytes)));
            assert_eq!(named(&found), "uncertainty.directions");
        }
    }

    #[test]
    fn what_is_said_of_a_file_is_short_and_has_no_control_characters() {
        let text = format!(r#"{{"format": "{FORMAT}", "version": 1, "{}\u001b": 1}}"#, "x".repeat(9000));
        let said = Taste::from_json(text.as_bytes()).unwrap_err().to_string();
        assert!(said.len() < 300 && !said.contains('\u{1b}'), "{said}");
    }
}
