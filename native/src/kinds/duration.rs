//! `datetime.timedelta`, as `django.utils.duration.duration_iso_string`.

use pyo3::prelude::*;
use pyo3::types::{PyDelta, PyDeltaAccess, PyInt};

use super::{Form, JsonKind, Outcome, Sink, Stored};
use crate::ffi::int_value;
use crate::imports::{Imports, is_instance};
use crate::json::temporal::write_duration;

/// See the head of this file.
pub struct Duration;

impl JsonKind for Duration {
    #[inline]
    fn write<F: Form>(value: &Bound<'_, PyAny>, _: &Imports, sink: &mut Sink<F>) -> Outcome {
        let Ok(value) = value.cast_exact::<PyDelta>() else {
            return Outcome::NotMine;
        };
        write_duration(&mut sink.out, micros_of(value));
        Outcome::Done
    }

    /// Microseconds, as SQLite stores them.
    #[inline]
    fn read<F: Form>(value: &Bound<'_, PyAny>, _: &Stored, imports: &Imports, sink: &mut Sink<F>) -> Outcome {
        match value.cast_exact::<PyInt>().ok().and_then(|number| int_value(number)) {
            Some(micros) => {
                write_duration(&mut sink.out, micros.into());
                Outcome::Done
            }
            None => Self::write(value, imports, sink),
        }
    }

    fn admits(value: &Bound<'_, PyAny>, imports: &Imports) -> bool {
        is_instance(value, &imports.timedelta)
    }
}

/// The whole length in microseconds.
pub fn micros_of(value: &Bound<'_, PyDelta>) -> i128 {
    let seconds = i128::from(value.get_days()) * 86_400 + i128::from(value.get_seconds());
    seconds * 1_000_000 + i128::from(value.get_microseconds())
}
