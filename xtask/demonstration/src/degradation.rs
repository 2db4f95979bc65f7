//! Degradations of an image that a person sees at 64 pixels.

use crate::{
    colour::Rgb,
    fault::Fault,
    gallery::Gallery,
    picture::Picture,
    random::Random,
    scene::{Scene, View},
};

/// A degradation. Lengths are fractions of the image's side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Degradation {
    /// Gaussian blur with this standard deviation.
    Blur(f32),
    /// Noise with this standard deviation, in levels of 255.
    Noise {
        deviation: f32,
        seed: u64,
    },
    /// JPEG of this quality, after halving the size.
    Jpeg(u8),
    /// A crop, or stretching.
    Crop(View),
    Stretch(View),
    Colour(Wrong),
}

/// How colours are changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Wrong {
    Inverted,
    /// Red, green and blue are rotated.
    Rotated,
    /// Mostly one colour.
    Tinted(Rgb),
    /// Nearly black.
    Dark,
    /// Nearly white.
    Faded,
}

/// Their names, in the order of [`Degradation::choose`].
pub(crate) const NAMES: [&str; 6] = ["blur", "noise", "jpeg", "crop", "colour", "stretch"];

impl Degradation {
    /// The degradation with this name, at random strength.
    pub(crate) fn choose(name: &str, scene: &Scene, random: &mut Random) -> Self {
        match name {
            "blur" => Self::Blur(random.between(0.05, 0.085)),
            "noise" => Self::Noise { deviation: random.between(75.0, 120.0), seed: random.bits() },
            "jpeg" => Self::Jpeg(2 + random.below(4) as u8),
            "crop" => Self::Crop(scene.cropped(random)),
            "stretch" => {
                let thin = random.between(0.28, 0.42);
                let stretch = if random.chance(0.5) { (thin, 1.0) } else { (1.0, thin) };
                Self::Stretch(View { stretch, ..View::WHOLE })
            }
            _ => {
                let tint: Rgb = random.weighted([
                    (1.0, [255, 0, 200]),
                    (1.0, [0, 255, 60]),
                    (1.0, [0, 70, 255]),
                    (1.0, [255, 120, 0]),
                ]);
                Self::Colour(random.weighted([
                    (4.0, Wrong::Inverted),
                    (3.0, Wrong::Rotated),
                    (3.0, Wrong::Tinted(tint)),
                    (2.0, Wrong::Dark),
                    (2.0, Wrong::Faded),
                ]))
            }
        }
    }

    /// Its name in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Blur(_) => NAMES[0],
            Self::Noise { .. } => NAMES[1],
            Self::Jpeg(_) => NAMES[2],
            Self::Crop(_) => NAMES[3],
            Self::Colour(_) => NAMES[4],
            Self::Stretch(_) => NAMES[5],
        }
    }

    /// The degraded scene as a file; `None` if it cannot be drawn at this size.
    ///
    /// # Errors
    ///
    /// If it cannot be encoded.
    pub(crate) fn encode(
        self,
        scene: &Scene,
        gallery: &Gallery,
        side: u32,
    ) -> Result<Option<Vec<u8>>, Fault> {
        let (drawn, view) = match self {
            Self::Crop(view) | Self::Stretch(view) => (side, view),
            Self::Jpeg(_) => (side / 2, View::WHOLE),
            _ => (side, View::WHOLE),
        };
        let Some(picture) = scene.draw(gallery, drawn, view) else { return Ok(None) };
        let bytes = match self {
            Self::Crop(_) | Self::Stretch(_) => picture.png(),
            Self::Blur(deviation) => blurred(&picture, deviation * side as f32).png(),
            Self::Noise { deviation, seed } => noisy(picture, deviation, seed).png(),
            Self::Colour(wrong) => wrong.applied(picture).png(),
            // Blocks of eight pixels at half size become blocks of sixteen.
            Self::Jpeg(quality) => {
                let small = picture.jpeg(quality)?;
                match decoded(&small, drawn) {
                    Some(small) => doubled(&small, side).png(),
                    None => Ok(small),
                }
            }
        };
        bytes.map(Some)
    }
}

impl Wrong {
    fn applied(self, mut picture: Picture) -> Picture {
        for pixel in picture.rgb.as_chunks_mut::<3>().0 {
            let [r, g, b] = *pixel;
            *pixel = match self {
                Self::Inverted => [255 - r, 255 - g, 255 - b],
                Self::Rotated => {
                    // Rotation would leave greys unchanged, so they are tinted as well.
                    let turned = [g, b, r];
                    if r.abs_diff(g).max(g.abs_diff(b)) < 24 {
                        mixed(turned, [160, 60, 220], 0.45)
                    } else {
                        turned
                    }
                }
                Self::Tinted(tint) => mixed(pixel.map(|_| grey([r, g, b])), tint, 0.55),
                Self::Dark => pixel.map(|part| (f32::from(part) * 0.16) as u8),
                Self::Faded => mixed(pixel.map(|part| (f32::from(part) * 0.3) as u8 + 178), [255; 3], 0.45),
            };
        }
        picture
    }
}

fn grey([r, g, b]: Rgb) -> u8 {
    ((u32::from(r) * 77 + u32::from(g) * 150 + u32::from(b) * 29) >> 8) as u8
}

fn mixed(from: Rgb, to: Rgb, part: f32) -> Rgb {
    let one = |at: usize| (f32::from(from[at]) * (1.0 - part) + f32::from(to[at]) * part) as u8;
    [one(0), one(1), one(2)]
}

/// A Gaussian blur, approximated by three box blurs with the same total variance.
fn blurred(picture: &Picture, deviation: f32) -> Picture {
    // A box of 2r + 1 pixels has the variance (r² + r) / 3.
    let radius = ((0.25 + deviation * deviation).sqrt() - 0.5).round().max(1.0) as usize;
    let side = picture.side as usize;
    let mut rgb = picture.rgb.clone();
    for _ in 0..3 {
        rgb = boxed(&rgb, side, radius, 3, side * 3);
        rgb = boxed(&rgb, side, radius, side * 3, 3);
    }
    Picture { side: picture.side, rgb }
}

/// Replaces each pixel by the mean of those up to `radius` before and after it in a line; edges are
/// repeated. `step` leads to the next pixel, `line` to the next line.
fn boxed(rgb: &[u8], side: usize, radius: usize, step: usize, line: usize) -> Vec<u8> {
    let mut out = vec![0; rgb.len()];
    let width = (2 * radius + 1) as u32;
    for start in (0..side).flat_map(|at| (0..3).map(move |channel| at * line + channel)) {
        let value = |at: isize| u32::from(rgb[start + at.clamp(0, side as isize - 1) as usize * step]);
        let reach = radius as isize;
        let mut sum: u32 = (-reach..=reach).map(value).sum();
        for at in 0..side as isize {
            out[start + at as usize * step] = ((sum + width / 2) / width) as u8;
            sum = sum + value(at + reach + 1) - value(at - reach);
        }
    }
    out
}

fn noisy(mut picture: Picture, deviation: f32, seed: u64) -> Picture {
    let mut random = Random::new(seed, "noise", 0);
    for value in &mut picture.rgb {
        *value = (f32::from(*value) + deviation * random.normal()).clamp(0.0, 255.0) as u8;
    }
    picture
}

fn decoded(jpeg: &[u8], side: u32) -> Option<Picture> {
    let rgb = image::load_from_memory_with_format(jpeg, image::ImageFormat::Jpeg).ok()?.into_rgb8();
    (rgb.dimensions() == (side, side)).then(|| Picture { side, rgb: rgb.into_raw() })
}

/// Doubles the size; each pixel is repeated four times.
fn doubled(picture: &Picture, side: u32) -> Picture {
    let pixels = picture.rgb.as_chunks::<3>().0;
    let last = picture.side.saturating_sub(1);
    let from =
        |at: u32| pixels[((at / side / 2).min(last) * picture.side + (at % side / 2).min(last)) as usize];
    Picture { side, rgb: (0..side * side).flat_map(from).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(side: u32, of: impl Fn(u32, u32) -> Rgb) -> Picture {
        Picture { side, rgb: (0..side * side).flat_map(|at| of(at % side, at / side)).collect() }
    }

    #[test]
    fn blurring_is_a_gaussian() {
        let dot = picture(65, |x, y| if (x, y) == (32, 32) { [255; 3] } else { [0; 3] });
        // A bar of nine columns keeps enough levels to compare: exp(−d² / 2σ²) / (σ √2π) · 255 · 9.
        let bar = picture(65, |x, _| if x.abs_diff(32) <= 4 { [255; 3] } else { [0; 3] });
        // Three boxes of seven pixels have this standard deviation.
        let deviation = 12f64.sqrt();
        let blurred_bar = blurred(&bar, deviation as f32);
        for x in 16..49u32 {
            let gauss = |d: f64| {
                (-d * d / (2.0 * deviation * deviation)).exp() / (deviation * std::f64::consts::TAU.sqrt())
            };
            let expected: f64 = (28..=36).map(|from| 255.0 * gauss(f64::from(x) - f64::from(from))).sum();
            let found = f64::from(blurred_bar.rgb[(32 * 65 + x as usize) * 3]);
            assert!((found - expected).abs() < 4.0, "{x}: {found} {expected}");
        }
        assert!(blurred(&dot, 4.0).rgb.iter().all(|value| *value < 8));
    }

    #[test]
    fn noise_has_its_deviation() {
        let noisy = noisy(picture(64, |_, _| [128; 3]), 30.0, 7);
        let variance: f64 = noisy.rgb.iter().map(|value| (f64::from(*value) - 127.5).powi(2)).sum::<f64>()
            / noisy.rgb.len() as f64;
        assert!((variance.sqrt() - 30.0).abs() < 1.0, "{}", variance.sqrt());
    }

    #[test]
    fn wrong_colours_are_far_from_the_right_ones() {
        let grey = picture(32, |x, _| [x as u8 * 8; 3]);
        let apple = picture(32, |x, y| {
            if x.abs_diff(16).pow(2) + y.abs_diff(16).pow(2) < 150 { [220, 38, 38] } else { [255; 3] }
        });
        for wrong in [Wrong::Inverted, Wrong::Rotated, Wrong::Tinted([0, 255, 60]), Wrong::Dark, Wrong::Faded]
        {
            for right in [&grey, &apple] {
                let difference = wrong.applied(right.clone()).difference(right);
                assert!(difference > 25.0, "{wrong:?} {difference}");
            }
        }
    }
}
