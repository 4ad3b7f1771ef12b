//! `bool`.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt};

use super::{Form, JsonKind, Outcome, Sink, Stored};
use crate::ffi::int_value;
use crate::imports::Imports;
use crate::json::writer::Out;

/// See the head of this file.
pub struct Boolean;

impl JsonKind for Boolean {
    #[inline(always)]
    fn write<F: Form>(value: &Bound<'_, PyAny>, _: &Imports, sink: &mut Sink<F>) -> Outcome {
        let Ok(value) = value.cast::<PyBool>() else {
            return Outcome::NotMine;
        };
        sink.out.extend(if value.is_true() { b"true" } else { b"false" });
        Outcome::Done
    }

    /// SQLite gives 0 and 1 for an expression; `convert_booleanfield_value` leaves every other number as it is.
    #[inline]
    fn read<F: Form>(value: &Bound<'_, PyAny>, _: &Stored, imports: &Imports, sink: &mut Sink<F>) -> Outcome {
        let word: &[u8] = match value.cast_exact::<PyInt>().ok().and_then(|number| int_value(number)) {
            Some(0) => b"false",
            Some(1) => b"true",
            Some(_) => return Outcome::NotMine,
            None => return Self::write(value, imports, sink),
        };
        sink.out.extend(word);
        Outcome::Done
    }

    fn admits(value: &Bound<'_, PyAny>, _: &Imports) -> bool {
        value.is_instance_of::<PyBool>()
    }
}
