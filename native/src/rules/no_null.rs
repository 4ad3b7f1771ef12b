//! `ProhibitNullCharactersValidator`.

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::{Check, Outcome};
use crate::ffi::ascii;
use crate::imports::Imports;

/// See the head of this file.
pub struct NoNull;

impl Check for NoNull {
    /// `()`
    fn build(_: &Bound<'_, PyTuple>) -> PyResult<Self> {
        Ok(Self)
    }

    #[inline]
    fn check(&self, value: &Bound<'_, PyAny>, _: &Imports) -> Outcome {
        // Text beyond ASCII is searched by Python: its units have one, two or four bytes.
        Outcome::or_fallback(ascii(value).is_some_and(|text| !text.contains(&0)))
    }
}
