//! `bytes`: no JSON form, neither Django's nor ours; fields take them as they are.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::{CleanOutcome, Form, JsonKind, Outcome, Sink, ToPython};
use crate::imports::Imports;

/// See the head of this file.
pub struct Binary;

impl JsonKind for Binary {
    fn write<F: Form>(_: &Bound<'_, PyAny>, _: &Imports, _: &mut Sink<F>) -> Outcome {
        Outcome::Fallback
    }

    fn admits(_: &Bound<'_, PyAny>, _: &Imports) -> bool {
        false
    }
}

impl ToPython for Binary {
    /// A str is base64 to Django.
    fn convert<'py>(value: &Bound<'py, PyAny>, _: &Imports) -> CleanOutcome<'py> {
        if value.is_exact_instance_of::<PyBytes>() { CleanOutcome::Accepted } else { CleanOutcome::Fallback }
    }
}
