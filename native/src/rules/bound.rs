//! `MinValueValidator`, `MaxValueValidator`.

use pyo3::PyTraverseError;
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::types::{PyDate, PyDelta, PyFloat, PyInt, PyTime, PyTuple};

use super::{Answer, Judge};
use crate::ffi::int_value;
use crate::imports::{Imports, is_exact};

/// See the head of this file.
pub struct Bound {
    limit: Py<PyAny>,
    /// The limit, if it is an int of 64 bit.
    int: Option<i64>,
    /// The limit, if a float holds it exactly.
    float: Option<f64>,
    is_max: bool,
}

impl Judge for Bound {
    /// `(limit, is_max)`
    fn build(parameters: &pyo3::Bound<'_, PyTuple>) -> PyResult<Self> {
        let (limit, is_max): (pyo3::Bound<'_, PyAny>, _) = parameters.extract()?;
        let int = limit.cast_exact::<PyInt>().ok().and_then(|limit| int_value(limit));
        let exact = int.filter(|limit| limit.unsigned_abs() <= 1 << 53).map(|limit| limit as f64);
        let float = exact.or_else(|| limit.cast_exact::<PyFloat>().ok().map(|limit| limit.value()));
        Ok(Self { limit: limit.unbind(), int, float, is_max })
    }

    #[inline]
    fn judge(&self, value: &pyo3::Bound<'_, PyAny>, imports: &Imports) -> Answer {
        if value.is_exact_instance_of::<PyInt>() {
            if let (Some(limit), Some(number)) = (self.int, int_value(value)) {
                return Answer::certain(if self.is_max { number <= limit } else { number >= limit });
            }
        } else if let (Some(limit), Ok(number)) = (self.float, value.cast_exact::<PyFloat>()) {
            let number = number.value();
            // Django asks `value > limit`, so NaN passes.
            return Answer::certain(!(if self.is_max { number > limit } else { number < limit }));
        }
        let limit = self.limit.bind(value.py());
        if !compares_natively(value, limit, imports) {
            return Answer::NotMine;
        }
        match if self.is_max { value.gt(limit) } else { value.lt(limit) } {
            Ok(beyond) => Answer::or_not_mine(!beyond),
            Err(_) => Answer::NotMine,
        }
    }

    fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.limit)
    }
}

/// Whether `<` of the two is CPython's own code: numbers with each other, dates, times and durations with their like.
fn compares_natively(value: &pyo3::Bound<'_, PyAny>, limit: &pyo3::Bound<'_, PyAny>, imports: &Imports) -> bool {
    let number = |side: &pyo3::Bound<'_, PyAny>| {
        side.is_exact_instance_of::<PyInt>()
            || side.is_exact_instance_of::<PyFloat>()
            || is_exact(side, &imports.decimal)
    };
    let alike = value.get_type_ptr() == limit.get_type_ptr();
    let temporal = value.is_exact_instance_of::<PyDate>()
        || value.is_exact_instance_of::<PyDelta>()
        || value.is_exact_instance_of::<PyTime>()
        || is_exact(value, &imports.datetime);
    (number(value) && number(limit)) || (alike && temporal)
}
