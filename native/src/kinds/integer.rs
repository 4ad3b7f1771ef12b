//! `int` of any size, subclasses by their value: `json` ignores a `__repr__` of theirs.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString};

use super::{CleanOutcome, Form, JsonKind, Outcome, Sink, ToPython};
use crate::ffi::int_value;
use crate::imports::Imports;
use crate::json::number::write_integer;
use crate::json::writer::Out;

/// See the head of this file.
pub struct Integer;

impl JsonKind for Integer {
    #[inline(always)]
    fn write<F: Form>(value: &Bound<'_, PyAny>, _: &Imports, sink: &mut Sink<F>) -> Outcome {
        match int_value(value) {
            Some(number) => {
                write_integer(&mut sink.out, number);
                Outcome::Accepted
            }
            None => write_large(value, sink),
        }
    }

    fn admits(value: &Bound<'_, PyAny>, _: &Imports) -> bool {
        value.is_instance_of::<PyInt>() && !value.is_instance_of::<PyBool>()
    }
}

impl ToPython for Integer {
    /// `int(value)`
    #[inline]
    fn convert<'py>(value: &Bound<'py, PyAny>, _: &Imports) -> CleanOutcome<'py> {
        if value.is_exact_instance_of::<PyInt>() {
            CleanOutcome::Accepted
        } else if value.is_exact_instance_of::<PyString>()
            || value.is_exact_instance_of::<PyFloat>()
            || value.is_exact_instance_of::<PyBool>()
        {
            CleanOutcome::or_fallback(value.py().get_type::<PyInt>().call1((value,)))
        } else {
            CleanOutcome::Fallback
        }
    }
}

/// Beyond 64 bit: CPython's own digits, and its own limit on their number (`sys.set_int_max_str_digits`).
#[cold]
fn write_large<F: Form>(value: &Bound<'_, PyAny>, sink: &mut Sink<F>) -> Outcome {
    if !value.is_instance_of::<PyInt>() {
        return Outcome::Fallback;
    }
    let class = value.py().get_type::<PyInt>();
    // The class's own method: a subclass may have another `__repr__`, which json does not call either.
    let digits = class.call_method1("__repr__", (value,));
    match digits.and_then(|digits| Ok(digits.cast_into::<PyString>()?)) {
        Ok(digits) => {
            sink.out.extend(digits.to_string_lossy().as_bytes());
            Outcome::Accepted
        }
        Err(error) => sink.fail(error),
    }
}
