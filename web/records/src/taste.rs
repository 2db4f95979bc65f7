//! Tastes: fitted in steps so that a caller stays responsive, read from files, applied to images.

use std::collections::BTreeSet;

use pickscore_glue::Fault;
use pickscore_taste::{
    Answer, BaseScorer, Choice, Data, Embeddings, LeftOut, MOST_NAME, Posterior, Taste, TasteError,
    Validation, Validator, fit, logit_scale,
};
use tsify::Ts;
use wasm_bindgen::prelude::*;

use crate::{
    convert::to_js,
    fault,
    preference::records,
    values::{TasteImages, TasteInfo, TasteLeftOut, TasteReport},
};

/// A taste that is being fitted.
#[wasm_bindgen]
pub struct TasteFit {
    name: String,
    base: BaseScorer,
    data: Data,
    left_out: TasteLeftOut,
    validator: Option<Validator>,
}

#[wasm_bindgen]
impl TasteFit {
    /// Reads choices: the JSON of an array of records; for each record the numbers of its images,
    /// at least `sizes.len()` for one that is gone, and of its prompt; the base scores of both
    /// images, NaN if there is none; the length of each image's embedding, and the embeddings one
    /// after the other. Of records with the same content, the first counts.
    #[allow(clippy::too_many_arguments, reason = "an object would need a parser of its own")]
    pub fn of(
        name: &str,
        base: &str,
        fingerprint: &str,
        without_visible: bool,
        now: f64,
        json: &str,
        numbers: &[u32],
        scores: &[f64],
        sizes: &[u32],
        embeddings: &[f32],
    ) -> Result<Self, JsValue> {
        let name = name.trim().to_owned();
        if name.is_empty() || name.chars().count() > MOST_NAME || name.chars().any(char::is_control) {
            let reason = format!("the name of a taste has 1 to {MOST_NAME} characters");
            return Err(Fault::new("bad-argument", reason).into());
        }
        let kind = scorer(base)?;
        let records = records(json, now)?;
        if scores.len() != records.len() * 2 || numbers.len() != records.len() * 3 {
            return Err(Fault::new("bad-argument", "the lists have different lengths").into());
        }
        let each = split(sizes, embeddings)?;
        // Only images of choices that are learned from count.
        let mut all: Option<Embeddings> = None;
        let mut images: Vec<Option<usize>> = vec![None; each.len()];
        let mut spread = Vec::new();
        let mut choices = Vec::new();
        let mut contents = BTreeSet::new();
        let (mut left_out, mut gone) = (LeftOut::default(), 0);
        for ((record, pair), numbers) in
            records.iter().zip(scores.chunks_exact(2)).zip(numbers.chunks_exact(3))
        {
            if !contents.insert(record.content()) {
                left_out.duplicates += 1;
                continue;
            }
            let Some(label) = left_out.learned(Answer::from(record), without_visible) else { continue };
            let sides = [numbers[0] as usize, numbers[1] as usize];
            if sides.iter().any(|&side| side >= each.len()) || pair.iter().any(|score| score.is_nan()) {
                gone += 1;
                continue;
            }
            let mut of_choice = [0; 2];
            for (at, &side) in sides.iter().enumerate() {
                of_choice[at] = match images[side] {
                    Some(known) => known,
                    None => {
                        let all = match &mut all {
                            Some(all) => all,
                            None => all
                                .insert(Embeddings::new(each[side].len(), Vec::new()).map_err(fault::taste)?),
                        };
                        spread.push(pair[at]);
                        all.push(each[side]).map_err(fault::taste)?
                    }
                };
                images[side] = Some(of_choice[at]);
            }
            let prompt = numbers[2] as usize;
            choices.push(Choice { images: of_choice, lead: pair[0] - pair[1], label, prompt });
        }
        let Some(embeddings) = all else { return Err(nothing(records.len(), gone).into()) };
        let scale = logit_scale(kind, &spread);
        choices.iter_mut().for_each(|choice| choice.lead *= scale);
        let data = Data::new(embeddings, choices).map_err(fault::taste)?;
        let base = BaseScorer { name: base.into(), fingerprint: fingerprint.into(), scale };
        let validator = Some(Validator::new(&data, &Validation::default()).map_err(fault::taste)?);
        let LeftOut { skipped, controls, scores_visible, duplicates } = left_out;
        let left_out = TasteLeftOut { skipped, controls, scores_visible, duplicates, gone };
        Ok(Self { name, base, data, left_out, validator })
    }

    /// Does the next step of the cross-validation; false if no step was left.
    pub fn step(&mut self) -> Result<bool, JsValue> {
        let Some(validator) = &mut self.validator else { return Ok(false) };
        Ok(validator.step().map_err(fault::taste)?)
    }

    /// Number of steps that are done.
    pub fn done(&self) -> f64 {
        self.validator.as_ref().map_or(0.0, |validator| validator.progress().loaded as f64)
    }

    /// Number of steps at most.
    pub fn total(&self) -> f64 {
        self.validator.as_ref().and_then(|validator| validator.progress().total).unwrap_or_default() as f64
    }

    /// The fitted taste. It can be taken once.
    pub fn finish(&mut self) -> Result<Option<Ts<TasteReport>>, JsValue> {
        let Some(validator) = self.validator.take() else { return Ok(None) };
        let found = validator.finish().map_err(fault::taste)?;
        let fitted = fit(&self.data, found.priors).map_err(fault::taste)?;
        let posterior = Posterior::new(&self.data, &fitted);
        let taste = Taste::new(&self.name, self.base.clone(), &self.data, &posterior, found.accuracy)
            .map_err(fault::taste_file)?;
        let report = TasteReport {
            choices: self.data.choices().len(),
            ties: self.data.ties(),
            images: self.data.embeddings().count(),
            left_out: self.left_out,
            folds_of: found.assigned.into(),
            folds: found.folds,
            accuracy: found.accuracy.map(Into::into),
            needed: found.needed.into(),
            deviation: found.priors.weights,
            text: taste.to_json() + "\n",
        };
        to_js::<TasteReport>(report).map(Some)
    }
}

/// Why nothing can be learned from.
fn nothing(records: usize, gone: usize) -> Fault {
    let reason = match (records, gone) {
        (0, _) => "there are no choices to learn from".into(),
        (_, 0) => {
            "no choice can be learned from: all were skipped, controls or made with scores visible".into()
        }
        (_, 1) => "no choice can be learned from: an image of the only one is gone".into(),
        (_, gone) => format!("no choice can be learned from: the images of {gone} choices are gone"),
    };
    Fault::new("nothing-to-learn", reason)
}

/// A scorer that embeds images.
pub(crate) fn scorer(name: &str) -> Result<&'static pickscore_score::Scorer, Fault> {
    let found = pickscore_score::Scorer::named(name);
    found.filter(|scorer| scorer.embeds_images()).ok_or_else(|| {
        let reason = format!("a taste needs a scorer with image embeddings, which `{name}` is not");
        Fault::new("taste", reason)
    })
}

/// `tasteScale`.
#[wasm_bindgen(js_name = tasteScale)]
pub fn taste_scale(name: &str, scores: &[f64]) -> Result<f64, JsValue> {
    if let Some(image) = scores.iter().position(|score| !score.is_finite()) {
        return Err(fault::taste(TasteError::Score { image }).into());
    }
    Ok(logit_scale(scorer(name)?, scores))
}

#[inline(never)]
fn read(bytes: &[u8]) -> Result<Taste, Fault> {
    Taste::from_json(bytes).map_err(fault::taste_file)
}

/// Checks a `taste.json`, and says what is in it.
#[wasm_bindgen(js_name = readTaste)]
pub fn read_taste(bytes: &[u8]) -> Result<Ts<TasteInfo>, JsValue> {
    to_js(read(bytes)?)
}

/// A `taste.json` under another name.
#[wasm_bindgen(js_name = renameTaste)]
pub fn rename_taste(bytes: &[u8], name: &str) -> Result<String, JsValue> {
    let renamed = Taste { name: name.trim().into(), ..read(bytes)? }.to_json() + "\n";
    read(renamed.as_bytes())?;
    Ok(renamed)
}

/// Refuses another scorer than the one that a `taste.json` needs.
#[wasm_bindgen(js_name = checkTaste)]
pub fn check_taste(bytes: &[u8], name: &str, fingerprint: &str) -> Result<(), JsValue> {
    Ok(read(bytes)?.check_scorer(name, fingerprint).map_err(fault::taste_file)?)
}

/// Images by a `taste.json`, from their base scores, and their embeddings one after the other.
#[wasm_bindgen(js_name = applyTaste)]
pub fn apply_taste(
    bytes: &[u8],
    scores: &[f64],
    sizes: &[u32],
    embeddings: &[f32],
) -> Result<Ts<TasteImages>, JsValue> {
    let taste = read(bytes)?;
    let images: Vec<(f64, &[f32])> = scores.iter().copied().zip(split(sizes, embeddings)?).collect();
    to_js(taste.judge(&images).map_err(fault::taste)?)
}

/// Embeddings of these lengths, one after the other.
fn split<'a>(sizes: &[u32], mut rest: &'a [f32]) -> Result<Vec<&'a [f32]>, Fault> {
    let mut each = Vec::with_capacity(sizes.len());
    for &size in sizes {
        let (one, others) = rest
            .split_at_checked(size as usize)
            .ok_or_else(|| Fault::new("bad-argument", "the embeddings are too short"))?;
        each.push(one);
        rest = others;
    }
    Ok(each)
}
