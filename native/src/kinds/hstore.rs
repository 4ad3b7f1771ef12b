//! PostgreSQL's hstore: the driver gives a dict of texts and None.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::{CleanOutcome, Form, JsonKind, Outcome, Sink, ToPython};
use crate::imports::Imports;

/// See the head of this file.
pub struct Hstore;

impl JsonKind for Hstore {
    /// The walk over any value writes containers.
    fn write<F: Form>(_: &Bound<'_, PyAny>, _: &Imports, _: &mut Sink<F>) -> Outcome {
        Outcome::Fallback
    }

    fn admits(value: &Bound<'_, PyAny>, _: &Imports) -> bool {
        value.is_instance_of::<PyDict>()
    }
}

impl ToPython for Hstore {
    /// A dict of texts and None, as `HStoreField.validate` wants it.
    fn convert<'py>(value: &Bound<'py, PyAny>, _: &Imports) -> CleanOutcome<'py> {
        let text = |item: &Bound<'py, PyAny>| item.is_none() || item.is_exact_instance_of::<PyString>();
        match value.cast_exact::<PyDict>() {
            Ok(dict) if dict.iter().all(|(key, item)| key.is_exact_instance_of::<PyString>() && text(&item)) => {
                CleanOutcome::Accepted
            }
            _ => CleanOutcome::Fallback,
        }
    }
}
