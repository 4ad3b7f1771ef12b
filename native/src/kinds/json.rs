//! Stored JSON: the text is passed through after a check, without a Python object for any of its values.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use super::{CleanOutcome, Form, JsonKind, Outcome, Sink, StoredForm, ToPython};
use crate::ffi::int_value;
use crate::imports::Imports;
use crate::json::check::is_certain;

/// See the head of this file.
pub struct Json;

impl JsonKind for Json {
    fn write<F: Form>(_: &Bound<'_, PyAny>, _: &Imports, _: &mut Sink<F>) -> Outcome {
        Outcome::Fallback
    }

    /// Text that `json.loads` and every other reader understand alike.
    ///
    /// PostgreSQL's jsonb cannot hold anything else. SQLite may: unmanaged tables and raw SQL have no CHECK, and unchecked
    /// text could close our object and open another.
    #[inline]
    fn read<F: Form>(value: &Bound<'_, PyAny>, stored: &StoredForm, _: &Imports, sink: &mut Sink<F>) -> Outcome {
        let text = match value.cast_exact::<PyString>().map(|text| text.to_str()) {
            Ok(Ok(text)) if stored.checked || is_certain(text.as_bytes()) => text,
            _ => return Outcome::Fallback,
        };
        // A line break inside a string is escaped, so a raw one stands between tokens. `json.dumps` writes none.
        if sink.one_line && has_line_break(text.as_bytes()) {
            return Outcome::Fallback;
        }
        if F::write_json(&mut sink.out, text) { Outcome::Accepted } else { Outcome::Fallback }
    }

    fn admits(_: &Bound<'_, PyAny>, _: &Imports) -> bool {
        true
    }
}

impl ToPython for Json {
    /// Any value that `json.dumps` can certainly write, which is what `JSONField.validate` tries.
    fn convert<'py>(value: &Bound<'py, PyAny>, _: &Imports) -> CleanOutcome<'py> {
        if is_plain(value, MAX_PLAIN_DEPTH) { CleanOutcome::Accepted } else { CleanOutcome::Fallback }
    }
}

/// How deep `is_plain` goes: far below what `json.dumps` and the smallest stack bear.
const MAX_PLAIN_DEPTH: usize = 32;

/// Whether a value consists of what JSON knows, in exact types: no key that JSON does not know, no cycle.
fn is_plain(value: &Bound<'_, PyAny>, depth: usize) -> bool {
    if value.is_none() || value.is_exact_instance_of::<PyString>() || value.is_exact_instance_of::<PyFloat>() {
        return true;
    }
    if value.is_exact_instance_of::<PyInt>() {
        return int_value(value).is_some(); // `str` of a larger one may have too many digits
    }
    if value.is_exact_instance_of::<PyBool>() {
        return true;
    }
    // Recursion, since the depth is small and fixed.
    let Some(depth) = depth.checked_sub(1) else { return false };
    if let Ok(dict) = value.cast_exact::<PyDict>() {
        return dict.iter().all(|(key, item)| key.is_exact_instance_of::<PyString>() && is_plain(&item, depth));
    }
    if let Ok(list) = value.cast_exact::<PyList>() {
        return list.iter().all(|item| is_plain(&item, depth));
    }
    value.cast_exact::<PyTuple>().is_ok_and(|tuple| tuple.iter().all(|item| is_plain(&item, depth)))
}

/// In blocks without an early end, which compilers turn into vectors.
fn has_line_break(text: &[u8]) -> bool {
    let is_break = |byte: u8| (byte == b'\n') | (byte == b'\r');
    text.chunks(64).any(|block| block.iter().fold(false, |found, &byte| found | is_break(byte)))
}
