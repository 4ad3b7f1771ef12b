//! The formats of dates, times and durations, and the zone that datetimes are converted to.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDateTime, PyDelta, PyDeltaAccess, PyTzInfo};

use super::{Form, Outcome, Sink};
use crate::imports::{Imports, is_exact};
use crate::json::calendar::{add_seconds, epoch_seconds};
use crate::json::temporal::{CalendarDate, ClockTime, DateFormat, Offset, write_datetime};

impl DateFormat {
    /// The format of a name: `"django"`, `"iso"` or `"drf"`.
    pub fn of_name(name: &str) -> PyResult<Self> {
        match name {
            "django" => Ok(Self::Django),
            "iso" => Ok(Self::Iso),
            "drf" => Ok(Self::Drf),
            _ => Err(PyValueError::new_err(format!("dates= must be \"django\", \"iso\" or \"local\", not {name:?}"))),
        }
    }
}

/// The years, in UTC, that a zone has a table for. Datetimes of other years are converted by Python.
const FIRST_YEAR: i64 = 1900;
const YEARS: usize = 201;
/// How far apart a zone is asked for its offset: no zone of the tz database has ever changed its offset twice within six
/// days (`tests/test_encoder_dates.py` looks at all of them), and each change between two answers is then searched for.
const PROBE: i64 = 2 * 86_400;

/// The zones that were asked for, each held, so that no other object gets its address.
static KEPT: Mutex<Vec<Arc<LocalZone>>> = Mutex::new(Vec::new());
const MOST_KEPT: usize = 64;

/// From which second of the epoch on an offset holds, in seconds.
type Change = (i64, i64);

/// A zone that datetimes are converted to: `value.astimezone(zone)`, from tables that Python's own `zoneinfo` has filled.
pub struct LocalZone {
    /// The `tzinfo`.
    pub zone: Py<PyAny>,
    /// Whether its offsets come from C code that runs no Python code. Any other zone is asked for every value.
    is_known: bool,
    years: Box<[OnceLock<Option<Vec<Change>>>]>,
}

impl LocalZone {
    /// A zone, with the tables that were made for it before.
    pub fn of(zone: &Bound<'_, PyAny>) -> PyResult<Arc<Self>> {
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.iter().find(|known| known.zone.is(zone)) {
            return Ok(Arc::clone(known));
        }
        let made = Self::new(zone)?;
        if made.is_known && kept.len() < MOST_KEPT {
            kept.push(Arc::clone(&made));
        }
        Ok(made)
    }

    fn new(zone: &Bound<'_, PyAny>) -> PyResult<Arc<Self>> {
        let imports = Imports::get(zone.py())?;
        let is_known = is_exact(zone, &imports.zoneinfo) || is_exact(zone, &imports.timezone);
        let years = if is_known { (0..YEARS).map(|_| OnceLock::new()).collect() } else { Box::default() };
        Ok(Arc::new(Self { zone: zone.clone().unbind(), is_known, years }))
    }

    /// A datetime of a known offset in this zone; None where Python must convert it.
    fn convert(
        &self,
        py: Python<'_>,
        date: CalendarDate,
        time: ClockTime,
        offset: i64,
    ) -> Option<(CalendarDate, ClockTime, Offset)> {
        if !self.is_known || offset % 1_000_000 != 0 {
            return None;
        }
        let utc = epoch_seconds(date, time) - offset / 1_000_000;
        let (utc_date, _) = add_seconds(date, time, -offset / 1_000_000)?;
        let year = self.years.get(usize::try_from(i64::from(utc_date.year) - FIRST_YEAR).ok()?)?;
        // Not `get_or_init`: it would wait for a thread that waits for the GIL.
        let changes = match year.get() {
            Some(changes) => changes,
            None => {
                let changes = self.find_changes(py, i64::from(utc_date.year)).ok();
                year.get_or_init(|| changes)
            }
        };
        let (_, local) = changes.as_ref()?.iter().rev().find(|(from, _)| *from <= utc)?;
        let (date, time) = add_seconds(date, time, local - offset / 1_000_000)?;
        Some((date, time, Offset::Micros(local * 1_000_000)))
    }

    /// The offsets of a year of UTC, each from the second on at which it begins.
    fn find_changes(&self, py: Python<'_>, year: i64) -> PyResult<Vec<Change>> {
        let first =
            |year: i64| epoch_seconds(CalendarDate { year: year as u16, month: 1, day: 1 }, ClockTime::MIDNIGHT);
        let (mut from, end) = (first(year), first(year + 1));
        let mut offset = self.offset_at(py, from)?;
        let mut changes = vec![(from, offset)];
        while from < end {
            let mut next = (from + PROBE).min(end);
            let after = self.offset_at(py, next)?;
            if after == offset {
                from = next;
                continue;
            }
            // The first second at which the offset is another one.
            while next - from > 1 {
                let middle = from + (next - from) / 2;
                if self.offset_at(py, middle)? == offset {
                    from = middle;
                } else {
                    next = middle;
                }
            }
            from = next;
            offset = self.offset_at(py, from)?;
            changes.push((from, offset));
        }
        Ok(changes)
    }

    /// The offset at a second of the epoch, as Python computes it.
    fn offset_at(&self, py: Python<'_>, second: i64) -> PyResult<i64> {
        let epoch = CalendarDate { year: 1970, month: 1, day: 1 };
        let no_date = || PyValueError::new_err("out of range");
        let (date, time) = add_seconds(epoch, ClockTime::MIDNIGHT, second).ok_or_else(no_date)?;
        let utc = Imports::get(py)?.utc.bind(py).cast::<PyTzInfo>()?;
        let (hour, minute, second) = (time.hour, time.minute, time.second);
        let value = PyDateTime::new(py, date.year.into(), date.month, date.day, hour, minute, second, 0, Some(utc))?;
        let local = value.call_method1(intern!(py, "astimezone"), (self.zone.bind(py),))?;
        let offset = local.call_method0(intern!(py, "utcoffset"))?.cast_into::<PyDelta>()?;
        if offset.get_microseconds() != 0 {
            return Err(no_date());
        }
        Ok(i64::from(offset.get_days()) * 86_400 + i64::from(offset.get_seconds()))
    }
}

impl<F: Form> Sink<F> {
    /// Writes a datetime in the format and the zone of the place where it stands.
    #[inline]
    pub fn write_datetime(&mut self, py: Python<'_>, date: CalendarDate, time: ClockTime, offset: Offset) -> Outcome {
        if self.dates != DateFormat::Django {
            if let (Some(local), Offset::Micros(micros)) = (&self.local, offset) {
                let Some((date, time, offset)) = local.convert(py, date, time, micros) else {
                    return Outcome::Fallback;
                };
                write_datetime(&mut self.out, date, time, offset, self.dates);
                return Outcome::Accepted;
            }
        }
        write_datetime(&mut self.out, date, time, offset, self.dates);
        Outcome::Accepted
    }

    /// Converts datetimes to a zone from here on, if there is one; gives what `leave_zone` restores.
    pub fn enter_zone(&mut self, local: Option<&Arc<LocalZone>>) -> Option<Option<Arc<LocalZone>>> {
        local.map(|local| self.local.replace(Arc::clone(local)))
    }

    /// Ends what `enter_zone` began.
    pub fn leave_zone(&mut self, before: Option<Option<Arc<LocalZone>>>) {
        if let Some(before) = before {
            self.local = before;
        }
    }
}
