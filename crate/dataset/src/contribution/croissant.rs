//! `croissant.json`: the contribution in Croissant 1.0, the vocabulary of mlcommons for data sets.

use serde_json::{Value, json};

use super::{Card, Format, WrittenFile, json_lines, time};
use crate::schema::{COLUMNS, Column, Kind};

/// The description. `files` are those of the data and the images.
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
    let columns: Vec<Column> = match format {
        Format::Parquet => COLUMNS.into_iter().filter(|column| column.is_written(false, true)).collect(),
        Format::JsonLines | Format::Csv => json_lines::columns().collect(),
    };
    let record_sets: Vec<Value> = data
        .enumerate()
        .map(|(number, file)| {
            let id = format!("pairs-{number}");
            let mut fields: Vec<Value> = columns
                .iter()
                .map(|column| field(&id, column.name, described(column.name), data_type(column.kind), file))
                .collect();
            if format == Format::JsonLines {
                let files = json_lines::FILES.into_iter();
                fields.extend(
                    files.map(|name| field(&id, name, "Where the image's file is.", "sc:Text", file)),
                );
            }
            json!({ "@type": "cr:RecordSet", "@id": id, "name": id, "field": fields })
        })
        .collect();
    let description = card.description.clone().unwrap_or_else(|| {
        "Preferences between two images of one prompt, in the columns of Pick-a-Pic.".to_owned()
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

fn data_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "sc:Boolean",
        Kind::Time => "sc:DateTime",
        Kind::Text => "sc:Text",
        Kind::Image => "sc:ImageObject",
        Kind::Real => "sc:Float",
        Kind::Integer => "sc:Integer",
    }
}

/// What a column holds, in a sentence.
fn described(name: &str) -> &'static str {
    match name {
        "are_different" => "Whether the two images differ.",
        "best_image_uid" => "The preferred image; tie where neither was.",
        "caption" => "The prompt.",
        "created_at" => "When the pair was answered.",
        "has_label" => "Whether the pair was judged; false where it was skipped.",
        "image_0_uid" | "image_1_uid" => "SHA-256 of the image's file.",
        "image_0_url" | "image_1_url" => "Where the image was published; empty.",
        "jpg_0" | "jpg_1" => "The image's file, whichever format it has.",
        "label_0" | "label_1" => "How much of the preference is this image's: 0, 0.5 or 1.",
        "model_0" | "model_1" => "What made the image.",
        "ranking_id" => "A number made of the record's uid.",
        "user_id" => "A number made of the rater's uid.",
        "num_example_per_prompt" => "How many rows have this prompt.",
        "__index_level_0__" => "The row's number.",
        "pickscore_record_version" => "The version of the record.",
        "pickscore_uid" => "The record's uid.",
        "pickscore_session_uid" => "Which visit it belongs to.",
        "pickscore_rater_uid" => "The anonymous rater.",
        "pickscore_side_0" => "Where image 0 was shown.",
        "pickscore_mode" => "How the pair was chosen.",
        "pickscore_control" => "For a control pair, the image that everybody should prefer.",
        "pickscore_retest_of" => "For a pair that was asked again, the first record's uid.",
        "pickscore_seconds" => "How long the rater took.",
        "pickscore_scores_visible" => "Whether scores were shown before the answer.",
        "pickscore_scorer" => "What computed the scores.",
        "pickscore_scorer_version" => "What else decides the scorer's numbers.",
        "pickscore_score_0" | "pickscore_score_1" => "The scorer's score.",
        "pickscore_app_version" => "The version of the page.",
        _ => "A column of this data set.",
    }
}

/// The context of Croissant 1.0, as its specification prints it.
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
