//! `croissant.json`: metadata in the format Croissant 1.0 of MLCommons.

use serde_json::{Value, json};

use super::{card::Card, format::Format, json_lines, packer::WrittenFile, time};
use crate::columns::{COLUMNS, Cell, Column, FILES};

/// The metadata. `files` are the data files and images.
pub(super) fn croissant(card: &Card, format: Format, files: &[WrittenFile], now: i64) -> String {
    let encoding = match format {
        Format::Parquet => "application/x-parquet",
        Format::JsonLines => "application/jsonlines",
        Format::Csv => "text/csv",
    };
    let data = files.iter().filter(|file| file.path.starts_with("data/"));
    let distribution: Vec<Value> = data
        .clone()
        .map(|file| {
            json!({
                "@type": "cr:FileObject",
                "@id": file.path,
                "name": file.path,
                "contentUrl": file.path,
                "contentSize": format!("{} B", file.bytes),
                "encodingFormat": encoding,
                "sha256": file.sha256,
            })
        })
        .collect();
    let columns: Vec<&Column> = match format {
        Format::Parquet => COLUMNS.iter().filter(|column| column.is_written(false, true)).collect(),
        Format::JsonLines | Format::Csv => json_lines::columns().collect(),
    };
    let record_sets: Vec<Value> = data
        .enumerate()
        .map(|(number, file)| {
            let id = format!("pairs-{number}");
            let mut fields: Vec<Value> = columns
                .iter()
                .map(|column| field(&id, column.name, column.meaning, data_type(column), file))
                .collect();
            if format == Format::JsonLines {
                fields.extend(FILES.map(|name| field(&id, name, "Path of the image file.", "sc:Text", file)));
            }
            json!({ "@type": "cr:RecordSet", "@id": id, "name": id, "field": fields })
        })
        .collect();
    let description = card.description.clone().unwrap_or_else(|| {
        "Preferences between two images of the same prompt, in the columns of Pick-a-Pic.".to_owned()
    });
    let croissant = json!({
        "@context": context(),
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": card.title,
        "description": description,
        "license": card.license,
        "datePublished": time::day(now),
        "version": "1.0.0",
        "inLanguage": card.languages,
        "citeAs": "Kirstain et al., Pick-a-Pic: An Open Dataset of User Preferences for Text-to-Image Generation, arXiv 2305.01569, for the schema.",
        "distribution": distribution,
        "recordSet": record_sets,
    });
    format!("{croissant:#}\n")
}

fn field(set: &str, name: &str, description: &str, data_type: &str, file: &WrittenFile) -> Value {
    json!({
        "@type": "cr:Field",
        "@id": format!("{set}/{name}"),
        "name": name,
        "description": description,
        "dataType": data_type,
        "source": { "fileObject": { "@id": file.path }, "extract": { "column": name } },
    })
}

fn data_type(column: &Column) -> &'static str {
    match column.cell {
        Cell::Bool(..) => "sc:Boolean",
        Cell::Time(..) => "sc:DateTime",
        Cell::Text(..) => "sc:Text",
        Cell::Image(_) => "sc:ImageObject",
        Cell::Real(..) => "sc:Float",
        Cell::Integer(..) => "sc:Integer",
    }
}

/// The context of Croissant 1.0, from its specification.
fn context() -> Value {
    json!({
        "@language": "en",
        "@vocab": "https://schema.org/",
        "citeAs": "cr:citeAs",
        "column": "cr:column",
        "conformsTo": "dct:conformsTo",
        "cr": "http://mlcommons.org/croissant/",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "data": { "@id": "cr:data", "@type": "@json" },
        "dataType": { "@id": "cr:dataType", "@type": "@vocab" },
        "dct": "http://purl.org/dc/terms/",
        "equivalentProperty": "cr:equivalentProperty",
        "examples": { "@id": "cr:examples", "@type": "@json" },
        "extract": "cr:extract",
        "field": "cr:field",
        "fileProperty": "cr:fileProperty",
        "fileObject": "cr:fileObject",
        "fileSet": "cr:fileSet",
        "format": "cr:format",
        "includes": "cr:includes",
        "isLiveDataset": "cr:isLiveDataset",
        "jsonPath": "cr:jsonPath",
        "key": "cr:key",
        "md5": "cr:md5",
        "parentField": "cr:parentField",
        "path": "cr:path",
        "recordSet": "cr:recordSet",
        "references": "cr:references",
        "regex": "cr:regex",
        "repeated": "cr:repeated",
        "replace": "cr:replace",
        "samplingRate": "cr:samplingRate",
        "sc": "https://schema.org/",
        "separator": "cr:separator",
        "source": "cr:source",
        "subField": "cr:subField",
        "transform": "cr:transform",
    })
}
