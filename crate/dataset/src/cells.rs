//! Converts the stored values of a column to the type in the schema.

use parquet::data_type::{
    AsBytes as _, BoolType, ByteArray, ByteArrayType, DoubleType, FixedLenByteArrayType, FloatType,
    Int32Type, Int64Type, Int96, Int96Type,
};

use parquet::file::reader::ChunkReader;

use crate::{
    columns::{Cell, Column, Draft, Presence},
    decoder::{GroupDecoder, Take},
    error::DatasetError,
    schema::{Form, Leaf},
};

/// A number as stored in the file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Whole(i128),
    Real(f64),
}

/// Nanoseconds in a day.
const DAY: i128 = 86_400_000_000_000;
/// The Julian day of 1 January 1970.
const JULIAN_1970: i128 = 2_440_588;

impl Number {
    pub(super) fn real(self) -> f64 {
        match self {
            Self::Whole(value) => value as f64,
            Self::Real(value) => value,
        }
    }

    /// The number as an integer; `None` if it is not whole or does not fit.
    pub(super) fn whole(self) -> Option<i64> {
        match self {
            Self::Whole(value) => i64::try_from(value).ok(),
            // pandas stores integers with nulls as floats.
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
    /// Reads a column, if the file has it, into the drafts.
    pub(super) fn read(&mut self, column: &'static Column, drafts: &mut [Draft]) -> Result<(), DatasetError> {
        let name = column.name;
        let Some(leaf) = self.file.layout.leaf(name) else { return Ok(()) };
        match column.cell {
            Cell::Bool(_, set) => self.numbers(name, leaf, &mut |decoder, at, value| {
                let Some(value) = value else { return Ok(()) };
                let wrong = || decoder.place(at).wrong(name, value.to_string(), "true or false");
                let whole = value.whole().filter(|value| (0..=1).contains(value)).ok_or_else(wrong)?;
                set(&mut drafts[at], whole == 1);
                Ok(())
            }),
            Cell::Integer(_, set) => self.numbers(name, leaf, &mut |decoder, at, value| {
                let wrong = |found| decoder.place(at).wrong(name, found, "a whole number of 64 bits");
                match value {
                    Some(value) => {
                        set(&mut drafts[at], value.whole().ok_or_else(|| wrong(value.to_string()))?)
                    }
                    None if column.presence == Presence::Optional => {}
                    None => return Err(wrong("nothing".into())),
                }
                Ok(())
            }),
            Cell::Real(_, set) => self.numbers(name, leaf, &mut |_, at, value| {
                if let Some(value) = value {
                    set(&mut drafts[at], value.real());
                }
                Ok(())
            }),
            Cell::Time(_, set) => self.times(name, leaf, &mut |at, time| set(&mut drafts[at], time)),
            Cell::Text(_, set) => self.texts(column, leaf, &mut |at, text| set(&mut drafts[at], text)),
            Cell::Image(side) => {
                self.images(name, leaf, &mut |at, bytes| drafts[at].row.images[side].bytes = bytes)
            }
        }
    }

    /// Reads times as nanoseconds since 1970.
    fn times(
        &mut self,
        name: &'static str,
        leaf: Leaf,
        take: &mut dyn FnMut(usize, i64),
    ) -> Result<(), DatasetError> {
        let mut take = |decoder: &mut Self, at: usize, time: Option<i128>| {
            let Some(time) = time else { return Ok(()) };
            let wrong = || decoder.place(at).wrong(name, format!("{time} ns"), "a time from 1678 to 2262");
            take(at, i64::try_from(time).map_err(|_| wrong())?);
            Ok(())
        };
        macro_rules! read {
            ($type:ty, $time:expr) => {
                self.column::<$type>(name, leaf, &mut |decoder, at, value| {
                    take(decoder, at, value.map($time))
                })
            };
        }
        match leaf.form {
            Form::Time { unit } => read!(Int64Type, |time| i128::from(time) * i128::from(unit)),
            Form::Date => read!(Int32Type, |days| i128::from(days) * DAY),
            _ => read!(Int96Type, |time| julian(&time)),
        }
    }

    /// Reads numbers. NaN is null, as in pandas.
    fn numbers(
        &mut self,
        name: &'static str,
        leaf: Leaf,
        take: &mut Take<'_, Self, Number>,
    ) -> Result<(), DatasetError> {
        use Number::{Real, Whole};
        let real = |value: f64| Some(value).filter(|value| !value.is_nan()).map(Real);
        macro_rules! read {
            ($type:ty, $number:expr) => {
                self.column::<$type>(name, leaf, &mut |decoder, at, value| {
                    take(decoder, at, value.and_then($number))
                })
            };
        }
        match leaf.form {
            Form::Bool => read!(BoolType, |value| Some(Whole(value.into()))),
            Form::Int32 { signed: true } => read!(Int32Type, |value| Some(Whole(value.into()))),
            Form::Int32 { signed: false } => read!(Int32Type, |value| Some(Whole((value as u32).into()))),
            Form::Int64 { signed: true } => read!(Int64Type, |value| Some(Whole(value.into()))),
            Form::Int64 { signed: false } => read!(Int64Type, |value| Some(Whole((value as u64).into()))),
            Form::Float => read!(FloatType, |value| real(value.into())),
            Form::Double => read!(DoubleType, real),
            Form::Decimal32 { scale } => read!(Int32Type, |value| Some(decimal(value.into(), scale))),
            Form::Decimal64 { scale } => read!(Int64Type, |value| Some(decimal(value.into(), scale))),
            Form::DecimalBytes { scale } => {
                read!(FixedLenByteArrayType, |value| Some(decimal(big_endian(value.as_bytes()), scale)))
            }
            Form::Half => read!(FixedLenByteArrayType, |value| {
                let bits = value.as_bytes().first_chunk().copied();
                bits.and_then(|bits| real(half(u16::from_le_bytes(bits))))
            }),
            Form::Int96 | Form::Time { .. } | Form::Date | Form::Bytes | Form::Uuid => Ok(()),
        }
    }

    pub(super) fn texts(
        &mut self,
        column: &'static Column,
        leaf: Leaf,
        take: &mut dyn FnMut(usize, String),
    ) -> Result<(), DatasetError> {
        let name = column.name;
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
                return (column.presence == Presence::Optional).then_some(()).ok_or_else(missing);
            };
            decoder.place(at).text(name, value.len())?;
            decoder.spend(value.len())?;
            let text = std::str::from_utf8(value.data());
            let text = text.map_err(|_| decoder.place(at).wrong(name, "bytes".into(), "text in UTF-8"))?;
            take(at, text.to_owned());
            Ok(())
        })
    }

    fn images(
        &mut self,
        name: &'static str,
        leaf: Leaf,
        take: &mut dyn FnMut(usize, Vec<u8>),
    ) -> Result<(), DatasetError> {
        let (found, expected) = match leaf.in_struct {
            true => ("nothing in `bytes`", "an encoded image: a path alone is not read"),
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

/// A signed big-endian number of up to 16 bytes.
fn big_endian(bytes: &[u8]) -> i128 {
    let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    let start = if negative { -1_i128 } else { 0 };
    bytes.iter().fold(start, |value, &byte| value.wrapping_shl(8) | i128::from(byte))
}

/// Converts an IEEE 754 half-precision float: a sign, 5 bits of exponent, 10 of fraction.
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

/// Converts an INT96 time (nanoseconds of the day, Julian day) to nanoseconds since 1970.
fn julian(time: &Int96) -> i128 {
    let [low, high, day] = [0, 1, 2].map(|at: usize| time.data().get(at).copied().unwrap_or_default());
    let nanoseconds = u64::from(high) << 32 | u64::from(low);
    (i128::from(day) - JULIAN_1970) * DAY + i128::from(nanoseconds)
}

/// The text of a UUID.
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
