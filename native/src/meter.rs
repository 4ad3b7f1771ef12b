//! What a call into native code cost: always counted, timed only while a collector listens.
//!
//! Counting is three additions; two clock reads cost more than the encode of a small dict, so they wait for a listener, and
//! so does the search for one in the context until there was a first (`benchmarks/suites/counting.py`).

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::ffi;
use crate::imports::Imports;

static LISTENED: AtomicBool = AtomicBool::new(false);
static CROSSINGS_IN: AtomicU64 = AtomicU64::new(0);
static CROSSINGS_OUT: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

/// The totals of this process: crossings in, crossings out, bytes written.
pub fn totals() -> (u64, u64, u64) {
    (CROSSINGS_IN.load(Relaxed), CROSSINGS_OUT.load(Relaxed), BYTES.load(Relaxed))
}

/// From now on each call asks its context for collectors.
pub fn listen() {
    LISTENED.store(true, Relaxed);
}

/// Adds without a locked instruction, which costs 5 ns: all calls hold the GIL (the module declares `gil_used`).
#[inline]
fn add(counter: &AtomicU64, number: u64) {
    counter.store(counter.load(Relaxed).wrapping_add(number), Relaxed);
}

/// One call into native code while it runs.
pub struct Meter<'py> {
    listeners: Option<Bound<'py, PyTuple>>,
    started: Option<Instant>,
    crossings_out: u64,
    /// Rows of queries.
    pub rows: usize,
    python: Duration,
}

impl<'py> Meter<'py> {
    /// Begins to count, and to time if this context has a collector open.
    #[inline]
    pub fn start(py: Python<'py>) -> PyResult<Self> {
        let listeners = if LISTENED.load(Relaxed) { Self::listeners(py)? } else { None };
        let started = listeners.is_some().then(Instant::now);
        Ok(Self { listeners, started, crossings_out: 0, rows: 0, python: Duration::ZERO })
    }

    fn listeners(py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let active = ffi::context_value(Imports::get(py)?.collectors.bind(py))?;
        Ok(active.and_then(|active| active.cast_into::<PyTuple>().ok()).filter(|all| !all.is_empty()))
    }

    /// Counts one call from native code to Python code.
    #[inline]
    pub fn call_out<T>(&mut self, call: impl FnOnce() -> T) -> T {
        self.crossings_out += 1;
        if self.started.is_none() {
            return call();
        }
        let before = Instant::now();
        let result = call();
        self.python += before.elapsed();
        result
    }

    /// Ends the call and tells the collectors.
    #[inline]
    pub fn finish(self, py: Python<'py>, function: &str, bytes: usize) -> PyResult<()> {
        add(&CROSSINGS_IN, 1);
        add(&CROSSINGS_OUT, self.crossings_out);
        add(&BYTES, bytes as u64);
        match (&self.listeners, self.started) {
            (Some(listeners), Some(started)) => self.tell(py, listeners, function, bytes, started.elapsed()),
            _ => Ok(()),
        }
    }

    #[cold]
    fn tell(
        &self,
        py: Python<'py>,
        listeners: &Bound<'py, PyTuple>,
        function: &str,
        bytes: usize,
        whole: Duration,
    ) -> PyResult<()> {
        let python = self.python.as_nanos() as u64;
        let native = (whole.as_nanos() as u64).saturating_sub(python);
        for listener in listeners {
            listener
                .call_method1(intern!(py, "add"), (function, self.crossings_out, self.rows, bytes, native, python))?;
        }
        Ok(())
    }
}
