//! What Django REST framework needs of a column: the texts of its values as Python objects. And whether data is plain JSON.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use super::columns::{Reader, open_sink, stored_form};
use crate::error::catch_panics;
use crate::ffi::{DictCursor, list_item, tuple_item};
use crate::imports::Imports;
use crate::kinds::{Kind, Outcome};

/// Deeper data is for Python's encoder, which has a limit of its own.
const DEPTH: usize = 200;

/// The texts of a column whose values have one strict form, as DRF writes them; None where one has another.
///
/// `reader` says how the column is read: `(kind, zone, digits, places)`. Datetimes are converted to `timezone`.
#[pyfunction]
#[pyo3(signature = (column, reader, timezone=None))]
pub fn text_column<'py>(
    column: &Bound<'py, PyTuple>,
    reader: Reader,
    timezone: Option<&Bound<'py, PyAny>>,
) -> PyResult<Option<Bound<'py, PyList>>> {
    let py = column.py();
    catch_panics("serializer", || {
        let Some(kind) = Kind::of_name(&reader.0) else { return Ok(None) };
        let (imports, stored, mut sink) = (Imports::get(py)?, stored_form(&reader)?, open_sink(timezone)?);
        let mut ends = Vec::with_capacity(column.len());
        for value in column.iter() {
            if !value.is_none() && kind.read(&value, &stored, imports, &mut sink) != Outcome::Accepted {
                return sink.error.take().map_or(Ok(None), |error| Err(error.into_pyerr(py, "$")));
            }
            ends.push(sink.out.len());
        }
        let bytes = sink.out.finish(py)?;
        let Ok(text) = std::str::from_utf8(bytes.as_bytes()) else { return Ok(None) };
        let mut start = 0;
        let texts = ends.into_iter().map(|end| {
            // Nothing was written for null; a text has its quotes.
            let inner = text.get(start + 1..end.saturating_sub(1)).filter(|_| end > start);
            start = end;
            inner.map(|inner| PyString::new(py, inner))
        });
        PyList::new(py, texts.collect::<Vec<_>>()).map(Some)
    })
}

/// The columns of rows of one length: `list(zip(*rows))`, without an iterator for each row. Each is empty for no rows.
#[pyfunction]
pub fn columns_of<'py>(rows: &Bound<'py, PyList>, width: usize) -> PyResult<Bound<'py, PyList>> {
    let py = rows.py();
    let columns = PyList::empty(py);
    for index in 0..width {
        let values = rows.iter().map(|row| row.cast::<PyTuple>().ok().and_then(|row| tuple_item(row, index)));
        let values = values.collect::<Option<Vec<_>>>();
        let Some(values) = values else { return Err(PyValueError::new_err("a row is too short")) };
        columns.append(PyTuple::new(py, values)?)?;
    }
    Ok(columns)
}

/// Whether data is made of str and its subclasses, and of exactly dict, list, tuple, int, float, bool and None; with `django_types` also of the dates,
/// times, durations, decimals and UUIDs that Django's encoder writes.
#[pyfunction]
#[pyo3(signature = (data, *, django_types=false))]
pub fn is_plain_json(data: &Bound<'_, PyAny>, django_types: bool) -> PyResult<bool> {
    let imports = Imports::get(data.py())?;
    Ok(is_plain(data, |value| django_types && Kind::of_rarer(value, imports).is_some()))
}

fn is_plain<'py>(data: &Bound<'py, PyAny>, is_other: impl Fn(&Bound<'py, PyAny>) -> bool) -> bool {
    let mut stack = vec![(data.clone(), 0)];
    while let Some((value, depth)) = stack.pop() {
        if depth > DEPTH {
            return false;
        }
        let mut accepts = |value: Bound<'py, PyAny>| {
            if is_scalar(&value).is_none() && !is_other(&value) {
                stack.push((value, depth + 1));
            }
            true
        };
        let accepted = if let Ok(dict) = value.cast_exact::<PyDict>() {
            dict_is_plain(dict, &mut accepts)
        } else if let Ok(list) = value.cast_exact::<PyList>() {
            (0..list.len()).all(|index| list_item(list, index).is_some_and(&mut accepts))
        } else if let Ok(tuple) = value.cast_exact::<PyTuple>() {
            (0..tuple.len()).all(|index| tuple_item(tuple, index).is_some_and(&mut accepts))
        } else {
            is_scalar(&value).is_some() || is_other(&value)
        };
        if !accepted {
            return false;
        }
    }
    true
}

fn dict_is_plain<'py>(dict: &Bound<'py, PyDict>, accepts: &mut impl FnMut(Bound<'py, PyAny>) -> bool) -> bool {
    let mut cursor = DictCursor::new(dict);
    loop {
        match cursor.next(dict) {
            Ok(Some((key, value))) => {
                // A key that is not finite is an error for Python's encoder.
                if is_scalar(&key).is_none() || key.is_exact_instance_of::<PyFloat>() || !accepts(value) {
                    return false;
                }
            }
            Ok(None) => return true,
            Err(()) => return false,
        }
    }
}

#[inline(always)]
fn is_scalar(value: &Bound<'_, PyAny>) -> Option<()> {
    (value.is_instance_of::<PyString>() // a subclass too: its text is written
        || value.is_exact_instance_of::<PyInt>()
        || value.is_none()
        || value.is_exact_instance_of::<PyBool>()
        || value.is_exact_instance_of::<PyFloat>())
    .then_some(())
}
