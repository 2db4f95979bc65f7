//! What people chose between, out of a data set: for rankings and the human baseline. Needs no model and reads no images.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use clap::ValueEnum;

use super::{fault::Fault, load};
use crate::{
    dataset::{Columns, DatasetFiles, Row, RowImage},
    evaluate::{Comparison, RankBy, comparison::Unit},
    preference::image_uid,
};

/// Most bytes of a list of templates.
const TEMPLATES: u64 = 256 << 20;

/// What is ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RankArgument {
    /// What made the images: the columns `model_0` and `model_1`.
    Models,
    /// The images, each within its prompt.
    Images,
    /// Prompt templates, as `--templates` says which image is of which.
    #[value(alias = "prompts")]
    Templates,
}

/// What an image counts as.
pub(super) enum Naming {
    Models,
    Images,
    Templates(HashMap<String, String>),
}

impl Naming {
    pub(super) fn new(rank: RankArgument, templates: Option<&PathBuf>) -> Result<Self, Fault> {
        match (rank, templates) {
            (RankArgument::Templates, Some(path)) => Ok(Self::Templates(read_templates(path)?)),
            (RankArgument::Templates, None) => Err(Fault::Usage {
                reason: "--rank templates needs --templates FILE: a CSV with the columns image and template"
                    .into(),
            }),
            (_, Some(_)) => Err(Fault::Usage { reason: "--templates is for --rank templates alone".into() }),
            (RankArgument::Models, None) => Ok(Self::Models),
            (RankArgument::Images, None) => Ok(Self::Images),
        }
    }

    /// What is drawn for intervals.
    pub(super) fn unit(&self) -> Unit {
        match self {
            Self::Images => RankBy::Image.unit(),
            Self::Models => RankBy::Model.unit(),
            Self::Templates(_) => Unit::Prompts,
        }
    }

    /// What an image counts as; nothing where that is not known.
    pub(super) fn name(&self, image: &RowImage, uid: &str) -> String {
        match self {
            Self::Models => image.model.clone(),
            Self::Images => uid.to_owned(),
            Self::Templates(templates) => templates.get(uid).cloned().unwrap_or_default(),
        }
    }
}

/// An image's uid, or what it would be.
pub(super) fn uid(image: &RowImage) -> String {
    if image.uid.is_empty() { image_uid(&image.bytes) } else { image.uid.clone() }
}

/// What people chose.
#[derive(Default)]
pub(super) struct Choices {
    /// Between images.
    pub(super) images: Vec<Comparison>,
    /// Between what is ranked.
    pub(super) ranked: Vec<Comparison>,
}

impl Choices {
    /// Every labelled row that is no control: those are chosen to be easy.
    pub(super) fn read(files: &DatasetFiles, naming: Option<&Naming>) -> Result<Self, Fault> {
        let bar = load::bar("{msg} {wide_bar} {pos}/{len}");
        bar.set_message("Choices");
        bar.set_length(files.rows());
        let mut found = Self::default();
        for &group in files.groups() {
            let mut rows = files.read_columns(group, Columns::WithoutImages)?;
            if rows.iter().flat_map(|row| &row.images).any(|image| image.uid.is_empty()) {
                rows = files.read(group)?;
            }
            rows.iter().for_each(|row| found.add(row, naming));
            bar.inc(rows.len() as u64);
        }
        bar.finish_and_clear();
        Ok(found)
    }

    fn add(&mut self, row: &Row, naming: Option<&Naming>) {
        let Some(verdict) = row.verdict().filter(|_| !row.is_control()) else { return };
        let [left, right] = [uid(&row.images[0]), uid(&row.images[1])];
        let (prompt, rater) = (row.caption.clone(), row.rater());
        if let Some(naming) = naming {
            let names = [naming.name(&row.images[0], &left), naming.name(&row.images[1], &right)];
            let [left, right] = names;
            let (prompt, rater) = (prompt.clone(), rater.clone());
            self.ranked.push(Comparison { left, right, verdict, prompt, rater });
        }
        self.images.push(Comparison { left, right, verdict, prompt, rater });
    }
}

/// A CSV with the columns `image` (a uid) and `template`.
fn read_templates(path: &Path) -> Result<HashMap<String, String>, Fault> {
    let wrong = |reason: String| Fault::Input { path: path.display().to_string(), reason };
    let length = std::fs::metadata(path).map_err(|error| wrong(format!("it cannot be read: {error}")))?.len();
    if length > TEMPLATES {
        return Err(wrong(format!("it has {length} bytes; expected at most {TEMPLATES}")));
    }
    let mut reader =
        csv::Reader::from_path(path).map_err(|error| wrong(format!("it cannot be read: {error}")))?;
    let headers = reader.headers().map_err(|error| wrong(format!("it cannot be read: {error}")))?;
    let column = |name: &str| headers.iter().position(|header| header == name);
    let (Some(image), Some(template)) = (column("image"), column("template")) else {
        return Err(wrong("it lacks the columns `image` and `template`".into()));
    };
    let mut found = HashMap::new();
    for (row, record) in reader.records().enumerate() {
        let record = record.map_err(|error| wrong(format!("row {row} cannot be read: {error}")))?;
        let (Some(image), Some(template)) = (record.get(image), record.get(template)) else {
            return Err(wrong(format!(
                "row {row} has {} columns; expected `image` and `template`",
                record.len()
            )));
        };
        found.insert(image.to_owned(), template.to_owned());
    }
    Ok(found)
}
