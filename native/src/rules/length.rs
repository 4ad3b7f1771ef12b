//! `MinLengthValidator`, `MaxLengthValidator`: code points of a str, bytes, items of a list.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};

use super::{Answer, Judge};
use crate::imports::Imports;

/// See the head of this file.
pub struct Length {
    limit: usize,
    is_max: bool,
}

impl Judge for Length {
    /// `(limit, is_max)`
    fn build(parameters: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let (limit, is_max) = parameters.extract()?;
        Ok(Self { limit, is_max })
    }

    #[inline]
    fn judge(&self, value: &Bound<'_, PyAny>, _: &Imports) -> Answer {
        let sized = value.is_exact_instance_of::<PyString>()
            || value.is_exact_instance_of::<PyBytes>()
            || value.is_exact_instance_of::<PyList>();
        match value.len() {
            Ok(length) if sized => {
                Answer::certain(if self.is_max { length <= self.limit } else { length >= self.limit })
            }
            _ => Answer::NotMine,
        }
    }
}
