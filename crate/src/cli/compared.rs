//! The output of `pickscore score` with several models.

use std::io::Write;

use serde::Serialize;

use super::{
    fault::Fault,
    output::{Document, Image, Pair, Prompt, Unread},
    score_files::{Group, Member, Run},
    text::printable,
};
use crate::{
    evaluate::{Bootstrap, Concordance, Estimate, concordance},
    files::Work,
    score,
};

/// The whole output. The fields of a single prompt are at the top level; several prompts are a
/// list.
#[derive(Serialize)]
pub(super) struct Compared {
    #[serde(flatten)]
    results: Results,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Unread>,
    /// A different name for each model.
    #[serde(skip)]
    names: Vec<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Results {
    One(OfPrompt),
    Several { prompts: Vec<OfPrompt> },
    Pairs { scorers: Vec<OfPairs> },
}

/// The results of all models for one prompt.
#[derive(Serialize)]
struct OfPrompt {
    prompt: Option<String>,
    scorers: Vec<OfScorer>,
    /// The images that all models scored.
    mean: Vec<Mean>,
    agreement: Vec<Concordance>,
}

#[derive(Serialize)]
struct OfScorer {
    #[serde(flatten)]
    run: Description,
    images: Vec<Image>,
}

#[derive(Serialize)]
struct OfPairs {
    #[serde(flatten)]
    run: Description,
    pairs: Vec<Pair>,
}

#[derive(Serialize)]
struct Description {
    model: String,
    scorer: &'static str,
    device: &'static str,
    precision: &'static str,
}

/// An image's mean of standardised scores.
#[derive(Serialize)]
struct Mean {
    path: String,
    mean_z: f32,
    rank: usize,
    /// The place of the image in the images of each scorer.
    #[serde(skip)]
    places: Vec<usize>,
}

impl Description {
    fn of(run: &Run) -> Self {
        let (model, precision) = (run.info.model.clone(), run.info.precision.name());
        Self { model, scorer: run.scorer.name, device: run.info.device, precision }
    }
}

impl Compared {
    pub(super) fn new(
        work: &Work,
        groups: &[Group],
        runs: &[Run],
        is_pairs: bool,
        errors: Vec<Unread>,
    ) -> Self {
        let names: Vec<String> = runs.iter().map(|run| run.info.model.clone()).collect();
        if is_pairs {
            let scorers = runs.iter().map(|run| {
                let pair = |group: &Group| {
                    let member = *group.members.first()?;
                    let prompt = group.prompt.clone().unwrap_or_default();
                    Some(Pair { prompt, path: work.path(member.file), score: run.score(member)? })
                };
                OfPairs { run: Description::of(run), pairs: groups.iter().filter_map(pair).collect() }
            });
            let results = Results::Pairs { scorers: scorers.collect() };
            return Self { results, errors, names };
        }
        let of_prompt = |group: &Group| OfPrompt::new(work, group, runs, &names);
        let mut prompts: Vec<OfPrompt> = groups.iter().map(of_prompt).collect();
        let results = match prompts.pop() {
            Some(only) if prompts.is_empty() => Results::One(only),
            last => {
                prompts.extend(last);
                Results::Several { prompts }
            }
        };
        Self { results, errors, names }
    }

    fn prompts(&self) -> &[OfPrompt] {
        match &self.results {
            Results::One(prompt) => std::slice::from_ref(prompt),
            Results::Several { prompts } => prompts,
            Results::Pairs { .. } => &[],
        }
    }
}

impl Document for Compared {
    fn is_empty(&self) -> bool {
        match &self.results {
            Results::Pairs { scorers } => scorers.iter().all(|scorer| scorer.pairs.is_empty()),
            _ => self.prompts().iter().flat_map(|prompt| &prompt.scorers).all(|of| of.images.is_empty()),
        }
    }

    fn write_csv(&self, out: &mut impl Write) -> Result<(), Fault> {
        let mut out = csv::Writer::from_writer(out);
        if let Results::Pairs { scorers } = &self.results {
            out.write_record(["model", "prompt", "path", "score"])?;
            for (name, scorer) in self.names.iter().zip(scorers) {
                for Pair { prompt, path, score } in &scorer.pairs {
                    out.write_record([name, prompt, path, &score.to_string()])?;
                }
            }
            return Ok(out.flush()?);
        }
        let columns = self
            .names
            .iter()
            .flat_map(|name| ["score", "probability", "rank"].map(|column| format!("{name}.{column}")));
        let header = ["prompt", "path"].map(str::to_owned).into_iter().chain(columns);
        out.write_record(header.chain(["mean_z", "rank"].map(str::to_owned)))?;
        for prompt in self.prompts() {
            for Mean { path, mean_z, rank, places } in &prompt.mean {
                let mut cells = vec![prompt.prompt.clone().unwrap_or_default(), path.clone()];
                for (of, &place) in prompt.scorers.iter().zip(places) {
                    let Image { score, probability, rank, .. } = &of.images[place];
                    let probability = probability.map(|probability| probability.to_string());
                    cells.extend([score.to_string(), probability.unwrap_or_default(), rank.to_string()]);
                }
                cells.extend([mean_z.to_string(), rank.to_string()]);
                out.write_record(cells)?;
            }
        }
        Ok(out.flush()?)
    }

    fn write_table(&self, out: &mut impl Write) -> Result<(), Fault> {
        if let Results::Pairs { scorers } = &self.results {
            for (index, (name, scorer)) in self.names.iter().zip(scorers).enumerate() {
                let gap = if index > 0 { "\n" } else { "" };
                writeln!(out, "{gap}{}\n   score  image  (prompt)", printable(name))?;
                for Pair { prompt, path, score } in &scorer.pairs {
                    writeln!(out, "{score:8.3}  {}  ({})", printable(path), printable(prompt))?;
                }
            }
            return Ok(());
        }
        let titled = matches!(self.results, Results::Several { .. });
        for (index, prompt) in self.prompts().iter().enumerate() {
            if titled {
                let gap = if index > 0 { "\n" } else { "" };
                writeln!(out, "{gap}{}", printable(prompt.prompt.as_deref().unwrap_or_default()))?;
            }
            prompt.write_table(&self.names, out)?;
        }
        Ok(())
    }
}

impl OfPrompt {
    fn new(work: &Work, group: &Group, runs: &[Run], names: &[String]) -> Self {
        let scorers = runs.iter().map(|run| {
            let scored = group.members.iter().filter_map(|&member| Some((member.file, run.score(member)?)));
            let (paths, scores): (Vec<String>, Vec<f32>) =
                scored.map(|(file, score)| (work.path(file), score)).unzip();
            let images = Prompt::new(run.scorer, None, &paths, &scores, None).images;
            OfScorer { run: Description::of(run), images }
        });
        // The images that all models scored, and where each model's results have them.
        let mut next = vec![0; runs.len()];
        let mut common: Vec<(Member, Vec<usize>)> = Vec::new();
        for &member in &group.members {
            let scored: Vec<bool> = runs.iter().map(|run| run.score(member).is_some()).collect();
            if scored.iter().all(|&scored| scored) {
                common.push((member, next.clone()));
            }
            next.iter_mut().zip(scored).for_each(|(next, scored)| *next += usize::from(scored));
        }
        let scores: Vec<Vec<f32>> = runs
            .iter()
            .map(|run| common.iter().filter_map(|(member, _)| run.score(*member)).collect())
            .collect();
        let standardised: Vec<Vec<f64>> = scores.iter().map(|scores| score::standardised(scores)).collect();
        let mean =
            |image: usize| (standardised.iter().map(|of| of[image]).sum::<f64>() / runs.len() as f64) as f32;
        let means: Vec<f32> = (0..common.len()).map(mean).collect();
        let ranks = score::ranks(&means);
        let mean = common.into_iter().zip(means.into_iter().zip(ranks));
        let mean = mean.map(|((member, places), (mean_z, rank))| Mean {
            path: work.path(member.file),
            mean_z,
            rank,
            places,
        });
        let agreement = agreement(&scores, names);
        Self { prompt: group.prompt.clone(), scorers: scorers.collect(), mean: mean.collect(), agreement }
    }

    fn write_table(&self, names: &[String], out: &mut impl Write) -> Result<(), Fault> {
        let names: Vec<String> = names.iter().map(|name| printable(name)).collect();
        let widths: Vec<usize> = names.iter().map(|name| name.chars().count().max(14)).collect();
        write!(out, "rank  mean z")?;
        for (name, &width) in names.iter().zip(&widths) {
            write!(out, "  {name:>width$}")?;
        }
        writeln!(out, "  image")?;
        let mut best: Vec<&Mean> = self.mean.iter().collect();
        best.sort_by_key(|mean| mean.rank);
        for Mean { path, mean_z, rank, places } in best {
            write!(out, "{rank:4}  {mean_z:6.2}")?;
            for ((of, &place), &width) in self.scorers.iter().zip(places).zip(&widths) {
                let Image { score, rank, .. } = &of.images[place];
                let cell = format!("{score:.3} ({rank})");
                write!(out, "  {cell:>width$}")?;
            }
            writeln!(out, "  {}", printable(path))?;
        }
        for Concordance { scorers: [one, other], kendall: Estimate { value, low, high } } in &self.agreement {
            let (one, other) = (printable(one), printable(other));
            writeln!(
                out,
                "agreement of {one} and {other}: Kendall's τ {value:.2} (95 %: {low:.2} to {high:.2})"
            )?;
        }
        Ok(())
    }
}

/// The agreement of every two models.
fn agreement(scores: &[Vec<f32>], names: &[String]) -> Vec<Concordance> {
    let scores: Vec<Vec<f64>> =
        scores.iter().map(|scores| scores.iter().copied().map(f64::from).collect()).collect();
    let mut found = Vec::new();
    for one in 0..scores.len() {
        for other in one + 1..scores.len() {
            let kendall = concordance::of_images(&scores[one], &scores[other], &Bootstrap::default());
            let scorers = [names[one].clone(), names[other].clone()];
            found.extend(kendall.map(|kendall| Concordance { scorers, kendall }));
        }
    }
    found
}
