//! `pickscore taste curve`

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::PathBuf,
};

use clap::Args;
use serde::Serialize;

use super::{
    super::{
        arguments::{ModelArguments, TableOrJson},
        fault::{self, Fault},
        load,
        text::{counted, printable},
    },
    choices::{self, Wanted, collect},
};
use crate::{
    PickScore,
    dataset::DatasetFiles,
    evaluate::{Bootstrap, Estimate},
    seeded::hashes,
    taste::{
        Choice, Curve, CurveOptions, curve, curve_plot,
        simulated::{People, Shown},
    },
};

#[derive(Debug, Args)]
pub(super) struct CurveArguments {
    #[command(flatten)]
    model: ModelArguments,
    /// People's choices: Parquet files in Pick-a-Pic's schema, or dataset folders.
    ///
    /// People are told apart by `user_id`; rows of unknown people are left out.
    #[arg(long = "data", value_name = "FILE|DIR", required = true, num_args = 1..)]
    data: Vec<PathBuf>,
    /// Split to read from dataset folders.
    #[arg(long, value_name = "NAME", default_value = "train")]
    split: String,
    /// Numbers of choices to fit a taste to, in ascending order.
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_values_t = CurveOptions::default().sizes.into_iter().map(|size| size as u32), value_parser = clap::value_parser!(u32).range(1..=100_000))]
    sizes: Vec<u32>,
    /// Maximum number of people, those with the most choices first.
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    people: u32,
    /// Do not compare with a head that is fitted to everybody else's choices.
    #[arg(long)]
    without_everybody: bool,
    /// Replace the answers of the data by those of N simulated people, whose taste is known.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    simulate: Option<u32>,
    /// Standard deviation of the leads that are a simulated person's own, in nats.
    #[arg(long, value_name = "NATS", default_value_t = 1.0, requires = "simulate")]
    strength: f64,
    /// Standard deviation of the leads that simulated people share with the scorer, in nats.
    #[arg(long, value_name = "NATS", default_value_t = 1.0, requires = "simulate")]
    agreement: f64,
    /// Number of pairs that each simulated person answers.
    #[arg(long, value_name = "N", default_value_t = 1000, requires = "simulate", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    answers: u32,
    /// Write a plot of the curve to this SVG file.
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Number of bootstrap resamples for the 95 % intervals.
    #[arg(long, value_name = "N", default_value_t = Bootstrap::default().resamples as u32, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    resamples: u32,
    /// Random seed.
    #[arg(long, value_name = "N", default_value_t = Bootstrap::default().seed)]
    seed: u64,
    /// Output format.
    #[arg(long, value_enum, default_value_t = TableOrJson::Table)]
    format: TableOrJson,
}

#[derive(Serialize)]
struct Report<'a> {
    model: &'a str,
    scorer: &'static str,
    /// How people were simulated; `None` for people.
    simulated: Option<Simulated>,
    #[serde(flatten)]
    curve: Curve,
}

#[derive(Serialize, Clone, Copy)]
struct Simulated {
    people: u32,
    answers: u32,
    agreement: f64,
    strength: f64,
    seed: u64,
}

pub(super) fn run(arguments: &CurveArguments) -> Result<(), Fault> {
    if !arguments.sizes.is_sorted_by(|one, other| one < other) {
        return Err(Fault::Usage { reason: "--sizes has to be in ascending order".into() });
    }
    let options = arguments.model.run.options()?;
    // Report wrong arguments before loading gigabytes.
    let scoring = PickScore::recognise(&arguments.model.model, &options)?;
    choices::check_embeds(scoring.scorer)?;
    let files = DatasetFiles::open(&arguments.data, &arguments.split)?;
    fault::report_derived(files.derived());
    let scorer = load::open(&arguments.model)?;
    let simulated = arguments.simulate.map(|people| Simulated {
        people,
        answers: arguments.answers,
        agreement: arguments.agreement,
        strength: arguments.strength,
        seed: arguments.seed,
    });
    let wanted = Wanted { user: None, without_visible: false, unlabelled: simulated.is_some() };
    let collected = collect(&scorer, &files, &wanted)?;
    let mut people = match simulated {
        Some(simulated) => simulated.people(&collected)?,
        None => {
            let mut people: BTreeMap<usize, Vec<Choice>> = BTreeMap::new();
            for (person, choice) in &collected.choices {
                if let Some(person) = person {
                    people.entry(*person).or_default().push(*choice);
                }
            }
            let unknown = collected.choices.iter().filter(|(person, _)| person.is_none()).count();
            if unknown > 0 {
                fault::report(&format!("left out {} of unknown people", counted(unknown, "choice")));
            }
            people.into_values().collect()
        }
    };
    people.sort_by_key(|choices| std::cmp::Reverse(choices.len()));
    people.truncate(arguments.people as usize);
    let options = CurveOptions {
        sizes: arguments.sizes.iter().map(|&size| size as usize).collect(),
        everybody: !arguments.without_everybody,
        bootstrap: Bootstrap { resamples: arguments.resamples as usize, seed: arguments.seed },
        ..CurveOptions::default()
    };
    let bar = load::bar("{msg} {wide_bar} {pos}/{len} ({eta} left)");
    bar.set_message("People");
    let found = curve(&collected.embeddings, &people, &options, &mut |progress| load::show(&bar, progress))?;
    bar.finish_and_clear();
    let found = found.filter(|curve| !curve.points.is_empty()).ok_or_else(|| Fault::Nothing {
        reason: format!("nobody has made {} choices that can be learned from", options.sizes[0]),
    })?;
    if let Some(path) = &arguments.plot {
        curve_plot::plot(&found, path)?;
    }
    let scorer_name = scorer.scoring().scorer.name;
    let report = Report { model: &scorer.info().model, scorer: scorer_name, simulated, curve: found };
    let mut out = io::stdout().lock();
    match arguments.format {
        TableOrJson::Json => {
            serde_json::to_writer_pretty(&mut out, &report)?;
            Ok(writeln!(out)?)
        }
        TableOrJson::Table => report.write(&mut out),
    }
}

impl Simulated {
    /// The answers of simulated people to pairs of the data.
    fn people(&self, collected: &choices::Collected) -> Result<Vec<Vec<Choice>>, Fault> {
        let shown: Vec<Shown> =
            collected.choices.iter().map(|(_, choice)| (choice.images, choice.lead, choice.prompt)).collect();
        let kind = People {
            agreement: self.agreement,
            strength: self.strength,
            // About a ninth of the answers to a pair whose images are equally good.
            tie: Some(-1.4),
            seed: self.seed,
        };
        let person = |number: usize| {
            let numbers = hashes(self.seed, &format!("person {number} pairs"), 0);
            let mut order: Vec<(u64, usize)> = numbers.zip(0..shown.len()).collect();
            order.sort_unstable();
            let asked: Vec<Shown> =
                order.iter().take(self.answers as usize).map(|&(_, at)| shown[at]).collect();
            let person = kind.person(number, &collected.embeddings, &shown)?;
            Ok(person.answers(&collected.embeddings, &asked))
        };
        (0..self.people as usize).map(person).collect()
    }
}

impl Report<'_> {
    fn write(&self, out: &mut impl Write) -> Result<(), Fault> {
        let Curve { people, left_out, points } = &self.curve;
        let who = if self.simulated.is_some() { "simulated people" } else { "people" };
        writeln!(out, "accuracy on held-out choices of {people} {who}, on top of {}", printable(self.model))?;
        if *left_out > 0 {
            writeln!(out, "left out: {left_out} with too few choices")?;
        }
        writeln!(
            out,
            "\nchoices  people  tested  base scorer          taste                difference           everybody's head"
        )?;
        let percent = |of: Estimate| {
            format!("{:.1} % ({:.1}–{:.1})", of.value * 100.0, of.low * 100.0, of.high * 100.0)
        };
        let signed = |of: Estimate| {
            format!("{:+.1} ({:+.1}–{:+.1})", of.value * 100.0, of.low * 100.0, of.high * 100.0)
        };
        for point in points {
            let everybody = point.everybody.map(percent).unwrap_or_default();
            writeln!(
                out,
                "{:7}  {:6}  {:6}  {:19}  {:19}  {:19}  {everybody}",
                point.choices,
                point.people,
                point.tested,
                percent(point.base),
                percent(point.taste),
                signed(point.gain),
            )?;
        }
        Ok(())
    }
}
