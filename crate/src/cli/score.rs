//! `pickscore score`

use std::io::{self, Write};

use serde_json::json;

use super::{
    arguments::{Format, ScoreArguments},
    fault::Fault,
    images, load,
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
    let scorer = load::open(&arguments.model)?;
    let prompts = load::embed_texts(&scorer, &arguments.prompts)?;
    let mut scores: Vec<Vec<f32>> = vec![Vec::new(); prompts.len()];
    let (mut paths, mut errors) = (Vec::new(), Vec::new());
    load::embed_files(&scorer, &files, arguments.strict, &mut |outcome| {
        let path = outcome.path.display().to_string();
        match outcome.embedding {
            Err(error) => {
                if arguments.format == Format::Jsonl {
                    line(&json!({ "path": path, "error": error }))?;
                }
                errors.push(Unread { path, error });
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
