//! Writes a generated model directory.

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, ValueEnum};
use pickscore_generate::{Convention, Dtype, PICKSCORE, VIT_B_32, write_directory};

/// Writes a model directory whose weights come from a seed: of real size and shape, of no use.
#[derive(Parser)]
struct Arguments {
    /// Where to write it.
    #[arg(long)]
    out: PathBuf,
    /// `pickscore` (ViT-H/14), `b32` (ViT-B/32), or a configuration file.
    #[arg(long, default_value = "pickscore")]
    config: PathBuf,
    /// The seed.
    #[arg(long, default_value_t = 14)]
    seed: u64,
    /// What numbers are stored as.
    #[arg(long, value_enum, default_value_t = DtypeArgument::F32)]
    dtype: DtypeArgument,
    /// Files to cut the weights into.
    #[arg(long, default_value_t = 1)]
    shards: usize,
    /// open_clip's names instead of Hugging Face's; then the configuration is open_clip's.
    #[arg(long)]
    open_clip: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum DtypeArgument {
    F32,
    F16,
    Bf16,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let config = match arguments.config.to_str() {
        Some("pickscore") => Ok(PICKSCORE.into()),
        Some("b32") => Ok(VIT_B_32.into()),
        _ => std::fs::read_to_string(&arguments.config),
    };
    let dtype = match arguments.dtype {
        DtypeArgument::F32 => Dtype::F32,
        DtypeArgument::F16 => Dtype::F16,
        DtypeArgument::Bf16 => Dtype::Bf16,
    };
    let convention = if arguments.open_clip { Convention::OpenClip } else { Convention::HuggingFace };
    let written = config.and_then(|config: String| {
        write_directory(&arguments.out, &config, convention, arguments.seed, dtype, arguments.shards)
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pickscore-generate: {}: {error}", arguments.out.display());
            ExitCode::FAILURE
        }
    }
}
