//! Raw reads of Python objects: items, dict entries, numbers, lengths, context variables.

use std::ptr;

use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyInt, PyList, PyString, PyTuple};

use super::layouts::{compact_int, long_int};
use super::text::compact_ascii;

/// The item of a list, None when the list has become shorter.
#[inline]
pub fn list_item<'py>(list: &Bound<'py, PyList>, index: usize) -> Option<Bound<'py, PyAny>> {
    if index >= list.len() {
        return None;
    }
    // SAFETY: inside the bounds, read just now. An item may be null while C code still fills the list.
    unsafe { Bound::from_borrowed_ptr_or_opt(list.py(), ffi::PyList_GET_ITEM(list.as_ptr(), index as ffi::Py_ssize_t)) }
}

/// The item of a tuple, None beyond its end.
#[inline]
pub fn tuple_item<'py>(tuple: &Bound<'py, PyTuple>, index: usize) -> Option<Bound<'py, PyAny>> {
    if index >= tuple.len() {
        return None;
    }
    // SAFETY: as for a list.
    unsafe {
        Bound::from_borrowed_ptr_or_opt(tuple.py(), ffi::PyTuple_GET_ITEM(tuple.as_ptr(), index as ffi::Py_ssize_t))
    }
}

/// A walk over a dict that notices when the dict changes below it.
pub struct DictCursor {
    pub(super) position: ffi::Py_ssize_t,
    pub(super) size: usize,
    pub(super) given: usize,
}

impl DictCursor {
    /// A walk from the first entry on.
    #[inline]
    pub fn new(dict: &Bound<'_, PyDict>) -> Self {
        Self { position: 0, size: dict.len(), given: 0 }
    }

    /// How many entries were given.
    pub fn given(&self) -> usize {
        self.given
    }

    /// The next entry, None at the end; `Err` when the dict has another size than at the start, or gave more entries.
    #[inline]
    #[allow(clippy::type_complexity, clippy::result_unit_err)]
    pub fn next<'py>(
        &mut self,
        dict: &Bound<'py, PyDict>,
    ) -> Result<Option<(Bound<'py, PyAny>, Bound<'py, PyAny>)>, ()> {
        // As `RuntimeError: dictionary changed size during iteration` of a loop in Python.
        if dict.len() != self.size {
            return Err(());
        }
        let (mut key, mut value) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: `dict` is a live dict and the GIL is held. PyDict_Next checks `position` against the table as it is now,
        // so a dict that was rebuilt in between gives other entries or an early end, never freed memory.
        if unsafe { ffi::PyDict_Next(dict.as_ptr(), &mut self.position, &mut key, &mut value) } == 0 {
            return Ok(None);
        }
        if self.given == self.size {
            return Err(()); // keys were taken out and put in: without this a callback could feed the walk for ever
        }
        self.given += 1;
        // SAFETY: both are borrowed from the dict, which no code has changed since; strong references are taken here.
        unsafe { Ok(Some((Bound::from_borrowed_ptr(dict.py(), key), Bound::from_borrowed_ptr(dict.py(), value)))) }
    }
}

/// A place in a dict where a key is expected to stand: found again without a hash lookup, which costs 15 ns.
#[derive(Clone, Copy, Default)]
pub struct DictPosition(ffi::Py_ssize_t);

impl DictPosition {
    /// Where a key stands now.
    pub fn of(dict: &Bound<'_, PyDict>, key: &Bound<'_, PyString>) -> Option<Self> {
        let mut position = Self::default();
        loop {
            let here = position;
            let (found, _) = position.step(dict)?;
            if found == key.as_ptr() {
                return Some(here);
            }
        }
    }

    /// Whether this very key stands here with this very value.
    #[inline]
    pub fn holds<T, U>(mut self, dict: &Bound<'_, PyDict>, key: &Bound<'_, T>, value: &Py<U>) -> bool {
        self.step(dict) == Some((key.as_ptr(), value.as_ptr()))
    }

    /// The value of a key that stands here or two places further; the position moves behind it. None leaves it.
    #[inline]
    pub fn take<'py>(&mut self, dict: &Bound<'py, PyDict>, key: &Py<PyString>) -> Option<Bound<'py, PyAny>> {
        let mut position = *self;
        for _ in 0..3 {
            let (found, value) = position.step(dict)?;
            if found == key.as_ptr() {
                *self = position;
                // SAFETY: borrowed from the dict, which no code has changed since; a strong reference is taken here.
                return Some(unsafe { Bound::from_borrowed_ptr(dict.py(), value) });
            }
        }
        None
    }

    /// Where the last entry stands, and the identity of its key. A key that is new stands behind it.
    pub fn of_last(dict: &Bound<'_, PyDict>) -> Option<(Self, usize)> {
        let mut position = Self::default();
        let mut last = None;
        loop {
            let here = position;
            let Some((key, _)) = position.step(dict) else { return last };
            last = Some((here, key as usize));
        }
    }

    /// Whether the key of this identity stands here, and no entry behind it.
    #[inline]
    pub fn is_last(mut self, dict: &Bound<'_, PyDict>, key: usize) -> bool {
        self.step(dict).is_some_and(|(found, _)| found as usize == key) && self.step(dict).is_none()
    }

    /// The place as a number, to be kept where several threads write it.
    pub const fn to_number(self) -> isize {
        self.0
    }

    /// The place of such a number.
    pub const fn of_number(number: isize) -> Self {
        Self(number)
    }

    /// The entry that stands here, by pointers borrowed from the dict.
    #[inline]
    fn step(&mut self, dict: &Bound<'_, PyDict>) -> Option<(*mut ffi::PyObject, *mut ffi::PyObject)> {
        let (mut key, mut value) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: a live dict, the GIL is held. PyDict_Next checks the position against the table as it is now.
        let found = unsafe { ffi::PyDict_Next(dict.as_ptr(), &mut self.0, &mut key, &mut value) };
        (found != 0).then_some((key, value))
    }
}

/// The number of code points of an exact str.
#[inline]
pub fn text_length(value: &Bound<'_, PyAny>) -> Option<usize> {
    let text = value.cast_exact::<PyString>().ok()?;
    // SAFETY: it is a str. CPython 3.11 has some whose header is not filled in yet (old C extensions make them): their
    // length reads as 0 until they are made ready, which runs no Python code and fails without memory alone.
    #[cfg(not(Py_3_12))]
    if unsafe { ffi::PyUnicode_READY(text.as_ptr()) } < 0 {
        drop(PyErr::take(text.py()));
        return None;
    }
    // SAFETY: it is a ready str; its length stands in its header.
    Some(unsafe { ffi::PyUnicode_GET_LENGTH(text.as_ptr()) } as usize)
}

/// The characters of an exact str that is ASCII; they are the str's own.
#[inline]
pub fn ascii<'a>(value: &'a Bound<'_, PyAny>) -> Option<&'a [u8]> {
    compact_ascii(value.cast_exact().ok()?)
}

/// The value of an int or a subclass, None if it has more than 64 bits, or is not an int.
#[inline]
pub fn int_value(value: &Bound<'_, PyAny>) -> Option<i64> {
    if !value.is_instance_of::<PyInt>() {
        return None;
    }
    // SAFETY: a live int.
    unsafe { compact_int(value.as_ptr(), false).or_else(|| long_int(value.as_ptr())) }
}

/// The value of a `contextvars.ContextVar` in the current context, None when it has none.
pub fn context_value<'py>(var: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    // SAFETY: any object may be asked for its type.
    if unsafe { ffi::PyContextVar_CheckExact(var.as_ptr()) } == 0 {
        return Err(PyTypeError::new_err("a contextvars.ContextVar is needed"));
    }
    let mut value = ptr::null_mut();
    // SAFETY: it is a ContextVar; `value` becomes a reference of ours, or null when there is none.
    unsafe {
        if ffi::PyContextVar_Get(var.as_ptr(), ptr::null_mut(), &mut value) < 0 {
            return Err(PyErr::fetch(var.py()));
        }
        Ok(Bound::from_owned_ptr_or_opt(var.py(), value))
    }
}
