//! Makes the data that the demonstration model is trained and tested with.
//!
//! ```text
//! npm packages ─► catalogue (names, drawings) ─► gallery (bitmaps) ─┐
//! content (what is shown) ─► caption                                ├─► image ─► row ─► Parquet
//!                       └──► scene (where it is shown) ─────────────┘
//! ```

mod arguments;
mod background;
mod bitmap;
mod catalogue;
mod colour;
mod content;
mod data;
mod degradation;
mod fault;
#[cfg(test)]
mod fixture;
mod gallery;
mod language;
mod look;
mod packages;
mod pairs;
mod picture;
mod random;
mod render;
mod samples;
mod scene;
mod sheet;
mod sources;
mod split;
mod style;
mod vocabulary;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;

use arguments::{Arguments, Command};
use fault::Fault;

fn main() -> ExitCode {
    let outcome = match &Arguments::parse().command {
        Command::Data(arguments) => data::run(arguments),
        Command::Render(arguments) => render::run(arguments),
        Command::Vocabulary(arguments) => vocabulary::run(arguments),
        Command::Sheet(arguments) => sheet::run(arguments),
        Command::Samples(arguments) => samples::run(arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            let _ = writeln!(io::stderr(), "pickscore-demonstration: {fault}");
            ExitCode::from(if matches!(fault, Fault::Unknown { .. }) { 2 } else { 1 })
        }
    }
}
