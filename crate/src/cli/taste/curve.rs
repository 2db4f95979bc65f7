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
        Choice, CurveOptions, CurvePoint, curve, curve_plot,
        simulated::{People, Shown},
    },
};

/// With fewer people than this, a bootstrap's intervals are too narrow to rely on.
const FEWEST_PEOPLE: usize = 10;

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
    people: usize,
    left_out: usize,
    points: Vec<Point>,
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
    let files = DatasetFiles::open(&arguments.data, &arguments.split).map_err(Fault::of_split)?;
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
    let fewest = found.points.iter().map(|point| point.people).min().unwrap_or_default();
    if fewest < FEWEST_PEOPLE {
        let who = of_people(fewest, false);
        fault::report(&format!("warning: {who} at some sizes; intervals over fewer than 10 are too narrow"));
    }
    let report = Report {
        model: &scorer.info().model,
        scorer: scorer_name,
        simulated,
        people: found.people,
        left_out: found.left_out,
        points: found.points.iter().map(Point::from).collect(),
    };
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

/// An estimate with the interval over people; one person has none.
#[derive(Serialize, Clone, Copy)]
struct Mean {
    value: f64,
    low: Option<f64>,
    high: Option<f64>,
}

/// The accuracies with a number of choices.
#[derive(Serialize)]
struct Point {
    choices: usize,
    people: usize,
    tested: usize,
    base: Mean,
    taste: Mean,
    gain: Mean,
    everybody: Option<Mean>,
}

impl From<&CurvePoint> for Point {
    fn from(point: &CurvePoint) -> Self {
        let known = |end: f64| (point.people > 1).then_some(end);
        let of = |of: Estimate| Mean { value: of.value, low: known(of.low), high: known(of.high) };
        Self {
            choices: point.choices,
            people: point.people,
            tested: point.tested,
            base: of(point.base),
            taste: of(point.taste),
            gain: of(point.gain),
            everybody: point.everybody.map(of),
        }
    }
}

/// 1 → "1 simulated person"
fn of_people(count: usize, simulated: bool) -> String {
    let noun = if count == 1 { "person" } else { "people" };
    format!("{count} {}{noun}", if simulated { "simulated " } else { "" })
}

impl Report<'_> {
    fn write(&self, out: &mut impl Write) -> Result<(), Fault> {
        let who = of_people(self.people, self.simulated.is_some());
        writeln!(out, "accuracy on held-out choices of {who}, on top of {}", printable(self.model))?;
        if self.left_out > 0 {
            writeln!(out, "left out: {} with too few choices", of_people(self.left_out, false))?;
        }
        writeln!(
            out,
            "\nchoices  people  tested  {:22}  {:22}  {:22}  everybody's head",
            "base scorer", "taste", "difference"
        )?;
        let percent = |x: f64| format!("{:.1}", x * 100.0);
        let signed = |x: f64| format!("{:+.1}", x * 100.0);
        for point in &self.points {
            writeln!(
                out,
                "{:7}  {:6}  {:6}  {:22}  {:22}  {:22}  {}",
                point.choices,
                point.people,
                point.tested,
                point.base.written(&percent, " %"),
                point.taste.written(&percent, " %"),
                point.gain.written(&signed, ""),
                point.everybody.map(|of| of.written(&percent, " %")).unwrap_or_default(),
            )?;
        }
        if self.points.iter().any(|point| point.people == 1) {
            writeln!(out, "\none person: no interval")?;
        }
        Ok(())
    }
}

impl Mean {
    fn written(self, number: &dyn Fn(f64) -> String, unit: &str) -> String {
        let value = number(self.value) + unit;
        match (self.low, self.high) {
            (Some(low), Some(high)) => format!("{value} ({} to {})", number(low), number(high)),
            _ => value,
        }
    }
}
