//! `bool`.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt};

use super::{CleanOutcome, Form, JsonKind, Outcome, Sink, StoredForm, ToPython};
use crate::ffi::{ascii, int_value};
use crate::imports::Imports;
use crate::json::writer::Out;

/// See the head of this file.
pub struct Boolean;

impl JsonKind for Boolean {
    #[inline(always)]
    fn write<F: Form>(value: &Bound<'_, PyAny>, _: &Imports, sink: &mut Sink<F>) -> Outcome {
        let Ok(value) = value.cast::<PyBool>() else {
            return Outcome::Fallback;
        };
        sink.out.extend(if value.is_true() { b"true" } else { b"false" });
        Outcome::Accepted
    }

    /// SQLite gives 0 and 1 for an expression; `convert_booleanfield_value` leaves every other number as it is.
    #[inline]
    fn read<F: Form>(value: &Bound<'_, PyAny>, _: &StoredForm, imports: &Imports, sink: &mut Sink<F>) -> Outcome {
        let word: &[u8] = match value.cast_exact::<PyInt>().ok().and_then(|number| int_value(number)) {
            Some(0) => b"false",
            Some(1) => b"true",
            // `BooleanField` of SQLite gives 2 as 2, neither true nor false (django/db/backends/sqlite3/operations.py).
            Some(_) => return Outcome::Fallback,
            None => return Self::write(value, imports, sink),
        };
        sink.out.extend(word);
        Outcome::Accepted
    }

    fn admits(value: &Bound<'_, PyAny>, _: &Imports) -> bool {
        value.is_instance_of::<PyBool>()
    }
}

impl ToPython for Boolean {
    /// The words and numbers of `BooleanField.to_python`.
    #[inline]
    fn convert<'py>(value: &Bound<'py, PyAny>, _: &Imports) -> CleanOutcome<'py> {
        if value.is_exact_instance_of::<PyBool>() {
            return CleanOutcome::Accepted;
        }
        let known = match (ascii(value), value.cast_exact::<PyInt>().ok().and_then(|number| int_value(number))) {
            (Some(b"t" | b"True" | b"1"), _) | (_, Some(1)) => true,
            (Some(b"f" | b"False" | b"0"), _) | (_, Some(0)) => false,
            _ => return CleanOutcome::Fallback,
        };
        CleanOutcome::Changed(PyBool::new(value.py(), known).to_owned().into_any())
    }
}
