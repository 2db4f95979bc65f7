//! Named colours, and replacing one colour with another.
//!
//! Colours are compared and replaced in Oklab (Björn Ottosson, 2020), where equal distances look
//! about equally large.

/// Red, green and blue, 0 to 255.
pub(crate) type Rgb = [u8; 3];

/// Lightness (0 to 1) and the two colour axes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Oklab {
    pub(crate) lightness: f32,
    pub(crate) a: f32,
    pub(crate) b: f32,
}

impl Oklab {
    /// From sRGB.
    pub(crate) fn of(rgb: Rgb) -> Self {
        let [r, g, b] = rgb.map(linear);
        let l = (0.412_221_47 * r + 0.536_332_54 * g + 0.051_445_99 * b).cbrt();
        let m = (0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b).cbrt();
        let s = (0.088_302_46 * r + 0.281_718_84 * g + 0.629_978_7 * b).cbrt();
        Self {
            lightness: 0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
            a: 1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
            b: 0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
        }
    }

    /// To sRGB, clipped to its range.
    pub(crate) fn rgb(self) -> Rgb {
        let l = self.lightness + 0.396_337_78 * self.a + 0.215_803_76 * self.b;
        let m = self.lightness - 0.105_561_346 * self.a - 0.063_854_17 * self.b;
        let s = self.lightness - 0.089_484_18 * self.a - 1.291_485_5 * self.b;
        let [l, m, s] = [l, m, s].map(|value| value * value * value);
        [
            4.076_741_7 * l - 3.307_711_6 * m + 0.230_969_94 * s,
            -1.268_438 * l + 2.609_757_4 * m - 0.341_319_38 * s,
            -0.004_196_086 * l - 0.703_418_6 * m + 1.707_614_7 * s,
        ]
        .map(encoded)
    }

    /// Saturation: 0 for greys, about 0.25 for pure red.
    pub(crate) fn chroma(self) -> f32 {
        self.a.hypot(self.b)
    }

    /// Angle on the colour wheel in radians, −π to π.
    pub(crate) fn hue(self) -> f32 {
        self.b.atan2(self.a)
    }

    /// The colour with this lightness, chroma and hue (radians).
    pub(crate) fn polar(lightness: f32, chroma: f32, hue: f32) -> Self {
        Self { lightness, a: chroma * hue.cos(), b: chroma * hue.sin() }
    }

    /// How different two colours look; black and white are 1 apart.
    pub(crate) fn distance(self, other: Self) -> f32 {
        (self.lightness - other.lightness).hypot((self.a - other.a).hypot(self.b - other.b))
    }
}

fn linear(value: u8) -> f32 {
    let value = f32::from(value) / 255.0;
    if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

fn encoded(value: f32) -> u8 {
    let value = value.clamp(0.0, 1.0);
    let value = if value <= 0.003_130_8 { value * 12.92 } else { 1.055 * value.powf(1.0 / 2.4) - 0.055 };
    (value * 255.0).round() as u8
}

/// The angle between two hues, 0 to π.
pub(crate) fn hue_apart(one: f32, other: f32) -> f32 {
    let turn = std::f32::consts::TAU;
    let apart = (one - other).rem_euclid(turn);
    apart.min(turn - apart)
}

/// A colour that captions name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Colour {
    White,
    Black,
    Grey,
    Red,
    Orange,
    Yellow,
    Green,
    Blue,
    Purple,
    Pink,
    Brown,
}

impl Colour {
    /// Colours that emoji can be given.
    pub(crate) const HUES: [Self; 7] =
        [Self::Red, Self::Orange, Self::Yellow, Self::Green, Self::Blue, Self::Purple, Self::Pink];

    /// Colours of backgrounds.
    pub(crate) const ALL: [Self; 11] = [
        Self::White,
        Self::Black,
        Self::Grey,
        Self::Red,
        Self::Orange,
        Self::Yellow,
        Self::Green,
        Self::Blue,
        Self::Purple,
        Self::Pink,
        Self::Brown,
    ];

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::White => "white",
            Self::Black => "black",
            Self::Grey => "grey",
            Self::Red => "red",
            Self::Orange => "orange",
            Self::Yellow => "yellow",
            Self::Green => "green",
            Self::Blue => "blue",
            Self::Purple => "purple",
            Self::Pink => "pink",
            Self::Brown => "brown",
        }
    }

    /// A colour that everybody would call by that name.
    pub(crate) fn rgb(self) -> Rgb {
        match self {
            Self::White => [255, 255, 255],
            Self::Black => [12, 12, 14],
            Self::Grey => [140, 140, 144],
            Self::Red => [220, 38, 38],
            Self::Orange => [250, 135, 25],
            Self::Yellow => [250, 215, 45],
            Self::Green => [50, 165, 65],
            Self::Blue => [45, 105, 225],
            Self::Purple => [135, 65, 190],
            Self::Pink => [250, 130, 185],
            Self::Brown => [125, 75, 45],
        }
    }

    /// Whether people might confuse the two names.
    pub(crate) fn near(self, other: Self) -> bool {
        const NEAR: [(Colour, Colour); 9] = [
            (Colour::Red, Colour::Orange),
            (Colour::Red, Colour::Pink),
            (Colour::Red, Colour::Brown),
            (Colour::Orange, Colour::Yellow),
            (Colour::Orange, Colour::Brown),
            (Colour::Purple, Colour::Pink),
            (Colour::Purple, Colour::Blue),
            (Colour::Grey, Colour::White),
            (Colour::Grey, Colour::Black),
        ];
        self == other || NEAR.contains(&(self, other)) || NEAR.contains(&(other, self))
    }

    /// Whether a name contains a colour.
    pub(crate) fn said_in(name: &str) -> bool {
        name.split([' ', '-']).any(|word| Self::ALL.iter().any(|colour| colour.name() == word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oklab_of_the_primaries() {
        // Ottosson's published values for sRGB's primaries.
        let cases = [
            ([255, 255, 255], [1.0, 0.0, 0.0]),
            ([255, 0, 0], [0.627_955, 0.224_863, 0.125_846]),
            ([0, 255, 0], [0.866_440, -0.233_888, 0.179_498]),
            ([0, 0, 255], [0.452_014, -0.032_457, -0.311_528]),
        ];
        for (rgb, [lightness, a, b]) in cases {
            let found = Oklab::of(rgb);
            assert!(found.distance(Oklab { lightness, a, b }) < 1e-3, "{rgb:?} {found:?}");
        }
    }

    #[test]
    fn oklab_and_back() {
        for rgb in [[0, 0, 0], [255, 255, 255], [12, 200, 77], [255, 1, 128], [90, 90, 91]] {
            let back = Oklab::of(rgb).rgb();
            assert!(rgb.iter().zip(back).all(|(one, other)| one.abs_diff(other) < 2), "{rgb:?} {back:?}");
        }
    }

    #[test]
    fn hues_wrap_around() {
        assert!((hue_apart(3.0, -3.0) - (std::f32::consts::TAU - 6.0)).abs() < 1e-5);
        assert!((hue_apart(0.5, 0.25) - 0.25).abs() < 1e-6);
    }

    #[test]
    fn colours_that_are_not_near_look_different() {
        for one in Colour::ALL {
            for other in Colour::ALL.into_iter().filter(|other| !one.near(*other)) {
                let apart = Oklab::of(one.rgb()).distance(Oklab::of(other.rgb()));
                assert!(apart > 0.15, "{} {} {apart}", one.name(), other.name());
            }
        }
        assert!(Colour::said_in("red apple") && !Colour::said_in("bored cat"));
    }
}
