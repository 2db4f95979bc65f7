//! Recognises which scorer a model is, and reads its head.

use std::collections::BTreeMap;

use pickscore_checkpoint::weights::{Tensor, read_tensors};
use pickscore_score::{Head, Layer, Scorer};

use super::{error::ScoreError, pick_score::Scoring};

/// What is known of a model before its weights are read.
#[derive(Debug, Clone, Copy)]
pub struct Clues<'a> {
    /// The scorer that was requested.
    pub given: Option<&'static Scorer>,
    /// The scorer that the configuration names.
    pub written: Option<&'a str>,
    /// The name of the head's file.
    pub head: Option<&'a str>,
    /// The names of the weights' file and of the model's folder, most specific first.
    pub names: &'a [&'a str],
    /// Whether the model embeds images, as CLIP does and ImageReward does not.
    pub embeds: bool,
}

/// A recognised scorer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recognised {
    /// The scorer.
    pub scorer: &'static Scorer,
    /// Whether it was guessed from the name of a file or folder.
    pub is_guess: bool,
}

/// Recognises a model: by the scorer that was requested, the one in its configuration, its head, or
/// its name; otherwise it is CLIP or ImageReward.
///
/// # Errors
///
/// Fails if the configuration names an unknown scorer, or another one than was requested, or if the
/// scorer needs another model.
pub fn recognise(clues: &Clues<'_>) -> Result<Recognised, ScoreError> {
    let named =
        |name: &str| Scorer::named(name).ok_or_else(|| ScoreError::UnknownScorer { name: name.into() });
    let written = clues.written.map(named).transpose()?;
    if let (Some(given), Some(written)) = (clues.given, written)
        && given != written
    {
        return Err(ScoreError::Contradiction { given: given.name, written: written.name });
    }
    let of_head = clues.head.and_then(Scorer::suggested_by).filter(|scorer| scorer.needs_head());
    let suggested = of_head.or_else(|| {
        let names = clues.names.iter().filter(|name| !name.ends_with(".json"));
        names.filter_map(|name| Scorer::suggested_by(name)).find(|scorer| !scorer.needs_head())
    });
    let suggested = suggested.filter(|scorer| scorer.embeds_images() == clues.embeds);
    let default = if clues.embeds { Scorer::CLIP } else { Scorer::IMAGE_REWARD };
    let scorer = clues.given.or(written).or(suggested).unwrap_or(default);
    if scorer.embeds_images() != clues.embeds {
        return Err(ScoreError::OtherModel { scorer: scorer.name });
    }
    // The names of its tensors leave no doubt about ImageReward.
    let is_guess = clues.given.is_none() && written.is_none() && suggested.is_some() && clues.embeds;
    Ok(Recognised { scorer, is_guess })
}

/// The head next to a model: the only one, or the only one of the scorer that was requested or
/// written into the configuration.
///
/// # Errors
///
/// Fails if several heads fit.
pub fn chosen_head(
    heads: &[String],
    given: Option<&Scorer>,
    written: Option<&str>,
) -> Result<Option<String>, ScoreError> {
    let wanted = given.map(|scorer| scorer.name).or(written);
    let of_scorer = |name: &&String| {
        wanted.is_none() || Scorer::suggested_by(name).is_some_and(|scorer| Some(scorer.name) == wanted)
    };
    match heads {
        [] => Ok(None),
        [head] => Ok(Some(head.clone())),
        _ => match heads.iter().filter(of_scorer).collect::<Vec<_>>()[..] {
            [] => Ok(None),
            [head] => Ok(Some(head.clone())),
            _ => Err(ScoreError::SeveralHeads { heads: heads.join(", ") }),
        },
    }
}

impl Recognised {
    /// Completes the scorer with its head: the name and the content of its file. `inputs` is the
    /// length of the model's embeddings.
    ///
    /// # Errors
    ///
    /// Fails if the scorer needs a head and there is none, or the file is not a head that fits.
    pub fn with_head(self, head: Option<(&str, &[u8])>, inputs: usize) -> Result<Scoring, ScoreError> {
        let Self { scorer, is_guess } = self;
        if !scorer.needs_head() {
            return Ok(Scoring { scorer, is_guess, head: None });
        }
        let (file, bytes) = head.ok_or(ScoreError::NoHead { scorer: scorer.name })?;
        let head = read_head(bytes, inputs, scorer)
            .map_err(|reason| ScoreError::HeadFile { file: file.into(), reason })?;
        Ok(Scoring { scorer, is_guess, head: Some(head) })
    }
}

/// Reads a head for embeddings of `inputs` values, or says what is wrong with the file.
fn read_head(file: &[u8], inputs: usize, scorer: &Scorer) -> Result<Head, String> {
    let tensors = read_tensors(file).map_err(|error| error.to_string())?;
    let (layers, has_relu) = layers(tensors)?;
    // LAION's first predictor is one layer, all others are several.
    if (layers.len() == 1) != (scorer.name == "aesthetic-v1") {
        let found = layers.len();
        return Err(format!("a head of {found} layers is not that of the scorer {}", scorer.name));
    }
    Head::new(layers, inputs, has_relu).map_err(|error| error.to_string())
}

/// The layers of a head in order, and whether ReLU follows each hidden one.
///
/// A head is one layer, `weight` and `bias`, or `layers.N.weight` and `layers.N.bias`, where `N`
/// also counts dropout and activation: 0, 2, 4, 6, 7 without activations and 0, 3, 6, 9, 11 with
/// ReLU.
fn layers(tensors: Vec<Tensor>) -> Result<(Vec<Layer>, bool), String> {
    /// The numbers of the layers, without activations and with ReLU.
    const NUMBERS: [[usize; 5]; 2] = [[0, 2, 4, 6, 7], [0, 3, 6, 9, 11]];

    let mut layers: BTreeMap<usize, Layer> = BTreeMap::new();
    let mut outputs: BTreeMap<usize, usize> = BTreeMap::new();
    for Tensor { name, shape, values } in tensors {
        let mut parts = name.rsplit('.');
        let kind = parts.next().unwrap_or_default();
        let number = parts.next().map_or(Some(0), |number| number.parse().ok());
        let (Some(number), "weight" | "bias") = (number, kind) else { continue };
        let is_matrix = kind == "weight";
        if shape.len() != if is_matrix { 2 } else { 1 } {
            return Err(format!("`{name}` has the shape {shape:?}; expected that of a layer's {kind}"));
        }
        let empty = || Layer { weight: Vec::new(), bias: Vec::new() };
        let layer = layers.entry(number).or_insert_with(empty);
        if is_matrix {
            outputs.insert(number, shape[0]);
            layer.weight = values;
        } else {
            layer.bias = values;
        }
    }
    for (number, layer) in &layers {
        let (rows, biases) = (outputs.get(number).copied().unwrap_or(0), layer.bias.len());
        if rows != biases {
            return Err(format!("layer {number} has weights for {rows} outputs and {biases} biases"));
        }
    }
    let has_relu = layers.keys().nth(1) == Some(&3);
    let expected = NUMBERS[usize::from(has_relu)];
    if !layers.keys().eq(expected.iter().take(layers.len())) {
        let found: Vec<_> = layers.keys().collect();
        return Err(format!("its layers are numbered {found:?}; expected {expected:?}"));
    }
    Ok((layers.into_values().collect(), has_relu))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use pickscore_score::Embedding;

    use super::*;

    const HEADS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/parity/fixtures/torch/heads");

    /// The values of a NumPy file of f32 values.
    fn embedding(name: &str) -> Embedding {
        let file = std::fs::read(Path::new(HEADS).join(name)).unwrap();
        let start = 10 + usize::from(u16::from_le_bytes([file[8], file[9]]));
        let values = file[start..].as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
        Embedding::normalised(values)
    }

    /// LAION's example embeddings of images that people rated 0 to 9, with the published head in
    /// double precision.
    #[test]
    fn a_published_head_gives_its_published_values() {
        let expected = [-1.4700, 0.2728, 1.9900, 3.6114, 5.0874, 6.3926, 7.6682, 8.9155, 9.9166, 11.0056];
        let file = std::fs::read(Path::new(HEADS).join("sa_0_4_vit_b_32_linear.pth")).unwrap();
        let head = read_head(&file, 512, Scorer::named("aesthetic-v1").unwrap()).unwrap();
        for (rating, expected) in expected.into_iter().enumerate() {
            let found = head.apply(&embedding(&format!("vit_b_32_rating{rating}.npy")), 1.0);
            assert!((found - expected).abs() < 1e-4, "{rating}: {found}, {expected}");
        }
        let wrong = read_head(&file, 768, Scorer::named("aesthetic-v1").unwrap()).unwrap_err();
        let other = read_head(&file, 512, Scorer::named("hp").unwrap()).unwrap_err();
        assert_eq!(other, "a head of 1 layers is not that of the scorer hp");
        assert!(wrong.contains("512 weights; expected 1 × 768"), "{wrong}");
    }

    #[test]
    fn one_of_several_heads_is_chosen_by_the_scorer() {
        let heads =
            ["ava+logos-l14-reluMSE.pth", "mlp_pytorch_model.bin", "sac+logos+ava1-l14-linearMSE.pth"];
        let heads = heads.map(String::from);
        let chosen = |given: Option<&str>, written| {
            chosen_head(&heads, given.and_then(Scorer::named), written).map(|head| head.unwrap_or_default())
        };
        assert_eq!(chosen(Some("hp"), None).unwrap(), heads[1]);
        assert_eq!(chosen(None, Some("hp")).unwrap(), heads[1]);
        assert_eq!(chosen(Some("clip"), None).unwrap(), "");
        for given in [None, Some("aesthetic-v2")] {
            assert!(matches!(chosen(given, None), Err(ScoreError::SeveralHeads { .. })));
        }
        assert_eq!(chosen_head(&heads[..1], None, None).unwrap().as_ref(), Some(&heads[0]));
    }

    #[test]
    fn what_was_requested_counts_more_than_names() {
        let none = Clues { given: None, written: None, head: None, names: &[], embeds: true };
        let found = |clues: &Clues<'_>| {
            let Recognised { scorer, is_guess } = recognise(clues).unwrap();
            (scorer.name, is_guess)
        };
        let names = &["HPS_v2.1_compressed.pt", "PickScore_v1"][..];
        assert_eq!(found(&none), ("clip", false));
        assert_eq!(found(&Clues { names, ..none }), ("hps-v2.1", true));
        assert_eq!(found(&Clues { names, written: Some("ict"), ..none }), ("ict", false));
        assert_eq!(found(&Clues { names, given: Scorer::named("hp"), ..none }), ("hp", false));
        // A name alone does not make a head.
        assert_eq!(found(&Clues { names: &["laion-aesthetic"], ..none }), ("clip", false));
        let head = Some("sa_0_4_vit_l_14_linear.pth");
        assert_eq!(found(&Clues { names, head, ..none }), ("aesthetic-v1", true));
        let both = Clues { given: Scorer::named("clip"), written: Some("ict"), ..none };
        assert!(matches!(recognise(&both), Err(ScoreError::Contradiction { given: "clip", written: "ict" })));
        assert!(matches!(
            recognise(&Clues { written: Some("x"), ..none }),
            Err(ScoreError::UnknownScorer { .. })
        ));
    }
}
