//! Whether a list of output fields says the same as one that was read before: a view has the same list at each call.

use std::cmp::Ordering;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple, PyType};

/// Whether two lists of output fields say the same: the same names and keys in the same order, each with the same
/// expression. Expressions of `classes` are compared by their attributes, all others by identity.
#[pyfunction]
pub fn are_same_fields(
    now: Bound<'_, PyAny>,
    before: Bound<'_, PyAny>,
    classes: &Bound<'_, PyTuple>,
) -> PyResult<bool> {
    let mut work = vec![(now, before)];
    while let Some((now, before)) = work.pop() {
        // A list that was read is a copy of its own, so that what is identical cannot have changed.
        if now.is(&before) {
            continue;
        }
        let kind = now.get_type();
        if !kind.is(before.get_type()) {
            return Ok(false);
        }
        if let (Ok(now), Ok(before)) = (now.cast_exact::<PyString>(), before.cast_exact::<PyString>()) {
            if now.compare(before)? != Ordering::Equal {
                return Ok(false);
            }
        } else if let (Ok(now), Ok(before)) = (now.cast_exact::<PyDict>(), before.cast_exact::<PyDict>()) {
            if now.len() != before.len() {
                return Ok(false);
            }
            // Not `items()`: it makes a list, for which there may be no memory.
            for ((key, value), (key_before, value_before)) in now.iter().zip(before.iter()) {
                work.push((key, key_before));
                work.push((value, value_before));
            }
        } else if let (Ok(now), Ok(before)) = (now.cast_exact::<PyTuple>(), before.cast_exact::<PyTuple>()) {
            if !push_pairs(&mut work, now.iter(), before.iter(), now.len() == before.len()) {
                return Ok(false);
            }
        } else if let (Ok(now), Ok(before)) = (now.cast_exact::<PyList>(), before.cast_exact::<PyList>()) {
            if !push_pairs(&mut work, now.iter(), before.iter(), now.len() == before.len()) {
                return Ok(false);
            }
        } else if is_compared(&kind, classes)? {
            let name = intern!(now.py(), "__dict__");
            work.push((now.getattr(name)?, before.getattr(name)?));
        } else {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Puts the items of two collections side by side; false where one has more of them.
fn push_pairs<'py>(
    work: &mut Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)>,
    now: impl Iterator<Item = Bound<'py, PyAny>>,
    before: impl Iterator<Item = Bound<'py, PyAny>>,
    is_as_long: bool,
) -> bool {
    if is_as_long {
        work.extend(now.zip(before));
    }
    is_as_long
}

fn is_compared(kind: &Bound<'_, PyType>, classes: &Bound<'_, PyTuple>) -> PyResult<bool> {
    for class in classes.iter_borrowed() {
        if kind.is(class) {
            return Ok(true);
        }
    }
    Ok(false)
}
