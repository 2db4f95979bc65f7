//! Formats and parses times.
//!
//! `time`'s RFC 3339 parser requires an offset. Times without one, as pandas and DuckDB write them,
//! are read here too, as UTC.

use time::{Date, Month, OffsetDateTime, Time, UtcOffset};

/// Formats milliseconds since 1970 as `2026-11-26T09:00:00.123Z`.
pub(super) fn written(milliseconds: i64) -> String {
    let Some(at) = utc(milliseconds) else { return String::new() };
    let (date, hour, minute, second) = (day(milliseconds), at.hour(), at.minute(), at.second());
    format!("{date}T{hour:02}:{minute:02}:{second:02}.{:03}Z", at.millisecond())
}

/// Formats milliseconds since 1970 as `2026-11-26`.
pub(super) fn day(milliseconds: i64) -> String {
    let Some(at) = utc(milliseconds) else { return String::new() };
    format!("{:04}-{:02}-{:02}", at.year(), u8::from(at.month()), at.day())
}

/// Converts milliseconds since 1970; `None` if the year does not have four digits.
pub(super) fn utc(milliseconds: i64) -> Option<OffsetDateTime> {
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(milliseconds) * 1_000_000).ok()?;
    (0..=9999).contains(&at.year()).then_some(at)
}

/// Parses a time to nanoseconds since 1970. Seconds may have up to nine decimal places. `Z` or an
/// offset may follow.
pub(super) fn read(text: &str) -> Option<i64> {
    let number = |range: std::ops::Range<usize>| {
        let digits = text.get(range).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        digits.parse::<u32>().ok()
    };
    let at =
        |place: usize, allowed: &[u8]| text.as_bytes().get(place).is_some_and(|byte| allowed.contains(byte));
    let in_place = at(4, b"-") && at(7, b"-") && at(10, b"T ") && at(13, b":") && at(16, b":");
    in_place.then_some(())?;
    let small = |range| number(range).and_then(|number| u8::try_from(number).ok());
    let month = Month::try_from(small(5..7)?).ok()?;
    let date = Date::from_calendar_date(i32::try_from(number(0..4)?).ok()?, month, small(8..10)?).ok()?;
    let rest = text.get(19..)?;
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(rest.bytes().take_while(u8::is_ascii_digit).count()),
        None => ("0", rest),
    };
    (1..=9).contains(&fraction.len()).then_some(())?;
    let nanoseconds = fraction.parse::<u32>().ok()? * 10_u32.pow(9 - fraction.len() as u32);
    let time = Time::from_hms_nano(small(11..13)?, small(14..16)?, small(17..19)?, nanoseconds).ok()?;
    let moment = OffsetDateTime::new_in_offset(date, time, offset(zone)?);
    i64::try_from(moment.unix_timestamp_nanos()).ok()
}

/// Parses `Z`, an offset such as `+02:00`, or an empty text.
fn offset(zone: &str) -> Option<UtcOffset> {
    if zone.is_empty() || zone == "Z" {
        return Some(UtcOffset::UTC);
    }
    let (sign, rest) = zone.split_at_checked(1)?;
    let sign = match sign {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    (digits(hours) && digits(minutes)).then_some(())?;
    UtcOffset::from_hms(sign * hours.parse::<i8>().ok()?, sign * minutes.parse::<i8>().ok()?, 0).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The expected values are from Python's datetime.
    #[test]
    fn times_of_others() {
        for (milliseconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_795_683_300_123, "2026-11-26T08:55:00.123Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (4_102_444_799_999, "2099-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(written(milliseconds), text);
            assert_eq!(read(text), Some(milliseconds * 1_000_000));
        }
        assert_eq!(read("2026-11-26 08:55:00"), Some(1_795_683_300_000_000_000));
        assert_eq!(read("2026-11-26T10:55:00+02:00"), Some(1_795_683_300_000_000_000));
        assert_eq!(read("2026-11-26T08:55:00.123456789Z"), Some(1_795_683_300_123_456_789));
    }

    #[test]
    fn what_is_no_time() {
        for text in [
            "",
            "2026",
            "2026-13-01T00:00:00Z",
            "2026-02-30T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00.1234567890Z",
            "2026-01-01T00:00:00X",
            "2026-01-01T00:00:00+2:00",
            "+026-01-01T00:00:00Z",
            "2026-01-01T00:00:0éZ",
            "9999-01-01T00:00:00Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(milliseconds in -9_000_000_000_000_i64..9_000_000_000_000) {
            prop_assert_eq!(read(&written(milliseconds)), Some(milliseconds * 1_000_000));
        }

        #[test]
        fn any_text_is_a_time_or_none(text in "\\PC{0,40}") {
            let _ = read(&text);
        }
    }
}
