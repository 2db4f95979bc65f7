//! The layout of an image, and drawing it.

use std::f32::consts::PI;

use resvg::tiny_skia::{FilterQuality, Pixmap, PixmapPaint, PremultipliedColorU8, Transform};

use crate::{
    background::{Background, contrast},
    bitmap::{self, Bitmap},
    colour::{Colour, Oklab},
    content::{Arrangement, Content, Size, Subject},
    gallery::Gallery,
    look::Look,
    picture::Picture,
    random::Random,
    style::Style,
};

/// A layout. Lengths and positions are fractions of its side.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scene {
    pub(crate) background: Background,
    pub(crate) style: Style,
    pub(crate) emoji: Vec<Placed>,
    /// How the drawings differ from the style.
    pub(crate) look: Option<Look>,
}

/// A placed emoji.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Placed {
    pub(crate) concept: usize,
    pub(crate) centre: (f32, f32),
    /// Length of its longer edge.
    pub(crate) side: f32,
    /// Radians, clockwise.
    pub(crate) angle: f32,
    /// The colour that replaces its main colour.
    pub(crate) colour: Option<Colour>,
}

/// The visible part of a scene, and how it is stretched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct View {
    /// Of the visible part.
    pub(crate) corner: (f32, f32),
    /// Of the visible part.
    pub(crate) side: f32,
    /// Factors on width and height of everything but the background.
    pub(crate) stretch: (f32, f32),
}

impl View {
    /// The whole scene.
    pub(crate) const WHOLE: Self = Self { corner: (0.0, 0.0), side: 1.0, stretch: (1.0, 1.0) };
}

/// A place for an emoji: centre, and the longest edge that fits.
type Cell = ((f32, f32), f32);

impl Scene {
    /// Lays out a content in one of these styles. `None` if none of them has everything needed, or
    /// if the emoji would be invisible on the requested background.
    pub(crate) fn stage(
        content: &Content,
        styles: &[Style],
        gallery: &Gallery,
        random: &mut Random,
    ) -> Option<Self> {
        let able = able(content, styles, gallery);
        let style = *random.pick(&able)?;
        let (cells, colour): (Vec<(usize, Cell)>, _) = match content.subject {
            Subject::One { concept, colour, size } => {
                let side = match size {
                    None => random.between(0.6, 0.95),
                    Some(Size::Small) => random.between(0.24, 0.34),
                    Some(Size::Large) => random.between(0.88, 0.97),
                };
                (vec![(concept, ((0.5, 0.5), side))], colour)
            }
            Subject::Many { concept, count, colour } => {
                (cells(count, random).into_iter().map(|cell| (concept, cell)).collect(), colour)
            }
            Subject::Two { first, second, arrangement } => {
                let mut pair = [first, second];
                let down = arrangement == Arrangement::Above;
                if !down && random.chance(0.5) {
                    pair.reverse();
                }
                let side = random.between(0.4, 0.5);
                let aside = random.between(-0.1, 0.1);
                let place = |along: f32, aside: f32| if down { (aside, along) } else { (along, aside) };
                let places = [place(0.255, 0.5 + aside), place(0.745, 0.5 - aside)];
                (pair.into_iter().zip(places.map(|place| (place, side))).collect(), None)
            }
        };
        let single = cells.len() == 1;
        let tilt = if random.chance(0.7) { 6.0 } else { 14.0 };
        let mut emoji = Vec::new();
        for (concept, (centre, side)) in cells {
            let angle = random.between(-tilt, tilt) * PI / 180.0;
            let bitmap = gallery.bitmap(concept, style)?;
            let (centre, side) = fitted(bitmap, centre, side, angle, single, random);
            emoji.push(Placed { concept, centre, side, angle, colour });
        }
        let colours = main_colours(&emoji, style, gallery);
        // A black key on black cannot be seen.
        if content.background.is_some_and(|said| contrast(said.rgb(), &colours) < 0.12) {
            return None;
        }
        let background = Background::choose(content.background, &colours, random);
        Some(Self { background, style, emoji, look: None })
    }

    /// One emoji, upright, large and on white, slightly moved and scaled: the images for retrieval.
    pub(crate) fn clean(
        concept: usize,
        style: Style,
        gallery: &Gallery,
        random: &mut Random,
    ) -> Option<Self> {
        let bitmap = gallery.bitmap(concept, style)?;
        let (side, angle) = (random.between(0.78, 0.88), random.between(-0.03, 0.03));
        let centre = (0.5 + random.between(-0.03, 0.03), 0.5 + random.between(-0.03, 0.03));
        let emoji = vec![Placed { concept, centre, side, angle, colour: None }];
        let background = Background::white(&[bitmap.mean]);
        Some(Self { background, style, emoji, look: None })
    }

    /// Draws the visible part, `side` pixels wide and high.
    pub(crate) fn draw(&self, gallery: &Gallery, side: u32, view: View) -> Option<Picture> {
        let mut canvas = Pixmap::new(side, side)?;
        let pixel = view.side / side as f32;
        for (at, to) in canvas.pixels_mut().iter_mut().enumerate() {
            let (x, y) = ((at as u32 % side) as f32 + 0.5, (at as u32 / side) as f32 + 0.5);
            let [r, g, b] = self.background.at(view.corner.0 + x * pixel, view.corner.1 + y * pixel);
            if let Some(colour) = PremultipliedColorU8::from_rgba(r, g, b, 255) {
                *to = colour;
            }
        }
        for placed in &self.emoji {
            let Some(bitmap) = gallery.bitmap(placed.concept, self.style) else { continue };
            let longer = placed.side / pixel;
            let Some(level) = bitmap.level(longer) else { continue };
            let recoloured = placed.colour.zip(bitmap.main);
            let recoloured =
                recoloured.map(|(colour, main)| bitmap::recoloured(level, main, Oklab::of(colour.rgb())));
            let level = recoloured.as_ref().unwrap_or(level);
            let scale = longer / level.width().max(level.height()) as f32;
            let looked = self.look.as_ref().and_then(|look| look.drawn(level));
            let level = looked.as_ref().unwrap_or(level);
            let (width, height) = (level.width() as f32, level.height() as f32);
            let (x, y) =
                ((placed.centre.0 - view.corner.0) / pixel, (placed.centre.1 - view.corner.1) / pixel);
            let shape = self.look.as_ref().map_or(Transform::identity(), Look::shape);
            let transform = Transform::from_translate(-width / 2.0, -height / 2.0)
                .post_concat(shape)
                .post_scale(scale, scale)
                .post_concat(Transform::from_rotate(placed.angle * 180.0 / PI))
                .post_scale(view.stretch.0, view.stretch.1)
                .post_translate(x, y);
            let paint = PixmapPaint { quality: FilterQuality::Bilinear, ..PixmapPaint::default() };
            canvas.draw_pixmap(0, 0, level.as_ref(), &paint, transform, None);
        }
        Some(Picture::of(&canvas))
    }

    /// A crop to a corner of the first emoji, most of which is cut off.
    pub(crate) fn cropped(&self, random: &mut Random) -> View {
        let Some(placed) = self.emoji.first() else { return View::WHOLE };
        let mut side = |toward: f32| if random.chance(0.5) { toward } else { -toward };
        let by = 0.4 * placed.side;
        let centre = (placed.centre.0 + side(by), placed.centre.1 + side(by));
        let seen = 0.5 * placed.side.max(0.5);
        View { corner: (centre.0 - seen / 2.0, centre.1 - seen / 2.0), side: seen, ..View::WHOLE }
    }
}

/// The styles in which a content can be drawn.
pub(crate) fn able(content: &Content, styles: &[Style], gallery: &Gallery) -> Vec<Style> {
    let can = |style: &Style| match content.subject {
        Subject::One { concept, colour, .. } | Subject::Many { concept, colour, .. } => match colour {
            Some(_) => gallery.colourable(concept, *style),
            None => gallery.bitmap(concept, *style).is_some(),
        },
        Subject::Two { first, second, .. } => {
            gallery.bitmap(first, *style).is_some() && gallery.bitmap(second, *style).is_some()
        }
    };
    styles.iter().copied().filter(can).collect()
}

fn main_colours(emoji: &[Placed], style: Style, gallery: &Gallery) -> Vec<Oklab> {
    let mut colours = Vec::new();
    for placed in emoji {
        if let Some(bitmap) = gallery.bitmap(placed.concept, style) {
            // Compares the main and the mean colour: a white edge on white would be lost.
            colours.push(placed.colour.map_or(bitmap.mean, |colour| Oklab::of(colour.rgb())));
            colours.extend(bitmap.main.filter(|_| placed.colour.is_none()).map(|main| main.colour));
        }
    }
    colours
}

/// Keeps an emoji within the image: moved, and smaller if it would not fit. A single one may go
/// anywhere that it fits.
fn fitted(
    bitmap: &Bitmap,
    centre: (f32, f32),
    side: f32,
    angle: f32,
    single: bool,
    random: &mut Random,
) -> ((f32, f32), f32) {
    let (width, height) = bitmap.shape();
    let (sin, cos) = (angle.sin().abs(), angle.cos().abs());
    // Extent per unit of `side`.
    let (across, down) = (width * cos + height * sin, width * sin + height * cos);
    let side = side.min(0.99 / across.max(down));
    let mut place = |extent: f32, wanted: f32| {
        let half = side * extent / 2.0;
        let (low, high) = (half, (1.0 - half).max(half));
        if single { random.between(low, high) } else { wanted.clamp(low, high) }
    };
    ((place(across, centre.0), place(down, centre.1)), side)
}

/// Places for two to five emoji that do not touch each other.
fn cells(count: usize, random: &mut Random) -> Vec<Cell> {
    let (near, far) = (0.26, 0.74);
    let mut places = match (count, random.below(2)) {
        (0 | 1, _) => vec![(0.5, 0.5)],
        (2, 0) => vec![(near, 0.5), (far, 0.5)],
        (2, _) => vec![(near, near), (far, far)],
        (3, 0) => vec![(0.5, near), (near, far), (far, far)],
        (3, _) => vec![(0.18, 0.5), (0.5, 0.5), (0.82, 0.5)],
        (4, _) => vec![(near, near), (far, near), (near, far), (far, far)],
        (_, 0) => vec![(0.2, 0.2), (0.8, 0.2), (0.5, 0.5), (0.2, 0.8), (0.8, 0.8)],
        _ => vec![(0.18, 0.28), (0.5, 0.28), (0.82, 0.28), (0.32, 0.7), (0.68, 0.7)],
    };
    let nearest = match count {
        0 | 1 => 0.9,
        2 | 4 => 0.46,
        3 => 0.32,
        _ => 0.3,
    };
    let upside_down = random.chance(0.5);
    let on_its_side = random.chance(0.3);
    for place in &mut places {
        if upside_down {
            place.1 = 1.0 - place.1;
        }
        if on_its_side {
            *place = (place.1, place.0);
        }
    }
    let side = random.between(0.82, 0.98) * nearest;
    let spare = (nearest - side) / 2.0;
    places
        .into_iter()
        .map(|(x, y)| ((x + random.between(-spare, spare), y + random.between(-spare, spare)), side))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_emoji_do_not_touch() {
        for count in 2..=5 {
            for index in 0..200 {
                let cells = cells(count, &mut Random::new(2, "cells", index));
                assert_eq!(cells.len(), count);
                for (at, ((x, y), side)) in cells.iter().enumerate() {
                    assert!(*x > 0.1 && *x < 0.9 && *y > 0.1 && *y < 0.9);
                    for ((other_x, other_y), other) in &cells[..at] {
                        let apart = (x - other_x).abs().max((y - other_y).abs());
                        assert!(apart >= (side + other) / 2.0 - 0.02, "{count} {apart} {side}");
                    }
                }
            }
        }
    }
}
