//! `datetime.date`.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDate, PyDateAccess, PyString};

use super::{CleanOutcome, Form, JsonKind, Outcome, Sink, StoredForm, ToPython};
use crate::ffi::ascii;
use crate::imports::{Imports, is_instance};
use crate::json::temporal::{self, write_date};
use crate::json::temporal_reader::parse_date;

/// See the head of this file.
pub struct Date;

impl JsonKind for Date {
    #[inline]
    fn write<F: Form>(value: &Bound<'_, PyAny>, _: &Imports, sink: &mut Sink<F>) -> Outcome {
        let Ok(value) = value.cast_exact::<PyDate>() else {
            return Outcome::Fallback;
        };
        // A subclass may have an `isoformat` of its own, so the cast above is exact.
        write_date(&mut sink.out, date_of(value));
        Outcome::Accepted
    }

    /// `YYYY-MM-DD`, as SQLite stores it and PostgreSQL prints it.
    #[inline]
    fn read<F: Form>(value: &Bound<'_, PyAny>, _: &StoredForm, imports: &Imports, sink: &mut Sink<F>) -> Outcome {
        let Some(text) = ascii(value) else {
            return Self::write(value, imports, sink);
        };
        let Some(date) = parse_date(text) else {
            return Outcome::Fallback;
        };
        write_date(&mut sink.out, date);
        Outcome::Accepted
    }

    fn admits(value: &Bound<'_, PyAny>, imports: &Imports) -> bool {
        is_instance(value, &imports.date) && !is_instance(value, &imports.datetime)
    }
}

impl ToPython for Date {
    /// `date.fromisoformat`, which `parse_date` tries first; a datetime is moved to the default zone by Django.
    #[inline]
    fn convert<'py>(value: &Bound<'py, PyAny>, imports: &Imports) -> CleanOutcome<'py> {
        if value.is_exact_instance_of::<PyDate>() {
            CleanOutcome::Accepted
        } else if value.is_exact_instance_of::<PyString>() {
            let class = imports.date.bind(value.py());
            CleanOutcome::or_fallback(class.call_method1(intern!(value.py(), "fromisoformat"), (value,)))
        } else {
            CleanOutcome::Fallback
        }
    }
}

/// The calendar fields of a date or a datetime.
pub fn date_of(value: &impl PyDateAccess) -> temporal::CalendarDate {
    temporal::CalendarDate { year: value.get_year() as u16, month: value.get_month(), day: value.get_day() }
}
