//! `pickscore score`

use std::{
    collections::HashMap,
    io::{self, Write},
    path::PathBuf,
};

use serde_json::json;

use super::{
    arguments::{Format, PromptSource, ScoreArguments},
    fault::{self, Fault},
    images, load, metadata,
    output::{Answer, Pair, Prompt, Results, Unread, precision_name},
    pairs,
};
use crate::PickScore;

pub(super) fn run(arguments: &ScoreArguments) -> Result<(), Fault> {
    if let Some(threshold) = arguments.tie_threshold
        && !(0.0..=1.0).contains(&threshold)
    {
        let reason = format!("--tie-threshold is {threshold}; expected 0 to 1");
        return Err(Fault::Usage { reason });
    }
    if let Some(file) = &arguments.pairs {
        let pairs = pairs::read(file)?;
        let scorer = load::open(&arguments.model)?;
        return run_pairs(arguments, &scorer, &pairs);
    }
    // What can be seen to be wrong is said before a gigabyte is loaded.
    let files = images::list(&arguments.images)?;
    if arguments.tie_threshold.is_some() && files.len() != 2 {
        let reason = format!("--tie-threshold compares two images; {} were given", files.len());
        return Err(Fault::Usage { reason });
    }
    if let Some(PromptSource::Metadata) = arguments.prompt_from {
        return run_own_prompts(arguments, &files);
    }
    let scorer = load::open(&arguments.model)?;
    let prompts = load::embed_texts(&scorer, &arguments.prompts)?;
    let mut scores: Vec<Vec<f32>> = vec![Vec::new(); prompts.len()];
    let (mut paths, mut errors) = (Vec::new(), Vec::new());
    load::embed_files(&scorer, &files, arguments.strict, &mut |outcome| {
        let path = outcome.path.display().to_string();
        match outcome.embedding {
            Err(error) => {
                errors.push(Unread::told(path, error, arguments.format == Format::Jsonl)?);
            }
            Ok(image) => {
                for (index, prompt) in prompts.iter().enumerate() {
                    let score = scorer.score_of(prompt, &image);
                    if arguments.format == Format::Jsonl {
                        line(&json!({ "prompt": arguments.prompts[index], "path": path, "score": score }))?;
                    }
                    scores[index].push(score);
                }
                paths.push(path);
            }
        }
        Ok(())
    })?;
    let threshold = arguments.tie_threshold;
    let prompts = arguments.prompts.iter().zip(&scores);
    let mut prompts: Vec<Prompt> =
        prompts.map(|(prompt, scores)| Prompt::new(prompt, &paths, scores, threshold)).collect();
    let results = match prompts.pop() {
        Some(only) if prompts.is_empty() => Results::One(only),
        last => {
            prompts.extend(last);
            Results::Several { prompts }
        }
    };
    answer(&scorer, results, errors, paths.len(), arguments.format)
}

/// Scores each image against the prompt in its own file. Prompts come in the order of their first
/// image, and images with equal prompts are ranked together.
fn run_own_prompts(arguments: &ScoreArguments, files: &[PathBuf]) -> Result<(), Fault> {
    let (mut prompts, mut of_prompt) = (Vec::<String>::new(), HashMap::<String, usize>::new());
    let (mut readable, mut own, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for file in files {
        let found = metadata::of(file).and_then(|found| {
            found
                .and_then(|found| found.prompt)
                .filter(|prompt| !prompt.trim().is_empty())
                .ok_or_else(|| "it holds no prompt".to_owned())
        });
        match found {
            Ok(prompt) => {
                let next = prompts.len();
                let index = *of_prompt.entry(prompt.clone()).or_insert(next);
                if index == next {
                    prompts.push(prompt);
                }
                readable.push(file.clone());
                own.push(index);
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
        let reason = format!("none of the {} images holds a prompt; give one with --prompt", files.len());
        return Err(Fault::Nothing { reason });
    }
    let scorer = load::open(&arguments.model)?;
    let embedded = load::embed_texts(&scorer, &prompts)?;
    let mut groups: Vec<(Vec<String>, Vec<f32>)> = vec![Default::default(); prompts.len()];
    let mut own = own.into_iter();
    load::embed_files(&scorer, &readable, arguments.strict, &mut |outcome| {
        let Some(index) = own.next() else { return Ok(()) };
        let path = outcome.path.display().to_string();
        match outcome.embedding {
            Err(error) => {
                errors.push(Unread::told(path, error, arguments.format == Format::Jsonl)?);
            }
            Ok(image) => {
                let score = scorer.score_of(&embedded[index], &image);
                if arguments.format == Format::Jsonl {
                    line(&json!({ "prompt": prompts[index], "path": path, "score": score }))?;
                }
                groups[index].0.push(path);
                groups[index].1.push(score);
            }
        }
        Ok(())
    })?;
    let scored = groups.iter().map(|(paths, _)| paths.len()).sum();
    let groups = prompts.iter().zip(&groups).filter(|(_, (paths, _))| !paths.is_empty());
    let groups = groups.map(|(prompt, (paths, scores))| Prompt::new(prompt, paths, scores, None));
    answer(&scorer, Results::Several { prompts: groups.collect() }, errors, scored, arguments.format)
}

fn run_pairs(arguments: &ScoreArguments, scorer: &PickScore, pairs: &[pairs::Line]) -> Result<(), Fault> {
    let texts: Vec<String> = pairs.iter().map(|pair| pair.prompt.clone()).collect();
    let prompts = load::embed_texts(scorer, &texts)?;
    let files: Vec<_> = pairs.iter().map(|pair| pair.image.clone()).collect();
    let (mut found, mut errors, mut at) = (Vec::new(), Vec::new(), 0);
    load::embed_files(scorer, &files, arguments.strict, &mut |outcome| {
        let (prompt, text) = (&prompts[at], &texts[at]);
        at += 1;
        let path = outcome.path.display().to_string();
        match outcome.embedding {
            Err(error) => errors.push(Unread { path, error }),
            Ok(image) => {
                let pair = Pair { prompt: text.clone(), path, score: scorer.score_of(prompt, &image) };
                if arguments.format == Format::Jsonl {
                    line(&pair)?;
                }
                found.push(pair);
            }
        }
        Ok(())
    })?;
    let scored = found.len();
    answer(scorer, Results::Pairs { pairs: found }, errors, scored, arguments.format)
}

/// Writes the results. Where nothing at all could be scored, that is a fault.
fn answer(
    scorer: &PickScore,
    results: Results,
    errors: Vec<Unread>,
    scored: usize,
    format: Format,
) -> Result<(), Fault> {
    let info = scorer.info();
    let unread = errors.len();
    let precision = precision_name(info.precision);
    let answer = Answer { model: &info.model, device: info.device, precision, results, errors };
    answer.write(format)?;
    if scored > 0 {
        return Ok(());
    }
    Err(Fault::Nothing { reason: format!("none of the {unread} images could be scored") })
}

/// One line of JSON, at once.
pub(super) fn line(value: &impl serde::Serialize) -> Result<(), Fault> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, value)?;
    writeln!(out)?;
    Ok(out.flush()?)
}
