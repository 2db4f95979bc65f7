//! Planned pairs → rows → files.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::BufWriter,
    path::{Path, PathBuf},
};

use pickscore::dataset::{Row, RowImage, WriteOptions, Writer};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::Planned;
use crate::{
    fault::Fault,
    gallery::Gallery,
    pairs::{Preferred, Recipe},
};

/// Rows per file.
const FILE_ROWS: usize = 10_000;
/// Rows drawn together, on all cores, before they are written.
const BATCH: usize = 512;
/// Time of the first row, in nanoseconds since 1970: 2026-01-01. Rows are a second apart.
const FIRST_JUDGED: i64 = 1_767_225_600_000_000_000;
const SECOND: i64 = 1_000_000_000;

/// Draws a split and writes its files. `first` is the number of rows in earlier sets.
///
/// # Errors
///
/// If an image cannot be encoded or a file cannot be written.
pub(super) fn split(
    out: &Path,
    planned: &Planned,
    gallery: &Gallery,
    side: u32,
    first: u64,
) -> Result<(), Fault> {
    let mut examples: HashMap<&str, i64> = HashMap::new();
    for recipe in &planned.recipes {
        *examples.entry(&recipe.caption).or_default() += 1;
    }
    let row = |index: usize, recipe: &Recipe| {
        let examples = examples.get(recipe.caption.as_str()).copied().unwrap_or(1);
        row(recipe, index as i64, first as i64 + index as i64, examples, gallery, side)
    };
    let files = planned.recipes.len().div_ceil(FILE_ROWS);
    for (file, recipes) in planned.recipes.chunks(FILE_ROWS).enumerate() {
        let path = path(out, planned, file, files);
        let fault = |reason: String| Fault::Write { file: path.display().to_string(), reason };
        let folder = path.parent().unwrap_or(out);
        fs::create_dir_all(folder).map_err(|error| fault(error.to_string()))?;
        let sink = BufWriter::new(File::create(&path).map_err(|error| fault(error.to_string()))?);
        let options = WriteOptions { kind: true, ..WriteOptions::default() };
        let mut writer = Writer::create(sink, options).map_err(|error| fault(error.to_string()))?;
        for (batch, recipes) in recipes.chunks(BATCH).enumerate() {
            let start = file * FILE_ROWS + batch * BATCH;
            let rows = recipes.par_iter().enumerate().map(|(at, recipe)| row(start + at, recipe));
            for row in rows.collect::<Result<Vec<_>, _>>()? {
                writer.write(&row).map_err(|error| fault(error.to_string()))?;
            }
        }
        writer.finish().map_err(|error| fault(error.to_string()))?;
    }
    Ok(())
}

fn path(out: &Path, planned: &Planned, file: usize, files: usize) -> PathBuf {
    let Planned { set, split, .. } = planned;
    if *set == "retrieval" {
        return out.join(set).join(format!("{split}.parquet"));
    }
    out.join(set).join("data").join(format!("{split}-{file:05}-of-{files:05}.parquet"))
}

/// Draws one pair.
fn row(
    recipe: &Recipe,
    index: i64,
    ranking: i64,
    examples: i64,
    gallery: &Gallery,
    side: u32,
) -> Result<Row, Fault> {
    let image = |at: usize| {
        let shot = &recipe.images[at];
        let bytes = shot.encode(gallery, side)?;
        let model = shot.style().name().into();
        Ok::<_, Fault>(RowImage { uid: uid(&bytes), url: String::new(), model, bytes })
    };
    let images = [image(0)?, image(1)?];
    let (label, best) = match recipe.preferred {
        Preferred::First => ([1.0, 0.0], images[0].uid.clone()),
        Preferred::Second => ([0.0, 1.0], images[1].uid.clone()),
        Preferred::Neither => ([0.5, 0.5], "tie".into()),
    };
    Ok(Row {
        caption: recipe.caption.clone(),
        label: Some(label),
        best_image_uid: best,
        are_different: images[0].uid != images[1].uid,
        images,
        created_at: FIRST_JUDGED + ranking * SECOND,
        ranking_id: ranking,
        user_id: 0,
        num_example_per_prompt: examples,
        index,
        kind: Some(recipe.kind.into()),
        collected: None,
    })
}

/// SHA-256 in hexadecimal.
fn uid(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
