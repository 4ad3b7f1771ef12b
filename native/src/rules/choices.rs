//! `choices`, flat or in groups. The field's list is read as it stands at each call: no copy that could be stale.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyList, PyString, PyTuple};

use super::Outcome;
use crate::ffi::{ascii, int_value, list_item, tuple_item};
use crate::imports::{Imports, is_exact};

/// Whether a value that is not empty is among the choices of a field; None of them allow everything. An iterator (of a
/// callable, say) is run by Django.
#[inline]
pub fn check(choices: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>, imports: &Imports) -> Outcome {
    if choices.is_none() {
        return Outcome::Accepted;
    }
    // `value == key` asks the value's own class first.
    if !compares_natively(value, imports) {
        return Outcome::Fallback;
    }
    search(choices, value, imports, true)
}

fn search(choices: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>, imports: &Imports, groups: bool) -> Outcome {
    let (mut index, mut missing) = (0, Outcome::Rejected);
    while let Some(option) = item(choices, index) {
        index += 1;
        let (Some(key), Some(label), None) = (item(&option, 0), item(&option, 1), item(&option, 2)) else {
            return Outcome::Fallback; // Django fails to unpack it
        };
        let found = if groups && is_sequence(&label) {
            search(&label, value, imports, false)
        } else {
            equals(value, &key, imports)
        };
        match found {
            Outcome::Accepted => return Outcome::Accepted,
            Outcome::Rejected => {}
            Outcome::Fallback => missing = Outcome::Fallback,
        }
        if missing == Outcome::Fallback {
            return missing; // a key's own `__eq__` may do anything, and Django asks the keys in their order
        }
    }
    if is_sequence(choices) { missing } else { Outcome::Fallback }
}

fn is_sequence(value: &Bound<'_, PyAny>) -> bool {
    value.is_exact_instance_of::<PyList>() || value.is_exact_instance_of::<PyTuple>()
}

fn item<'py>(sequence: &Bound<'py, PyAny>, index: usize) -> Option<Bound<'py, PyAny>> {
    if let Ok(list) = sequence.cast_exact::<PyList>() {
        return list_item(list, index);
    }
    sequence.cast_exact::<PyTuple>().ok().and_then(|tuple| tuple_item(tuple, index))
}

/// `value == key`
#[inline]
fn equals(value: &Bound<'_, PyAny>, key: &Bound<'_, PyAny>, imports: &Imports) -> Outcome {
    // Two ASCII texts are most of all choices: bytes are compared without a call of `str.__eq__`.
    if let (Some(value), Some(key)) = (ascii(value), ascii(key)) {
        return Outcome::certain(value == key);
    }
    if value.is_exact_instance_of::<PyInt>() && key.is_exact_instance_of::<PyInt>() {
        if let (Some(value), Some(key)) = (int_value(value), int_value(key)) {
            return Outcome::certain(value == key);
        }
    }
    if !compares_natively(key, imports) {
        return Outcome::Fallback;
    }
    value.eq(key).map_or(Outcome::Fallback, Outcome::certain)
}

/// Whether `==` of it is CPython's own code.
fn compares_natively(value: &Bound<'_, PyAny>, imports: &Imports) -> bool {
    value.is_exact_instance_of::<PyString>()
        || value.is_exact_instance_of::<PyInt>()
        || value.is_exact_instance_of::<PyFloat>()
        || value.is_exact_instance_of::<PyBool>()
        || value.is_none()
        || is_exact(value, &imports.decimal)
        || is_exact(value, &imports.date)
        || is_exact(value, &imports.timedelta)
}
