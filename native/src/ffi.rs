//! The only file with `unsafe`: the output buffer, the text of a str, and raw reads of lists.
#![allow(unsafe_code)]

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyInt, PyList, PyString, PyStringData, PyTuple};

use crate::json::escape;
use crate::json::writer::Out;

/// v0
pub struct BytesBuffer(Vec<u8>);

impl BytesBuffer {
    /// v0
    pub fn new() -> Self {
        Self(Vec::with_capacity(1024))
    }
    /// v0
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// v0
    pub fn failed(&self) -> bool {
        false
    }
    /// v0
    pub fn finish<'py>(self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.0))
    }
}

impl Out for BytesBuffer {
    fn push(&mut self, byte: u8) {
        self.0.push(byte);
    }
    fn extend(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

/// Writes a str as a JSON string.
pub fn write_text<const ESCAPE: u8>(text: &Bound<'_, PyString>, out: &mut BytesBuffer) {
    // SAFETY: v0
    match unsafe { text.data() } {
        Ok(PyStringData::Ucs1(data)) => escape::write_code_points::<ESCAPE>(out, data.iter().map(|&c| c.into())),
        Ok(PyStringData::Ucs2(data)) => escape::write_code_points::<ESCAPE>(out, data.iter().map(|&c| c.into())),
        Ok(PyStringData::Ucs4(data)) => escape::write_code_points::<ESCAPE>(out, data.iter().copied()),
        Err(_) => {}
    }
}

/// The item of a list, None when the list has become shorter.
#[inline]
pub fn list_item<'py>(list: &Bound<'py, PyList>, index: usize) -> Option<Bound<'py, PyAny>> {
    if index >= list.len() {
        return None;
    }
    // SAFETY: v0
    unsafe {
        let item = ffi::PyList_GET_ITEM(list.as_ptr(), index as ffi::Py_ssize_t);
        Some(Bound::from_borrowed_ptr(list.py(), item))
    }
}

/// The item of a tuple, None beyond its end.
#[inline]
pub fn tuple_item<'py>(tuple: &Bound<'py, PyTuple>, index: usize) -> Option<Bound<'py, PyAny>> {
    if index >= tuple.len() {
        return None;
    }
    // SAFETY: v0
    unsafe {
        let item = ffi::PyTuple_GET_ITEM(tuple.as_ptr(), index as ffi::Py_ssize_t);
        Some(Bound::from_borrowed_ptr(tuple.py(), item))
    }
}

/// A walk over a dict that notices when the dict changes below it.
pub struct DictCursor {
    position: ffi::Py_ssize_t,
    size: usize,
    given: usize,
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
    #[allow(clippy::type_complexity)]
    pub fn next<'py>(
        &mut self,
        dict: &Bound<'py, PyDict>,
    ) -> Result<Option<(Bound<'py, PyAny>, Bound<'py, PyAny>)>, ()> {
        if dict.len() != self.size {
            return Err(());
        }
        let (mut key, mut value) = (std::ptr::null_mut(), std::ptr::null_mut());
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

/// The value of an int or a subclass, None beyond 64 bit (or for anything that is no int).
#[inline]
pub fn int_value(value: &Bound<'_, PyAny>) -> Option<i64> {
    if !value.is_instance_of::<PyInt>() {
        return None;
    }
    let mut overflow = 0;
    // SAFETY: a live int; no Python code runs for one, and overflow is told through the flag.
    let number = unsafe { ffi::PyLong_AsLongLongAndOverflow(value.as_ptr(), &mut overflow) };
    (overflow == 0).then_some(number)
}

/// The value of a ContextVar with a default, in the current context.
#[inline]
pub fn context_value<'py>(var: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    // SAFETY: v0
    unsafe {
        if ffi::PyContextVar_CheckExact(var.as_ptr()) == 0 {
            return Err(pyo3::exceptions::PyTypeError::new_err("not a ContextVar"));
        }
        let mut value = std::ptr::null_mut();
        if ffi::PyContextVar_Get(var.as_ptr(), std::ptr::null_mut(), &mut value) < 0 {
            return Err(PyErr::fetch(var.py()));
        }
        Ok(Bound::from_owned_ptr_or_opt(var.py(), value))
    }
}
