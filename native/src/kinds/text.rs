//! `str`, subclasses read raw: `json` ignores a `__str__` of theirs.

use pyo3::prelude::*;
use pyo3::types::PyString;

use super::{CleanOutcome, Form, JsonKind, Outcome, Sink, ToPython};
use crate::imports::Imports;

/// See the head of this file.
pub struct Text;

impl JsonKind for Text {
    #[inline(always)]
    fn write<F: Form>(value: &Bound<'_, PyAny>, _: &Imports, sink: &mut Sink<F>) -> Outcome {
        let Ok(text) = value.cast::<PyString>() else {
            return Outcome::Fallback;
        };
        F::write_text(text, &mut sink.out);
        Outcome::Accepted
    }

    fn admits(value: &Bound<'_, PyAny>, _: &Imports) -> bool {
        value.is_instance_of::<PyString>()
    }
}

impl ToPython for Text {
    #[inline(always)]
    fn convert<'py>(value: &Bound<'py, PyAny>, _: &Imports) -> CleanOutcome<'py> {
        if value.is_exact_instance_of::<PyString>() { CleanOutcome::Accepted } else { CleanOutcome::Fallback }
    }
}
