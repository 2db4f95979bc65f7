//! Arguments that several subcommands share.

use std::path::PathBuf;

use clap::{
    Args, ValueEnum,
    builder::{PossibleValue, PossibleValuesParser},
};

use super::{fault::Fault, text::counted};
use crate::{
    pixels::Limits,
    score::{Formula, SCORERS, Scorer},
    scorer::{DeviceChoice, OpenOptions, PrecisionChoice},
    weights::Precision,
};

/// The model and how to run it.
#[derive(Debug, Args)]
pub(super) struct ModelArguments {
    /// Model directory, or weights file.
    ///
    /// Weights are safetensors or PyTorch files; code in a file is never run.
    #[arg(long, value_name = "DIR|FILE")]
    pub(super) model: PathBuf,
    #[command(flatten)]
    pub(super) run: RunArguments,
}

/// The models and how to run them.
#[derive(Debug, Args)]
pub(super) struct ModelsArguments {
    /// Model directory, or weights file; repeatable.
    ///
    /// Weights are safetensors or PyTorch files; code in a file is never run.
    ///
    /// Several models run one after the other, and the table is ordered by the mean of z-scores.
    ///
    /// A z-score is (score − mean) / standard deviation, over the images that all models scored.
    #[arg(long = "model", value_name = "DIR|FILE", required = true)]
    pub(super) models: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) run: RunArguments,
}

/// How to run models.
#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// Scorer that the models are, given once or once per model; auto recognises it.
    #[arg(long = "scorer", value_name = "NAME", default_value = "auto", value_parser = scorers())]
    scorers: Vec<String>,
    /// File of the head of an aesthetic scorer, if it is not next to the model.
    ///
    /// With several models, give --scorer once per model and a file for each aesthetic scorer.
    #[arg(long = "head", value_name = "FILE")]
    heads: Vec<PathBuf>,
    /// Device to compute on.
    #[arg(long, value_enum, default_value_t = DeviceArgument::Auto)]
    device: DeviceArgument,
    /// Precision of the weights in memory.
    ///
    /// q8-fast changes scores of the page's small model by up to 0.2; some GPUs compute q8 instead.
    #[arg(long, value_enum, default_value_t = PrecisionArgument::Auto)]
    precision: PrecisionArgument,
    /// Maximum number of pixels in an image.
    #[arg(long, value_name = "N", default_value_t = Limits::default().max_pixels, value_parser = clap::value_parser!(u64).range(1..))]
    max_pixels: u64,
    /// Number of CPU threads [default: one per core].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) threads: Option<u16>,
}

/// The values of `--scorer`.
pub(super) fn scorers() -> PossibleValuesParser {
    let named = SCORERS.iter().map(|scorer| PossibleValue::new(scorer.name).help(scorer.title));
    [PossibleValue::new("auto").help("Recognised by the model's files.")].into_iter().chain(named).into()
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
    /// The options of the only model.
    pub(super) fn options(&self) -> Result<OpenOptions, Fault> {
        let mut options = self.options_of(1)?;
        Ok(options.pop().unwrap_or_default())
    }

    /// The options of a model whose embeddings are compared; scorer and head do not matter.
    pub(super) fn options_of_encoder(&self) -> OpenOptions {
        OpenOptions {
            device: self.device.into(),
            precision: match self.precision {
                PrecisionArgument::Auto => PrecisionChoice::Auto,
                PrecisionArgument::F32 => PrecisionChoice::Exactly(Precision::F32),
                PrecisionArgument::F16 => PrecisionChoice::Exactly(Precision::F16),
                PrecisionArgument::Q8 => PrecisionChoice::Exactly(Precision::Q8),
                PrecisionArgument::Q8Fast => PrecisionChoice::Exactly(Precision::Q8Fast),
            },
            limits: Limits { max_pixels: self.max_pixels },
            ..OpenOptions::default()
        }
    }

    /// The options of each of several models.
    pub(super) fn options_of(&self, models: usize) -> Result<Vec<OpenOptions>, Fault> {
        let options = self.options_of_encoder();
        let scorers: Vec<_> = match &self.scorers[..] {
            [all] => vec![Scorer::named(all); models],
            each if each.len() == models => each.iter().map(|name| Scorer::named(name)).collect(),
            each => {
                let (given, models) = (counted(each.len(), "time"), counted(models, "model"));
                let reason =
                    format!("--scorer was given {given} for {models}; give it once, or once per model");
                return Err(Fault::Usage { reason });
            }
        };
        let heads = self.heads_of(&scorers)?;
        let with = |(scorer, head)| OpenOptions { scorer, head, ..options.clone() };
        Ok(scorers.into_iter().zip(heads).map(with).collect())
    }

    /// The head of each model, from the scorers that were given for them.
    fn heads_of(&self, scorers: &[Option<&Scorer>]) -> Result<Vec<Option<PathBuf>>, Fault> {
        if self.heads.is_empty() {
            return Ok(vec![None; scorers.len()]);
        }
        let has_head = |scorer: &Option<&Scorer>| {
            scorer.is_some_and(|scorer| matches!(scorer.formula, Formula::Head { .. }))
        };
        let given = self.heads.len();
        let expected = match scorers {
            [_] => 1,
            several => several.iter().filter(|scorer| has_head(scorer)).count(),
        };
        if given != expected {
            let (times, hint) = (counted(given, "time"), "give --scorer once per model");
            let reason = match scorers {
                [_] => format!("--head was given {times} for one model; give it once"),
                _ => format!(
                    "--head was given {times}, but --scorer names {} that need one; {hint}, and --head for each of those",
                    counted(expected, "scorer")
                ),
            };
            return Err(Fault::Usage { reason });
        }
        let mut heads = self.heads.iter().cloned();
        let of = |scorer| if scorers.len() == 1 || has_head(scorer) { heads.next() } else { None };
        Ok(scorers.iter().map(of).collect())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DeviceArgument {
    /// The GPU if there is one, otherwise the CPU.
    Auto,
    /// The GPU.
    Gpu,
    /// The CPU.
    Cpu,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PrecisionArgument {
    /// f16 on a GPU that supports it, otherwise f32.
    Auto,
    /// 32-bit floating point.
    F32,
    /// 16-bit floating point.
    F16,
    /// 8-bit integers with a scale for each block.
    Q8,
    /// As q8 with 8-bit activations: faster on CPUs with VNNI or AMX, and less exact.
    Q8Fast,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TableOrJson {
    /// Human-readable table.
    Table,
    /// One JSON document.
    Json,
}
