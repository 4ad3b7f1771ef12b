//! `validate_comma_separated_integer_list`: ASCII digits and commas.

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::{Check, Outcome};
use crate::ffi::ascii;
use crate::imports::Imports;

/// See the head of this file.
pub struct Integers;

impl Check for Integers {
    /// `()`
    fn build(_: &Bound<'_, PyTuple>) -> PyResult<Self> {
        Ok(Self)
    }

    fn check(&self, value: &Bound<'_, PyAny>, _: &Imports) -> Outcome {
        let is_number = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
        Outcome::or_fallback(ascii(value).is_some_and(|text| text.split(|&c| c == b',').all(is_number)))
    }
}
