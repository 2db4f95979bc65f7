//! Values of a column as what the schema has there, whatever the file stores them as.

use parquet::data_type::{
    AsBytes as _, BoolType, ByteArray, ByteArrayType, DoubleType, FixedLenByteArray, FixedLenByteArrayType,
    FloatType, Int32Type, Int64Type, Int96, Int96Type,
};

use super::{
    DatasetError,
    group::{GroupDecoder, Take},
    schema::{Form, Leaf},
};
use parquet::file::reader::ChunkReader;

/// A number as the file has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Whole(i128),
    Real(f64),
}

/// Nanoseconds of a day, and the number of 1 January 1970 among Julian days.
const DAY: i128 = 86_400_000_000_000;
const JULIAN_1970: i128 = 2_440_588;

impl Number {
    pub(super) fn real(self) -> f64 {
        match self {
            Self::Whole(value) => value as f64,
            Self::Real(value) => value,
        }
    }

    /// The number where it is whole and has 64 bits.
    pub(super) fn whole(self) -> Option<i64> {
        match self {
            Self::Whole(value) => i64::try_from(value).ok(),
            // pandas makes reals of a column of whole numbers and nothing.
            Self::Real(value) if value.fract() == 0.0 && value.abs() < 9e18 => Some(value as i64),
            Self::Real(_) => None,
        }
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(value) => value.fmt(out),
            Self::Real(value) => value.fmt(out),
        }
    }
}

impl<R: ChunkReader + 'static> GroupDecoder<'_, R> {
    pub(super) fn bools(&mut self, name: &'static str, default: bool) -> Result<Vec<bool>, DatasetError> {
        let mut found = vec![default; self.rows];
        let Some(leaf) = self.reader.layout.leaf(name) else { return Ok(found) };
        self.numbers(name, leaf, &mut |decoder, at, value| {
            let Some(value) = value else { return Ok(()) };
            let wrong = || decoder.place(at).wrong(name, value.to_string(), "true or false");
            found[at] = value.whole().filter(|value| (0..=1).contains(value)).ok_or_else(wrong)? == 1;
            Ok(())
        })?;
        Ok(found)
    }

    /// Whole numbers; `default` where a row has none.
    pub(super) fn integers(
        &mut self,
        name: &'static str,
        default: Option<i64>,
    ) -> Result<Vec<i64>, DatasetError> {
        let mut found = vec![default.unwrap_or_default(); self.rows];
        let Some(leaf) = self.reader.layout.leaf(name) else { return Ok(found) };
        self.numbers(name, leaf, &mut |decoder, at, value| {
            let wrong = |found| decoder.place(at).wrong(name, found, "a whole number of 64 bits");
            found[at] = match value {
                Some(value) => value.whole().ok_or_else(|| wrong(value.to_string()))?,
                None => default.ok_or_else(|| wrong("nothing".into()))?,
            };
            Ok(())
        })?;
        Ok(found)
    }

    pub(super) fn reals(&mut self, name: &'static str) -> Result<Vec<Option<f64>>, DatasetError> {
        let mut found = vec![None; self.rows];
        let Some(leaf) = self.reader.layout.leaf(name) else { return Ok(found) };
        self.numbers(name, leaf, &mut |_, at, value| {
            found[at] = value.map(Number::real);
            Ok(())
        })?;
        Ok(found)
    }

    /// Nanoseconds since 1970; 0 where there is none.
    pub(super) fn times(&mut self, name: &'static str) -> Result<Vec<i64>, DatasetError> {
        let mut found = vec![0; self.rows];
        let Some(leaf) = self.reader.layout.leaf(name) else { return Ok(found) };
        let mut take = |decoder: &mut Self, at: usize, time: Option<i128>| {
            let Some(time) = time else { return Ok(()) };
            let wrong = || decoder.place(at).wrong(name, format!("{time} ns"), "a time from 1678 to 2262");
            found[at] = i64::try_from(time).map_err(|_| wrong())?;
            Ok(())
        };
        match leaf.form {
            Form::Time { unit } => self.column::<Int64Type>(name, leaf, &mut |decoder, at, value| {
                take(decoder, at, value.map(|time| i128::from(time) * i128::from(unit)))
            })?,
            Form::Date => self.column::<Int32Type>(name, leaf, &mut |decoder, at, value| {
                take(decoder, at, value.map(|days| i128::from(days) * DAY))
            })?,
            _ => self.column::<Int96Type>(name, leaf, &mut |decoder, at, value| {
                take(decoder, at, value.map(|time| julian(&time)))
            })?,
        }
        Ok(found)
    }

    /// A column's numbers; NaN is what pandas has for nothing.
    fn numbers(
        &mut self,
        name: &'static str,
        leaf: Leaf,
        take: &mut Take<'_, Self, Number>,
    ) -> Result<(), DatasetError> {
        use Number::{Real, Whole};
        let real = |value: f64| Some(value).filter(|value| !value.is_nan()).map(Real);
        match leaf.form {
            Form::Bool => self.column::<BoolType>(name, leaf, &mut |decoder, at, value| {
                take(decoder, at, value.map(|value| Whole(value.into())))
            }),
            Form::Int32 { signed } => self.column::<Int32Type>(name, leaf, &mut |decoder, at, value| {
                let whole = |value: i32| if signed { value.into() } else { i128::from(value as u32) };
                take(decoder, at, value.map(|value| Whole(whole(value))))
            }),
            Form::Int64 { signed } => self.column::<Int64Type>(name, leaf, &mut |decoder, at, value| {
                let whole = |value: i64| if signed { value.into() } else { i128::from(value as u64) };
                take(decoder, at, value.map(|value| Whole(whole(value))))
            }),
            Form::Float => self.column::<FloatType>(name, leaf, &mut |decoder, at, value| {
                take(decoder, at, value.and_then(|value| real(value.into())))
            }),
            Form::Double => self.column::<DoubleType>(name, leaf, &mut |decoder, at, value| {
                take(decoder, at, value.and_then(real))
            }),
            Form::Decimal32 { scale } => self.column::<Int32Type>(name, leaf, &mut |decoder, at, value| {
                take(decoder, at, value.map(|value| decimal(value.into(), scale)))
            }),
            Form::Decimal64 { scale } => self.column::<Int64Type>(name, leaf, &mut |decoder, at, value| {
                take(decoder, at, value.map(|value| decimal(value.into(), scale)))
            }),
            Form::DecimalBytes { scale } => {
                self.column::<FixedLenByteArrayType>(name, leaf, &mut |decoder, at, value| {
                    let value =
                        value.map(|value: FixedLenByteArray| decimal(big_endian(value.as_bytes()), scale));
                    take(decoder, at, value)
                })
            }
            Form::Half => self.column::<FixedLenByteArrayType>(name, leaf, &mut |decoder, at, value| {
                let bits = value.and_then(|value: FixedLenByteArray| value.as_bytes().first_chunk().copied());
                take(decoder, at, bits.and_then(|bits| real(half(u16::from_le_bytes(bits)))))
            }),
            Form::Int96 | Form::Time { .. } | Form::Date | Form::Bytes | Form::Uuid => Ok(()),
        }
    }

    pub(super) fn texts(
        &mut self,
        name: &'static str,
        needed: bool,
        take: &mut dyn FnMut(usize, String),
    ) -> Result<(), DatasetError> {
        let Some(leaf) = self.reader.layout.leaf(name) else { return Ok(()) };
        if leaf.form == Form::Uuid {
            return self.column::<FixedLenByteArrayType>(name, leaf, &mut |_, at, value| {
                if let Some(value) = value {
                    take(at, hyphened(value.as_bytes()));
                }
                Ok(())
            });
        }
        self.column::<ByteArrayType>(name, leaf, &mut |decoder, at, value| {
            let Some(value) = value else {
                let missing = || decoder.place(at).wrong(name, "nothing".into(), "a text");
                return (!needed).then_some(()).ok_or_else(missing);
            };
            decoder.place(at).text(name, value.len())?;
            decoder.spend(value.len())?;
            let text = std::str::from_utf8(value.data());
            let text = text.map_err(|_| decoder.place(at).wrong(name, "bytes".into(), "text in UTF-8"))?;
            take(at, text.to_owned());
            Ok(())
        })
    }

    pub(super) fn images(
        &mut self,
        name: &'static str,
        take: &mut dyn FnMut(usize, Vec<u8>),
    ) -> Result<(), DatasetError> {
        let Some(leaf) = self.reader.layout.leaf(name) else { return Ok(()) };
        let (found, expected) = match leaf.in_struct {
            true => ("nothing in `bytes`", "an encoded image there: a path alone is not followed"),
            false => ("nothing", "an encoded image"),
        };
        self.column::<ByteArrayType>(name, leaf, &mut |decoder, at, value: Option<ByteArray>| {
            let missing = || decoder.place(at).wrong(name, found.into(), expected);
            let value = value.filter(|value| !value.is_empty()).ok_or_else(missing)?;
            decoder.place(at).image(name, value.len())?;
            decoder.spend(value.len())?;
            take(at, value.data().to_vec());
            Ok(())
        })
    }
}

fn decimal(unscaled: i128, scale: u32) -> Number {
    if scale == 0 {
        Number::Whole(unscaled)
    } else {
        Number::Real(unscaled as f64 / 10_f64.powi(scale as i32))
    }
}

/// A number with sign of up to 16 bytes, the highest first.
fn big_endian(bytes: &[u8]) -> i128 {
    let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    let start = if negative { -1_i128 } else { 0 };
    bytes.iter().fold(start, |value, &byte| value.wrapping_shl(8) | i128::from(byte))
}

/// A real of 16 bits: sign, five bits of exponent, ten of fraction.
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff) / 1024.0);
    let size = match exponent {
        0 => fraction * 2_f64.powi(-14),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + fraction) * 2_f64.powi(exponent - 15),
    };
    if bits & 0x8000 == 0 { size } else { -size }
}

/// Nanoseconds since 1970 of a time in 96 bits.
fn julian(time: &Int96) -> i128 {
    let [low, high, day] = [0, 1, 2].map(|at: usize| time.data().get(at).copied().unwrap_or_default());
    let nanoseconds = u64::from(high) << 32 | u64::from(low);
    (i128::from(day) - JULIAN_1970) * DAY + i128::from(nanoseconds)
}

/// A UUID as it is written.
fn hyphened(bytes: &[u8]) -> String {
    let hexadecimal = pickscore_common::hexadecimal::hexadecimal(bytes);
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| hexadecimal.get(part).unwrap_or_default());
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_what_they_say() {
        assert_eq!(big_endian(&[0xff]), -1);
        assert_eq!(big_endian(&[0x01, 0x00]), 256);
        assert_eq!(decimal(5, 1), Number::Real(0.5));
        assert_eq!([0x3c00, 0x3800, 0x8000, 0xc000].map(half), [1.0, 0.5, -0.0, -2.0]);
        assert!(half(0x7e00).is_nan());
        assert_eq!(Number::Real(3.0).whole(), Some(3));
        assert_eq!(Number::Real(3.5).whole(), None);
        assert_eq!(Number::Whole(i128::from(u64::MAX)).whole(), None);
        assert_eq!(hyphened(&[0x12; 16]), "12121212-1212-1212-1212-121212121212");
    }
}
