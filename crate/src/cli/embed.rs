//! `pickscore embed`

use std::io::{self, Write};

use serde::Serialize;

use super::{
    arguments::{EmbedArguments, EmbedFormat},
    fault::Fault,
    images, load,
    output::Unread,
    score::line,
};

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
    let files = images::list(&arguments.images)?;
    let scorer = load::open(&arguments.model)?;
    let streamed = arguments.format == EmbedFormat::Jsonl;
    let mut texts = Vec::new();
    for (text, embedding) in arguments.texts.iter().zip(load::embed_texts(&scorer, &arguments.texts)?) {
        let text = Text { text: text.clone(), embedding: embedding.into_values() };
        if streamed { line(&text)? } else { texts.push(text) }
    }
    let (mut images, mut errors, mut embedded) = (Vec::new(), Vec::new(), 0);
    load::embed_files(&scorer, &files, arguments.strict, &mut |outcome| {
        let path = outcome.path.display().to_string();
        match outcome.embedding {
            Err(error) if streamed => line(&Unread { path, error })?,
            Err(error) => errors.push(Unread { path, error }),
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
        return Err(Fault::Nothing {
            reason: format!("none of the {} images could be embedded", files.len()),
        });
    }
    Ok(())
}
