//! From Python values to JSON bytes.

mod any_value;
mod columns;
mod dict_keys;
mod fallback;
mod instances;
mod relations;
mod rows;
mod stack;
mod stream_chunk;
mod tuples;

use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::imports::Imports;
use crate::kinds::{Compact, CompactAscii, Django, DjangoText, Form, Html, NotFinite};
use crate::metering::meter::Meter;
use any_value::Walk;
pub use columns::RowColumns;
pub use instances::{ModelInstances, ready_values};
pub use relations::{FileUrlText, LinkText, NestedRows, RelatedRows, RowLayout, ValueLabels};
pub use rows::{QueryRows, RowFraming};
pub use stream_chunk::RowChunk;
pub use tuples::ValueTuples;

/// The options of an encode, checked.
pub struct EncodeOptions<'a> {
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

/// Writes any value. A panic would be a bug of PyForge Web: it becomes an `Exception`, which Django's handlers catch.
#[inline]
pub fn dumps<'py>(
    value: Bound<'py, PyAny>,
    options: &EncodeOptions<'_>,
    meter: &mut Meter<'py>,
) -> PyResult<Bound<'py, PyBytes>> {
    let encode = match options {
        EncodeOptions { html: Some(_), .. } => encode::<Html>,
        EncodeOptions { django_bytes: true, .. } => encode::<Django>,
        EncodeOptions { ensure_ascii: true, .. } => encode::<CompactAscii>,
        _ => encode::<Compact>,
    };
    catch_unwind(AssertUnwindSafe(|| encode(value, options, meter))).unwrap_or_else(|_| Err(panicked()))
}

fn panicked() -> PyErr {
    PyRuntimeError::new_err("PyForge Web failed inside its native core: please report this value as a bug")
}

fn encode<'py, F: Form>(
    value: Bound<'py, PyAny>,
    options: &EncodeOptions<'_>,
    meter: &mut Meter<'py>,
) -> PyResult<Bound<'py, PyBytes>> {
    let py = value.py();
    Walk::<F>::new(py, Imports::get(py)?, options.not_finite, meter).write_document(value, options.html)
}

/// The format of the rows of a stream.
pub struct StreamFormat<'a> {
    /// `"compact"`, `"ascii"`, `"django"` (JsonResponse's very bytes) or `"fixture"` (those of Django's JSON serializer).
    pub form: &'a str,
    /// What stands around them.
    pub items: RowFraming<'a>,
    /// What becomes of NaN and the infinities, but in a fixture.
    pub not_finite: NotFinite,
}

/// Writes the next rows of a stream. A panic would be a bug of PyForge Web: it is the error of a chunk without rows.
pub fn dump_chunk<'py>(
    source: &Bound<'py, PyAny>,
    start: usize,
    limit: usize,
    escaped: &StreamFormat<'_>,
    meter: &mut Meter<'py>,
) -> PyResult<RowChunk<'py>> {
    let (write, not_finite): (ChunkWriter<'py>, _) = match escaped.form {
        "compact" => (chunk::<Compact>, escaped.not_finite),
        "ascii" => (chunk::<CompactAscii>, escaped.not_finite),
        "django" => (chunk::<Django>, escaped.not_finite),
        "fixture" => (chunk::<DjangoText>, NotFinite::Words),
        other => return Err(PyValueError::new_err(format!("no form {other:?}"))),
    };
    let written = catch_unwind(AssertUnwindSafe(|| write(source, start, limit, &escaped.items, not_finite, meter)));
    written.unwrap_or_else(|_| Ok((PyBytes::new(source.py(), b""), 0, Some(panicked()))))
}

type ChunkWriter<'py> =
    fn(&Bound<'py, PyAny>, usize, usize, &RowFraming<'_>, NotFinite, &mut Meter<'py>) -> PyResult<RowChunk<'py>>;

fn chunk<'py, F: Form>(
    source: &Bound<'py, PyAny>,
    start: usize,
    limit: usize,
    items: &RowFraming<'_>,
    not_finite: NotFinite,
    meter: &mut Meter<'py>,
) -> PyResult<RowChunk<'py>> {
    let imports = Imports::get(source.py())?;
    Ok(Walk::<F>::new(source.py(), imports, not_finite, meter).write_chunk(source, start, limit, items))
}
