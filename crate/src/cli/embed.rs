//! `pickscore embed`

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::{
    arguments::ModelArguments,
    fault::Fault,
    images::{self, Wanted},
    load,
    output::{Unread, line},
    text::none_of,
};

#[derive(Debug, Args)]
pub(super) struct EmbedArguments {
    #[command(flatten)]
    model: ModelArguments,
    /// Prompt to embed; repeatable.
    #[arg(long = "text", value_name = "TEXT")]
    texts: Vec<String>,
    /// Image file, folder or pattern to embed; repeatable.
    #[arg(long = "image", value_name = "FILE")]
    images: Vec<PathBuf>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = EmbedFormat::Json)]
    format: EmbedFormat,
    /// Stop at the first image that cannot be read instead of skipping it.
    #[arg(long)]
    strict: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EmbedFormat {
    /// One JSON document, in input order.
    Json,
    /// One JSON object per line, written as soon as it is ready.
    Jsonl,
}

#[derive(Serialize)]
struct Answer<'a> {
    model: &'a str,
    texts: Vec<Text>,
    images: Vec<Image>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Unread>,
}

#[derive(Serialize)]
struct Text {
    text: String,
    embedding: Vec<f32>,
}

#[derive(Serialize)]
struct Image {
    path: String,
    embedding: Vec<f32>,
}

pub(super) fn run(arguments: &EmbedArguments) -> Result<(), Fault> {
    if arguments.texts.is_empty() && arguments.images.is_empty() {
        return Err(Fault::Usage { reason: "nothing to embed; give --text or --image".into() });
    }
    let listed = images::list(&arguments.images, Wanted::Pixels)?;
    listed.report_unread(arguments.strict)?;
    let scorer = load::open(&arguments.model)?;
    let streamed = arguments.format == EmbedFormat::Jsonl;
    let mut texts = Vec::new();
    for (text, embedding) in arguments.texts.iter().zip(load::embed_texts(&scorer, &arguments.texts)?) {
        let text = Text { text: text.clone(), embedding: embedding.into_values() };
        if streamed { line(&text)? } else { texts.push(text) }
    }
    let (mut images, mut errors, mut embedded) = (Vec::new(), Vec::new(), 0);
    let given = listed.files.len() + listed.unread.len();
    for Unread { path, error } in listed.unread {
        errors.push(Unread::told(path, error, streamed)?);
    }
    load::embed_files(&scorer, &listed.files, arguments.strict, &mut |outcome| {
        let path = outcome.path.display().to_string();
        match outcome.result {
            Err(error) => errors.push(Unread::told(path, error, streamed)?),
            Ok(embedding) => {
                embedded += 1;
                let image = Image { path, embedding: embedding.into_values() };
                if streamed { line(&image)? } else { images.push(image) }
            }
        }
        Ok(())
    })?;
    if !streamed {
        let answer = Answer { model: &scorer.info().model, texts, images, errors };
        let mut out = io::BufWriter::new(io::stdout().lock());
        serde_json::to_writer(&mut out, &answer)?;
        writeln!(out)?;
        out.flush()?;
    }
    if embedded == 0 && arguments.texts.is_empty() {
        return Err(Fault::Nothing { reason: none_of(given, "image", "embedded") });
    }
    Ok(())
}
