//! `pickscore taste`: a scorer of one person's taste.

mod apply;
mod choices;
mod curve;
mod fit;
mod written;

use clap::{Args, Subcommand};

pub(super) use apply::{Asked, score};

use super::fault::Fault;

#[derive(Debug, Args)]
pub(super) struct TasteArguments {
    #[command(subcommand)]
    command: TasteCommand,
}

#[derive(Debug, Subcommand)]
enum TasteCommand {
    /// Fit a taste to a person's choices, and measure whether it predicts them better.
    Fit(fit::FitArguments),
    /// Score images by a taste.
    Apply(apply::ApplyArguments),
    /// Measure how accuracy grows with the number of a person's choices.
    Curve(curve::CurveArguments),
}

pub(super) fn run(arguments: &TasteArguments) -> Result<(), Fault> {
    match &arguments.command {
        TasteCommand::Fit(arguments) => fit::run(arguments),
        TasteCommand::Apply(arguments) => apply::run(arguments),
        TasteCommand::Curve(arguments) => curve::run(arguments),
    }
}
