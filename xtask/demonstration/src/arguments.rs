//! The command's arguments.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::split::Split;

/// Make the data that the demonstration model is trained and tested with: images of emoji, prompts
/// and preferences
#[derive(Debug, Parser)]
#[command(name = "pickscore-demonstration", version, about)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write datasets in Pick-a-Pic's schema
    Data(DataArguments),
    /// Draw one emoji
    Render(RenderArguments),
    /// Write CLIP's tokenizer with only the tokens that the prompts need
    Vocabulary(VocabularyArguments),
    /// Draw many pairs on one sheet for inspection, and list them on standard output
    Sheet(SheetArguments),
    /// Draw the page's sample images
    Samples(SamplesArguments),
}

/// Where the emoji come from.
#[derive(Debug, Args)]
pub(crate) struct Sources {
    /// The `node_modules` folder that `npm ci` made in xtask/demonstration/
    #[arg(long, value_name = "DIR", default_value = "xtask/demonstration/node_modules")]
    pub(crate) packages: PathBuf,
    /// Style that no model is trained on
    #[arg(long, value_name = "STYLE", default_value = "twemoji")]
    pub(crate) kept_out: String,
}

#[derive(Debug, Args)]
pub(crate) struct DataArguments {
    #[command(flatten)]
    pub(crate) sources: Sources,
    /// Output folder
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Random seed; the same seed gives the same files
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub(crate) seed: u64,
    /// How emoji are split between training and testing
    #[arg(long, value_enum, default_value_t = Split::Emoji)]
    pub(crate) split: Split,
    /// Rows in the training split of `pretrain`
    #[arg(long, value_name = "N", default_value_t = 50_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub(crate) pretrain: u64,
    /// Rows in the training split of `preference`
    #[arg(long, value_name = "N", default_value_t = 30_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub(crate) preference: u64,
    /// Width and height of the images
    #[arg(long, value_name = "PIXELS", default_value_t = 96, value_parser = clap::value_parser!(u32).range(16..=1024))]
    pub(crate) size: u32,
}

#[derive(Debug, Args)]
pub(crate) struct RenderArguments {
    #[command(flatten)]
    pub(crate) sources: Sources,
    /// Emoji style
    #[arg(long, value_name = "STYLE", default_value = "noto")]
    pub(crate) style: String,
    /// The emoji's name, such as "red apple"
    #[arg(long, value_name = "NAME")]
    pub(crate) emoji: String,
    /// Width and height in pixels
    #[arg(long, value_name = "PIXELS", default_value_t = 224, value_parser = clap::value_parser!(u32).range(16..=4096))]
    pub(crate) size: u32,
    /// Output PNG file
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct VocabularyArguments {
    #[command(flatten)]
    pub(crate) sources: Sources,
    /// Output folder
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct SheetArguments {
    #[command(flatten)]
    pub(crate) sources: Sources,
    /// Output PNG file
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Random seed
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub(crate) seed: u64,
    /// Number of pairs
    #[arg(long, value_name = "N", default_value_t = 48, value_parser = clap::value_parser!(u32).range(1..=400))]
    pub(crate) pairs: u32,
    /// Draw only pairs of this kind: `pretrain`, `near-miss`, `mismatch`, `tie`, or the name of a
    /// degradation
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<String>,
    /// Width and height of the images
    #[arg(long, value_name = "PIXELS", default_value_t = 96, value_parser = clap::value_parser!(u32).range(16..=512))]
    pub(crate) size: u32,
}

#[derive(Debug, Args)]
pub(crate) struct SamplesArguments {
    #[command(flatten)]
    pub(crate) sources: Sources,
    /// Output folder
    #[arg(long, value_name = "DIR", default_value = "www/public/samples")]
    pub(crate) out: PathBuf,
    /// Random seed
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub(crate) seed: u64,
    /// Width and height of the images
    #[arg(long, value_name = "PIXELS", default_value_t = 256, value_parser = clap::value_parser!(u32).range(16..=1024))]
    pub(crate) size: u32,
}
