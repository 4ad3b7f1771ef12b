//! PostgreSQL's arrays: the driver gives lists of values that are written by their own types.

use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::{CleanOutcome, Form, JsonKind, Outcome, Sink, ToPython};
use crate::imports::Imports;

/// See the head of this file.
pub struct Array;

impl JsonKind for Array {
    /// The walk over any value writes containers.
    fn write<F: Form>(_: &Bound<'_, PyAny>, _: &Imports, _: &mut Sink<F>) -> Outcome {
        Outcome::Fallback
    }

    fn admits(value: &Bound<'_, PyAny>, _: &Imports) -> bool {
        value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>()
    }
}

impl ToPython for Array {
    /// Items are not converted. The plan of the items checks them.
    fn convert<'py>(value: &Bound<'py, PyAny>, _: &Imports) -> CleanOutcome<'py> {
        if value.is_exact_instance_of::<PyList>() { CleanOutcome::Accepted } else { CleanOutcome::Fallback }
    }
}
