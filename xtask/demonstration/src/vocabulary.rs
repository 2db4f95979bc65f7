//! `vocabulary`: CLIP's tokenizer with only the tokens that prompts about emoji need.
//!
//! A model of a few million parameters has no room for the embeddings of 49,408 tokens. This keeps
//! the bytes, the tokens of every word in a caption, the tokens that these are merged from, and the
//! merges between kept tokens in CLIP's order. A word whose merges are all kept is split exactly as
//! CLIP splits it.

use std::{
    collections::{BTreeSet, HashMap},
    fs,
};

use pickscore::tokens::{Tokenizer, Vocabulary};
use serde_json::{Value, json};

use crate::{
    arguments::VocabularyArguments,
    catalogue::Concept,
    colour::Colour,
    content::{FRAMES, Size},
    fault::Fault,
    language,
};

/// Words of captions that are in no name, frame or list of colours.
const OTHER_WORDS: &str = "a an the one two three four five no many and next to beside above below left right of on in with without \
    background emoji photo photograph image picture drawing icon illustration cartoon painting render sketch sticker symbol sign clipart";

/// More tokens than any caption has, so that nothing is truncated.
const LONG: usize = 512;

/// CLIP's tokens that are kept, with new ids.
pub(crate) struct Pruned {
    /// New id → CLIP's id; the last two are the start and the end token.
    pub(crate) kept: Vec<u32>,
    vocabulary: Vocabulary,
    start: u32,
    end: u32,
}

/// Writes `tokenizer.json`, `token_map.json` (each token's id in CLIP) and
/// `special_tokens_map.json`.
///
/// # Errors
///
/// If a package cannot be read or a file cannot be written.
pub(crate) fn run(arguments: &VocabularyArguments) -> Result<(), Fault> {
    let read = arguments.sources.read()?;
    let texts = texts(&read.catalogue.concepts);
    let pruned = Pruned::new(&Tokenizer::clip(), texts.iter().map(String::as_str));
    let folder = arguments.out.display().to_string();
    fs::create_dir_all(&arguments.out)
        .map_err(|error| Fault::Write { file: folder, reason: error.to_string() })?;
    let special = json!({
        "bos_token": START, "eos_token": END, "unk_token": END, "pad_token": END,
    });
    let map = json!(pruned.kept);
    for (name, value) in
        [("tokenizer.json", pruned.json()), ("token_map.json", map), ("special_tokens_map.json", special)]
    {
        let path = arguments.out.join(name);
        fs::write(&path, format!("{value:#}\n"))
            .map_err(|error| Fault::Write { file: path.display().to_string(), reason: error.to_string() })?;
    }
    Ok(())
}

const START: &str = "<|startoftext|>";
const END: &str = "<|endoftext|>";

/// Every word of every caption.
pub(crate) fn texts(concepts: &[Concept]) -> Vec<String> {
    let mut texts = vec![
        OTHER_WORDS.to_owned(),
        FRAMES.join(" ").replace("{}", ""),
        "1 2 3 4 5 6 7 8 9 0 , . ' - ! ?".into(),
    ];
    texts.extend(Colour::ALL.map(|colour| colour.name().to_owned()));
    texts.extend([Size::Small, Size::Large].map(|size| size.name().to_owned()));
    for concept in concepts {
        texts.push(concept.name.clone());
        texts.push(format!("{}, {}", language::plural(&concept.name), concept.keywords.join(", ")));
    }
    texts
}

impl Pruned {
    /// The tokens of these texts.
    pub(crate) fn new<'a>(clip: &Tokenizer, texts: impl Iterator<Item = &'a str>) -> Self {
        let vocabulary = clip.vocabulary();
        let made: HashMap<u32, [u32; 2]> =
            vocabulary.merges.iter().map(|&[first, second, merged]| (merged, [first, second])).collect();
        let mut kept: BTreeSet<u32> = vocabulary.bytes.iter().copied().collect();
        for text in texts {
            let tokens = clip.encode(text, LONG);
            let mut open: Vec<u32> = tokens.ids[1..tokens.length.saturating_sub(1).max(1)].to_vec();
            while let Some(token) = open.pop() {
                if kept.insert(token) {
                    open.extend(made.get(&token).into_iter().flatten());
                }
            }
        }
        let (start, end) = (clip.start(), clip.end());
        // CLIP's ids are in merge order, which the new ids keep; the end token stays the highest.
        let mut kept: Vec<u32> = kept.into_iter().filter(|token| *token != start && *token != end).collect();
        kept.extend([start, end]);
        Self { kept, vocabulary, start, end }
    }

    /// As Hugging Face's `tokenizer.json`, in the form that transformers' `CLIPConverter` gives.
    pub(crate) fn json(&self) -> Value {
        let ids: HashMap<u32, usize> = self.kept.iter().enumerate().map(|(at, token)| (*token, at)).collect();
        let spelled = |token: u32| match token {
            _ if token == self.start => START,
            _ if token == self.end => END,
            _ => self.vocabulary.spellings.get(&token).map(String::as_str).unwrap_or_default(),
        };
        let vocab: serde_json::Map<String, Value> =
            self.kept.iter().enumerate().map(|(at, token)| (spelled(*token).to_owned(), json!(at))).collect();
        let merges: Vec<[&str; 2]> = self
            .vocabulary
            .merges
            .iter()
            .filter(|merge| merge.iter().all(|token| ids.contains_key(token)))
            .map(|&[first, second, _]| [spelled(first), spelled(second)])
            .collect();
        let (start, end) = (self.kept.len() - 2, self.kept.len() - 1);
        let added = |id: usize, content: &str| json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false, "normalized": true, "special": true});
        let pattern = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+";
        json!({
            "version": "1.0",
            "truncation": null,
            "padding": null,
            "added_tokens": [added(start, START), added(end, END)],
            "normalizer": {"type": "Sequence", "normalizers": [
                {"type": "NFC"}, {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "}, {"type": "Lowercase"},
            ]},
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Removed", "invert": true},
                {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
            ]},
            "post_processor": {
                "type": "RobertaProcessing", "sep": [END, end], "cls": [START, start], "trim_offsets": false, "add_prefix_space": false,
            },
            "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
            "model": {
                "type": "BPE", "dropout": null, "unk_token": END, "continuing_subword_prefix": "", "end_of_word_suffix": "</w>",
                "fuse_unk": false, "byte_fallback": false, "ignore_merges": false, "vocab": vocab, "merges": merges,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXTS: [&str; 4] = [
        "a red apple on a blue background",
        "three kitchen knives, cooking",
        "an emoji of a hippopotamus",
        "man's shoe 8",
    ];

    fn both() -> (Tokenizer, Tokenizer, Pruned) {
        let clip = Tokenizer::clip();
        let pruned = Pruned::new(&clip, TEXTS.into_iter());
        let small = Tokenizer::from_json(pruned.json().to_string().as_bytes()).unwrap();
        (clip, small, pruned)
    }

    #[test]
    fn kept_words_are_cut_as_clip_cuts_them() {
        let (clip, small, pruned) = both();
        assert!(pruned.kept.len() > 514 && pruned.kept.len() < 640);
        assert_eq!(small.end() as usize, pruned.kept.len() - 1);
        assert_eq!(small.start() as usize, pruned.kept.len() - 2);
        for text in TEXTS {
            let ids: Vec<u32> =
                small.encode(text, 77).ids.iter().map(|id| pruned.kept[*id as usize]).collect();
            assert_eq!(ids, clip.encode(text, 77).ids, "{text}");
        }
    }

    proptest! {
        #[test]
        fn other_words_keep_their_bytes(text in "[a-zé0-9 ,'🍎]{1,20}") {
            let (clip, small, pruned) = both();
            let spelled = |ids: &[u32]| ids.iter().filter_map(|id| pruned.vocabulary.spellings.get(id)).cloned().collect::<String>();
            let ids: Vec<u32> = small.encode(&text, 200).ids.iter().map(|id| pruned.kept[*id as usize]).collect();
            prop_assert_eq!(spelled(&ids), spelled(&clip.encode(&text, 200).ids));
        }
    }
}
