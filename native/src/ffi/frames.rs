//! Frames of Python code: which line calls.

use pyo3::ffi;
use pyo3::prelude::*;

/// A frame while it runs; never kept, as its local variables would be.
pub struct PythonFrame<'py>(Bound<'py, PyAny>);

impl<'py> PythonFrame<'py> {
    /// The frame of the Python code that made the native call; None where there is none.
    #[inline]
    pub fn current(py: Python<'py>) -> Option<Self> {
        // SAFETY: this thread is attached. The frame is borrowed from it, and null where no Python code runs.
        unsafe { Bound::from_borrowed_ptr_or_opt(py, ffi::PyEval_GetFrame().cast()) }.map(Self)
    }

    /// The frame that called this one.
    #[inline]
    pub fn back(&self) -> Option<Self> {
        // SAFETY: it is a frame: nothing else makes one of these. The reference is a new one, null at the outermost.
        let back =
            unsafe { Bound::from_owned_ptr_or_opt(self.0.py(), ffi::PyFrame_GetBack(self.0.as_ptr().cast()).cast()) };
        if back.is_none() {
            // Without memory for a frame object it is null, too, with an exception that nobody would look for.
            drop(PyErr::take(self.0.py()));
        }
        back.map(Self)
    }

    /// The code that it runs.
    #[inline]
    pub fn code(&self) -> Bound<'py, PyAny> {
        // SAFETY: it is a frame, and every frame has code; the reference is a new one.
        unsafe { Bound::from_owned_ptr(self.0.py(), ffi::PyFrame_GetCode(self.0.as_ptr().cast()).cast()) }
    }

    /// The number of the instruction in it that runs.
    #[inline]
    pub fn instruction(&self) -> i32 {
        // SAFETY: it is a frame; a number is read from it.
        unsafe { ffi::PyFrame_GetLasti(self.0.as_ptr().cast()) }
    }

    /// The frame as Python sees it.
    pub fn as_any(&self) -> &Bound<'py, PyAny> {
        &self.0
    }
}
