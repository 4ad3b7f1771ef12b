//! One native call: what it was, what it cost, and what Python code noted about it. The three modules beside read it.

use pyo3::exceptions::PyBaseException;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyType};

use crate::ffi;
use crate::imports::Imports;

/// What calls have cost together.
#[derive(Clone, Copy, Default)]
pub struct CallCosts {
    /// Native calls.
    pub calls: u64,
    /// Calls from native code to Python code.
    pub crossings_out: u64,
    /// Rows of queries, instances, tuples.
    pub rows: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Nanoseconds in native code.
    pub native_ns: u64,
    /// Nanoseconds in the Python code that it called.
    pub python_ns: u64,
}

impl CallCosts {
    /// Adds another call's, or other calls'.
    pub fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.crossings_out += other.crossings_out;
        self.rows += other.rows;
        self.bytes += other.bytes;
        self.native_ns += other.native_ns;
        self.python_ns += other.python_ns;
    }

    /// In the order of `pyforge_web.metering.call_groups.CallSums`.
    pub fn parts(&self) -> (u64, u64, u64, u64, u64, u64) {
        let Self { calls, crossings_out, rows, bytes, native_ns, python_ns } = *self;
        (calls, crossings_out, rows, bytes, native_ns, python_ns)
    }
}

/// One call, as it is added to a group.
pub struct NativeCall<'a> {
    /// The native function.
    pub function: &'static str,
    /// What it cost.
    pub sums: &'a CallCosts,
}

impl NativeCall<'_> {
    /// Nanoseconds from its beginning to its end.
    pub fn duration(&self) -> u64 {
        self.sums.native_ns + self.sums.python_ns
    }
}

/// What a collector with details gets in addition to the sums.
#[derive(Default)]
pub struct CallDetails<'py> {
    /// What was written, or validated.
    pub value: Option<Bound<'py, PyAny>>,
    /// With which `fields=`.
    pub fields: Option<Bound<'py, PyAny>>,
    /// The text.
    pub output: Option<Bound<'py, PyBytes>>,
    /// The exception that ended the call.
    pub error: Option<Bound<'py, PyBaseException>>,
    /// The class of the instances or tuples in it.
    pub model: Option<Bound<'py, PyType>>,
    /// Only once Python code runs that could take them.
    pub notes: Option<CallNotes<'py>>,
}

/// What Python code notes of this call while it runs.
pub struct CallNotes<'py> {
    /// The list that it notes them in.
    pub taken: Bound<'py, PyList>,
    /// The notes of the call around this one.
    around: Option<Bound<'py, PyAny>>,
}

impl<'py> CallNotes<'py> {
    /// Begins to take notes, and keeps those of the call around this one.
    pub fn open(py: Python<'py>) -> PyResult<Self> {
        let var = Imports::get(py)?.notes.bind(py);
        // Without a token: `reset` demands the context that has set it, and async code may have changed it.
        let notes = Self { taken: PyList::empty(py), around: ffi::context_value(var)? };
        var.call_method1(intern!(py, "set"), (&notes.taken,))?;
        Ok(notes)
    }
}

impl Drop for CallNotes<'_> {
    /// The call around this one takes notes again, also when this one failed.
    fn drop(&mut self) {
        let py = self.taken.py();
        let set = Imports::get(py).and_then(|it| it.notes.bind(py).call_method1(intern!(py, "set"), (&self.around,)));
        if let Err(error) = set {
            error.write_unraisable(py, None);
        }
    }
}
