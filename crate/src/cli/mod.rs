//! The command `pickscore`.
//!
//! Standard output has results only; each error is one line on standard error. The help lists the
//! exit codes.

mod arguments;
mod choices;
mod compared;
mod convert;
mod distance;
mod embed;
mod evaluate;
mod fault;
mod features;
mod images;
mod inspect;
mod interrupted;
mod judge;
mod load;
mod merge;
mod metadata;
mod model_distances;
mod models;
mod output;
mod pairs;
mod score;
mod score_data;
mod score_files;
mod skipped;
mod stored_scores;
mod stream;
mod taste;
mod text;
mod train;

use std::{io, process::ExitCode};

use clap::{Parser, Subcommand};

use fault::Fault;

/// Printed after the help of the command as a whole.
const EXIT_CODES: &str = "Exit codes:
  0  Success. Inputs that could not be read were reported and skipped.
  1  Failure: there are no results, or `inspect` found a problem.
  2  Invalid arguments.";

/// Predict which images people prefer for a prompt, with PickScore on your own GPU or CPU.
#[derive(Debug, Parser)]
#[command(name = "pickscore", version, about, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Score images against a prompt.
    Score(score::ScoreArguments),
    /// Compute unit-length embeddings of prompts and images.
    Embed(embed::EmbedArguments),
    /// Show what a model's files contain and whether they can be loaded.
    Inspect(inspect::InspectArguments),
    /// Convert a model to another precision, or split it into shards.
    Convert(convert::ConvertArguments),
    /// Show the prompt, seed, model and settings that generators wrote into images.
    Metadata(metadata::MetadataArguments),
    /// Evaluate models on human preferences: accuracy, calibration, rankings.
    Evaluate(evaluate::EvaluateArguments),
    /// Measure how far two folders of images are apart: FID, Fréchet distance, MMD.
    Distance(distance::DistanceArguments),
    /// Merge files of preference pairs into one dataset with splits.
    Merge(merge::MergeArguments),
    /// Train a model on preference pairs, as PickScore was trained.
    Train(train::TrainArguments),
    /// Learn one person's taste from choices, on top of a scorer.
    Taste(taste::TasteArguments),
}

/// Runs the command.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match &arguments.command {
        Command::Score(arguments) => score::run(arguments),
        Command::Embed(arguments) => embed::run(arguments),
        Command::Inspect(arguments) => inspect::run(arguments),
        Command::Convert(arguments) => convert::run(arguments),
        Command::Evaluate(arguments) => evaluate::run(arguments),
        Command::Distance(arguments) => distance::run(arguments),
        Command::Train(arguments) => train::run(arguments),
        Command::Taste(arguments) => taste::run(arguments),
        Command::Metadata(arguments) => metadata::run(arguments),
        Command::Merge(arguments) => merge::run(arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // The reader of the output has closed it, as `head` does.
        Err(Fault::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(fault) => {
            fault::report(&fault);
            ExitCode::from(if matches!(fault, Fault::Usage { .. }) { 2 } else { 1 })
        }
    }
}
