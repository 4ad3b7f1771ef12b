//! `StepValueValidator`.

use pyo3::prelude::*;
use pyo3::types::{PyFloat, PyInt, PyTuple};

use super::{Check, Outcome};
use crate::ffi::int_value;
use crate::imports::Imports;

/// Beyond it a float does not hold every int.
const EXACT: u64 = 1 << 53;

/// See the head of this file. Ints and floats of moderate size alone.
pub struct Step {
    step: StepNumber,
    offset: StepNumber,
}

#[derive(Clone, Copy)]
enum StepNumber {
    Int(i64),
    Float(f64),
}

impl StepNumber {
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

impl Check for Step {
    /// `(step, offset)`
    fn build(parameters: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let (step, offset): (Bound<'_, PyAny>, Bound<'_, PyAny>) = parameters.extract()?;
        match (StepNumber::of(&step), StepNumber::of(&offset)) {
            (Some(step), Some(offset)) => Ok(Self { step, offset }),
            _ => Err(pyo3::exceptions::PyValueError::new_err("a step of ints and floats is needed")),
        }
    }

    /// `isclose(remainder(value - offset, step), 0, abs_tol=1e-9)`
    #[inline]
    fn check(&self, value: &Bound<'_, PyAny>, imports: &Imports) -> Outcome {
        let Some(number) = StepNumber::of(value) else { return Outcome::Fallback };
        let distance = number.minus(self.offset);
        if let (StepNumber::Int(distance), StepNumber::Int(step)) = (distance, self.step) {
            // Django computes the remainder in floats: of a distance that no float holds it gives another one.
            let is_exact = distance.unsigned_abs() < EXACT;
            return Outcome::or_fallback(is_exact && step != 0 && distance % step == 0);
        }
        // `math.remainder` rounds half to even, which Rust's `%` does not. The call is Django's own.
        let remainder = imports.remainder.bind(value.py()).call1((distance.as_float(), self.step.as_float()));
        // The tolerance of `StepValueValidator.compare`.
        match remainder.and_then(|remainder| remainder.extract::<f64>()) {
            Ok(remainder) => Outcome::or_fallback(remainder.abs() <= 1e-9),
            Err(_) => Outcome::Fallback,
        }
    }
}
