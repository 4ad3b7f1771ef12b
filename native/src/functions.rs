//! The functions that Python calls, but for those that write any value. They check arguments and meter the call; the work
//! is done elsewhere.

use pyo3::exceptions::PyBaseException;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::metering::meter::{self, Meter, metered};
use crate::parser;
use crate::serializer::{self, RowColumns, RowFraming, StreamFormat, parse_dates, parse_nan};

/// Return the value of a JSON body, or a `BodyFallback` where `json.loads` must decide; for `pyforge_web.parsers`.
#[pyfunction]
pub fn read_body<'py>(py: Python<'py>, body: &Bound<'py, PyAny>, max_depth: usize) -> PyResult<Bound<'py, PyAny>> {
    // "loads" is what users call, so that is what collectors show.
    let mut meter = Meter::start(py)?;
    meter.about(body, None);
    let result = parser::read(body, max_depth);
    if let Err(error) = &result {
        meter.fail(py, error);
    }
    let metered = meter.finish(py, "loads", 0);
    let value = result?;
    metered.map(|()| value)
}

/// Return the next rows of a stream as `(bytes, count, error)`: the bytes of `count` whole rows, and the exception of the
/// row after them. No rows and no error mean the end.
///
/// `source` is a `QueryRows` or a `NestedRows`, which fetches once, or an iterator, which gives up to `limit` values. With
/// `opens=True` it is a function that returns one of them. `about` is for collectors: what the stream was given, and
/// its `fields=`. `start` rows were written before. `between` stands before every row but the first of all, `after` after
/// each. `form` is "compact",
/// "ascii", "django" or "fixture"; `nan` is as in `dumps`, but a fixture has Python's words for what is not finite.
///
/// Raises `ValueError` for a form or a `nan` that does not exist; whatever a row raises is returned.
#[pyfunction]
#[pyo3(signature = (source, start, limit, *, about=None, opens=false, between="", after="", form="compact", nan="raise", dates="django"))]
#[allow(clippy::too_many_arguments)] // they are Python's
pub fn dump_chunk<'py>(
    py: Python<'py>,
    source: Bound<'py, PyAny>,
    start: usize,
    limit: usize,
    about: Option<(Bound<'py, PyAny>, Option<Bound<'py, PyAny>>)>,
    opens: bool,
    between: &str,
    after: &str,
    form: &str,
    nan: &str,
    dates: &str,
) -> PyResult<(Bound<'py, PyBytes>, usize, Option<Py<PyBaseException>>)> {
    let items = RowFraming { between: between.as_bytes(), after: after.as_bytes() };
    let format = StreamFormat { form, items, not_finite: parse_nan(py, nan)?, dates: parse_dates(py, dates)? };
    let mut meter = Meter::start(py)?;
    match &about {
        Some((given, fields)) => meter.about(given, fields.as_ref()),
        None => meter.about(&source, None),
    }
    let opened = if opens { meter.call_out(|| source.call0()) } else { Ok(source) };
    let written = match opened {
        Ok(source) => serializer::dump_chunk(&source, start, limit, &format, &mut meter),
        Err(error) => Ok((PyBytes::new(py, b""), 0, Some(error))),
    };
    let size = match &written {
        Ok((bytes, _, error)) => {
            meter.output(bytes);
            if let Some(error) = error {
                meter.fail(py, error);
            }
            bytes.as_bytes().len()
        }
        Err(error) => {
            meter.fail(py, error);
            0
        }
    };
    let metered = meter.finish(py, "dump_chunk", size);
    let (bytes, count, error) = written?;
    metered.map(|()| (bytes, count, error.map(|error| error.into_value(py))))
}

/// Return the rows of a serializer, which `make` gives with their number: they are counted as one call.
#[pyfunction]
pub fn serialize_rows<'py>(serializer: &Bound<'py, PyAny>, make: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    metered(serializer, "serialize_rows", |meter| {
        type Made<'py> = (Bound<'py, PyAny>, usize, Option<Bound<'py, PyBytes>>);
        let (rows, count, body) = meter.call_out(|| make.call0())?.extract::<Made<'py>>()?;
        meter.rows = count;
        if let Some(body) = body {
            meter.bytes = body.as_bytes().len();
            meter.output(&body);
        }
        Ok(rows)
    })
}

/// Look for open collectors in each native call from now on. Until the first is opened, no call does.
#[pyfunction]
pub fn listen() {
    meter::listen();
}

/// Return the numbers of native calls, of their calls to Python code, and of bytes written since the process began.
#[pyfunction]
pub fn totals() -> (u64, u64, u64) {
    meter::totals()
}

/// Return the JSON-ready values of a dict of attributes, by the names of the columns: text, numbers, bools, None, lists
/// and dicts.
///
/// `source` is the instance that the values are from. Only collectors read it.
#[pyfunction]
#[pyo3(signature = (columns, values, source=None))]
pub fn columns_to_dict<'py>(
    py: Python<'py>,
    columns: &Bound<'py, RowColumns>,
    values: &Bound<'py, PyDict>,
    source: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    metered(source.unwrap_or(values.as_any()), "to_dict", |meter| {
        match source {
            Some(instance) => meter.instance(instance),
            None => meter.rows += 1,
        }
        serializer::ready_values(py, columns.get(), values, meter)
    })
}
