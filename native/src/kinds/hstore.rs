//! PostgreSQL's hstore: the driver gives a dict of texts and None.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::{Form, JsonKind, Outcome, Sink};
use crate::imports::Imports;

/// See the head of this file.
pub struct Hstore;

impl JsonKind for Hstore {
    /// The walk over any value writes containers.
    fn write<F: Form>(_: &Bound<'_, PyAny>, _: &Imports, _: &mut Sink<F>) -> Outcome {
        Outcome::NotMine
    }

    fn admits(value: &Bound<'_, PyAny>, _: &Imports) -> bool {
        value.is_instance_of::<PyDict>()
    }
}
