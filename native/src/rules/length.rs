//! `MinLengthValidator`, `MaxLengthValidator`: code points of a str, bytes, items of a list.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyTuple};

use super::{Check, Outcome};
use crate::ffi::text_length;
use crate::imports::Imports;

/// See the head of this file.
pub struct Length {
    limit: usize,
    is_max: bool,
}

impl Check for Length {
    /// `(limit, is_max)`
    fn build(parameters: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let (limit, is_max) = parameters.extract()?;
        Ok(Self { limit, is_max })
    }

    #[inline]
    fn check(&self, value: &Bound<'_, PyAny>, _: &Imports) -> Outcome {
        // Code points, as `len()`: MySQL and PostgreSQL count them, too, where bytes would refuse a letter with an accent.
        let length = text_length(value)
            .or_else(|| value.cast_exact::<PyList>().ok().map(|list| list.len()))
            .or_else(|| value.cast_exact::<PyBytes>().ok().map(|bytes| bytes.as_bytes().len()));
        match length {
            Some(length) => Outcome::certain(if self.is_max { length <= self.limit } else { length >= self.limit }),
            None => Outcome::Fallback,
        }
    }
}
