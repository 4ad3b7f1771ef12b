//! What Django REST framework needs of a column: the texts of its values as Python objects. And whether data is plain JSON.

use std::collections::HashMap;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use crate::ffi::{DictCursor, ascii, list_item, tuple_item};
use crate::imports::Imports;
use crate::json::calendar::add_seconds;
use crate::json::temporal::{CalendarDate, ClockTime, Offset, parse_datetime, parse_time};
use crate::kinds::{Compact, Kind, NotFinite, Outcome, Sink, StoredForm, StoredZone};

/// Deeper data is for Python's encoder, which has a limit of its own.
const DEPTH: usize = 200;

/// The texts of a column whose values have one strict form; None where one has another.
///
/// `kind` is "date", "decimal" or "uuid". `digits` and `places` are those of a decimal that is stored as a number.
#[pyfunction]
pub fn text_column<'py>(
    column: &Bound<'py, PyTuple>,
    kind: &str,
    digits: u32,
    places: u32,
) -> PyResult<Option<Bound<'py, PyList>>> {
    let py = column.py();
    let imports = Imports::get(py)?;
    let Some(kind) = Kind::of_name(kind) else { return Ok(None) };
    let stored = StoredForm { zone: StoredZone::Naive, checked: false, digits: (digits, places) };
    let mut sink = Sink::<Compact>::new(NotFinite::Raise);
    let mut ends = Vec::with_capacity(column.len());
    for value in column.iter() {
        if !value.is_none() && kind.read(&value, &stored, imports, &mut sink) != Outcome::Accepted {
            return sink.error.take().map_or(Ok(None), |error| Err(error.into_pyerr(py, "$")));
        }
        ends.push(sink.out.len());
    }
    let bytes = sink.out.finish(py)?;
    let Ok(text) = std::str::from_utf8(bytes.as_bytes()) else { return Ok(None) };
    let texts = PyList::empty(py);
    let mut start = 0;
    for end in ends {
        // Nothing was written for null; a text has its quotes.
        let inner = text.get(start + 1..end.saturating_sub(1));
        match inner {
            Some(inner) if end > start => texts.append(PyString::new(py, inner))?,
            _ => texts.append(py.None())?,
        }
        start = end;
    }
    Ok(Some(texts))
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

/// The texts of a column of stored times without an offset: `isoformat()`; None where one has another form.
#[pyfunction]
pub fn time_column<'py>(column: &Bound<'py, PyTuple>) -> PyResult<Option<Bound<'py, PyList>>> {
    let texts = PyList::empty(column.py());
    for value in column.iter() {
        if value.is_none() {
            texts.append(value)?;
            continue;
        }
        let Some(time) = ascii(&value).and_then(parse_time) else { return Ok(None) };
        let mut text = AsciiText::default();
        text.time(time);
        texts.append(text.string(column.py()))?;
    }
    Ok(Some(texts))
}

/// The texts of a column of stored datetimes, which are in UTC, in another zone: `isoformat()`, but `Z` for UTC. None where
/// one has another form.
///
/// `offset_of` gives the offset of a day of UTC in seconds, or None where it changes on that day; `slowly` gives the text of
/// such a value. Without `offset_of` the values are written in UTC; with `naive` they have no zone at all.
#[pyfunction]
#[pyo3(signature = (column, naive=false, offset_of=None, slowly=None))]
pub fn datetime_column<'py>(
    column: &Bound<'py, PyTuple>,
    naive: bool,
    offset_of: Option<&Bound<'py, PyAny>>,
    slowly: Option<&Bound<'py, PyAny>>,
) -> PyResult<Option<Bound<'py, PyList>>> {
    let py = column.py();
    let texts = PyList::empty(py);
    let mut days: HashMap<[u8; 10], Option<i64>> = HashMap::new();
    for value in column.iter() {
        if value.is_none() {
            texts.append(value)?;
            continue;
        }
        let Some(stored) = ascii(&value) else { return Ok(None) };
        let Some((date, time, offset)) = parse_datetime(stored) else { return Ok(None) };
        if !stored_in(offset, naive) {
            return Ok(None);
        }
        let mut text = AsciiText::default();
        match offset_of {
            None => {
                text.datetime(date, time);
                if !naive {
                    text.push(b"Z");
                }
            }
            Some(offset_of) => {
                let Some(Ok(day)) = stored.get(..10).map(<[u8; 10]>::try_from) else { return Ok(None) };
                let known = match days.get(&day) {
                    Some(known) => *known,
                    None => {
                        let given: Option<i64> =
                            offset_of.call1((PyString::new(py, &String::from_utf8_lossy(&day)),))?.extract()?;
                        days.insert(day, given);
                        given
                    }
                };
                let shifted = known.and_then(|seconds| Some((seconds, add_seconds(date, time, seconds)?)));
                let Some((seconds, (date, time))) = shifted else {
                    let Some(slowly) = slowly else { return Ok(None) };
                    texts.append(slowly.call1((&value,))?)?;
                    continue;
                };
                text.datetime(date, time);
                text.offset(seconds);
            }
        }
        texts.append(text.string(py))?;
    }
    Ok(Some(texts))
}

/// Whether a stored datetime is in UTC: its text has no offset, or that of UTC.
pub fn stored_in(offset: Offset, naive: bool) -> bool {
    offset == Offset::None || (offset == Offset::Micros(0) && !naive)
}

/// A short text of ASCII.
#[derive(Default)]
pub struct AsciiText {
    bytes: Vec<u8>,
}

impl AsciiText {
    /// What was written.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Adds ASCII.
    pub fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
    }

    fn digits(&mut self, mut number: u32, places: usize) {
        let start = self.bytes.len();
        self.bytes.resize(start + places, b'0');
        for byte in self.bytes[start..].iter_mut().rev() {
            *byte = b'0' + (number % 10) as u8;
            number /= 10;
        }
    }

    /// `HH:MM:SS[.ffffff]`
    pub fn time(&mut self, time: ClockTime) {
        self.digits(time.hour.into(), 2);
        self.push(b":");
        self.digits(time.minute.into(), 2);
        self.push(b":");
        self.digits(time.second.into(), 2);
        if time.microsecond != 0 {
            self.push(b".");
            self.digits(time.microsecond, 6);
        }
    }

    /// `YYYY-MM-DDTHH:MM:SS[.ffffff]`
    pub fn datetime(&mut self, date: CalendarDate, time: ClockTime) {
        self.bytes.reserve(40);
        self.digits(date.year.into(), 4);
        self.push(b"-");
        self.digits(date.month.into(), 2);
        self.push(b"-");
        self.digits(date.day.into(), 2);
        self.push(b"T");
        self.time(time);
    }

    /// `+HH:MM[:SS]`, or `Z`.
    fn offset(&mut self, seconds: i64) {
        if seconds == 0 {
            return self.push(b"Z");
        }
        self.push(if seconds < 0 { b"-" } else { b"+" });
        let size = seconds.unsigned_abs() as u32;
        self.digits(size / 3600, 2);
        self.push(b":");
        self.digits(size / 60 % 60, 2);
        if size % 60 != 0 {
            self.push(b":");
            self.digits(size % 60, 2);
        }
    }

    fn string<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        PyString::new(py, &String::from_utf8_lossy(&self.bytes))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets() {
        let text = |seconds| {
            let mut text = AsciiText::default();
            text.offset(seconds);
            String::from_utf8(text.bytes).unwrap()
        };
        assert_eq!(text(0), "Z");
        assert_eq!(text(3600), "+01:00");
        assert_eq!(text(-12_600), "-03:30");
        assert_eq!(text(-1), "-00:00:01");
    }
}
