//! Errors of the scorer.

use crate::towers::TowerError;
use pickscore_checkpoint::weights::WeightError;
use pickscore_pixels::ProcessorError;
use pickscore_score::{SCORERS, Scorer};
use pickscore_tokens::{TokenizerError, WordPieceError};

/// Why a model could not be opened or a score not computed.
#[derive(Debug, thiserror::Error)]
pub enum ScoreError {
    /// The prompt has no tokens.
    #[error("the prompt is empty; expected at least one word")]
    EmptyPrompt,
    /// The model's files could not be read.
    #[error(transparent)]
    Weights(#[from] WeightError),
    /// The model's tokenizer is not supported.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// The model's image processor is not supported.
    #[error(transparent)]
    Processor(#[from] ProcessorError),
    /// A tower failed.
    #[error(transparent)]
    Tower(#[from] TowerError),
    /// The files contain another model than the scorer needs.
    #[error("these files do not contain a model for the scorer {scorer}")]
    OtherModel {
        /// The scorer.
        scorer: &'static str,
    },
    /// The scorer has no embeddings.
    #[error("{scorer} reads prompt and image together; it has no embeddings")]
    NoEmbedding {
        /// The scorer.
        scorer: &'static str,
    },
    /// The vocabulary of ImageReward's tokenizer cannot be used.
    #[error("{file}: {error}")]
    WordPiece {
        /// The file.
        file: &'static str,
        /// What is wrong with it.
        error: WordPieceError,
    },
    /// The vocabulary of a tokenizer that is not built in is absent.
    #[error("{scorer} needs the vocabulary of its tokenizer, which was not loaded")]
    NoVocabulary {
        /// The scorer.
        scorer: &'static str,
    },
    /// A configuration names a scorer that is not known.
    #[error(
        "the configuration names the scorer `{name}`; expected one of {}",
        SCORERS.map(|scorer| scorer.name).join(", ")
    )]
    UnknownScorer {
        /// The name.
        name: String,
    },
    /// The requested scorer is not the one that the configuration names.
    #[error(
        "the scorer {given} was requested, but the model's configuration says {written}; leave out \
         the request, or choose {written}"
    )]
    Contradiction {
        /// The requested scorer.
        given: &'static str,
        /// The scorer in the configuration.
        written: &'static str,
    },
    /// A scorer has no head.
    #[error("{scorer} needs a head, and there is none next to the model")]
    NoHead {
        /// The scorer.
        scorer: &'static str,
    },
    /// There are several heads next to the model.
    #[error("several heads are next to the model ({heads})")]
    SeveralHeads {
        /// The names of their files.
        heads: String,
    },
    /// A head was given for a scorer that reads none.
    #[error("the scorer {scorer} has no head")]
    HeadNotRead {
        /// The scorer.
        scorer: &'static str,
    },
    /// The scores are NaN or infinite.
    #[error("the model gives scores that are not finite; its weights or its head are damaged")]
    NotFinite,
    /// The file of a head cannot be used.
    #[error("{file}: {reason}")]
    HeadFile {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No GPU is available.
    #[error("no GPU is available: {reason}")]
    NoGpu {
        /// What the system reported.
        reason: String,
    },
}

/// How a caller writes the options that messages mention.
#[derive(Debug, Clone, Copy)]
pub struct OptionNames {
    /// The option for the scorer, if there is one.
    pub scorer: Option<&'static str>,
    /// The option for the file of a head, if there is one.
    pub head: Option<&'static str>,
    /// The option that selects the CPU.
    pub cpu: &'static str,
}

impl ScoreError {
    /// The message, and what to change in the call.
    pub fn message(&self, options: &OptionNames) -> String {
        let mut ways = Vec::new();
        match self {
            Self::NoHead { scorer } => {
                let place = Scorer::named(scorer).and_then(|scorer| scorer.published.head);
                let place = place.map(|place| format!(" (published at {place})")).unwrap_or_default();
                ways.extend(options.head.map(|head| format!("give its file with {head}{place}")));
                if ways.is_empty() {
                    ways.push(format!("put its file there{place}"));
                }
            }
            Self::SeveralHeads { .. } => {
                ways.extend(options.scorer.map(|scorer| format!("choose the scorer with {scorer}")));
                ways.push(match options.head {
                    Some(head) => format!("choose one head with {head}"),
                    None => "leave only one there".into(),
                });
            }
            Self::HeadNotRead { .. } => {
                ways.extend(options.head.map(|head| format!("leave out {head}")));
                let choose = |scorer| format!("choose the head's scorer with {scorer}");
                ways.extend(options.scorer.map(choose));
            }
            Self::NoGpu { .. } => ways.push(format!("use the CPU with {}", options.cpu)),
            _ => {}
        }
        match &ways[..] {
            [] => self.to_string(),
            ways => format!("{self}; {}", ways.join(", or ")),
        }
    }
}
