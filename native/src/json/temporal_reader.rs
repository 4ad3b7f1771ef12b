//! Dates, times and durations as databases store them, read from their text. Any other spelling is not read.

use super::temporal::{CalendarDate, ClockTime, Offset};

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

    const DATE: CalendarDate = CalendarDate { year: 987, month: 2, day: 9 };

    fn at(microsecond: u32) -> ClockTime {
        ClockTime { hour: 3, minute: 4, second: 59, microsecond }
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
