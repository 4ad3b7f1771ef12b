//! `datetime.date`.

use pyo3::prelude::*;
use pyo3::types::{PyDate, PyDateAccess};

use super::{Form, Outcome, Sink};
use crate::imports::Imports;
use crate::json::temporal::{Date, write_date};

#[inline]
pub fn write<F: Form>(value: &Bound<'_, PyAny>, _: &Imports, sink: &mut Sink<F>) -> Outcome {
    let Ok(value) = value.cast_exact::<PyDate>() else {
        return Outcome::NotMine;
    };
    write_date(&mut sink.out, date_of(value));
    Outcome::Done
}

/// The calendar fields of a date or a datetime.
pub fn date_of(value: &impl PyDateAccess) -> Date {
    Date { year: value.get_year() as u16, month: value.get_month(), day: value.get_day() }
}
