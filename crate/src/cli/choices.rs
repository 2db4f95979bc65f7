//! The choices in a dataset, for rankings and the human baseline. Needs no model and reads no
//! images.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

use clap::ValueEnum;

use super::{fault::Fault, images, load, pairs, skipped::Skipped};
use crate::{
    dataset::{Columns, DatasetFiles, Row, RowImage},
    evaluate::{Comparison, Opinions, RankBy, comparison::Unit},
    preference::image_uid,
};

/// Maximum size of a list of templates in bytes.
const TEMPLATES: u64 = 256 << 20;

/// What to rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RankArgument {
    /// The models that made the images (columns `model_0` and `model_1`).
    Models,
    /// The images of each prompt.
    Images,
    /// The prompt templates that --templates assigns to images.
    #[value(alias = "prompts")]
    Templates,
}

/// How images are named in a ranking.
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
                reason: "--rank templates needs --templates FILE, a CSV with the columns image and template"
                    .into(),
            }),
            (_, Some(_)) => Err(Fault::Usage { reason: "--templates is only for --rank templates".into() }),
            (RankArgument::Models, None) => Ok(Self::Models),
            (RankArgument::Images, None) => Ok(Self::Images),
        }
    }

    /// The unit that the bootstrap resamples.
    pub(super) fn unit(&self) -> Unit {
        match self {
            Self::Images => RankBy::Image.unit(),
            Self::Models => RankBy::Model.unit(),
            Self::Templates(_) => Unit::Prompts,
        }
    }

    /// The name that an image is ranked under; empty if it is unknown.
    pub(super) fn name(&self, image: &RowImage, uid: &str) -> String {
        match self {
            Self::Models => image.model.clone(),
            Self::Images => uid.to_owned(),
            Self::Templates(templates) => templates.get(uid).cloned().unwrap_or_default(),
        }
    }
}

/// The uid of an image, computed if the row has none.
pub(super) fn uid(image: &RowImage) -> String {
    if image.uid.is_empty() { image_uid(&image.bytes) } else { image.uid.clone() }
}

/// Choices of people.
#[derive(Default)]
pub(super) struct Choices {
    /// Choices between images.
    pub(super) opinions: Opinions,
    /// The same choices, by the names that are ranked; empty if nothing is.
    pub(super) ranked: Vec<Comparison>,
}

impl Choices {
    /// Reads every labelled row except controls, which are easy by design.
    /// Skips rows with an invalid value and reports them, except in lines that were `said`.
    pub(super) fn read(
        files: &DatasetFiles,
        naming: Option<&Naming>,
        said: &mut HashSet<String>,
    ) -> Result<Self, Fault> {
        let bar = load::bar("{msg} {wide_bar} {pos}/{len}");
        bar.set_message("Choices");
        bar.set_length(files.rows());
        let (mut found, mut skipped) = (Self::default(), Skipped::default());
        for &group in files.groups() {
            let mut read = files.read_sound(group, Columns::WithoutImages)?;
            if read.rows.iter().flat_map(|row| &row.images).any(|image| image.uid.is_empty()) {
                read = files.read_sound(group, Columns::All)?;
            }
            read.rows.iter().for_each(|row| found.add(row, naming));
            read.faults.iter().for_each(|fault| skipped.add(None, fault.to_string()));
            bar.inc(group.rows);
        }
        bar.finish_and_clear();
        skipped.report(said);
        Ok(found)
    }

    fn add(&mut self, row: &Row, naming: Option<&Naming>) {
        let Some(verdict) = row.verdict().filter(|_| !row.is_control()) else { return };
        let [left, right] = [uid(&row.images[0]), uid(&row.images[1])];
        let rater = row.rater();
        self.opinions.add(&row.caption, [&left, &right], verdict, rater.as_deref());
        if let Some(naming) = naming {
            let [left, right] = [naming.name(&row.images[0], &left), naming.name(&row.images[1], &right)];
            self.ranked.push(Comparison { left, right, verdict, prompt: row.caption.clone(), rater });
        }
    }
}

/// A CSV with the columns `image` (a uid) and `template`.
fn read_templates(path: &Path) -> Result<HashMap<String, String>, Fault> {
    let wrong = |reason: String| Fault::Input { path: path.display().to_string(), reason };
    let bytes = images::read_text(path, TEMPLATES).map_err(wrong)?;
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let headers = reader.headers().map_err(|error| wrong(pairs::said(&error)))?;
    let column = |name: &str| headers.iter().position(|header| header == name);
    let (Some(image), Some(template)) = (column("image"), column("template")) else {
        return Err(wrong("line 1 must name the columns `image` and `template`".into()));
    };
    let mut found = HashMap::new();
    for record in reader.records() {
        let record = record.map_err(|error| wrong(pairs::said(&error)))?;
        let (Some(image), Some(template)) = (record.get(image), record.get(template)) else { continue };
        found.insert(image.to_owned(), template.to_owned());
    }
    Ok(found)
}
