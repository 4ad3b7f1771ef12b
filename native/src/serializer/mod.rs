//! From Python values to JSON bytes.

mod columns;
mod frame;
mod key;
mod records;
mod rows;
mod tuples;
mod uncommon;
mod value;

use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::imports::Imports;
use crate::kinds::{Compact, CompactAscii, Django, Form, Html, NotFinite};
use crate::meter::Meter;
pub use columns::Columns;
pub use records::Records;
pub use rows::Rows;
pub use tuples::Tuples;
use value::Walk;

/// The options of an encode, checked.
pub struct Options<'a> {
    /// For a page of HTML: what stands there before and after the value.
    pub html: Option<[&'a str; 2]>,
    /// JsonResponse's very bytes.
    pub django_bytes: bool,
    /// ASCII alone.
    pub ensure_ascii: bool,
    /// What becomes of NaN and the infinities.
    pub not_finite: NotFinite,
}

/// Reads the `nan=` argument: `"raise"` or `"null"`.
pub fn parse_nan(nan: &str) -> PyResult<NotFinite> {
    match nan {
        "raise" => Ok(NotFinite::Raise),
        "null" => Ok(NotFinite::Null),
        other => Err(PyValueError::new_err(format!("nan must be \"raise\" or \"null\", not {other:?}"))),
    }
}

/// Writes any value. A panic, which would be a fault of ours, becomes an `Exception` that Django's handlers catch.
#[inline]
pub fn dumps<'py>(
    value: Bound<'py, PyAny>,
    options: &Options<'_>,
    meter: &mut Meter<'py>,
) -> PyResult<Bound<'py, PyBytes>> {
    let encode = match options {
        Options { html: Some(_), .. } => encode::<Html>,
        Options { django_bytes: true, .. } => encode::<Django>,
        Options { ensure_ascii: true, .. } => encode::<CompactAscii>,
        _ => encode::<Compact>,
    };
    catch_unwind(AssertUnwindSafe(|| encode(value, options, meter))).unwrap_or_else(|_| {
        Err(PyRuntimeError::new_err("PyForge Web failed inside its native core: please report this value as a bug"))
    })
}

fn encode<'py, F: Form>(
    value: Bound<'py, PyAny>,
    options: &Options<'_>,
    meter: &mut Meter<'py>,
) -> PyResult<Bound<'py, PyBytes>> {
    let py = value.py();
    Walk::<F>::new(py, Imports::get(py)?, options.not_finite, meter).run(value, options.html)
}
