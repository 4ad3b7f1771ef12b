//! `datetime.time`. One with a `tzinfo` is Django's: it refuses those that have an offset.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTime, PyTimeAccess, PyTzInfoAccess};

use super::{CleanOutcome, Form, JsonKind, Outcome, Sink, StoredForm, ToPython};
use crate::ffi::ascii;
use crate::imports::{Imports, is_instance};
use crate::json::temporal::{self, write_time};
use crate::json::temporal_reader::parse_time;

/// See the head of this file.
pub struct Time;

impl JsonKind for Time {
    #[inline]
    fn write<F: Form>(value: &Bound<'_, PyAny>, _: &Imports, sink: &mut Sink<F>) -> Outcome {
        let Ok(value) = value.cast_exact::<PyTime>() else {
            return Outcome::Fallback;
        };
        // `DjangoJSONEncoder` raises if the time has an offset (django/core/serializers/json.py).
        if value.get_tzinfo().is_some() {
            return Outcome::Fallback;
        }
        write_time(&mut sink.out, time_of(value), sink.dates);
        Outcome::Accepted
    }

    /// `HH:MM:SS[.ffffff]`, as SQLite stores it and PostgreSQL prints it.
    #[inline]
    fn read<F: Form>(value: &Bound<'_, PyAny>, _: &StoredForm, imports: &Imports, sink: &mut Sink<F>) -> Outcome {
        let Some(text) = ascii(value) else {
            return Self::write(value, imports, sink);
        };
        let Some(time) = parse_time(text) else {
            return Outcome::Fallback;
        };
        write_time(&mut sink.out, time, sink.dates);
        Outcome::Accepted
    }

    fn admits(value: &Bound<'_, PyAny>, imports: &Imports) -> bool {
        is_instance(value, &imports.time)
    }
}

impl ToPython for Time {
    /// `time.fromisoformat`, which `parse_time` tries first; it drops an offset, and that is left to Django.
    #[inline]
    fn convert<'py>(value: &Bound<'py, PyAny>, imports: &Imports) -> CleanOutcome<'py> {
        if value.is_exact_instance_of::<PyTime>() {
            return CleanOutcome::Accepted;
        }
        if !value.is_exact_instance_of::<PyString>() {
            return CleanOutcome::Fallback;
        }
        let class = imports.time.bind(value.py());
        let made = class.call_method1(intern!(value.py(), "fromisoformat"), (value,));
        match made.as_ref().map(|time| time.cast_exact::<PyTime>()) {
            Ok(Ok(time)) if time.get_tzinfo().is_none() => CleanOutcome::or_fallback(made),
            _ => CleanOutcome::Fallback,
        }
    }
}

/// The clock fields of a time or a datetime.
pub fn time_of(value: &impl PyTimeAccess) -> temporal::ClockTime {
    temporal::ClockTime {
        hour: value.get_hour(),
        minute: value.get_minute(),
        second: value.get_second(),
        microsecond: value.get_microsecond(),
    }
}
