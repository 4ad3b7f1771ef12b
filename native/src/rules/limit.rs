//! `MinValueValidator`, `MaxValueValidator`.

use pyo3::PyTraverseError;
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::types::{PyDate, PyDelta, PyFloat, PyInt, PyTime, PyTuple};

use super::{Check, Outcome};
use crate::ffi::int_value;
use crate::imports::{Imports, is_exact};

/// See the head of this file.
pub struct Limit {
    limit: Py<PyAny>,
    /// The limit, if it is an int of 64 bit.
    int: Option<i64>,
    /// The limit, if a float holds it exactly.
    float: Option<f64>,
    is_max: bool,
}

impl Check for Limit {
    /// `(limit, is_max)`
    fn build(parameters: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let (limit, is_max): (Bound<'_, PyAny>, _) = parameters.extract()?;
        let int = limit.cast_exact::<PyInt>().ok().and_then(|limit| int_value(limit));
        // Beyond 2**53 the nearest float may lie on the other side of the limit.
        let exact = int.filter(|limit| limit.unsigned_abs() <= 1 << 53).map(|limit| limit as f64);
        let float = exact.or_else(|| limit.cast_exact::<PyFloat>().ok().map(|limit| limit.value()));
        Ok(Self { limit: limit.unbind(), int, float, is_max })
    }

    #[inline]
    fn check(&self, value: &Bound<'_, PyAny>, imports: &Imports) -> Outcome {
        if value.is_exact_instance_of::<PyInt>() {
            if let (Some(limit), Some(number)) = (self.int, int_value(value)) {
                return Outcome::certain(if self.is_max { number <= limit } else { number >= limit });
            }
        } else if let (Some(limit), Ok(number)) = (self.float, value.cast_exact::<PyFloat>()) {
            let number = number.value();
            // Django asks `value > limit`, so NaN passes (django/core/validators.py, `MaxValueValidator.compare`).
            return Outcome::certain(!(if self.is_max { number > limit } else { number < limit }));
        }
        let limit = self.limit.bind(value.py());
        if !compares_natively(value, limit, imports) {
            return Outcome::Fallback;
        }
        // A Decimal NaN raises in a comparison, as it does in Django.
        match if self.is_max { value.gt(limit) } else { value.lt(limit) } {
            Ok(beyond) => Outcome::or_fallback(!beyond),
            Err(_) => Outcome::Fallback,
        }
    }

    fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.limit)
    }
}

/// Whether `<` of the two is CPython's own code: numbers with each other, dates, times and durations with their like.
fn compares_natively(value: &Bound<'_, PyAny>, limit: &Bound<'_, PyAny>, imports: &Imports) -> bool {
    let number = |side: &Bound<'_, PyAny>| {
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
