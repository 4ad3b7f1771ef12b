//! From Python values to JSON bytes.

mod any_value;
mod columns;
mod dict_keys;
mod fallback;
mod instances;
mod relations;
mod rows;
mod stream_chunk;
mod tuples;

use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::error::{catch_panics, with_docs};
use crate::ffi::BytesBuffer;
use crate::imports::Imports;
use crate::json::writer::Out;
use crate::kinds::{Compact, CompactAscii, DateFormat, Django, DjangoText, Form, Html, LocalZone, NotFinite};
use crate::metering::meter::Meter;
use any_value::Walk;
pub use columns::{RowColumns, parse_zone};
pub use instances::{ModelInstances, ready_values};
pub use relations::{FileUrlText, LinkText, MadeValues, NestedRows, RelatedRows, RowLayout, ValueLabels};
pub use rows::{QueryRows, RowFraming};
pub use stream_chunk::RowChunk;
pub use tuples::ValueTuples;

/// The options of an encode, checked.
pub struct EncodeOptions<'a> {
    /// For a page of HTML: what stands there before and after the value.
    pub html: Option<[&'a str; 2]>,
    /// `"compact"`, `"ascii"`, `"django"` (JsonResponse's very bytes) or `"django_text"` (the same with `ensure_ascii=False`);
    /// not for a page of HTML.
    pub form: &'a str,
    /// What becomes of NaN and the infinities.
    pub not_finite: NotFinite,
    /// The format of dates.
    pub dates: DateOptions,
}

/// The format of the dates of a whole value.
#[derive(Clone)]
pub struct DateOptions {
    format: DateFormat,
    local: Option<Arc<LocalZone>>,
}

impl DateOptions {
    /// Django's format.
    pub const DJANGO: Self = Self { format: DateFormat::Django, local: None };
}

/// Reads the `dates=` argument: `"django"`, `"iso"`, `"drf"` or `"local"`, which is `"iso"` in Django's current time zone.
pub fn parse_dates(py: Python<'_>, dates: &str) -> PyResult<DateOptions> {
    if dates == "local" {
        let zone = Imports::get(py)?.current_timezone.bind(py).call0()?;
        return Ok(DateOptions { format: DateFormat::Iso, local: Some(LocalZone::of(&zone)?) });
    }
    let format = DateFormat::of_name(dates).map_err(|error| with_docs(py, error, "argument"))?;
    Ok(DateOptions { format, local: None })
}

/// Reads the `nan=` argument: `"raise"` or `"null"`.
pub fn parse_nan(py: Python<'_>, nan: &str) -> PyResult<NotFinite> {
    match nan {
        "raise" => Ok(NotFinite::Raise),
        "null" => Ok(NotFinite::Null),
        other => {
            let error = PyValueError::new_err(format!("nan must be \"raise\" or \"null\", not {other:?}"));
            Err(with_docs(py, error, "argument"))
        }
    }
}

/// Writes any value.
#[inline]
pub fn dumps<'py>(
    value: Bound<'py, PyAny>,
    options: &EncodeOptions<'_>,
    meter: &mut Meter<'py>,
) -> PyResult<Bound<'py, PyBytes>> {
    catch_panics("value", || match (options.html, options.form) {
        (Some(_), _) => encode::<Html>(value, options, meter),
        (None, "compact") => encode::<Compact>(value, options, meter),
        (None, "ascii") => encode::<CompactAscii>(value, options, meter),
        (None, "django") => encode::<Django>(value, options, meter),
        (None, "django_text") => encode::<DjangoText>(value, options, meter),
        (None, other) => Err(PyValueError::new_err(format!("no form {other:?}"))),
    })
}

/// Writes any value in the form and with the dates that `dumps` has without arguments.
#[inline(always)]
pub fn dumps_plainly<'py>(value: Bound<'py, PyAny>, meter: &mut Meter<'py>) -> PyResult<Bound<'py, PyBytes>> {
    catch_panics("value", || {
        let imports = Imports::get(value.py())?;
        Walk::<Compact>::new(value.py(), imports, NotFinite::Raise, meter).write_document(value, None)
    })
}

/// Writes any value of which no Python code has to run; None for others, and none has run.
pub fn dumps_natively<'py>(
    value: &Bound<'py, PyAny>,
    form: &str,
    not_finite: NotFinite,
    meter: &mut Meter<'py>,
) -> PyResult<Option<Bound<'py, PyBytes>>> {
    let write = match form {
        "compact" => write_natively::<Compact>,
        "ascii" => write_natively::<CompactAscii>,
        "django" => write_natively::<Django>,
        other => return Err(PyValueError::new_err(format!("no form {other:?}"))),
    };
    catch_panics("value", || write(value.clone(), not_finite, meter))
}

fn write_natively<'py, F: Form>(
    value: Bound<'py, PyAny>,
    not_finite: NotFinite,
    meter: &mut Meter<'py>,
) -> PyResult<Option<Bound<'py, PyBytes>>> {
    let py = value.py();
    Walk::<F>::new(py, Imports::get(py)?, not_finite, meter).write_natively(value)
}

fn encode<'py, F: Form>(
    value: Bound<'py, PyAny>,
    options: &EncodeOptions<'_>,
    meter: &mut Meter<'py>,
) -> PyResult<Bound<'py, PyBytes>> {
    let py = value.py();
    let mut walk = Walk::<F>::new(py, Imports::get(py)?, options.not_finite, meter);
    walk.sink.dates = options.dates.format;
    walk.sink.local = options.dates.local.clone();
    walk.write_document(value, options.html)
}

/// The format of the rows of a stream.
pub struct StreamFormat<'a> {
    /// `"compact"`, `"ascii"`, `"django"` (JsonResponse's very bytes) or `"fixture"` (those of Django's JSON serializer).
    pub form: &'a str,
    /// What stands around them.
    pub items: RowFraming<'a>,
    /// What becomes of NaN and the infinities, but in a fixture.
    pub not_finite: NotFinite,
    /// The format of dates.
    pub dates: DateOptions,
}

/// Writes the next rows of a stream. A panic is the error of a chunk without rows.
pub fn dump_chunk<'py>(
    source: &Bound<'py, PyAny>,
    start: usize,
    limit: usize,
    format: &StreamFormat<'_>,
    meter: &mut Meter<'py>,
) -> PyResult<RowChunk<'py>> {
    if !["compact", "ascii", "django", "fixture"].contains(&format.form) {
        return Err(PyValueError::new_err(format!("no form {:?}", format.form)));
    }
    let written = catch_panics("value", || match format.form {
        "compact" => chunk::<Compact>(source, start, limit, format, meter),
        "ascii" => chunk::<CompactAscii>(source, start, limit, format, meter),
        "django" => chunk::<Django>(source, start, limit, format, meter),
        _ => chunk::<DjangoText>(source, start, limit, format, meter),
    });
    Ok(written.unwrap_or_else(|error| (PyBytes::new(source.py(), b""), 0, Some(error))))
}

fn chunk<'py, F: Form>(
    source: &Bound<'py, PyAny>,
    start: usize,
    limit: usize,
    format: &StreamFormat<'_>,
    meter: &mut Meter<'py>,
) -> PyResult<RowChunk<'py>> {
    let imports = Imports::get(source.py())?;
    let is_fixture = format.form == "fixture";
    let not_finite = if is_fixture { NotFinite::Words } else { format.not_finite };
    let mut walk = Walk::<F>::new(source.py(), imports, not_finite, meter);
    walk.sink.dates = format.dates.format;
    walk.sink.local = format.dates.local.clone();
    let (text, count, error) = walk.write_chunk(source, start, limit, &format.items);
    if let Some(error) = &error {
        error.value(source.py()); // it is made here, where a panic is caught
    }
    // A fixture has the bytes of `dumpdata`, which leaves these characters as they are.
    let has_lines = !is_fixture && format.items.after.contains(&b'\n');
    Ok((if has_lines { escape_line_breaks(text)? } else { text }, count, error))
}

/// Escapes U+2028, U+2029 and U+0085 in newline-delimited JSON: `str.splitlines()` would cut a row in pieces. In JSON they
/// stand inside of strings alone, where an escape means the same.
fn escape_line_breaks(text: Bound<'_, PyBytes>) -> PyResult<Bound<'_, PyBytes>> {
    let bytes = text.as_bytes();
    let leads = |block: &[u8]| block.iter().fold(false, |any, &byte| any | (byte == 0xe2) | (byte == 0xc2));
    if !bytes.chunks(64).any(leads) {
        return Ok(text);
    }
    let (mut out, mut start) = (BytesBuffer::new(), 0);
    for at in 0..bytes.len() {
        let (escape, length): (&[u8], _) = match bytes[at..] {
            [0xe2, 0x80, 0xa8, ..] => (b"\\u2028", 3),
            [0xe2, 0x80, 0xa9, ..] => (b"\\u2029", 3),
            [0xc2, 0x85, ..] => (b"\\u0085", 2),
            _ => continue,
        };
        out.extend(&bytes[start..at]);
        out.extend(escape);
        start = at + length;
    }
    if start == 0 {
        return Ok(text);
    }
    out.extend(&bytes[start..]);
    out.finish(text.py())
}
