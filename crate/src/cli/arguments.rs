//! What the command can be asked.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{
    pixels::Limits,
    scorer::{DeviceChoice, OpenOptions, PrecisionChoice},
    weights::Precision,
};

/// How well images fit a prompt, as people would judge it: PickScore on this machine's GPU or CPU.
#[derive(Debug, Parser)]
#[command(name = "pickscore", version, about)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Score images against a prompt.
    Score(ScoreArguments),
    /// Embeddings of prompts and images, of unit length.
    Embed(EmbedArguments),
    /// What a model's files hold, and whether they can be loaded.
    Inspect(InspectArguments),
    /// Write a model anew: in another precision, or in shards for hosts that take no large files.
    Convert(ConvertArguments),
    /// Read what generators wrote into images: prompt, seed, model and settings.
    Metadata(MetadataArguments),
    /// Judge models by people's preferences: tie-aware accuracy, calibration, intervals.
    Evaluate(super::evaluate::EvaluateArguments),
    /// Merge contributions and other files of preference pairs into one data set, with splits.
    Merge(super::merge::MergeArguments),
    /// Train a model on preference pairs, as PickScore was.
    Train(super::train::TrainArguments),
}

/// Scores, probabilities and ranks of images for a prompt.
#[derive(Debug, Args)]
pub(super) struct ScoreArguments {
    #[command(flatten)]
    pub(super) model: ModelArguments,
    /// What the images should show. Given several times, every prompt is scored with every image.
    #[arg(long = "prompt", value_name = "TEXT", required_unless_present_any = ["pairs", "prompt_from"])]
    pub(super) prompts: Vec<String>,
    /// Score each image against its own prompt, which its generator wrote into the file. Images with
    /// the same prompt are ranked together.
    #[arg(long, value_enum, value_name = "SOURCE", conflicts_with_all = ["prompts", "pairs", "tie_threshold"])]
    pub(super) prompt_from: Option<PromptSource>,
    /// Score pairs instead: a CSV, TSV or JSON Lines file with `prompt` and `image` (a path beside the file).
    #[arg(long, value_name = "FILE", conflicts_with_all = ["prompts", "images", "tie_threshold"])]
    pub(super) pairs: Option<PathBuf>,
    /// Image files, folders (searched recursively) and patterns such as `renders/*.png`.
    #[arg(value_name = "IMAGE", required_unless_present = "pairs")]
    pub(super) images: Vec<PathBuf>,
    /// How results are written. `jsonl` writes each image's score as soon as it is known, the others everything at the end.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(super) format: Format,
    /// With two images: which is better, or a tie where their probabilities are at most this far apart (0 to 1).
    #[arg(long, value_name = "T")]
    pub(super) tie_threshold: Option<f32>,
    /// Stop at the first image that cannot be read, instead of scoring the others.
    #[arg(long)]
    pub(super) strict: bool,
}

/// Where prompts come from, if not from the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum PromptSource {
    /// The image files' own generation data.
    Metadata,
}

/// What generators wrote into images.
#[derive(Debug, Args)]
pub(super) struct MetadataArguments {
    /// Image files, folders (searched recursively) and patterns such as `renders/*.png`.
    #[arg(value_name = "IMAGE", required = true)]
    pub(super) images: Vec<PathBuf>,
    /// How results are written.
    #[arg(long, value_enum, default_value_t = MetadataFormat::Table)]
    pub(super) format: MetadataFormat,
}

#[derive(Debug, Args)]
pub(super) struct EmbedArguments {
    #[command(flatten)]
    pub(super) model: ModelArguments,
    /// A prompt; may be given several times.
    #[arg(long = "text", value_name = "TEXT")]
    pub(super) texts: Vec<String>,
    /// An image file, a folder or a pattern; may be given several times.
    #[arg(long = "image", value_name = "FILE")]
    pub(super) images: Vec<PathBuf>,
    /// How results are written. `jsonl` writes each embedding as soon as it is known.
    #[arg(long, value_enum, default_value_t = EmbedFormat::Json)]
    pub(super) format: EmbedFormat,
    /// Stop at the first image that cannot be read, instead of embedding the others.
    #[arg(long)]
    pub(super) strict: bool,
}

#[derive(Debug, Args)]
pub(super) struct InspectArguments {
    /// The same as DIR|FILE.
    #[arg(long, value_name = "DIR|FILE", required_unless_present = "path")]
    pub(super) model: Option<PathBuf>,
    /// A model directory or a weights file (safetensors or PyTorch).
    #[arg(value_name = "DIR|FILE", conflicts_with = "model")]
    pub(super) path: Option<PathBuf>,
    /// How the result is written.
    #[arg(long, value_enum, default_value_t = InspectFormat::Table)]
    pub(super) format: InspectFormat,
    /// List every tensor.
    #[arg(long)]
    pub(super) tensors: bool,
}

/// A model written anew.
#[derive(Debug, Args)]
pub(super) struct ConvertArguments {
    /// A model directory, or a safetensors file with its configuration beside it.
    #[arg(long, value_name = "DIR|FILE")]
    pub(super) model: PathBuf,
    /// The folder to write; it must not hold anything.
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,
    /// What to store the weights as.
    #[arg(long, value_enum, default_value_t = StoredPrecision::F16)]
    pub(super) precision: StoredPrecision,
    /// Cut the files into pieces of at most this many MiB, with a manifest of their hashes (`pickscore-shards.json`): 24 suits every host.
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(super) shard_size: Option<u16>,
    /// How the result is written.
    #[arg(long, value_enum, default_value_t = InspectFormat::Table)]
    pub(super) format: InspectFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum StoredPrecision {
    F32,
    F16,
    Q8,
}

impl From<StoredPrecision> for Precision {
    fn from(precision: StoredPrecision) -> Self {
        match precision {
            StoredPrecision::F32 => Self::F32,
            StoredPrecision::F16 => Self::F16,
            StoredPrecision::Q8 => Self::Q8,
        }
    }
}

/// Which model, and how it runs.
#[derive(Debug, Args)]
pub(super) struct ModelArguments {
    /// A model directory (`config.json`, `model.safetensors`) or a safetensors file with its configuration beside it.
    #[arg(long, value_name = "DIR|FILE")]
    pub(super) model: PathBuf,
    #[command(flatten)]
    pub(super) run: RunArguments,
}

/// How a model runs.
#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// Where to compute.
    #[arg(long, value_enum, default_value_t = DeviceArgument::Auto)]
    device: DeviceArgument,
    /// What to store the weights as: `auto` takes f16 on a GPU that computes in it, else f32.
    #[arg(long, value_enum, default_value_t = PrecisionArgument::Auto)]
    precision: PrecisionArgument,
    /// Refuse images with more pixels than this.
    #[arg(long, value_name = "N", default_value_t = Limits::default().max_pixels)]
    max_pixels: u64,
    /// CPU threads; all cores unless given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) threads: Option<u16>,
}

impl From<DeviceArgument> for DeviceChoice {
    fn from(device: DeviceArgument) -> Self {
        match device {
            DeviceArgument::Auto => Self::Auto,
            DeviceArgument::Gpu => Self::Gpu,
            DeviceArgument::Cpu => Self::Cpu,
        }
    }
}

impl RunArguments {
    pub(super) fn options(&self) -> OpenOptions {
        OpenOptions {
            device: self.device.into(),
            precision: match self.precision {
                PrecisionArgument::Auto => PrecisionChoice::Auto,
                PrecisionArgument::F32 => PrecisionChoice::Exactly(Precision::F32),
                PrecisionArgument::F16 => PrecisionChoice::Exactly(Precision::F16),
                PrecisionArgument::Q8 => PrecisionChoice::Exactly(Precision::Q8),
            },
            limits: Limits { max_pixels: self.max_pixels },
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DeviceArgument {
    Auto,
    Gpu,
    Cpu,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PrecisionArgument {
    Auto,
    F32,
    F16,
    Q8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people: best first.
    Table,
    /// One document, in the order given.
    Json,
    /// One line an image as soon as it is known, without probability and rank.
    Jsonl,
    /// With a header, in the order given.
    Csv,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum MetadataFormat {
    /// For people.
    Table,
    /// One document, in the order given.
    Json,
    /// One line for each image.
    Jsonl,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum EmbedFormat {
    /// One document, in the order given.
    Json,
    /// One line a text or image, as soon as it is known.
    Jsonl,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum InspectFormat {
    /// For people.
    Table,
    /// One document.
    Json,
}
