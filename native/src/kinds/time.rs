//! `datetime.time`. One with a `tzinfo` is Django's: it refuses those that have an offset.

use pyo3::prelude::*;
use pyo3::types::{PyTime, PyTimeAccess, PyTzInfoAccess};

use super::{Form, Outcome, Sink};
use crate::imports::Imports;
use crate::json::temporal::{Time, write_time};

#[inline]
pub fn write<F: Form>(value: &Bound<'_, PyAny>, _: &Imports, sink: &mut Sink<F>) -> Outcome {
    let Ok(value) = value.cast_exact::<PyTime>() else {
        return Outcome::NotMine;
    };
    if value.get_tzinfo().is_some() {
        return Outcome::NotMine;
    }
    write_time(&mut sink.out, time_of(value));
    Outcome::Done
}

/// The clock fields of a time or a datetime.
pub fn time_of(value: &impl PyTimeAccess) -> Time {
    Time {
        hour: value.get_hour(),
        minute: value.get_minute(),
        second: value.get_second(),
        microsecond: value.get_microsecond(),
    }
}
