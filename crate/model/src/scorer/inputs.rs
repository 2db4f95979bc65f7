//! How a scorer reads prompts and images.

use pickscore_pixels::Processor;
use pickscore_score::{ImageInput, Scorer, TextInput};
use pickscore_tokens::{BertTokenizer, OpenClipTokenizer, Tokenizer};

use super::{error::ScoreError, prompt_tokenizer::PromptTokenizer};

/// The tokenizer of a scorer. `json` is the model's `tokenizer.json`; without it, the published
/// vocabulary is used. In wasm BERT's is not built in: there `json` may also be the file
/// `vocabulary.bin` of `pickscore-tokens`.
///
/// # Errors
///
/// Fails if the file describes an unsupported tokenizer, or is needed and absent.
pub fn prompt_tokenizer(
    scorer: &Scorer,
    json: Option<&[u8]>,
) -> Result<Box<dyn PromptTokenizer>, ScoreError> {
    let wrong = |file| move |error| ScoreError::WordPiece { file, error };
    Ok(match (scorer.text, json) {
        (Some(TextInput::OpenClip), _) => Box::new(OpenClipTokenizer::clip()),
        (Some(TextInput::Bert), Some(json)) if json.trim_ascii_start().first() == Some(&b'{') => {
            Box::new(BertTokenizer::from_json(json).map_err(wrong("tokenizer.json"))?)
        }
        (Some(TextInput::Bert), Some(compressed)) => {
            Box::new(BertTokenizer::from_compressed(compressed).map_err(wrong("vocabulary.bin"))?)
        }
        #[cfg(not(target_family = "wasm"))]
        (Some(TextInput::Bert), None) => Box::new(BertTokenizer::published()),
        #[cfg(target_family = "wasm")]
        (Some(TextInput::Bert), None) => return Err(ScoreError::NoVocabulary { scorer: scorer.name }),
        (_, Some(json)) => Box::new(Tokenizer::from_json(json)?),
        (_, None) => Box::new(Tokenizer::clip()),
    })
}

/// The image processor of a scorer for images of `size` pixels. `json` is the model's
/// `preprocessor_config.json`; without it, CLIP's published values are used.
///
/// # Errors
///
/// Fails if the file describes an unsupported image processor.
pub fn processor(scorer: &Scorer, json: Option<&[u8]>, size: usize) -> Result<Processor, ScoreError> {
    Ok(match (scorer.image, json) {
        (ImageInput::Padded, _) => Processor::hps(size),
        (ImageInput::ClipInOwnMode, _) => Processor::image_reward(size),
        (ImageInput::Clip, Some(json)) => Processor::from_json(json, size)?,
        (ImageInput::Clip, None) => Processor::clip(size),
    })
}
