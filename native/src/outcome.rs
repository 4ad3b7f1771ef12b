//! The possible results of native code for a value: accepted, rejected, or fallback. All modules use these words.
//!
//! A fallback means that native code is not certain: Django's own Python code decides that one value.

use pyo3::prelude::*;

/// How a value was written, read or checked.
///
/// One byte: an error is parked in the sink, since a large `Result` for every value costs more than most values do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is written, or Django's validator accepts it.
    Accepted,
    /// Nothing more can be written (see `Sink::error`), or Django's validator certainly rejects it.
    Rejected,
    /// Native code did nothing: Django's own code decides.
    Fallback,
}

impl Outcome {
    /// Accepted or rejected, where both are certain.
    #[inline]
    pub fn certain(holds: bool) -> Self {
        if holds { Self::Accepted } else { Self::Rejected }
    }

    /// Accepted or fallback: what native code does not accept, Django words the error for.
    #[inline]
    pub fn or_fallback(holds: bool) -> Self {
        if holds { Self::Accepted } else { Self::Fallback }
    }
}

/// What `field.clean`, or `Field.to_python` alone, makes of a value.
pub enum CleanOutcome<'py> {
    /// It returns the very object.
    Accepted,
    /// It returns another object.
    Changed(Bound<'py, PyAny>),
    /// `clean_fields` does not look at the value: it is empty, and it may be.
    Skipped,
    /// It certainly raises.
    Rejected,
    /// Native code is not certain: Django cleans the value.
    Fallback,
}

impl<'py> CleanOutcome<'py> {
    /// Another object, where making it did not fail. Why it failed is for Django to say.
    #[inline]
    pub fn or_fallback<T>(made: PyResult<Bound<'py, T>>) -> Self {
        made.map_or(Self::Fallback, |value| Self::Changed(value.into_any()))
    }
}
