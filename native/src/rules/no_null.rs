//! `ProhibitNullCharactersValidator`.

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::{Answer, Judge};
use crate::ffi::ascii;
use crate::imports::Imports;

/// See the head of this file.
pub struct NoNull;

impl Judge for NoNull {
    /// `()`
    fn build(_: &Bound<'_, PyTuple>) -> PyResult<Self> {
        Ok(Self)
    }

    #[inline]
    fn judge(&self, value: &Bound<'_, PyAny>, _: &Imports) -> Answer {
        Answer::or_not_mine(ascii(value).is_some_and(|text| !text.contains(&0)))
    }
}
