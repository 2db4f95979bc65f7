//! `pickscore inspect`

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::Args;
use serde_json::{Value, json};

use super::{
    arguments::TableOrJson,
    fault::{self, Fault},
    text::{counted, printable},
};
use crate::{
    PickScore,
    config::{Activation, ModelConfig, TextPooling, Transformer},
    pixels::{Processor, Resize},
    score::{Scorer, TextInput},
    scorer::{OpenOptions, processor, prompt_tokenizer},
    tokens::Tokenizer,
    weights::{InspectedFile, Inspection, ModelDirectory, Role, WeightError, list},
};

#[derive(Debug, Args)]
pub(super) struct InspectArguments {
    /// Model to inspect, in place of the positional argument.
    #[arg(long, value_name = "DIR|FILE", required_unless_present = "path")]
    model: Option<PathBuf>,
    /// Model directory, or weights file (safetensors or PyTorch).
    #[arg(value_name = "DIR|FILE", conflicts_with = "model")]
    path: Option<PathBuf>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = TableOrJson::Table)]
    format: TableOrJson,
    /// List all tensors.
    #[arg(long)]
    tensors: bool,
}

pub(super) fn run(arguments: &InspectArguments) -> Result<(), Fault> {
    // The rules of the arguments guarantee one of the two.
    let Some(path) = arguments.model.as_ref().or(arguments.path.as_ref()) else {
        return Err(Fault::Usage { reason: "no model given; pass a folder or file".into() });
    };
    let directory = match ModelDirectory::open(path) {
        Ok(directory) => directory,
        // Tensors can be listed without a configuration.
        Err(error @ (WeightError::NoModel { .. } | WeightError::NotWhole { .. })) => {
            return run_list(path, &list(path)?, &error, arguments);
        }
        Err(error) => return Err(error.into()),
    };
    let inspection = directory.inspect()?;
    let recognised = PickScore::recognise(path, &OpenOptions::default());
    let scorer = match &recognised {
        Ok(scoring) => scoring.scorer,
        Err(_) if directory.clip().is_ok() => Scorer::CLIP,
        Err(_) => Scorer::IMAGE_REWARD,
    };
    let description = directory.description();
    let tokenizer = match (scorer.text, &description.tokenizer) {
        (Some(TextInput::Bert), None) => "BERT's published vocabulary, built in",
        (Some(TextInput::OpenClip), _) | (_, None) => "CLIP's published vocabulary, built in",
        (_, Some(_)) => "tokenizer.json",
    };
    let read_tokenizer = description.tokenizer.as_deref().filter(|_| tokenizer == "tokenizer.json");
    let tokenizer_problem = prompt_tokenizer(scorer, read_tokenizer).err().map(|error| error.to_string());
    let size = directory.config().vision().image_size;
    let (processor, processor_problem) = match processor(scorer, description.preprocessor.as_deref(), size) {
        Ok(processor) => (processor, None),
        Err(error) => (Processor::clip(size), Some(error.to_string())),
    };
    let problem = inspection.problem.as_ref().map(ToString::to_string);
    let vocabulary_problem = || {
        let clip = read_tokenizer.map(Tokenizer::from_json).unwrap_or_else(|| Ok(Tokenizer::clip())).ok()?;
        let largest = clip.start().max(clip.end());
        let vocabulary = directory.config().vocabulary();
        (largest as usize >= vocabulary).then(|| {
            format!(
                "the tokenizer has tokens up to {largest}, but the model's vocabulary has only {vocabulary}; put \
                 the model's tokenizer.json in its folder"
            )
        })
    };
    let scorer_problem = recognised.err().map(|error| fault::without_head(&error, false));
    let problem = problem.or(scorer_problem).or(tokenizer_problem).or(processor_problem);
    let reads_clip = matches!(scorer.text, Some(TextInput::Clip) | None);
    let problem = if reads_clip { problem.or_else(vocabulary_problem) } else { problem };
    let document = document(
        &directory,
        &inspection,
        scorer,
        (tokenizer, &processor),
        problem.as_deref(),
        arguments.tensors,
    );
    let mut out = io::stdout().lock();
    match arguments.format {
        TableOrJson::Json => {
            serde_json::to_writer_pretty(&mut out, &document)?;
            writeln!(out)?;
        }
        TableOrJson::Table => write_table(&mut out, &document)?,
    }
    match problem {
        Some(reason) => Err(Fault::Nothing { reason }),
        None => Ok(()),
    }
}

/// Prints the tensors of files without a configuration, and the error that its absence causes.
fn run_list(
    path: &Path,
    files: &[InspectedFile],
    problem: &WeightError,
    arguments: &InspectArguments,
) -> Result<(), Fault> {
    let reason = problem.to_string();
    let mut out = io::stdout().lock();
    match arguments.format {
        TableOrJson::Json => {
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
            let files: Vec<Value> = files.iter().map(|file| file_entry(file, true)).collect();
            let document = json!({ "model": name, "files": files, "problem": reason });
            serde_json::to_writer_pretty(&mut out, &document)?;
            writeln!(out)?;
        }
        TableOrJson::Table => {
            for file in files {
                write_file(&mut out, &file_entry(file, true))?;
            }
            writeln!(out, "problem     {reason}")?;
        }
    }
    Err(Fault::Nothing { reason })
}

/// A file as JSON, with each of its tensors if `all`.
fn file_entry(file: &InspectedFile, all: bool) -> Value {
    let mut entry = json!({ "name": file.name, "bytes": file.bytes, "tensors": file.tensors.len() });
    if all {
        let list = file.tensors.iter().map(|tensor| {
            let role = match &tensor.role {
                Role::Parameter(name) => name,
                Role::Ignored => "ignored",
                Role::Unexpected => "unexpected",
                Role::Unknown => "unknown",
            };
            json!({ "name": tensor.name, "dtype": tensor.dtype.to_string(), "shape": tensor.shape, "role": role })
        });
        entry["tensors"] = list.collect();
    }
    if !file.passed_over.is_empty() {
        entry["passed_over"] = file.passed_over.iter().map(ToString::to_string).collect();
    }
    entry
}

fn document(
    directory: &ModelDirectory,
    inspection: &Inspection,
    scorer: &Scorer,
    (tokenizer, processor): (&str, &Processor),
    problem: Option<&str>,
    all: bool,
) -> Value {
    let config = directory.config();
    let tensors = || inspection.files.iter().flat_map(|file| &file.tensors);
    let mut dtypes: BTreeMap<String, u64> = BTreeMap::new();
    tensors().for_each(|tensor| *dtypes.entry(tensor.dtype.to_string()).or_default() += 1);
    let named = |wanted: Role| -> Vec<&str> {
        tensors().filter(|tensor| tensor.role == wanted).map(|tensor| tensor.name.as_str()).collect()
    };
    let files: Vec<Value> = inspection.files.iter().map(|file| file_entry(file, all)).collect();
    let resize = match processor.resize {
        Resize::Shortest(edge) => json!({ "shortest_edge": edge }),
        Resize::To { width, height } => json!({ "width": width, "height": height }),
    };
    json!({
        "model": directory.name(),
        "scorer": scorer.name,
        "parameters": u64::try_from(config.parameter_count()).unwrap_or(u64::MAX),
        "architecture": architecture(config),
        "files": files,
        "dtypes": dtypes,
        "ignored": named(Role::Ignored),
        "unexpected": named(Role::Unexpected),
        "tokenizer": tokenizer,
        "processor": { "size": processor.size, "resize": resize, "mean": processor.mean, "std": processor.deviation },
        "problem": problem,
    })
}

fn architecture(config: &ModelConfig) -> Value {
    let tower = |transformer: &Transformer| {
        json!({
            "width": transformer.width,
            "layers": transformer.layers,
            "heads": transformer.heads,
            "mlp": transformer.mlp,
            "activation": match transformer.activation {
                Activation::Gelu => "gelu",
                Activation::QuickGelu => "quick_gelu",
            },
        })
    };
    let of_text = match config {
        ModelConfig::Clip(config) => &config.text.transformer,
        ModelConfig::Blip(config) => &config.text.transformer,
    };
    let (mut vision, mut text) = (tower(&config.vision().transformer), tower(of_text));
    vision["image_size"] = config.vision().image_size.into();
    vision["patch_size"] = config.vision().patch_size.into();
    text["context"] = config.context().into();
    text["vocabulary"] = config.vocabulary().into();
    if let ModelConfig::Clip(config) = config {
        text["pooling"] = match config.text.pooling {
            TextPooling::HighestId => "highest id".into(),
            TextPooling::FirstOf(id) => json!({ "first": id }),
        };
    }
    json!({ "projection": config.projection(), "vision": vision, "text": text })
}

fn write_table(out: &mut impl Write, document: &Value) -> io::Result<()> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), printable);
    let tower = |name: &str| {
        let tower = &document["architecture"][name];
        format!(
            "{} layers, width {}, {} heads, MLP {}, {}",
            tower["layers"],
            tower["width"],
            tower["heads"],
            tower["mlp"],
            text(&tower["activation"])
        )
    };
    let (vision, prompt) = (&document["architecture"]["vision"], &document["architecture"]["text"]);
    writeln!(out, "model       {}", text(&document["model"]))?;
    writeln!(out, "scorer      {}", text(&document["scorer"]))?;
    writeln!(out, "parameters  {}", grouped(document["parameters"].as_u64().unwrap_or_default()))?;
    writeln!(
        out,
        "vision      {}; image {}, patch {}",
        tower("vision"),
        vision["image_size"],
        vision["patch_size"]
    )?;
    writeln!(
        out,
        "text        {}; context {}, vocabulary {}",
        tower("text"),
        prompt["context"],
        prompt["vocabulary"]
    )?;
    if let Some(width) = document["architecture"]["projection"].as_u64() {
        writeln!(out, "projection  {width}")?;
    }
    writeln!(out, "tokenizer   {}", text(&document["tokenizer"]))?;
    writeln!(
        out,
        "processor   size {}, resize {}",
        document["processor"]["size"], document["processor"]["resize"]
    )?;
    for file in document["files"].as_array().into_iter().flatten() {
        write_file(out, file)?;
    }
    let dtypes = document["dtypes"].as_object().into_iter().flatten();
    let dtypes: Vec<String> =
        dtypes.map(|(dtype, count)| format!("{count} × {}", printable(dtype))).collect();
    writeln!(out, "tensors     {}", dtypes.join(", "))?;
    for kind in ["ignored", "unexpected"] {
        let names: Vec<String> = document[kind].as_array().into_iter().flatten().map(text).collect();
        if !names.is_empty() {
            writeln!(out, "{kind:10}  {}", names.join(", "))?;
        }
    }
    let problem = document["problem"].as_str().unwrap_or("none in names, shapes and configuration");
    writeln!(out, "problem     {problem}")
}

fn write_file(out: &mut impl Write, file: &Value) -> io::Result<()> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), printable);
    let tensors = file["tensors"]
        .as_array()
        .map_or_else(|| file["tensors"].as_u64().unwrap_or_default() as usize, Vec::len);
    let bytes = grouped(file["bytes"].as_u64().unwrap_or_default());
    writeln!(out, "file        {}: {bytes} bytes, {}", text(&file["name"]), counted(tensors, "tensor"))?;
    for tensor in file["tensors"].as_array().into_iter().flatten() {
        let [name, dtype, role] = ["name", "dtype", "role"].map(|key| text(&tensor[key]));
        writeln!(out, "            {name}  {dtype} {}  {role}", tensor["shape"])?;
    }
    let passed_over: Vec<String> = file["passed_over"].as_array().into_iter().flatten().map(text).collect();
    if !passed_over.is_empty() {
        writeln!(out, "not read    {}", passed_over.join(", "))?;
    }
    Ok(())
}

/// 986109441 → 986,109,441
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
