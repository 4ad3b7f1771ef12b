//! `datetime.timedelta`, as `django.utils.duration.duration_iso_string`.

use pyo3::prelude::*;
use pyo3::types::{PyDelta, PyDeltaAccess};

use super::{Form, Outcome, Sink};
use crate::imports::Imports;
use crate::json::temporal::write_duration;

#[inline]
pub fn write<F: Form>(value: &Bound<'_, PyAny>, _: &Imports, sink: &mut Sink<F>) -> Outcome {
    let Ok(value) = value.cast_exact::<PyDelta>() else {
        return Outcome::NotMine;
    };
    write_duration(&mut sink.out, micros_of(value));
    Outcome::Done
}

/// The whole length in microseconds.
pub fn micros_of(value: &Bound<'_, PyDelta>) -> i128 {
    let seconds = i128::from(value.get_days()) * 86_400 + i128::from(value.get_seconds());
    seconds * 1_000_000 + i128::from(value.get_microseconds())
}
