//! Writes a generated model directory.

use std::{
    fs::{self, File},
    io::{self, BufWriter},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, ValueEnum};
use pickscore_generate::{Convention, Dtype, PICKSCORE, VIT_B_32, fill, write_directory};

/// Write a model directory with weights generated from a seed. The model has a real model's size
/// and shape, but its scores are meaningless.
#[derive(Parser)]
struct Arguments {
    /// Output folder.
    #[arg(long)]
    out: PathBuf,
    /// `pickscore` (ViT-H/14), `b32` (ViT-B/32), or a configuration file.
    #[arg(long, default_value = "pickscore")]
    config: PathBuf,
    /// Random seed.
    #[arg(long, default_value_t = 14)]
    seed: u64,
    /// Type of the stored numbers.
    #[arg(long, value_enum, default_value_t = DtypeArgument::F32)]
    dtype: DtypeArgument,
    /// Number of files to split the weights into.
    #[arg(long, default_value_t = 1)]
    shards: usize,
    /// Use open_clip's names instead of Hugging Face's; the configuration must then be open_clip's.
    #[arg(long)]
    open_clip: bool,
    /// Write this stored checkpoint (`tests/parity/fixtures/scorers/NAME.zlib`) with its numbers,
    /// as NAME; the other options do not apply.
    #[arg(long)]
    stored: Option<PathBuf>,
}

/// Writes a stored checkpoint into a folder.
fn write_stored(stored: &Path, folder: &Path) -> io::Result<()> {
    let name = stored.file_stem().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(folder)?;
    fill(&fs::read(stored)?, &mut BufWriter::with_capacity(1 << 20, File::create(folder.join(name))?))
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
    let written = if let Some(stored) = &arguments.stored {
        write_stored(stored, &arguments.out)
    } else {
        config.and_then(|config: String| {
            write_directory(&arguments.out, &config, convention, arguments.seed, dtype, arguments.shards)
        })
    };
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pickscore-generate: {}: {error}", arguments.out.display());
            ExitCode::FAILURE
        }
    }
}
