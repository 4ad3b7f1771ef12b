//! Takes the place of `native/src/metering/meter.rs` in the build that `suites/counting.py` compares ours with: it counts
//! nothing and looks for no collector.

use std::marker::PhantomData;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};

/// No totals.
pub fn totals() -> (u64, u64, u64) {
    (0, 0, 0)
}

/// Listens to nobody.
pub fn listen() {}

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

    /// Nobody listens.
    #[inline]
    pub fn is_listening(&self) -> bool {
        false
    }

    /// Nobody listens.
    pub fn wants_details(&self) -> bool {
        false
    }

    /// Hears nothing.
    pub fn add_reading(&mut self, _database_ns: u64, _fallbacks: u64) {}

    /// Hears nothing.
    pub fn fail(&mut self, _py: Python<'py>, _error: &PyErr) {}

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

/// Works, and no more.
pub fn metered<'py, T>(
    about: &Bound<'py, PyAny>,
    _function: &'static str,
    work: impl FnOnce(&mut Meter<'py>) -> PyResult<T>,
) -> PyResult<T> {
    work(&mut Meter::start(about.py())?)
}
