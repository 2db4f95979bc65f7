//! What the command can be asked.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::split::Split;

/// Makes what the demonstration model is trained and tested with: pictures of emoji, prompts and preferences.
#[derive(Debug, Parser)]
#[command(name = "pickscore-demonstration", version, about)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write data sets in Pick-a-Pic's schema.
    Data(DataArguments),
    /// Draw one emoji.
    Render(RenderArguments),
    /// Write CLIP's tokenizer with only the tokens that the prompts need.
    Vocabulary(VocabularyArguments),
    /// Draw many pairs on one sheet, to look at; what they are goes to standard output, a line each.
    Sheet(SheetArguments),
    /// Draw the pictures that the page opens with.
    Samples(SamplesArguments),
}

/// Where the emoji come from.
#[derive(Debug, Args)]
pub(crate) struct Sources {
    /// The folder `node_modules` that `npm ci` made in demonstration/.
    #[arg(long, value_name = "DIR", default_value = "demonstration/node_modules")]
    pub(crate) packages: PathBuf,
    /// The style that no model is trained on.
    #[arg(long, value_name = "STYLE", default_value = "twemoji")]
    pub(crate) kept_out: String,
}

#[derive(Debug, Args)]
pub(crate) struct DataArguments {
    #[command(flatten)]
    pub(crate) sources: Sources,
    /// The folder to write.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// The same seed gives the same files.
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub(crate) seed: u64,
    /// Whether emoji are kept back for validation and test.
    #[arg(long, value_enum, default_value_t = Split::Emoji)]
    pub(crate) split: Split,
    /// Rows of the training split of `pretrain`.
    #[arg(long, value_name = "N", default_value_t = 50_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub(crate) pretrain: u64,
    /// Rows of the training split of `preference`.
    #[arg(long, value_name = "N", default_value_t = 30_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub(crate) preference: u64,
    /// Width and height of the pictures.
    #[arg(long, value_name = "PIXELS", default_value_t = 96, value_parser = clap::value_parser!(u32).range(16..=1024))]
    pub(crate) size: u32,
}

#[derive(Debug, Args)]
pub(crate) struct RenderArguments {
    #[command(flatten)]
    pub(crate) sources: Sources,
    /// The style.
    #[arg(long, value_name = "STYLE", default_value = "noto")]
    pub(crate) style: String,
    /// The emoji's name, such as "red apple".
    #[arg(long, value_name = "NAME")]
    pub(crate) emoji: String,
    /// Width and height in pixels.
    #[arg(long, value_name = "PIXELS", default_value_t = 224, value_parser = clap::value_parser!(u32).range(16..=4096))]
    pub(crate) size: u32,
    /// The PNG file to write.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct VocabularyArguments {
    #[command(flatten)]
    pub(crate) sources: Sources,
    /// The folder to write.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct SheetArguments {
    #[command(flatten)]
    pub(crate) sources: Sources,
    /// The PNG file to write.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// The seed.
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub(crate) seed: u64,
    /// Pairs to draw.
    #[arg(long, value_name = "N", default_value_t = 48, value_parser = clap::value_parser!(u32).range(1..=400))]
    pub(crate) pairs: u32,
    /// Draw only pairs of this kind: `pretrain`, `near-miss`, `mismatch`, `tie`, or a degradation's name.
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<String>,
    /// Width and height of the pictures.
    #[arg(long, value_name = "PIXELS", default_value_t = 96, value_parser = clap::value_parser!(u32).range(16..=512))]
    pub(crate) size: u32,
}

#[derive(Debug, Args)]
pub(crate) struct SamplesArguments {
    #[command(flatten)]
    pub(crate) sources: Sources,
    /// The folder to write.
    #[arg(long, value_name = "DIR", default_value = "www/public/samples")]
    pub(crate) out: PathBuf,
    /// The seed.
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub(crate) seed: u64,
    /// Width and height of the pictures.
    #[arg(long, value_name = "PIXELS", default_value_t = 256, value_parser = clap::value_parser!(u32).range(16..=1024))]
    pub(crate) size: u32,
}
