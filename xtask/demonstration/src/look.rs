//! Varies drawings as another set might draw them. A model that saw only the six sets would learn
//! six styles rather than what may change between styles. Outlines, proportions and colours vary
//! here, always too little to show something else.

use std::f32::consts::TAU;

use resvg::tiny_skia::{Pixmap, PremultipliedColorU8, Transform};

use crate::{background::cloud, bitmap::premultiplied, colour::Rgb, random::Random};

/// How a drawing differs from its set's. Lengths are fractions of its longer side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Look {
    /// Maximum displacement by soft waves.
    bend: f32,
    /// Number of waves along its side.
    waves: u32,
    seed: u64,
    /// Factor on its width.
    wide: f32,
    /// Shear: how far its top leans to the side.
    lean: f32,
    mirrored: bool,
    /// Hue rotation in radians, factors on chroma and contrast, and an offset to lightness.
    hue: f32,
    chroma: f32,
    contrast: f32,
    lightness: f32,
    /// Levels per channel, for flat colours.
    levels: Option<u8>,
    /// How much lighter one side is than the other, and the direction of that side (radians).
    light: f32,
    from: f32,
    /// A line around it.
    outline: Option<Outline>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Outline {
    width: f32,
    colour: Rgb,
}

/// Properties that must not change.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Kept {
    /// Its name or the caption names a colour.
    pub(crate) colour: bool,
    /// Left and right matter, or may matter.
    pub(crate) sides: bool,
    /// A changed shape would count as a fault.
    pub(crate) shape: bool,
}

impl Look {
    pub(crate) fn choose(kept: Kept, random: &mut Random) -> Self {
        let bend = if !kept.shape && random.chance(0.6) { random.between(0.01, 0.05) } else { 0.0 };
        let turn = if kept.colour { 0.06 } else { 0.3 };
        let spread = if kept.colour { 0.12 } else { 0.4 };
        Self {
            bend,
            waves: 2 + random.below(3) as u32,
            seed: random.bits(),
            wide: if kept.shape { 1.0 } else { 1.0 + random.between(-0.16, 0.16) },
            lean: if kept.shape { 0.0 } else { random.between(-0.16, 0.16) },
            mirrored: !(kept.sides || kept.shape) && random.chance(0.3),
            hue: turn * random.normal().clamp(-2.0, 2.0) / 2.0,
            chroma: 1.0 + random.between(-1.2 * spread, spread),
            contrast: 1.0 + random.between(-spread, spread) * 0.8,
            lightness: random.between(-0.1, 0.1),
            levels: random.chance(0.2).then(|| 4 + random.below(4) as u8),
            light: if random.chance(0.4) { random.between(0.0, 0.35) } else { 0.0 },
            from: random.between(0.0, TAU),
            outline: random.chance(0.22).then(|| {
                let width = random.between(0.012, 0.04);
                // A sticker's, or ink.
                let colour = if random.chance(0.35) { [255; 3] } else { [random.below(60) as u8; 3] };
                Outline { width, colour }
            }),
        }
    }

    /// The change of shape besides bending, around its centre.
    pub(crate) fn shape(&self) -> Transform {
        let side = if self.mirrored { -1.0 } else { 1.0 };
        // Keeps the area.
        let (wide, high) = (self.wide.sqrt() * side, 1.0 / self.wide.sqrt());
        Transform::from_row(wide, 0.0, self.lean, high, 0.0, 0.0)
    }

    /// The drawing in this look, with a margin.
    pub(crate) fn drawn(&self, pixels: &Pixmap) -> Option<Pixmap> {
        let longer = pixels.width().max(pixels.height()) as f32;
        let line = self.outline.map_or(0.0, |outline| outline.width * longer);
        let room = (line + self.bend * longer).ceil() as u32 + 1;
        let (width, height) = (pixels.width() + 2 * room, pixels.height() + 2 * room);
        let mut drawn = Pixmap::new(width, height)?;
        let colours = self.colours();
        for (at, to) in drawn.pixels_mut().iter_mut().enumerate() {
            let (x, y) = ((at as u32 % width) as f32, (at as u32 / width) as f32);
            let (across, down) = (x / width as f32, y / height as f32);
            let (dx, dy) = self.moved(across, down, longer);
            let [r, g, b, alpha] = sample(pixels, x + dx - room as f32, y + dy - room as f32);
            if alpha < 0.5 {
                continue;
            }
            let light =
                1.0 + self.light * ((across - 0.5) * self.from.cos() + (down - 0.5) * self.from.sin());
            let turned = colours.applied([r, g, b].map(|part| part / alpha), light, self.levels);
            *to = premultiplied(turned, alpha.round() as u8);
        }
        if let Some(outline) = self.outline {
            surround(&mut drawn, line.max(0.8), outline.colour);
        }
        Some(drawn)
    }

    /// The source of the pixel at a position, as an offset in pixels.
    fn moved(&self, across: f32, down: f32, longer: f32) -> (f32, f32) {
        if self.bend == 0.0 {
            return (0.0, 0.0);
        }
        let by = |seed| (cloud(across, down, self.waves, seed) - 0.5) * 2.0 * self.bend * longer;
        (by(self.seed), by(self.seed ^ 0x5bd1_e995_7b93_11c7))
    }

    fn colours(&self) -> Colours {
        let (sin, cos) = self.hue.sin_cos();
        // Keeps luma and rotates the chroma plane.
        let luma = [0.213, 0.715, 0.072];
        let mut rows = [[0.0; 3]; 3];
        for (to, row) in rows.iter_mut().enumerate() {
            for (from, value) in row.iter_mut().enumerate() {
                let unit = f32::from(u8::from(to == from));
                let grey = luma[from];
                let aside = TURN[to][from];
                *value = grey + self.chroma * (cos * (unit - grey) + sin * aside);
            }
        }
        Colours { rows, contrast: self.contrast, lightness: self.lightness }
    }
}

/// A quarter turn of hues that keeps luma: `hueRotate` in SVG's colour matrices.
const TURN: [[f32; 3]; 3] = [[-0.213, -0.715, 0.928], [0.143, 0.140, -0.283], [-0.787, 0.715, 0.072]];

struct Colours {
    rows: [[f32; 3]; 3],
    contrast: f32,
    lightness: f32,
}

impl Colours {
    /// Maps a colour (0 to 1).
    fn applied(&self, rgb: [f32; 3], light: f32, levels: Option<u8>) -> Rgb {
        self.rows.map(|row| {
            let turned: f32 = row.iter().zip(rgb).map(|(factor, part)| factor * part).sum();
            let value = ((turned - 0.5) * self.contrast + 0.5 + self.lightness) * light;
            let value = value.clamp(0.0, 1.0);
            let value = match levels {
                Some(levels) => (value * f32::from(levels - 1)).round() / f32::from(levels - 1),
                None => value,
            };
            (value * 255.0).round() as u8
        })
    }
}

/// Interpolated red, green, blue (premultiplied) and opacity, 0 to 255; transparent outside.
fn sample(pixels: &Pixmap, x: f32, y: f32) -> [f32; 4] {
    let (left, top) = (x.floor(), y.floor());
    let (right_part, lower_part) = (x - left, y - top);
    let (width, height) = (pixels.width() as i32, pixels.height() as i32);
    let mut sum = [0.0; 4];
    for (dx, dy, part) in [
        (0, 0, (1.0 - right_part) * (1.0 - lower_part)),
        (1, 0, right_part * (1.0 - lower_part)),
        (0, 1, (1.0 - right_part) * lower_part),
        (1, 1, right_part * lower_part),
    ] {
        let (x, y) = (left as i32 + dx, top as i32 + dy);
        if (0..width).contains(&x) && (0..height).contains(&y) {
            let pixel = pixels.pixels()[(y * width + x) as usize];
            let four = [pixel.red(), pixel.green(), pixel.blue(), pixel.alpha()];
            sum.iter_mut().zip(four).for_each(|(sum, value)| *sum += part * f32::from(value));
        }
    }
    sum
}

/// Draws an outline of this width (pixels).
fn surround(pixels: &mut Pixmap, width: f32, colour: Rgb) {
    let (columns, rows) = (pixels.width() as i32, pixels.height() as i32);
    let opacity: Vec<u8> = pixels.pixels().iter().map(|pixel| pixel.alpha()).collect();
    let reach = width.ceil() as i32;
    // Each offset in the disk, with the share that the line covers.
    let disk: Vec<(i32, i32, f32)> = (-reach..=reach)
        .flat_map(|dy| (-reach..=reach).map(move |dx| (dx, dy)))
        .map(|(dx, dy)| (dx, dy, (width + 0.5 - ((dx * dx + dy * dy) as f32).sqrt()).clamp(0.0, 1.0)))
        .filter(|(.., part)| *part > 0.0)
        .collect();
    for (at, pixel) in pixels.pixels_mut().iter_mut().enumerate() {
        if pixel.alpha() == 255 {
            continue;
        }
        let (x, y) = (at as i32 % columns, at as i32 / columns);
        let near = disk.iter().filter_map(|(dx, dy, part)| {
            let (x, y) = (x + dx, y + dy);
            let inside = (0..columns).contains(&x) && (0..rows).contains(&y);
            inside.then(|| part * f32::from(opacity[(y * columns + x) as usize]))
        });
        let under = near.fold(0.0, f32::max) / 255.0;
        // The drawing covers the line.
        let seen = f32::from(pixel.alpha()) / 255.0;
        let line = under * (1.0 - seen);
        let alpha = (seen + line).min(1.0);
        let mix = |own: u8, line_colour: u8| {
            ((f32::from(own) + line * f32::from(line_colour)).min(alpha * 255.0)) as u8
        };
        let [r, g, b] = colour;
        let (r, g, b) = (mix(pixel.red(), r), mix(pixel.green(), g), mix(pixel.blue(), b));
        let alpha = (alpha * 255.0).round() as u8;
        if let Some(new) = PremultipliedColorU8::from_rgba(r.min(alpha), g.min(alpha), b.min(alpha), alpha) {
            *pixel = new;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        bitmap::{average, opaque},
        colour::Oklab,
        fixture,
        style::Style,
    };

    fn looks(kept: Kept) -> impl Iterator<Item = Look> {
        (0..300).map(move |index| Look::choose(kept, &mut Random::new(4, "looks", index)))
    }

    /// The mean visible colour, and the number of visible pixels.
    fn seen(pixels: &Pixmap) -> (Oklab, usize) {
        let visible: Vec<Oklab> = pixels.pixels().iter().filter_map(|pixel| opaque(*pixel)).collect();
        (average(&visible).unwrap(), visible.len())
    }

    #[test]
    fn a_shape_that_is_kept_stays() {
        let kept = Kept { shape: true, ..Kept::default() };
        for look in looks(kept) {
            assert_eq!(look.shape(), Transform::identity());
            assert_eq!(look.moved(0.3, 0.7, 96.0), (0.0, 0.0));
        }
        assert!(looks(Kept::default()).any(|look| look.shape() != Transform::identity() && look.bend > 0.0));
        assert!(!looks(Kept { sides: true, ..Kept::default() }).any(|look| look.mirrored));
        assert!(looks(Kept::default()).any(|look| look.mirrored));
    }

    #[test]
    fn what_is_drawn_is_still_there_in_its_colour() {
        let gallery = fixture::gallery();
        let bitmap = gallery.bitmap(0, Style::Noto).unwrap();
        let (before, count) = seen(&bitmap.levels[0]);
        let mut changed = 0;
        for look in looks(Kept { colour: true, ..Kept::default() }) {
            let drawn = look.drawn(&bitmap.levels[0]).unwrap();
            let (after, visible) = seen(&drawn);
            // Bending moves its edge by at most a twentieth of its length, and an outline adds to
            // it.
            assert!(visible * 4 > count * 3 && visible < count * 2, "{look:?} {count} {visible}");
            let turned = crate::colour::hue_apart(before.hue(), after.hue());
            assert!(turned < 0.35 || after.chroma() < 0.06, "{look:?} {before:?} {after:?}");
            changed += usize::from(drawn.data() != bitmap.levels[0].data());
        }
        assert!(changed > 290, "{changed}");
    }
}
