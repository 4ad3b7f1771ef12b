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
}
