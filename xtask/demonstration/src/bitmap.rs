//! An emoji in one style as pixels, trimmed to what is visible, with smaller copies.

use resvg::{
    tiny_skia::{Pixmap, PremultipliedColorU8, Transform},
    usvg::{Options, Tree},
};

use crate::{
    colour::{Oklab, Rgb, hue_apart},
    packages::Icon,
};

/// Minimum opacity (of 255) of a visible pixel.
const VISIBLE: u8 = 16;
/// Transparent margin around the visible part, in pixels.
const EDGE: usize = 2;
/// Minimum chroma of a coloured pixel.
const COLOURED: f32 = 0.055;
/// Maximum distance of the main colour's pixels from its hue, in radians.
const MAIN: f32 = 0.6;
/// Minimum share of the main colour among visible pixels before it may be replaced.
const SHARE: f32 = 0.6;

/// An emoji's pixels.
#[derive(Debug, Clone)]
pub(crate) struct Bitmap {
    /// Largest first and trimmed; each copy is half the size of the one before.
    pub(crate) levels: Vec<Pixmap>,
    /// Mean of all visible pixels.
    pub(crate) mean: Oklab,
    /// The main colour, if there is one.
    pub(crate) main: Option<Main>,
}

/// The colour of most of an emoji.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Main {
    /// Mean of its pixels.
    pub(crate) colour: Oklab,
}

impl Bitmap {
    /// Draws an icon so that the longer edge of its view box has `side` pixels. `None` if it cannot
    /// be drawn or is empty.
    pub(crate) fn render(icon: &Icon, side: u32) -> Option<Self> {
        let Icon { body, left, top, width, height } = icon;
        let svg = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{width}" height="{height}" viewBox="{left} {top} {width} {height}">{body}</svg>"#
        );
        let tree = Tree::from_str(&svg, &Options::default()).ok()?;
        let scale = side as f32 / width.max(*height);
        let mut canvas = Pixmap::new((width * scale).round() as u32, (height * scale).round() as u32)?;
        resvg::render(&tree, Transform::from_scale(scale, scale), &mut canvas.as_mut());
        Self::new(trimmed(&canvas)?)
    }

    /// Adds smaller copies and colours.
    fn new(pixels: Pixmap) -> Option<Self> {
        let visible: Vec<Oklab> = pixels.pixels().iter().filter_map(|pixel| opaque(*pixel)).collect();
        // Too little is visible to be an image.
        if visible.len() < 64 {
            return None;
        }
        let mean = average(&visible)?;
        let main = main(&visible);
        let mut levels = vec![pixels];
        while let Some(last) = levels.last().filter(|last| last.width().max(last.height()) > 24) {
            let Some(half) = halved(last) else { break };
            levels.push(half);
        }
        Some(Self { levels, mean, main })
    }

    /// Width and height of the visible part; the longer one is 1.
    pub(crate) fn shape(&self) -> (f32, f32) {
        let (width, height) = self.levels.first().map_or((1, 1), |first| (first.width(), first.height()));
        let longer = width.max(height) as f32;
        (width as f32 / longer, height as f32 / longer)
    }

    /// The smallest copy whose longer edge has at least `side` pixels.
    pub(crate) fn level(&self, side: f32) -> Option<&Pixmap> {
        let fits = |level: &&Pixmap| level.width().max(level.height()) as f32 >= side;
        self.levels.iter().rev().find(fits).or(self.levels.first())
    }
}

/// `pixels` with their main colour replaced by `target`; shading is kept.
pub(crate) fn recoloured(pixels: &Pixmap, main: Main, target: Oklab) -> Pixmap {
    let mut turned = pixels.clone();
    let (from, hue) = (main.colour, main.colour.hue());
    let stronger = target.chroma() / from.chroma().max(COLOURED);
    for pixel in turned.pixels_mut() {
        let Some(colour) = (pixel.alpha() > 0).then(|| of(*pixel)) else { continue };
        if colour.chroma() < COLOURED * 0.6 || hue_apart(colour.hue(), hue) > MAIN * 1.15 {
            continue;
        }
        // Differences in lightness are reduced, so that shades keep the colour's name.
        let lightness = target.lightness + 0.6 * (colour.lightness - from.lightness);
        let rgb = Oklab::polar(lightness.clamp(0.05, 0.98), colour.chroma() * stronger, target.hue()).rgb();
        *pixel = premultiplied(rgb, pixel.alpha());
    }
    turned
}

/// A colour at this opacity.
pub(crate) fn premultiplied([r, g, b]: Rgb, alpha: u8) -> PremultipliedColorU8 {
    let times = |value: u8| ((u32::from(value) * u32::from(alpha) + 127) / 255) as u8;
    PremultipliedColorU8::from_rgba(times(r), times(g), times(b), alpha)
        .unwrap_or(PremultipliedColorU8::TRANSPARENT)
}

fn of(pixel: PremultipliedColorU8) -> Oklab {
    let plain = pixel.demultiply();
    Oklab::of([plain.red(), plain.green(), plain.blue()])
}

pub(crate) fn opaque(pixel: PremultipliedColorU8) -> Option<Oklab> {
    (pixel.alpha() > 127).then(|| of(pixel))
}

pub(crate) fn average(colours: &[Oklab]) -> Option<Oklab> {
    let count = colours.len() as f32;
    let mean = |part: fn(&Oklab) -> f32| colours.iter().map(part).sum::<f32>() / count;
    (count > 0.0).then(|| Oklab { lightness: mean(|c| c.lightness), a: mean(|c| c.a), b: mean(|c| c.b) })
}

/// The most common hue, if enough of the image has it.
fn main(visible: &[Oklab]) -> Option<Main> {
    const BINS: usize = 24;
    let bin = |hue: f32| ((hue / std::f32::consts::TAU).rem_euclid(1.0) * BINS as f32) as usize % BINS;
    let mut weights = [0.0; BINS];
    let coloured = || visible.iter().filter(|colour| colour.chroma() > COLOURED);
    for colour in coloured() {
        weights[bin(colour.hue())] += colour.chroma();
    }
    let around = |at: usize| (BINS - 1..=BINS + 1).map(|by| weights[(at + by) % BINS]).sum::<f32>();
    let peak = (0..BINS).max_by(|one, other| around(*one).total_cmp(&around(*other)))?;
    let hue = (peak as f32 + 0.5) / BINS as f32 * std::f32::consts::TAU;
    let of_it: Vec<Oklab> =
        coloured().filter(|colour| hue_apart(colour.hue(), hue) < MAIN).copied().collect();
    let enough = of_it.len() as f32 >= SHARE * visible.len() as f32;
    let colour = average(&of_it)?;
    (enough && colour.chroma() > COLOURED).then_some(Main { colour })
}

/// The smallest rectangle with everything visible, plus a transparent margin that keeps edges
/// smooth when it is rotated.
fn trimmed(canvas: &Pixmap) -> Option<Pixmap> {
    let (width, height) = (canvas.width() as usize, canvas.height() as usize);
    let pixels = canvas.pixels();
    let shows = |x: usize, y: usize| pixels[y * width + x].alpha() >= VISIBLE;
    let rows: Vec<usize> = (0..height).filter(|y| (0..width).any(|x| shows(x, *y))).collect();
    let columns: Vec<usize> = (0..width).filter(|x| (0..height).any(|y| shows(*x, y))).collect();
    let (top, bottom) = (*rows.first()?, *rows.last()?);
    let (left, right) = (*columns.first()?, *columns.last()?);
    let line = right - left + 1;
    let (wide, high) = (line + 2 * EDGE, bottom - top + 1 + 2 * EDGE);
    let mut part = Pixmap::new(wide as u32, high as u32)?;
    let inner = part.pixels_mut().chunks_exact_mut(wide).skip(EDGE);
    for (row, y) in inner.zip(top..=bottom) {
        let start = y * width + left;
        row[EDGE..EDGE + line].copy_from_slice(&pixels[start..start + line]);
    }
    Some(part)
}

/// Half the width and height: each pixel is the mean of four; odd edges are repeated.
fn halved(pixels: &Pixmap) -> Option<Pixmap> {
    let (width, height) = (pixels.width() as usize, pixels.height() as usize);
    let mut half = Pixmap::new(width.div_ceil(2) as u32, height.div_ceil(2) as u32)?;
    let from = pixels.pixels();
    let line = width.div_ceil(2);
    for (at, pixel) in half.pixels_mut().iter_mut().enumerate() {
        let (x, y) = (at % line * 2, at / line * 2);
        let (x1, y1) = ((x + 1).min(width - 1), (y + 1).min(height - 1));
        let four = [from[y * width + x], from[y * width + x1], from[y1 * width + x], from[y1 * width + x1]];
        let mean = |part: fn(&PremultipliedColorU8) -> u8| {
            ((four.iter().map(|one| u32::from(part(one))).sum::<u32>() + 2) / 4) as u8
        };
        let alpha = mean(|one| one.alpha());
        let [r, g, b] = [mean(|one| one.red()), mean(|one| one.green()), mean(|one| one.blue())]
            .map(|part| part.min(alpha));
        if let Some(new) = PremultipliedColorU8::from_rgba(r, g, b, alpha) {
            *pixel = new;
        }
    }
    Some(half)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colour::Colour;

    fn icon(body: &str) -> Icon {
        Icon { body: body.into(), left: 0.0, top: 0.0, width: 32.0, height: 32.0 }
    }

    #[test]
    fn a_bitmap_is_trimmed_and_knows_its_colour() {
        let icon = icon(r##"<path fill="#dc2626" d="M8 12h16v8H8z"/>"##);
        let bitmap = Bitmap::render(&icon, 128).unwrap();
        assert_eq!((bitmap.levels[0].width(), bitmap.levels[0].height()), (68, 36));
        assert_eq!(bitmap.shape(), (1.0, 36.0 / 68.0));
        assert!(bitmap.main.unwrap().colour.distance(Oklab::of([0xdc, 0x26, 0x26])) < 0.01);
        assert_eq!(bitmap.level(30.0).unwrap().width(), 34);
        assert_eq!(bitmap.level(500.0).unwrap().width(), 68);
    }

    #[test]
    fn nothing_and_nonsense_are_no_bitmaps() {
        assert!(Bitmap::render(&icon(""), 64).is_none());
        assert!(Bitmap::render(&icon("<path d="), 64).is_none());
        assert!(Bitmap::render(&icon(r##"<path fill="#fff" d="M8 8h1v1H8z"/>"##), 64).is_none());
    }

    #[test]
    fn grey_and_two_coloured_pictures_have_no_main_colour() {
        let grey = icon(r##"<path fill="#888" d="M0 0h32v32H0z"/>"##);
        assert!(Bitmap::render(&grey, 64).unwrap().main.is_none());
        let two = icon(r##"<path fill="#f00" d="M0 0h32v16H0z"/><path fill="#00f" d="M0 16h32v16H0z"/>"##);
        assert!(Bitmap::render(&two, 64).unwrap().main.is_none());
    }

    #[test]
    fn recolouring_reaches_the_named_colour_and_leaves_the_rest() {
        let icon = icon(r##"<path fill="#dc2626" d="M0 0h32v32H0z"/><path fill="#fff" d="M0 0h8v8H0z"/>"##);
        let bitmap = Bitmap::render(&icon, 32).unwrap();
        let blue = Oklab::of(Colour::Blue.rgb());
        let turned = recoloured(&bitmap.levels[0], bitmap.main.unwrap(), blue);
        assert_eq!(turned.pixels()[5 * 36 + 5].red(), 255);
        assert!(of(turned.pixels()[20 * 36 + 20]).distance(blue) < 0.02);
    }
}
