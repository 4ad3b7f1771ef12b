//! `decimal.Decimal`: `str(value)`, exponents included, never rounded, never a number.

use pyo3::prelude::*;

use super::{Form, Outcome, Sink};
use crate::imports::{Imports, is_exact};

#[inline]
pub fn write<F: Form>(value: &Bound<'_, PyAny>, imports: &Imports, sink: &mut Sink<F>) -> Outcome {
    if !is_exact(value, &imports.decimal) {
        return Outcome::NotMine;
    }
    match value.str() {
        Ok(text) => {
            F::write_text(&text, &mut sink.out);
            Outcome::Done
        }
        Err(error) => sink.fail(error),
    }
}
