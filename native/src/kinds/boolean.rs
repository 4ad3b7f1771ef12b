//! `bool`.

use pyo3::prelude::*;
use pyo3::types::PyBool;

use super::{Form, Outcome, Sink};
use crate::imports::Imports;
use crate::json::writer::Out;

#[inline(always)]
pub fn write<F: Form>(value: &Bound<'_, PyAny>, _: &Imports, sink: &mut Sink<F>) -> Outcome {
    let Ok(value) = value.cast::<PyBool>() else {
        return Outcome::NotMine;
    };
    sink.out.extend(if value.is_true() { b"true" } else { b"false" });
    Outcome::Done
}
