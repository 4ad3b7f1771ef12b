//! `datetime.timedelta`, as `django.utils.duration.duration_iso_string`.

use pyo3::prelude::*;
use pyo3::types::{PyDelta, PyDeltaAccess, PyInt};

use super::{CleanOutcome, Form, JsonKind, Kind, Outcome, Sink, StoredForm, ToPython};
use crate::ffi::{ascii, int_value};
use crate::imports::{Imports, is_instance};
use crate::json::temporal::{DateFormat, write_duration, write_duration_string};
use crate::json::temporal_reader::parse_duration;

/// See the head of this file.
pub struct Duration;

impl JsonKind for Duration {
    #[inline]
    fn write<F: Form>(value: &Bound<'_, PyAny>, _: &Imports, sink: &mut Sink<F>) -> Outcome {
        let Ok(value) = value.cast_exact::<PyDelta>() else {
            return Outcome::Fallback;
        };
        write_micros(sink, micros_of(value));
        Outcome::Accepted
    }

    /// Microseconds, as SQLite stores them.
    #[inline]
    fn read<F: Form>(value: &Bound<'_, PyAny>, _: &StoredForm, imports: &Imports, sink: &mut Sink<F>) -> Outcome {
        match value.cast_exact::<PyInt>().ok().and_then(|number| int_value(number)) {
            Some(micros) => {
                write_micros(sink, micros.into());
                Outcome::Accepted
            }
            None => Self::write(value, imports, sink),
        }
    }

    fn admits(value: &Bound<'_, PyAny>, imports: &Imports) -> bool {
        is_instance(value, &imports.timedelta)
    }
}

impl Kind {
    /// Writes a `timedelta` or an instance of a subclass by its fields, as `duration_string` and `duration_iso_string` do.
    pub fn write_any_duration<F: Form>(value: &Bound<'_, PyAny>, sink: &mut Sink<F>) -> Outcome {
        match value.cast::<PyDelta>() {
            Ok(value) => {
                write_micros(sink, micros_of(value));
                Outcome::Accepted
            }
            Err(_) => Outcome::Fallback,
        }
    }
}

impl ToPython for Duration {
    /// `[D ]HH:MM:SS[.ffffff]` without a sign: the form that `str(timedelta)` and the API's duration strings share. Django's
    /// own parser reckons in floats and is asked for the others.
    #[inline]
    fn convert<'py>(value: &Bound<'py, PyAny>, _: &Imports) -> CleanOutcome<'py> {
        if value.is_exact_instance_of::<PyDelta>() {
            return CleanOutcome::Accepted;
        }
        let Some((days, time)) = ascii(value).and_then(parse_duration) else {
            return CleanOutcome::Fallback;
        };
        let seconds = i32::from(time.hour) * 3600 + i32::from(time.minute) * 60 + i32::from(time.second);
        CleanOutcome::or_fallback(PyDelta::new(value.py(), days, seconds, time.microsecond as i32, false))
    }
}

fn write_micros<F: Form>(sink: &mut Sink<F>, micros: i128) {
    if sink.dates == DateFormat::Drf {
        write_duration_string(&mut sink.out, micros);
    } else {
        write_duration(&mut sink.out, micros);
    }
}

/// The whole length in microseconds.
pub fn micros_of(value: &Bound<'_, PyDelta>) -> i128 {
    let seconds = i128::from(value.get_days()) * 86_400 + i128::from(value.get_seconds());
    seconds * 1_000_000 + i128::from(value.get_microseconds())
}
