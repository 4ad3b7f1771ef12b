//! Takes the place of `native/src/meter.rs` in the build that `suites/counting.py` compares ours with: it counts
//! nothing and looks for no collector.

use std::marker::PhantomData;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyType};

/// No totals.
pub fn totals() -> (u64, u64, u64) {
    (0, 0, 0)
}

/// Listens to nobody.
pub fn listen() {}

/// What no collector hears.
#[derive(Default)]
pub struct Details<'py> {
    /// Nothing.
    pub value: Option<Bound<'py, PyAny>>,
    /// Nothing.
    pub fields: Option<Bound<'py, PyAny>>,
    /// Nothing.
    pub output: Option<Bound<'py, PyBytes>>,
    /// Nothing.
    pub model: Option<Bound<'py, PyType>>,
    /// Nothing.
    pub notes: Option<Notes<'py>>,
}

/// What nobody notes.
pub struct Notes<'py> {
    /// Nothing.
    pub taken: Bound<'py, PyList>,
}

/// A meter that does nothing.
pub struct Meter<'py> {
    /// Counted by the rows of queries, told to nobody.
    pub rows: usize,
    marker: PhantomData<Python<'py>>,
}

impl<'py> Meter<'py> {
    /// Begins nothing.
    #[inline]
    pub fn start(_py: Python<'py>) -> PyResult<Self> {
        Ok(Self { rows: 0, marker: PhantomData })
    }

    /// Hears nothing.
    #[inline]
    pub fn about(&mut self, _value: &Bound<'py, PyAny>, _fields: Option<&Bound<'py, PyAny>>) {}

    /// Hears nothing.
    #[inline]
    pub fn output(&mut self, _bytes: &Bound<'py, PyBytes>) {}

    /// Hears nothing.
    #[inline]
    pub fn instance(&mut self, _instance: &Bound<'py, PyAny>) {}

    /// Hears nothing.
    pub fn model(&mut self, _model: &Bound<'py, PyType>) {}

    /// Calls, and no more.
    #[inline]
    pub fn call_out<T>(&mut self, call: impl FnOnce() -> T) -> T {
        call()
    }

    /// Ends nothing.
    #[inline]
    pub fn finish(self, _py: Python<'py>, _function: &'static str, _bytes: usize) -> PyResult<()> {
        Ok(())
    }
}
