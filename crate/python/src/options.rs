//! The options of a scorer.

use std::path::PathBuf;

use pickscore_checkpoint::weights::Precision;
use pickscore_model::scorer::{DeviceChoice, OpenOptions, PrecisionChoice};
use pickscore_score::{SCORERS, Scorer};

use crate::fault::Fault;

const DEVICES: [(&str, DeviceChoice); 3] =
    [("auto", DeviceChoice::Auto), ("gpu", DeviceChoice::Gpu), ("cpu", DeviceChoice::Cpu)];

const PRECISIONS: [(&str, PrecisionChoice); 5] = [
    ("auto", PrecisionChoice::Auto),
    ("f32", PrecisionChoice::Exactly(Precision::F32)),
    ("f16", PrecisionChoice::Exactly(Precision::F16)),
    ("q8", PrecisionChoice::Exactly(Precision::Q8)),
    ("q8-fast", PrecisionChoice::Exactly(Precision::Q8Fast)),
];

/// The options with these names.
pub(crate) fn open_options(
    device: &str,
    precision: &str,
    scorer: &str,
    head: Option<PathBuf>,
) -> Result<OpenOptions, Fault> {
    let scorer = match scorer {
        "auto" => None,
        name => Some(Scorer::named(name).ok_or_else(|| {
            let names: Vec<&str> = SCORERS.iter().map(|scorer| scorer.name).collect();
            unknown("scorer", name, &[&["auto"], &names[..]].concat())
        })?),
    };
    Ok(OpenOptions {
        device: named("device", device, &DEVICES)?,
        precision: named("precision", precision, &PRECISIONS)?,
        scorer,
        head,
        ..OpenOptions::default()
    })
}

fn named<T: Copy>(option: &str, name: &str, choices: &[(&str, T)]) -> Result<T, Fault> {
    let found = choices.iter().find(|(known, _)| *known == name);
    found.map(|(_, choice)| *choice).ok_or_else(|| {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        unknown(option, name, &names)
    })
}

fn unknown(option: &str, found: &str, expected: &[&str]) -> Fault {
    Fault::argument(format!("{option} is {found:?}; expected one of {}", expected.join(", ")))
}
