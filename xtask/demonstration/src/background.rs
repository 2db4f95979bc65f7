//! Backgrounds.

use crate::{
    colour::{Colour, Oklab, Rgb},
    random::Random,
};

/// A background. Lengths are fractions of the image's side.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Background {
    Plain(Rgb),
    /// A gradient between two colours along an angle (radians).
    Gradient {
        from: Rgb,
        to: Rgb,
        angle: f32,
    },
    /// Two colours in soft clouds.
    Clouds {
        from: Rgb,
        to: Rgb,
        cells: u32,
        seed: u64,
    },
    /// Stripes of two colours, each `width` wide, across an angle (radians).
    Stripes {
        from: Rgb,
        to: Rgb,
        width: f32,
        angle: f32,
    },
    Checks {
        from: Rgb,
        to: Rgb,
        width: f32,
    },
}

impl Background {
    /// A random background, of the given colour if any, against which emoji of these mean colours
    /// stand out.
    pub(crate) fn choose(said: Option<Colour>, before: &[Oklab], random: &mut Random) -> Self {
        if let Some(colour) = said {
            let from = shade(colour, 0.03, random);
            // Most of it has to have the colour in the caption.
            return match random.below(4) {
                0 => Self::Gradient { from, to: shade(colour, 0.06, random), angle: angle(random) },
                _ => Self::Plain(from),
            };
        }
        let mut any = |spread: f32| {
            let mut best = ([255; 3], 0.0);
            for _ in 0..6 {
                let colour = Colour::ALL[random.below(Colour::ALL.len())];
                let rgb = mixed(shade(colour, spread, random), random.between(0.0, 0.6));
                let apart = contrast(rgb, before);
                if apart > 0.28 {
                    return rgb;
                }
                if apart > best.1 {
                    best = (rgb, apart);
                }
            }
            best.0
        };
        let (from, other) = (any(0.08), any(0.08));
        // Half of the time, the second colour of a pattern is close to the first.
        let to = if random.chance(0.5) { other } else { between(from, other, 0.35) };
        match random.weighted([(34.0, 0), (26.0, 1), (14.0, 2), (12.0, 3), (8.0, 4), (6.0, 5)]) {
            0 => Self::white(before),
            1 => Self::Plain(from),
            2 => Self::Gradient { from, to, angle: angle(random) },
            3 => {
                let (cells, seed) = (2 + random.below(5) as u32, random.bits());
                Self::Clouds { from, to: between(from, to, 0.6), cells, seed }
            }
            4 => Self::Stripes { from, to, width: random.between(0.06, 0.2), angle: angle(random) },
            _ => Self::Checks { from, to, width: random.between(0.08, 0.25) },
        }
    }

    /// White, or pale blue if emoji of these mean colours would hardly be visible on white.
    pub(crate) fn white(before: &[Oklab]) -> Self {
        let white = [255; 3];
        Self::Plain(if contrast(white, before) < 0.14 { [150, 185, 225] } else { white })
    }

    /// The colour at a position (0 to 1, from the left and the top).
    pub(crate) fn at(&self, x: f32, y: f32) -> Rgb {
        match *self {
            Self::Plain(rgb) => rgb,
            Self::Gradient { from, to, angle } => {
                let along = (x - 0.5) * angle.cos() + (y - 0.5) * angle.sin();
                between(from, to, (along / std::f32::consts::SQRT_2 + 0.5).clamp(0.0, 1.0))
            }
            Self::Clouds { from, to, cells, seed } => between(from, to, cloud(x, y, cells, seed)),
            Self::Stripes { from, to, width, angle } => {
                let across = x * angle.cos() + y * angle.sin();
                if (across / width).floor().rem_euclid(2.0) < 1.0 { from } else { to }
            }
            Self::Checks { from, to, width } => {
                if ((x / width).floor() + (y / width).floor()).rem_euclid(2.0) < 1.0 { from } else { to }
            }
        }
    }
}

fn angle(random: &mut Random) -> f32 {
    random.between(0.0, std::f32::consts::TAU)
}

/// A shade that still has the same name.
fn shade(colour: Colour, spread: f32, random: &mut Random) -> Rgb {
    let lab = Oklab::of(colour.rgb());
    let lighter = random.between(-spread, spread);
    let turned = lab.hue() + random.between(-spread, spread);
    let chroma = lab.chroma() * random.between(1.0 - 2.0 * spread, 1.0 + spread);
    // White and black can only go one way.
    let lightness =
        if colour == Colour::White { lab.lightness - lighter.abs() / 4.0 } else { lab.lightness + lighter };
    Oklab::polar(lightness.clamp(0.0, 1.0), chroma, turned).rgb()
}

/// A paler shade.
fn mixed(rgb: Rgb, white: f32) -> Rgb {
    between(rgb, [255; 3], white)
}

fn between(from: Rgb, to: Rgb, part: f32) -> Rgb {
    let one = |at: usize| (f32::from(from[at]) * (1.0 - part) + f32::from(to[at]) * part).round() as u8;
    [one(0), one(1), one(2)]
}

/// Distance from the nearest of these colours; 1 if there are none.
pub(crate) fn contrast(rgb: Rgb, before: &[Oklab]) -> f32 {
    let lab = Oklab::of(rgb);
    before.iter().map(|colour| colour.distance(lab)).fold(1.0, f32::min)
}

/// Smooth noise, 0 to 1: random values at the corners of a grid, interpolated.
pub(crate) fn cloud(x: f32, y: f32, cells: u32, seed: u64) -> f32 {
    let (x, y) = (x * cells as f32, y * cells as f32);
    let (left, top) = (x.floor(), y.floor());
    let corner = |dx: u32, dy: u32| {
        let mut hash = seed ^ u64::from(left as u32 + dx).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        hash = (hash ^ u64::from(top as u32 + dy)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        hash = (hash ^ (hash >> 29)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (hash >> 40) as f32 / (1 << 24) as f32
    };
    let smooth = |part: f32| part * part * (3.0 - 2.0 * part);
    let (across, down) = (smooth(x - left), smooth(y - top));
    let above = corner(0, 0) * (1.0 - across) + corner(1, 0) * across;
    let below = corner(0, 1) * (1.0 - across) + corner(1, 1) * across;
    above * (1.0 - down) + below * down
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_what_is_shown() {
        for (index, colour) in (0..).zip(Colour::ALL) {
            for repeat in 0..20 {
                let mut random = Random::new(5, "background", index * 20 + repeat);
                let background = Background::choose(Some(colour), &[], &mut random);
                let shown = Oklab::of(background.at(0.3, 0.7));
                let apart = |colour: &Colour| shown.distance(Oklab::of(colour.rgb()));
                let nearest =
                    Colour::ALL.into_iter().min_by(|one, other| apart(one).total_cmp(&apart(other)));
                assert_eq!(nearest, Some(colour));
            }
        }
    }

    #[test]
    fn white_emoji_do_not_stand_on_white() {
        assert_ne!(Background::white(&[Oklab::of([250, 250, 250])]), Background::Plain([255; 3]));
        assert_eq!(Background::white(&[Oklab::of([200, 0, 0])]), Background::Plain([255; 3]));
    }

    #[test]
    fn patterns_have_both_colours() {
        let (from, to) = ([0; 3], [255; 3]);
        for background in [
            Background::Gradient { from, to, angle: 0.0 },
            Background::Clouds { from, to, cells: 5, seed: 1 },
            Background::Stripes { from, to, width: 0.1, angle: 0.4 },
            Background::Checks { from, to, width: 0.1 },
        ] {
            let all: Vec<u8> = (0..400)
                .map(|at| background.at((at % 20) as f32 / 20.0, (at / 20) as f32 / 20.0)[0])
                .collect();
            assert!(
                all.iter().any(|value| *value < 90) && all.iter().any(|value| *value > 165),
                "{background:?}"
            );
        }
    }
}
