//! The arithmetic of dates: days since 1970-01-01, seconds later, in the years 1 to 9999 that Python has.

use super::temporal::{CalendarDate, ClockTime};

impl ClockTime {
    /// The first second of a day.
    pub const MIDNIGHT: Self = Self { hour: 0, minute: 0, second: 0, microsecond: 0 };
}

/// Days since 1970-01-01 (Howard Hinnant, "chrono-Compatible Low-Level CalendarDate Algorithms").
fn days_of(date: CalendarDate) -> i64 {
    let (month, day) = (i64::from(date.month), i64::from(date.day));
    let year = i64::from(date.year) - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The date so many days after 1970-01-01; None outside of the years 1 to 9999.
fn date_of(days: i64) -> Option<CalendarDate> {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (1..=9999).contains(&year).then_some(CalendarDate { year: year as u16, month: month as u8, day: day as u8 })
}

/// Whole seconds since 1970-01-01 00:00:00 of a date and a time of the same zone.
pub fn epoch_seconds(date: CalendarDate, time: ClockTime) -> i64 {
    days_of(date) * 86_400 + i64::from(time.hour) * 3600 + i64::from(time.minute) * 60 + i64::from(time.second)
}

/// The date and the time so many seconds later; None outside of the years 1 to 9999.
pub fn add_seconds(date: CalendarDate, time: ClockTime, seconds: i64) -> Option<(CalendarDate, ClockTime)> {
    let sum = epoch_seconds(date, time) + seconds;
    let (days, rest) = (sum.div_euclid(86_400), sum.rem_euclid(86_400));
    let (hour, minute, second) = ((rest / 3600) as u8, (rest / 60 % 60) as u8, (rest % 60) as u8);
    Some((date_of(days)?, ClockTime { hour, minute, second, microsecond: time.microsecond }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_beside_each_other() {
        let at = ClockTime { hour: 3, minute: 4, second: 59, microsecond: 5 };
        let day = |year, month, day| CalendarDate { year, month, day };
        for (before, after) in [
            (day(2024, 2, 28), day(2024, 2, 29)),
            (day(2023, 2, 28), day(2023, 3, 1)),
            (day(1900, 2, 28), day(1900, 3, 1)),
            (day(2024, 12, 31), day(2025, 1, 1)),
            (day(2024, 4, 30), day(2024, 5, 1)),
            (day(1969, 12, 31), day(1970, 1, 1)),
            (day(1, 1, 1), day(1, 1, 2)),
            (day(9999, 12, 30), day(9999, 12, 31)),
        ] {
            assert_eq!(add_seconds(before, at, 86_400), Some((after, at)));
            assert_eq!(add_seconds(after, at, -86_400), Some((before, at)));
        }
        assert_eq!(add_seconds(day(9999, 12, 31), at, 86_400), None);
        assert_eq!(add_seconds(day(1, 1, 1), at, -86_400), None);
        let all =
            (days_of(day(1, 1, 1))..=days_of(day(9999, 12, 31))).all(|days| date_of(days).map(days_of) == Some(days));
        assert!(all);
    }
}
