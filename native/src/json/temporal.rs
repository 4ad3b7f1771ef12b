//! Dates, times and durations in the formats of Django's `DjangoJSONEncoder.default`, of `isoformat()` and of DRF.
//!
//! Source: `django/core/serializers/json.py` and `django/utils/duration.py`. Microseconds are cut to milliseconds, a zero
//! offset is `Z`, everything else is `isoformat()`.

use super::number::{fill_digits, write_digits};
use super::writer::Out;

/// A date of the proleptic Gregorian calendar, year 1 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CalendarDate {
    /// 1 to 9999
    pub year: u16,
    /// 1 to 12
    pub month: u8,
    /// 1 to 31
    pub day: u8,
}

/// A time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockTime {
    /// 0 to 23
    pub hour: u8,
    /// 0 to 59
    pub minute: u8,
    /// 0 to 59
    pub second: u8,
    /// 0 to 999,999
    pub microsecond: u32,
}

/// What stands behind the time of a datetime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offset {
    /// Nothing: a naive datetime.
    None,
    /// The distance from UTC, east positive.
    Micros(i64),
}

/// How dates, times and durations are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateFormat {
    /// As `DjangoJSONEncoder`: milliseconds, `Z` for UTC, ISO 8601 durations.
    Django,
    /// `value.isoformat()`: microseconds, `+00:00` for UTC; durations as Django.
    Iso,
    /// As Django REST framework: `isoformat()` with `Z` for UTC, `[D ]HH:MM:SS[.ffffff]` for durations.
    Drf,
}

fn fill_date(text: &mut [u8], date: CalendarDate) {
    text.copy_from_slice(b"0000-00-00");
    fill_digits(&mut text[..4], date.year.into());
    fill_digits(&mut text[5..7], date.month.into());
    fill_digits(&mut text[8..], date.day.into());
}

fn fill_time(text: &mut [u8], time: ClockTime) {
    text.copy_from_slice(b"00:00:00");
    fill_digits(&mut text[..2], time.hour.into());
    fill_digits(&mut text[3..5], time.minute.into());
    fill_digits(&mut text[6..], time.second.into());
}

/// `.mmm`, truncated, or `.ffffff`, where there are microseconds at all.
fn write_microsecond(out: &mut impl Out, microsecond: u32, format: DateFormat) {
    match (microsecond, format) {
        (0, _) => {}
        (_, DateFormat::Django) => write_fraction(out, 3, microsecond / 1000),
        _ => write_fraction(out, 6, microsecond),
    }
}

fn write_fraction(out: &mut impl Out, places: usize, fraction: u32) {
    out.push(b'.');
    out.fill(places, |text| fill_digits(text, fraction.into()));
}

/// Two digits.
fn write_pair(out: &mut impl Out, value: u64) {
    out.fill(2, |text| fill_digits(text, value));
}

/// `"2024-02-29"`, quotes included.
pub fn write_date(out: &mut impl Out, date: CalendarDate) {
    out.fill(12, |text| {
        text.fill(b'"');
        fill_date(&mut text[1..11], date);
    });
}

/// `"23:59:59.123"`, quotes included.
pub fn write_time(out: &mut impl Out, time: ClockTime, format: DateFormat) {
    out.fill(9, |text| {
        text[0] = b'"';
        fill_time(&mut text[1..], time);
    });
    write_microsecond(out, time.microsecond, format);
    out.push(b'"');
}

/// `"2024-02-29T23:59:59.123Z"`, quotes included.
pub fn write_datetime(out: &mut impl Out, date: CalendarDate, time: ClockTime, offset: Offset, format: DateFormat) {
    out.fill(20, |text| {
        text[0] = b'"';
        fill_date(&mut text[1..11], date);
        text[11] = b'T';
        fill_time(&mut text[12..], time);
    });
    write_microsecond(out, time.microsecond, format);
    match offset {
        Offset::None => {}
        Offset::Micros(0) if format != DateFormat::Iso => out.push(b'Z'),
        Offset::Micros(micros) => write_offset(out, micros),
    }
    out.push(b'"');
}

/// `+05:30`; seconds and microseconds only where they are not zero, as `isoformat()`.
fn write_offset(out: &mut impl Out, micros: i64) {
    // Zones before standard time have seconds in their offset: Amsterdam +00:19:32 until 1937.
    out.push(if micros < 0 { b'-' } else { b'+' });
    let (seconds, micros) = (micros.unsigned_abs() / 1_000_000, micros.unsigned_abs() % 1_000_000);
    write_pair(out, seconds / 3600);
    out.push(b':');
    write_pair(out, seconds / 60 % 60);
    if seconds % 60 != 0 || micros != 0 {
        out.push(b':');
        write_pair(out, seconds % 60);
    }
    if micros != 0 {
        write_fraction(out, 6, micros as u32);
    }
}

/// `"-P1DT02H03M04.000005S"` of a number of microseconds, quotes included.
pub fn write_duration(out: &mut impl Out, micros: i128) {
    const DAY: u128 = 86_400_000_000;
    let size = micros.unsigned_abs();
    // One day's microseconds fit 37 bits, and so does every number of days that timedelta admits.
    let (days, rest) = ((size / DAY) as u64, (size % DAY) as u64);
    let (seconds, micros_left) = (rest / 1_000_000, (rest % 1_000_000) as u32);
    out.extend(if micros < 0 { b"\"-P" } else { b"\"P" });
    write_digits(out, days);
    out.extend(b"DT");
    write_pair(out, seconds / 3600);
    out.push(b'H');
    write_pair(out, seconds / 60 % 60);
    out.push(b'M');
    write_pair(out, seconds % 60);
    if micros_left != 0 {
        write_fraction(out, 6, micros_left);
    }
    out.extend(b"S\"");
}

/// `"-2 03:04:05.000006"` of a number of microseconds, quotes included: `django.utils.duration.duration_string`.
pub fn write_duration_string(out: &mut impl Out, micros: i128) {
    const DAY: i128 = 86_400_000_000;
    // Days may be negative, the rest is not: `timedelta` keeps them so.
    let (days, rest) = (micros.div_euclid(DAY) as i64, micros.rem_euclid(DAY) as u64);
    let seconds = rest / 1_000_000;
    out.push(b'"');
    if days != 0 {
        if days < 0 {
            out.push(b'-');
        }
        write_digits(out, days.unsigned_abs());
        out.push(b' ');
    }
    write_pair(out, seconds / 3600);
    out.push(b':');
    write_pair(out, seconds / 60 % 60);
    out.push(b':');
    write_pair(out, seconds % 60);
    if rest % 1_000_000 != 0 {
        write_fraction(out, 6, (rest % 1_000_000) as u32);
    }
    out.push(b'"');
}

/// Reads `YYYY-MM-DD`, the one format in which databases store dates; None for any other text and any other calendar.
pub fn parse_date(text: &[u8]) -> Option<CalendarDate> {
    let [a, b, c, d, b'-', e, f, b'-', g, h] = *text else { return None };
    let year = number(&[a, b, c, d])? as u16;
    let (month, day) = (number(&[e, f])? as u8, number(&[g, h])? as u8);
    // 1900 is no leap year, 2000 is.
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u8::from(leap),
        _ => return None,
    };
    (year >= 1 && (1..=last).contains(&day)).then_some(CalendarDate { year, month, day })
}

/// Reads `HH:MM:SS` with one to six digits of a second's fraction, or none.
pub fn parse_time(text: &[u8]) -> Option<ClockTime> {
    let (clock, fraction) = text.split_at_checked(8)?;
    let [a, b, b':', c, d, b':', e, f] = *clock else { return None };
    let (hour, minute, second) = (number(&[a, b])? as u8, number(&[c, d])? as u8, number(&[e, f])? as u8);
    let microsecond = match fraction {
        [] => 0,
        [b'.', digits @ ..] if (1..=6).contains(&digits.len()) => number(digits)? * 10_u32.pow(6 - digits.len() as u32),
        _ => return None,
    };
    (hour < 24 && minute < 60 && second < 60).then_some(ClockTime { hour, minute, second, microsecond })
}

/// Reads `[D ]HH:MM:SS[.ffffff]`: days of at most nine digits, and a time of the day.
pub fn parse_duration(text: &[u8]) -> Option<(i32, ClockTime)> {
    let Some(space) = text.iter().position(|&c| c == b' ') else {
        return Some((0, parse_time(text)?));
    };
    let (days, time) = (&text[..space], &text[space + 1..]);
    let days = (1..=9).contains(&days.len()).then(|| number(days))??;
    Some((i32::try_from(days).ok()?, parse_time(time)?))
}

/// Reads `YYYY-MM-DD HH:MM:SS[.ffffff]` and what follows from the first `+` or `-` on: PostgreSQL's offset.
pub fn parse_datetime(text: &[u8]) -> Option<(CalendarDate, ClockTime, Offset)> {
    let (date, rest) = text.split_at_checked(10)?;
    let (b' ', rest) = rest.split_first().map(|(space, rest)| (*space, rest))? else { return None };
    let sign = rest.iter().position(|c| matches!(c, b'+' | b'-'));
    let (time, offset) = rest.split_at(sign.unwrap_or(rest.len()));
    Some((parse_date(date)?, parse_time(time)?, parse_offset(offset)?))
}

/// Reads `+HH`, `+HH:MM` or `+HH:MM:SS`, or nothing.
fn parse_offset(text: &[u8]) -> Option<Offset> {
    let (sign, [h1, h2, rest @ ..]) = (match text {
        [] => return Some(Offset::None),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    }) else {
        return None;
    };
    let (minutes, seconds) = match *rest {
        [] => (0, 0),
        [b':', m1, m2] => (number(&[m1, m2])?, 0),
        [b':', m1, m2, b':', s1, s2] => (number(&[m1, m2])?, number(&[s1, s2])?),
        _ => return None,
    };
    let hours = number(&[*h1, *h2])?;
    let whole = i64::from(hours) * 3600 + i64::from(minutes) * 60 + i64::from(seconds);
    (hours < 24 && minutes < 60 && seconds < 60).then_some(Offset::Micros(sign * whole * 1_000_000))
}

/// Up to nine ASCII digits.
fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + u32::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    const DATE: CalendarDate = CalendarDate { year: 987, month: 2, day: 9 };

    fn at(microsecond: u32) -> ClockTime {
        ClockTime { hour: 3, minute: 4, second: 59, microsecond }
    }

    // The Python tests hold these against Django; here are the corners of the arithmetic.
    #[test]
    fn datetimes() {
        let datetime = |micro, offset| text(|out| write_datetime(out, DATE, at(micro), offset, DateFormat::Django));
        assert_eq!(datetime(0, Offset::None), "\"0987-02-09T03:04:59\"");
        assert_eq!(datetime(999, Offset::Micros(0)), "\"0987-02-09T03:04:59.000Z\"");
        assert_eq!(datetime(999_999, Offset::Micros(-1_000_000)), "\"0987-02-09T03:04:59.999-00:00:01\"");
        assert_eq!(datetime(0, Offset::Micros(21_208_000_005)), "\"0987-02-09T03:04:59+05:53:28.000005\"");
        assert_eq!(datetime(0, Offset::Micros(1)), "\"0987-02-09T03:04:59+00:00:00.000001\"");
    }

    #[test]
    fn dates_and_times() {
        assert_eq!(text(|out| write_date(out, DATE)), "\"0987-02-09\"");
        assert_eq!(text(|out| write_time(out, at(0), DateFormat::Django)), "\"03:04:59\"");
        assert_eq!(text(|out| write_time(out, at(12_345), DateFormat::Django)), "\"03:04:59.012\"");
    }

    #[test]
    fn durations() {
        let duration = |micros| text(|out| write_duration(out, micros));
        assert_eq!(duration(0), "\"P0DT00H00M00S\"");
        assert_eq!(duration(-1), "\"-P0DT00H00M00.000001S\"");
        assert_eq!(duration(93_784_000_000), "\"P1DT02H03M04S\"");
        assert_eq!(duration(-86_400_000_000 * 999_999_999), "\"-P999999999DT00H00M00S\"");
    }

    #[test]
    fn what_is_written_reads_back() {
        let parse = |text: &str| parse_datetime(text.as_bytes());
        let at = |micro| Some((DATE, at(micro)));
        assert_eq!(parse("0987-02-09 03:04:59"), at(0).map(|(d, t)| (d, t, Offset::None)));
        assert_eq!(parse("0987-02-09 03:04:59.12+00"), at(120_000).map(|(d, t)| (d, t, Offset::Micros(0))));
        let east = Offset::Micros((5 * 3600 + 53 * 60 + 28) * 1_000_000);
        assert_eq!(parse("0987-02-09 03:04:59.000001+05:53:28"), at(1).map(|(d, t)| (d, t, east)));
        let west = Offset::Micros(-(3 * 3600 + 30 * 60) * 1_000_000);
        assert_eq!(parse("0987-02-09 03:04:59-03:30"), at(0).map(|(d, t)| (d, t, west)));
    }

    #[test]
    fn durations_are_read() {
        assert_eq!(parse_duration(b"03:04:59.5"), Some((0, at(500_000))));
        assert_eq!(parse_duration(b"999999999 03:04:59"), Some((999_999_999, at(0))));
        for text in
            ["", " ", "1 ", " 03:04:59", "-1 03:04:59", "1  03:04:59", "1 day 03:04:59", "1234567890 03:04:59", "59"]
        {
            assert_eq!(parse_duration(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn odd_spellings_are_not_read() {
        for text in [
            "",
            "2024-02-30",
            "2023-02-29",
            "1900-02-29",
            "0000-01-01",
            "2024-13-01",
            "2024-1-1",
            "12024-01-01",
            "2024-01-01 ",
            "２024-01-01",
            "infinity",
        ] {
            assert_eq!(parse_date(text.as_bytes()), None, "{text}");
        }
        for text in ["24:00:00", "10:11", "10:11:60", "10:11:12.", "10:11:12.1234567", "10:11:12,1", "10:11:12.1 "] {
            assert_eq!(parse_time(text.as_bytes()), None, "{text}");
        }
        for text in [
            "2024-01-01",
            "2024-01-01T10:11:12",
            "2024-01-01 10:11:12Z",
            "2024-01-01 10:11:12+1",
            "2024-01-01 10:11:12+24",
            "2024-01-01 10:11:12+01:60",
            "2024-01-01 10:11:12+0100",
            "2024-01-01 10:11:12 BC",
            "2024-01-01 10:11:12+01 BC",
        ] {
            assert_eq!(parse_datetime(text.as_bytes()), None, "{text}");
        }
    }
}
