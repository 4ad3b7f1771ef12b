//! `StepValueValidator`.

use pyo3::prelude::*;
use pyo3::types::{PyFloat, PyInt, PyTuple};

use super::{Answer, Judge};
use crate::ffi::int_value;
use crate::imports::Imports;

/// Beyond it a float does not hold every int.
const EXACT: u64 = 1 << 53;

/// See the head of this file. Ints and floats of moderate size alone.
pub struct Step {
    step: Number,
    offset: Number,
}

#[derive(Clone, Copy)]
enum Number {
    Int(i64),
    Float(f64),
}

impl Number {
    fn of(value: &Bound<'_, PyAny>) -> Option<Self> {
        if value.is_exact_instance_of::<PyInt>() {
            return int_value(value).filter(|number| number.unsigned_abs() < EXACT).map(Self::Int);
        }
        let number = value.cast_exact::<PyFloat>().ok()?.value();
        number.is_finite().then_some(Self::Float(number))
    }

    fn as_float(self) -> f64 {
        match self {
            Self::Int(number) => number as f64,
            Self::Float(number) => number,
        }
    }

    fn minus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Self::Int(a - b),
            _ => Self::Float(self.as_float() - other.as_float()),
        }
    }
}

impl Judge for Step {
    /// `(step, offset)`
    fn build(parameters: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let (step, offset): (Bound<'_, PyAny>, Bound<'_, PyAny>) = parameters.extract()?;
        match (Number::of(&step), Number::of(&offset)) {
            (Some(step), Some(offset)) => Ok(Self { step, offset }),
            _ => Err(pyo3::exceptions::PyValueError::new_err("a step of ints and floats is needed")),
        }
    }

    /// `isclose(remainder(value - offset, step), 0, abs_tol=1e-9)`
    #[inline]
    fn judge(&self, value: &Bound<'_, PyAny>, imports: &Imports) -> Answer {
        let Some(number) = Number::of(value) else { return Answer::NotMine };
        let distance = number.minus(self.offset);
        if let (Number::Int(distance), Number::Int(step)) = (distance, self.step) {
            return Answer::or_not_mine(step != 0 && distance % step == 0);
        }
        let remainder = imports.remainder.bind(value.py()).call1((distance.as_float(), self.step.as_float()));
        match remainder.and_then(|remainder| remainder.extract::<f64>()) {
            Ok(remainder) => Answer::or_not_mine(remainder.abs() <= 1e-9),
            Err(_) => Answer::NotMine,
        }
    }
}
