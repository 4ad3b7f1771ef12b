//! `validate_slug`; of `validate_unicode_slug` the ASCII part.

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::{Check, Outcome};
use crate::ffi::ascii;
use crate::imports::Imports;

/// See the head of this file.
pub struct Slug;

impl Check for Slug {
    /// `()`
    fn build(_: &Bound<'_, PyTuple>) -> PyResult<Self> {
        Ok(Self)
    }

    #[inline]
    fn check(&self, value: &Bound<'_, PyAny>, _: &Imports) -> Outcome {
        let valid = |text: &[u8]| text.iter().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'));
        // Beyond ASCII `\w` depends on Python's Unicode tables, and on which of the two validators it is.
        ascii(value).map_or(Outcome::Fallback, |text| Outcome::certain(!text.is_empty() && valid(text)))
    }
}
