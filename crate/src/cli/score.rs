//! `pickscore score`

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::{Args, ValueEnum};

use super::{
    arguments::{ModelsArguments, TableOrJson},
    compared::Compared,
    fault::{self, Fault},
    images::{self, Wanted},
    load, metadata,
    models::{self, Checked},
    output::{Answer, Document, Format, Pair, Prompt, Results, Unread},
    pairs::{self, Pairs},
    score_data::{self, DataArguments},
    score_files::{self, Group, Member, Pass, Run},
    stream::Stream,
    taste,
    text::{counted, none_of},
};
use crate::{
    PickScore,
    files::{Prepared, Work},
};

/// Score images against a prompt: scores, probabilities and ranks.
#[derive(Debug, Args)]
pub(super) struct ScoreArguments {
    #[command(flatten)]
    model: ModelsArguments,
    /// Prompt to score the images against; repeat it to get a matrix of scores.
    ///
    /// Aesthetic scorers read no prompt, so one is only needed if another model is given.
    #[arg(long = "prompt", value_name = "TEXT")]
    prompts: Vec<String>,
    /// Score each image against its own prompt, read from the file.
    ///
    /// Images with the same prompt are ranked together.
    ///
    /// Prompts are used as they are, including weights and LoRA tags.
    #[arg(long, value_enum, value_name = "SOURCE", conflicts_with_all = ["prompts", "pairs", "tie_threshold"])]
    prompt_from: Option<PromptSource>,
    /// Score the (prompt, image) pairs of a CSV, TSV or JSON Lines file.
    ///
    /// The file has the columns or keys `prompt` and `image` (a path relative to the file).
    #[arg(long, value_name = "FILE", conflicts_with_all = ["prompts", "images", "tie_threshold"])]
    pairs: Option<PathBuf>,
    /// Image files, folders (searched recursively) or patterns such as `renders/*.png`.
    #[arg(value_name = "IMAGE", required_unless_present_any = ["pairs", "data"])]
    images: Vec<PathBuf>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Of two images, name the better one, or a tie if probabilities differ by <= T.
    ///
    /// The formats table and json contain the verdict.
    #[arg(long, value_name = "T")]
    tie_threshold: Option<f32>,
    /// Score by a person's taste, as `taste apply` does: a file from `taste fit`.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["prompt_from", "pairs", "tie_threshold", "data"])]
    taste: Option<PathBuf>,
    /// Stop at the first image that cannot be read instead of skipping it.
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    data: DataArguments,
}

/// Where prompts come from, if not from the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PromptSource {
    /// The metadata that the image generator wrote into the file.
    Metadata,
}

pub(super) fn run(arguments: &ScoreArguments) -> Result<(), Fault> {
    let models = &arguments.model.models;
    if let Some(taste) = &arguments.taste {
        return arguments.by_taste(taste);
    }
    let options = arguments.model.run.options_of(models.len())?;
    if arguments.data.are_given() {
        return score_data::run(&arguments.data, &arguments.model, &options, arguments.format);
    }
    if let Some(threshold) = arguments.tie_threshold {
        let reason = match threshold {
            _ if models.len() > 1 => "--tie-threshold is for one model".into(),
            0.0..=1.0 => String::new(),
            _ => format!("--tie-threshold is {threshold}; expected 0 to 1"),
        };
        if !reason.is_empty() {
            return Err(Fault::Usage { reason });
        }
    }
    // Report wrong arguments before loading gigabytes.
    let checked = models::check(models, &options, &[])?;
    let mut asked = if let Some(file) = &arguments.pairs {
        Asked::pairs(file, arguments.strict)?
    } else {
        let listed = images::list(&arguments.images, Wanted::Pixels)?;
        if arguments.tie_threshold.is_some() && listed.files.len() != 2 {
            let given = counted(listed.files.len(), "image");
            let reason = format!("--tie-threshold needs exactly two images; got {given}");
            return Err(Fault::Usage { reason });
        }
        listed.report_unread(arguments.strict)?;
        let mut errors = Vec::new();
        for Unread { path, error } in listed.unread {
            errors.push(Unread::told(path, error, arguments.format == Format::Jsonl)?);
        }
        let reads_prompt = checked.iter().any(|model| model.scorer.reads_prompt());
        match arguments.prompt_from.filter(|_| reads_prompt) {
            Some(PromptSource::Metadata) => Asked::own_prompts(arguments, &listed.files, errors)?,
            None => Asked::matrix(arguments, &checked, listed.files, errors)?,
        }
    };
    let mut runs = Vec::new();
    let files = asked.work.files.clone();
    let (mut prepared, mut said) = (Prepared::new(&files), Said::default());
    for (index, (model, options)) in models.iter().zip(&options).enumerate() {
        let scorer = load::open_as(model, options, arguments.model.run.threads)?;
        prepared.set_keeps(index + 1 < models.len());
        runs.push(asked.score(arguments, &scorer, &checked[index].name, &mut prepared, &mut said)?);
    }
    drop(prepared);
    asked.answer(arguments, &runs)
}

impl ScoreArguments {
    /// Scores by a taste, which belongs to one model.
    fn by_taste(&self, taste: &Path) -> Result<(), Fault> {
        let usage = |reason: &str| Err(Fault::Usage { reason: reason.into() });
        let format = match self.format {
            Format::Table => TableOrJson::Table,
            Format::Json => TableOrJson::Json,
            _ => return usage("--taste prints a table or JSON; give --format table or --format json"),
        };
        let [model] = &self.model.models[..] else { return usage("--taste is for one model") };
        let prompt = match &self.prompts[..] {
            [] => None,
            [prompt] => Some(prompt.as_str()),
            _ => return usage("--taste scores images for one prompt; give one --prompt"),
        };
        let Self { images, strict, .. } = self;
        let run = &self.model.run;
        taste::score(&taste::Asked { model, run, taste, prompt, images, format, strict: *strict })
    }
}

/// What was said for earlier models.
#[derive(Default)]
struct Said {
    /// Prompts that were cut off.
    truncated: HashSet<String>,
    /// Files that cannot be read.
    files: HashSet<usize>,
    /// Lines of pairs whose prompts are empty.
    lines: HashSet<u64>,
}

/// What was asked for: what to compute, and how results are grouped.
struct Asked {
    work: Work,
    groups: Vec<Group>,
    kind: Kind,
    errors: Vec<Unread>,
}

enum Kind {
    /// Every image for every prompt.
    Matrix,
    /// Every image for the prompt in its file.
    Own,
    /// The pairs of a file.
    Pairs { file: PathBuf, lines: Vec<pairs::Line> },
}

impl Asked {
    /// Every image for every prompt, or for none if no model reads one.
    fn matrix(
        arguments: &ScoreArguments,
        models: &[Checked],
        files: Vec<PathBuf>,
        errors: Vec<Unread>,
    ) -> Result<Self, Fault> {
        let mut prompts = arguments.prompts.clone();
        match models.iter().find(|model| model.scorer.reads_prompt()) {
            Some(model) if prompts.is_empty() => {
                let name = model.scorer.name;
                let reason = format!("{name} needs a prompt; give --prompt or --prompt-from");
                return Err(Fault::Usage { reason });
            }
            None if arguments.prompt_from.is_some() || !prompts.is_empty() => {
                let option = if prompts.is_empty() { "--prompt-from" } else { "--prompt" };
                let who = match models {
                    [only] => format!("{} reads no prompt", only.scorer.name),
                    _ => "none of the models reads a prompt".into(),
                };
                fault::report(&format!("{who}; {option} is ignored"));
                prompts.clear();
            }
            _ => {}
        }
        let groups = Self::matrix_groups(&prompts, files.len());
        Ok(Self { work: Work::matrix(prompts, files), groups, kind: Kind::Matrix, errors })
    }

    fn matrix_groups(prompts: &[String], files: usize) -> Vec<Group> {
        let group = |(column, prompt): (usize, Option<&String>)| Group {
            prompt: prompt.cloned(),
            members: (0..files).map(|file| Member { file, column }).collect(),
        };
        match prompts {
            [] => vec![group((0, None))],
            prompts => prompts.iter().map(Some).enumerate().map(group).collect(),
        }
    }

    /// Each image for the prompt in its own file. Prompts come in the order of their first image,
    /// and images with equal prompts are ranked together.
    fn own_prompts(
        arguments: &ScoreArguments,
        files: &[PathBuf],
        mut errors: Vec<Unread>,
    ) -> Result<Self, Fault> {
        let (mut groups, mut of_prompt) = (Vec::<Group>::new(), HashMap::<String, usize>::new());
        let (mut readable, mut wanted) = (Vec::new(), Vec::new());
        for file in files {
            let found = metadata::of(file).and_then(|found| {
                found
                    .and_then(|found| found.prompt)
                    .filter(|prompt| !prompt.trim().is_empty())
                    .ok_or_else(|| "its metadata contains no prompt".to_owned())
            });
            match found {
                Ok(prompt) => {
                    let next = groups.len();
                    let index = *of_prompt.entry(prompt.clone()).or_insert(next);
                    if index == next {
                        groups.push(Group { prompt: Some(prompt), members: Vec::new() });
                    }
                    groups[index].members.push(Member { file: readable.len(), column: 0 });
                    readable.push(file.clone());
                    wanted.push(Arc::from([index]));
                }
                Err(error) => {
                    let path = file.display().to_string();
                    let fault = Fault::Input { path: path.clone(), reason: error.clone() };
                    if arguments.strict {
                        return Err(fault);
                    }
                    fault::report(&fault);
                    errors.push(Unread::told(path, error, arguments.format == Format::Jsonl)?);
                }
            }
        }
        if readable.is_empty() {
            let none = if files.len() == 1 {
                "the image has no prompt".into()
            } else {
                format!("none of the {} images has a prompt", files.len())
            };
            return Err(Fault::Nothing { reason: format!("{none}; give one with --prompt") });
        }
        let prompts = groups.iter().filter_map(|group| group.prompt.clone()).collect();
        let work = Work { prompts, files: readable, wanted };
        Ok(Self { work, groups, kind: Kind::Own, errors })
    }

    /// The pairs of a file. Each image is read once.
    fn pairs(file: &Path, strict: bool) -> Result<Self, Fault> {
        let Pairs { lines, faults } = pairs::read(file)?;
        pairs::report_faults(file, &faults, strict)?;
        let (mut of_prompt, mut prompts) = (HashMap::<&str, usize>::new(), Vec::new());
        let (mut of_file, mut files) = (HashMap::<&Path, usize>::new(), Vec::new());
        let (mut wanted, mut groups) = (Vec::<Vec<usize>>::new(), Vec::new());
        for line in &lines {
            let prompt = *of_prompt.entry(&line.prompt).or_insert_with(|| {
                prompts.push(line.prompt.clone());
                prompts.len() - 1
            });
            let file = *of_file.entry(&line.image).or_insert_with(|| {
                files.push(line.image.clone());
                wanted.push(Vec::new());
                files.len() - 1
            });
            let column = wanted[file].iter().position(|&known| known == prompt).unwrap_or_else(|| {
                wanted[file].push(prompt);
                wanted[file].len() - 1
            });
            let members = vec![Member { file, column }];
            groups.push(Group { prompt: Some(line.prompt.clone()), members });
        }
        let wanted = wanted.into_iter().map(Arc::from).collect();
        let kind = Kind::Pairs { file: file.to_owned(), lines };
        Ok(Self { work: Work { prompts, files, wanted }, groups, kind, errors: Vec::new() })
    }

    /// Scores everything with a model of this name. Lines of results are written as soon as they
    /// are ready.
    fn score(
        &mut self,
        arguments: &ScoreArguments,
        scorer: &PickScore,
        name: &str,
        prepared: &mut Prepared<'_>,
        said: &mut Said,
    ) -> Result<Run, Fault> {
        let kind = scorer.scoring().scorer;
        let several = arguments.model.models.len() > 1;
        if arguments.tie_threshold.is_some() && !kind.has_probabilities() {
            let reason = format!("--tie-threshold compares probabilities, which {} does not have", kind.name);
            return Err(Fault::Usage { reason });
        }
        let mut unreadable = HashSet::new();
        if kind.reads_prompt() {
            unreadable = self.empty_prompts(arguments, scorer, said)?;
            let readable = self.work.prompts.iter().enumerate();
            let readable = readable.filter(|(place, _)| !unreadable.contains(place));
            let texts: Vec<String> = readable.map(|(_, text)| text.clone()).collect();
            load::warn_of_truncated(scorer, &texts, &mut said.truncated)?;
        }
        let known = said.files.clone();
        let model = several.then(|| name.to_owned());
        let title = model.clone().unwrap_or_else(|| "Images".into());
        let mut stream = Stream::new(&self.work, known);
        stream.pairs = matches!(self.kind, Kind::Pairs { .. }).then_some(&self.groups[..]);
        stream.model = model;
        stream.at_once = arguments.format == Format::Jsonl;
        stream.reads_prompt = kind.reads_prompt();
        let mut pass = Pass { title, unreadable, strict: arguments.strict, reported: &mut said.files };
        let mut take = |file: usize, outcome: &_| stream.take(file, outcome);
        let mut run = score_files::score(&self.work, scorer, prepared, &mut pass, &mut take)?;
        run.info.model = name.into();
        self.errors.extend(stream.into_errors());
        Ok(run)
    }

    /// The prompts of pairs that are empty for a model. They are reported once.
    fn empty_prompts(
        &mut self,
        arguments: &ScoreArguments,
        scorer: &PickScore,
        said: &mut Said,
    ) -> Result<HashSet<usize>, Fault> {
        let Kind::Pairs { file, lines } = &self.kind else { return Ok(HashSet::new()) };
        let prompts = self.work.prompts.iter().enumerate();
        let empty = prompts.filter(|(_, prompt)| scorer.tokens(prompt).is_err());
        let (places, texts): (HashSet<usize>, HashSet<&str>) =
            empty.map(|(place, prompt)| (place, prompt.as_str())).unzip();
        let lines = lines.iter().filter(|line| texts.contains(line.prompt.as_str()));
        let unsaid: Vec<&pairs::Line> = lines.filter(|line| said.lines.insert(line.number)).collect();
        if !unsaid.is_empty() {
            pairs::report_empty(file, &unsaid, arguments.strict)?;
        }
        for line in unsaid {
            let error = format!("the prompt in line {} is empty", line.number);
            let path = line.image.display().to_string();
            self.errors.push(Unread::told(path, error, arguments.format == Format::Jsonl)?);
        }
        Ok(places)
    }

    /// Writes the results. If nothing could be scored, that is an error, and only the JSON output
    /// lists each image's error.
    fn answer(self, arguments: &ScoreArguments, runs: &[Run]) -> Result<(), Fault> {
        let noun = if matches!(self.kind, Kind::Pairs { .. }) { "pair" } else { "image" };
        let format = arguments.format;
        let unread = self.errors.len();
        let is_empty = match runs {
            [run] => {
                let Run { info, scorer, .. } = run;
                let (results, errors) = self.results(run, arguments.tie_threshold);
                let precision = info.precision.name();
                let (model, scorer, device) = (info.model.as_str(), scorer.name, info.device);
                let answer = Answer { model, scorer, device, precision, results, errors };
                answer.write(format)?;
                answer.is_empty()
            }
            _ => {
                let is_pairs = matches!(self.kind, Kind::Pairs { .. });
                let compared = Compared::new(&self.work, &self.groups, runs, is_pairs, self.errors);
                compared.write(format)?;
                compared.is_empty()
            }
        };
        if is_empty { Err(Fault::Nothing { reason: none_of(unread, noun, "scored") }) } else { Ok(()) }
    }

    /// The results of a single model.
    fn results(self, run: &Run, tie_threshold: Option<f32>) -> (Results, Vec<Unread>) {
        let scored = |group: &Group| -> (Vec<String>, Vec<f32>) {
            let scores = group.members.iter().filter_map(|member| Some((member.file, run.score(*member)?)));
            scores.map(|(file, score)| (self.work.path(file), score)).unzip()
        };
        if matches!(self.kind, Kind::Pairs { .. }) {
            let pairs = self.groups.iter().flat_map(|group| {
                let (paths, scores) = scored(group);
                let prompt = group.prompt.clone().unwrap_or_default();
                paths.into_iter().zip(scores).map(move |(path, score)| Pair {
                    prompt: prompt.clone(),
                    path,
                    score,
                })
            });
            return (Results::Pairs { pairs: pairs.collect() }, self.errors);
        }
        let prompts = self.groups.iter().map(|group| {
            let (paths, scores) = scored(group);
            Prompt::new(run.scorer, group.prompt.as_deref(), &paths, &scores, tie_threshold)
        });
        let mut prompts: Vec<Prompt> = prompts.collect();
        let results = match self.kind {
            Kind::Matrix if prompts.len() == 1 => prompts.pop().map(Results::One),
            Kind::Matrix => None,
            _ => {
                prompts.retain(|prompt| !prompt.images.is_empty());
                None
            }
        };
        (results.unwrap_or(Results::Several { prompts }), self.errors)
    }
}
