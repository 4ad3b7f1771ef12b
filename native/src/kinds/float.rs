//! `float`, subclasses by their value: `json` ignores a `__repr__` of theirs.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString};

use super::integer::Integer;
use super::{CleanOutcome, Form, JsonKind, NotFinite, Outcome, Sink, ToPython};
use crate::error::Error;
use crate::imports::Imports;
use crate::json::number::write_float;
use crate::json::writer::Out;

/// See the head of this file.
pub struct Float;

impl JsonKind for Float {
    #[inline(always)]
    fn write<F: Form>(value: &Bound<'_, PyAny>, _: &Imports, sink: &mut Sink<F>) -> Outcome {
        let Ok(value) = value.cast::<PyFloat>() else {
            return Outcome::Fallback;
        };
        let value = value.value();
        // `json.dumps` writes NaN as a word that is not JSON; see `NotFinite`.
        if value.is_finite() {
            write_float(&mut sink.out, value);
            Outcome::Accepted
        } else {
            write_not_finite(value, sink)
        }
    }

    fn admits(value: &Bound<'_, PyAny>, imports: &Imports) -> bool {
        value.is_instance_of::<PyFloat>() || Integer::admits(value, imports)
    }
}

impl ToPython for Float {
    /// `float(value)`
    #[inline]
    fn convert<'py>(value: &Bound<'py, PyAny>, _: &Imports) -> CleanOutcome<'py> {
        if value.is_exact_instance_of::<PyFloat>() {
            CleanOutcome::Accepted
        } else if value.is_exact_instance_of::<PyString>()
            || value.is_exact_instance_of::<PyInt>()
            || value.is_exact_instance_of::<PyBool>()
        {
            CleanOutcome::or_fallback(value.py().get_type::<PyFloat>().call1((value,)))
        } else {
            CleanOutcome::Fallback
        }
    }
}

#[cold]
fn write_not_finite<F: Form>(value: f64, sink: &mut Sink<F>) -> Outcome {
    sink.out.extend(match sink.not_finite {
        NotFinite::Raise => return sink.fail(Error::NotFinite(value)),
        NotFinite::Null => b"null",
        NotFinite::Words if value.is_nan() => b"NaN",
        NotFinite::Words if value > 0.0 => b"Infinity",
        NotFinite::Words => b"-Infinity",
    });
    Outcome::Accepted
}
