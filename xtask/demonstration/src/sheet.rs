//! `sheet`: many pairs in one image, for inspection.

use std::{
    fs,
    io::{self, Write},
};

use rayon::prelude::*;
use serde_json::json;

use crate::{
    arguments::SheetArguments,
    fault::Fault,
    gallery::Gallery,
    pairs::{Choices, Preferred, Recipe},
    picture::Picture,
    random::Random,
    render::bitmap_side,
};

/// Attempts for each pair of a requested kind.
const TRIES: u64 = 2000;

/// Draws the sheet and lists its pairs.
///
/// # Errors
///
/// If there is no such kind, a package cannot be read, or the sheet cannot be written.
pub(crate) fn run(arguments: &SheetArguments) -> Result<(), Fault> {
    let read = arguments.sources.read()?;
    let side = arguments.size;
    let gallery = Gallery::draw(&read.catalogue, &read.training, &read.training, bitmap_side(side));
    let all: Vec<usize> = (0..gallery.concepts.len()).collect();
    let choices = Choices::new(&gallery, &all, &read.training, "the sheet");
    let pretrain = |kind: &str| kind == "pretrain";
    let wanted = arguments.kind.as_deref();
    let one = |index: u32| {
        for round in 0..TRIES {
            let mut random = Random::new(arguments.seed, "sheet", u64::from(index) * TRIES + round);
            let plain = wanted.map_or(index.is_multiple_of(4), pretrain);
            let recipe = if plain {
                choices.pretrain(true, &mut random)
            } else {
                choices.preference(true, &mut random)
            }?;
            if wanted.is_none_or(|kind| kind == recipe.kind) {
                return Ok(recipe);
            }
        }
        let (what, found) = ("the kind", wanted.unwrap_or_default().into());
        let expected =
            "pretrain, near-miss, mismatch, tie, blur, noise, jpeg, crop, colour or stretch".into();
        Err(Fault::Unknown { what, found, expected })
    };
    let recipes = (0..arguments.pairs).into_par_iter().map(one).collect::<Result<Vec<Recipe>, Fault>>()?;
    let drawn = recipes.par_iter().flat_map(|recipe| &recipe.images).map(|shot| shot.encode(&gallery, side));
    let drawn = drawn.collect::<Result<Vec<_>, Fault>>()?;
    // A pair is about twice as wide as high.
    let across = (1..).find(|across| across * across * 2 >= recipes.len()).unwrap_or(1);
    let file = arguments.out.display().to_string();
    let written = fs::write(&arguments.out, sheet(&drawn, across, side)?.png()?);
    written.map_err(|error| Fault::Write { file, reason: error.to_string() })?;
    let mut out = io::stdout().lock();
    for (index, recipe) in recipes.iter().enumerate() {
        let better = match recipe.preferred {
            Preferred::First => "left",
            Preferred::Second => "right",
            Preferred::Neither => "tie",
        };
        let line = json!({
            "row": index / across + 1, "column": index % across + 1, "caption": recipe.caption, "kind": recipe.kind, "better": better,
            "styles": recipe.images.iter().map(|shot| shot.style().name()).collect::<Vec<_>>(),
        });
        let written = writeln!(out, "{line}");
        written
            .map_err(|error| Fault::Write { file: "standard output".into(), reason: error.to_string() })?;
    }
    Ok(())
}

/// Encoded images side by side, with gaps between pairs.
fn sheet(pictures: &[Vec<u8>], across: usize, side: u32) -> Result<Picture, Fault> {
    let (side, gap) = (side as usize, 8);
    let (wide, high) = (side * 2 + 2 + gap, side + gap);
    let rows = (pictures.len() / 2).div_ceil(across);
    // Sheets are square because all images are.
    let edge = (across * wide).max(rows * high);
    let mut rgb = vec![60; edge * edge * 3];
    for (at, bytes) in pictures.iter().enumerate() {
        let fault = |error: image::ImageError| Fault::Encode { side: side as u32, reason: error.to_string() };
        let format =
            if bytes.starts_with(b"\x89PNG") { image::ImageFormat::Png } else { image::ImageFormat::Jpeg };
        let pixels = image::load_from_memory_with_format(bytes, format).map_err(fault)?.into_rgb8();
        let (pair, second) = (at / 2, at % 2);
        let (left, top) = (pair % across * wide + second * (side + 2), pair / across * high);
        for (y, row) in pixels.as_raw().chunks_exact(side * 3).enumerate() {
            let start = ((top + y) * edge + left) * 3;
            rgb[start..start + side * 3].copy_from_slice(row);
        }
    }
    Ok(Picture { side: edge as u32, rgb })
}
