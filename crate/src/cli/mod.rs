//! The command `pickscore`.
//!
//! Standard output holds results and nothing else; what goes wrong is one line on standard error. Exit code 2 means bad usage, 1 bad input.

mod arguments;
mod choices;
mod convert;
mod embed;
mod evaluate;
mod fault;
mod images;
mod inspect;
mod load;
mod merge;
mod metadata;
mod output;
mod pairs;
mod score;
mod train;

use std::{io, process::ExitCode};

use clap::Parser;

use arguments::{Arguments, Command};
use fault::Fault;

/// Runs the command.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match &arguments.command {
        Command::Score(arguments) => score::run(arguments),
        Command::Embed(arguments) => embed::run(arguments),
        Command::Inspect(arguments) => inspect::run(arguments),
        Command::Convert(arguments) => convert::run(arguments),
        Command::Evaluate(arguments) => evaluate::run(arguments),
        Command::Train(arguments) => train::run(arguments),
        Command::Metadata(arguments) => metadata::run(arguments),
        Command::Merge(arguments) => merge::run(arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the output has had enough, as `head` does.
        Err(Fault::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(fault) => {
            fault::report(&fault);
            ExitCode::from(if matches!(fault, Fault::Usage { .. }) { 2 } else { 1 })
        }
    }
}
