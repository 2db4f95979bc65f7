//! `pickscore inspect`

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::Path,
};

use serde_json::{Value, json};

use super::{
    arguments::{InspectArguments, InspectFormat},
    fault::Fault,
    output::printable,
};
use crate::{
    config::{Activation, ClipConfig, TextPooling, Transformer},
    pixels::{Processor, Resize},
    tokens::Tokenizer,
    weights::{InspectedFile, Inspection, ModelDirectory, Role, WeightError, list},
};

pub(super) fn run(arguments: &InspectArguments) -> Result<(), Fault> {
    // One of the two is there, by the arguments' rules.
    let Some(path) = arguments.model.as_ref().or(arguments.path.as_ref()) else {
        return Err(Fault::Usage { reason: "no model was named".into() });
    };
    let directory = match ModelDirectory::open(path) {
        Ok(directory) => directory,
        // Without a configuration the tensors can still be listed.
        Err(error @ WeightError::NoModel { .. }) => return run_list(path, &list(path)?, &error, arguments),
        Err(error) => return Err(error.into()),
    };
    let inspection = directory.inspect()?;
    let (tokenizer, tokenizer_problem) =
        match directory.tokenizer_json()?.map(|json| Tokenizer::from_json(&json)) {
            None => ("CLIP's published vocabulary, built in", None),
            Some(Ok(_)) => ("tokenizer.json", None),
            Some(Err(error)) => ("tokenizer.json", Some(error.to_string())),
        };
    let size = directory.config().vision.image_size;
    let processor = directory.preprocessor_json()?.map(|json| Processor::from_json(&json, size));
    let (processor, processor_problem) = match processor {
        None => (Processor::clip(size), None),
        Some(Ok(processor)) => (processor, None),
        Some(Err(error)) => (Processor::clip(size), Some(error.to_string())),
    };
    let problem = inspection.problem.as_ref().map(ToString::to_string);
    let problem = problem.or(tokenizer_problem).or(processor_problem);
    let document =
        document(&directory, &inspection, tokenizer, &processor, problem.as_deref(), arguments.tensors);
    let mut out = io::stdout().lock();
    match arguments.format {
        InspectFormat::Json => {
            serde_json::to_writer_pretty(&mut out, &document)?;
            writeln!(out)?;
        }
        InspectFormat::Table => write_table(&mut out, &document)?,
    }
    match problem {
        Some(reason) => Err(Fault::Nothing { reason }),
        None => Ok(()),
    }
}

/// Prints the tensors of files that no configuration describes, which is their problem.
fn run_list(
    path: &Path,
    files: &[InspectedFile],
    problem: &WeightError,
    arguments: &InspectArguments,
) -> Result<(), Fault> {
    let reason = problem.to_string();
    let mut out = io::stdout().lock();
    match arguments.format {
        InspectFormat::Json => {
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
            let files: Vec<Value> = files.iter().map(|file| file_entry(file, true)).collect();
            let document = json!({ "model": name, "files": files, "problem": reason });
            serde_json::to_writer_pretty(&mut out, &document)?;
            writeln!(out)?;
        }
        InspectFormat::Table => {
            for file in files {
                write_file(&mut out, &file_entry(file, true))?;
            }
            writeln!(out, "problem     {reason}")?;
        }
    }
    Err(Fault::Nothing { reason })
}

/// A file, with each of its tensors where `all` are wanted.
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
    tokenizer: &str,
    processor: &Processor,
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

fn architecture(config: &ClipConfig) -> Value {
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
    let (mut vision, mut text) = (tower(&config.vision.transformer), tower(&config.text.transformer));
    vision["image_size"] = config.vision.image_size.into();
    vision["patch_size"] = config.vision.patch_size.into();
    text["context"] = config.text.context.into();
    text["vocabulary"] = config.text.vocabulary.into();
    text["pooling"] = match config.text.pooling {
        TextPooling::HighestId => "highest id".into(),
        TextPooling::FirstOf(id) => json!({ "first": id }),
    };
    json!({ "projection": config.projection, "vision": vision, "text": text })
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
    writeln!(out, "projection  {}", document["architecture"]["projection"])?;
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
    let dtypes: Vec<String> = dtypes.map(|(dtype, count)| format!("{count} × {dtype}")).collect();
    writeln!(out, "tensors     {}", dtypes.join(", "))?;
    for kind in ["ignored", "unexpected"] {
        let names: Vec<String> = document[kind].as_array().into_iter().flatten().map(text).collect();
        if !names.is_empty() {
            writeln!(out, "{kind:10}  {}", names.join(", "))?;
        }
    }
    let problem = document["problem"].as_str().unwrap_or("none, the model can be loaded");
    writeln!(out, "problem     {problem}")
}

fn write_file(out: &mut impl Write, file: &Value) -> io::Result<()> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), printable);
    let tensors =
        file["tensors"].as_array().map_or_else(|| file["tensors"].to_string(), |list| list.len().to_string());
    let bytes = grouped(file["bytes"].as_u64().unwrap_or_default());
    writeln!(out, "file        {}: {bytes} bytes, {tensors} tensors", text(&file["name"]))?;
    for tensor in file["tensors"].as_array().into_iter().flatten() {
        let [name, dtype, role] = ["name", "dtype", "role"].map(|key| text(&tensor[key]));
        writeln!(out, "            {name}  {dtype} {}  {role}", tensor["shape"])?;
    }
    let passed_over: Vec<String> = file["passed_over"].as_array().into_iter().flatten().map(text).collect();
    if !passed_over.is_empty() {
        writeln!(out, "passed over {}", passed_over.join(", "))?;
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
