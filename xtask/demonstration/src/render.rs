//! `render`: one emoji as a PNG file.

use std::fs;

use crate::{
    arguments::RenderArguments,
    catalogue::Catalogue,
    fault::Fault,
    gallery::Gallery,
    random::Random,
    scene::{Scene, View},
    sources::style,
};

/// Draws an emoji upright on white.
///
/// # Errors
///
/// If there is no such emoji or style, or the file cannot be written.
pub(crate) fn run(arguments: &RenderArguments) -> Result<(), Fault> {
    let style = style(&arguments.style)?;
    let catalogue = arguments.sources.read()?.catalogue;
    let unknown = || Fault::Unknown {
        what: "the emoji",
        found: arguments.emoji.clone(),
        expected: format!("a name that {style} draws, such as \"red apple\""),
    };
    let at = catalogue.find(&arguments.emoji).ok_or_else(unknown)?;
    let one = Catalogue {
        concepts: vec![catalogue.concepts[at].clone()],
        icons: vec![catalogue.icons[at].clone()],
    };
    // The style given twice counts as two, so that an emoji of this style alone is kept.
    let gallery = Gallery::draw(&one, &[style], &[style, style], bitmap_side(arguments.size));
    let scene = Scene::clean(0, style, &gallery, &mut Random::new(0, "render", 0)).ok_or_else(unknown)?;
    let picture = scene.draw(&gallery, arguments.size, View::WHOLE).ok_or_else(unknown)?;
    let file = arguments.out.display().to_string();
    fs::write(&arguments.out, picture.png()?)
        .map_err(|error| Fault::Write { file, reason: error.to_string() })
}

/// Bitmap size for images of this size: emoji are trimmed after drawing and should not have to be
/// enlarged.
pub(crate) fn bitmap_side(picture: u32) -> u32 {
    picture * 5 / 4
}
