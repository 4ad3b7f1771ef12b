//! From Python values to JSON bytes.

mod chunk;
mod columns;
mod family;
mod frame;
mod key;
mod layout;
mod level;
mod nested;
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
use crate::kinds::{Compact, CompactAscii, Django, DjangoText, Form, Html, NotFinite};
use crate::meter::Meter;
pub use chunk::Chunk;
pub use columns::Columns;
pub use layout::Layout;
pub use level::{Children, Nested};
pub use records::Records;
pub use rows::{Items, Rows};
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
    catch_unwind(AssertUnwindSafe(|| encode(value, options, meter))).unwrap_or_else(|_| Err(panicked()))
}

fn panicked() -> PyErr {
    PyRuntimeError::new_err("PyForge Web failed inside its native core: please report this value as a bug")
}

fn encode<'py, F: Form>(
    value: Bound<'py, PyAny>,
    options: &Options<'_>,
    meter: &mut Meter<'py>,
) -> PyResult<Bound<'py, PyBytes>> {
    let py = value.py();
    Walk::<F>::new(py, Imports::get(py)?, options.not_finite, meter).run(value, options.html)
}

/// How the rows of a stream are spelled.
pub struct Spelling<'a> {
    /// `"compact"`, `"ascii"`, `"django"` (JsonResponse's very bytes) or `"fixture"` (those of Django's JSON serializer).
    pub form: &'a str,
    /// What stands around them.
    pub items: Items<'a>,
    /// What becomes of NaN and the infinities, but in a fixture.
    pub not_finite: NotFinite,
}

/// Writes the next rows of a stream. A panic, which would be a fault of ours, is the error of a chunk without rows.
pub fn dump_chunk<'py>(
    source: &Bound<'py, PyAny>,
    start: usize,
    limit: usize,
    spelling: &Spelling<'_>,
    meter: &mut Meter<'py>,
) -> PyResult<Chunk<'py>> {
    let (write, not_finite): (ChunkWriter<'py>, _) = match spelling.form {
        "compact" => (chunk::<Compact>, spelling.not_finite),
        "ascii" => (chunk::<CompactAscii>, spelling.not_finite),
        "django" => (chunk::<Django>, spelling.not_finite),
        "fixture" => (chunk::<DjangoText>, NotFinite::Words),
        other => return Err(PyValueError::new_err(format!("no form {other:?}"))),
    };
    let written = catch_unwind(AssertUnwindSafe(|| write(source, start, limit, &spelling.items, not_finite, meter)));
    written.unwrap_or_else(|_| Ok((PyBytes::new(source.py(), b""), 0, Some(panicked()))))
}

type ChunkWriter<'py> =
    fn(&Bound<'py, PyAny>, usize, usize, &Items<'_>, NotFinite, &mut Meter<'py>) -> PyResult<Chunk<'py>>;

fn chunk<'py, F: Form>(
    source: &Bound<'py, PyAny>,
    start: usize,
    limit: usize,
    items: &Items<'_>,
    not_finite: NotFinite,
    meter: &mut Meter<'py>,
) -> PyResult<Chunk<'py>> {
    let imports = Imports::get(source.py())?;
    Ok(Walk::<F>::new(source.py(), imports, not_finite, meter).chunk(source, start, limit, items))
}
