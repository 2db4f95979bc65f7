//! `samples`: the page's sample images, and `samples.json`, which lists them.

use std::{fs, path::Path};

use serde_json::json;

use crate::{
    arguments::SamplesArguments,
    catalogue::Catalogue,
    colour::Colour,
    content::{Content, Subject},
    degradation::Degradation,
    fault::Fault,
    gallery::Gallery,
    pairs::Shot,
    random::Random,
    render::bitmap_side,
    scene::Scene,
    style::Style,
};

/// The initial prompt, and further suggestions.
const PROMPT: &str = "a fox";
const IDEAS: [&str; 4] = ["three foxes", "a fox on a blue background", "a cat", "a red apple"];

/// The set's styles: those whose licence puts no condition on a page that shows them.
const STYLES: [Style; 3] = [Style::Noto, Style::Fluent, Style::FluentFlat];

/// A sample image.
struct Sample {
    /// Its file name in the style's folder.
    file: &'static str,
    style: Style,
    emoji: &'static str,
    count: usize,
    background: Option<Colour>,
    /// Its degradation, by name.
    worse: Option<&'static str>,
}

const fn one(file: &'static str, style: Style, emoji: &'static str) -> Sample {
    Sample { file, style, emoji, count: 1, background: None, worse: None }
}

const SAMPLES: [Sample; 12] = [
    one("red-apple", Style::Noto, "red apple"),
    one("wolf", Style::Noto, "wolf"),
    Sample { worse: Some("blur"), ..one("fox-blurred", Style::Noto, "fox") },
    Sample { background: Some(Colour::Blue), ..one("fox-on-blue", Style::Fluent, "fox") },
    one("cat", Style::FluentFlat, "cat"),
    one("fox", Style::Noto, "fox"),
    one("raccoon", Style::Fluent, "raccoon"),
    Sample { count: 3, ..one("three-foxes", Style::Noto, "fox") },
    one("rabbit", Style::Fluent, "rabbit"),
    Sample { worse: Some("stretch"), ..one("fox-stretched", Style::FluentFlat, "fox") },
    Sample { background: Some(Colour::Green), ..one("fox-on-green", Style::FluentFlat, "fox") },
    one("tiger", Style::Fluent, "tiger"),
];

/// Draws the set.
///
/// # Errors
///
/// If a package cannot be read, a style lacks an emoji of the set, or a file cannot be written.
pub(crate) fn run(arguments: &SamplesArguments) -> Result<(), Fault> {
    let all = arguments.sources.read()?.catalogue;
    // Other emoji need not be drawn.
    let needed = |at: &usize| SAMPLES.iter().any(|sample| all.concepts[*at].name == sample.emoji);
    let needed: Vec<usize> = (0..all.concepts.len()).filter(needed).collect();
    let few = Catalogue {
        concepts: needed.iter().map(|&at| all.concepts[at].clone()).collect(),
        icons: needed.iter().map(|&at| all.icons[at].clone()).collect(),
    };
    let gallery = Gallery::draw(&few, &STYLES, &STYLES, bitmap_side(arguments.size));
    let mut images = Vec::new();
    for (index, sample) in SAMPLES.iter().enumerate() {
        let (content, bytes) = draw(sample, index as u64, &gallery, arguments)?;
        let file = format!("{}/{}.png", sample.style.name(), sample.file);
        write(&arguments.out.join(&file), &bytes)?;
        // A content has several captions; this one has no sentence frame.
        let said = (0..).map(|at| content.caption(&gallery.concepts, &mut Random::new(0, "caption", at)));
        let said =
            said.take(400).min_by_key(|caption| (!caption.starts_with(plainly(sample)), caption.len()));
        let said = said.unwrap_or_default() + sample.worse.map_or("", in_words);
        images.push(json!({ "file": file, "caption": said }));
    }
    let list = json!({ "prompt": PROMPT, "ideas": IDEAS, "images": images });
    let mut text = serde_json::to_string_pretty(&list)
        .map_err(|error| Fault::Malformed { file: "samples.json".into(), error })?;
    text.push('\n');
    write(&arguments.out.join("samples.json"), text.as_bytes())
}

/// The caption's addition for a degradation.
fn in_words(worse: &str) -> &'static str {
    match worse {
        "blur" => ", blurred",
        "stretch" => ", stretched",
        _ => ", made worse",
    }
}

/// The beginning of a sample's plain caption.
fn plainly(sample: &Sample) -> &'static str {
    if sample.count > 1 { "three" } else { "a " }
}

fn draw(
    sample: &Sample,
    index: u64,
    gallery: &Gallery,
    arguments: &SamplesArguments,
) -> Result<(Content, Vec<u8>), Fault> {
    let unknown = || Fault::Unknown {
        what: "the emoji",
        found: sample.emoji.into(),
        expected: format!("one that {} draws", sample.style),
    };
    let concept =
        gallery.concepts.iter().position(|concept| concept.name == sample.emoji).ok_or_else(unknown)?;
    let subject = match sample.count {
        1 => Subject::One { concept, colour: None, size: None },
        count => Subject::Many { concept, count, colour: None },
    };
    let content = Content { subject, background: sample.background };
    let mut random = Random::new(arguments.seed, "samples", index);
    let scene = Scene::stage(&content, &[sample.style], gallery, &mut random).ok_or_else(unknown)?;
    let degradation = sample.worse.map(|name| Degradation::choose(name, &scene, &mut random));
    let shot = Shot { scene, degradation };
    Ok((content, shot.encode(gallery, arguments.size)?))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    let fault =
        |error: std::io::Error| Fault::Write { file: path.display().to_string(), reason: error.to_string() };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(fault)?;
    }
    fs::write(path, bytes).map_err(fault)
}
