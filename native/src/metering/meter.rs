//! What a call into native code cost: always counted, timed only while a collector listens.
//!
//! Counting is three additions; two clock reads cost more than the encode of a small dict, so they wait for a listener, and
//! so does the search for one in the context until there was a first (`benchmarks/suites/counting.py`).

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple, PyType};

use super::call::{CallCosts, CallDetails, CallNotes, NativeCall};
use super::counters::Counters;
use crate::error::catch_panics;
use crate::ffi;
use crate::imports::Imports;

static LISTENED: AtomicBool = AtomicBool::new(false);
static CROSSINGS_IN: AtomicU64 = AtomicU64::new(0);
static CROSSINGS_OUT: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

/// The totals of this process: native calls, their calls to Python code, bytes written.
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
    listening: Option<Box<ObservedCall<'py>>>,
    crossings_out: u64,
    /// Rows of queries, instances, tuples.
    pub rows: usize,
    /// Bytes that Python code has written natively within the call, for `metered`.
    pub bytes: usize,
}

impl<'py> Meter<'py> {
    /// Begins to count, and to time if this context has a collector open.
    #[inline]
    pub fn start(py: Python<'py>) -> PyResult<Self> {
        let listening = if LISTENED.load(Relaxed) { ObservedCall::start(py)? } else { None };
        Ok(Self { listening, crossings_out: 0, rows: 0, bytes: 0 })
    }

    /// Says what the call was given, for a collector that wants details.
    #[inline]
    pub fn about(&mut self, value: &Bound<'py, PyAny>, fields: Option<&Bound<'py, PyAny>>) {
        if let Some(details) = self.details() {
            details.value = Some(value.clone());
            details.fields = fields.cloned();
        }
    }

    /// Says what was written.
    #[inline]
    pub fn output(&mut self, bytes: &Bound<'py, PyBytes>) {
        if let Some(details) = self.details() {
            details.output = Some(bytes.clone());
        }
    }

    /// Counts an instance as a row.
    #[inline]
    pub fn instance(&mut self, instance: &Bound<'py, PyAny>) {
        self.rows += 1;
        if self.listening.is_some() {
            self.model(&instance.get_type());
        }
    }

    /// Says whose rows they are that no query has fetched; the first answer counts.
    pub fn model(&mut self, model: &Bound<'py, PyType>) {
        if let Some(details) = self.details() {
            details.model.get_or_insert_with(|| model.clone());
        }
    }

    #[inline]
    fn details(&mut self) -> Option<&mut CallDetails<'py>> {
        self.listening.as_mut()?.details.as_mut()
    }

    /// Whether a collector is open in this context.
    #[inline]
    pub fn is_listening(&self) -> bool {
        self.listening.is_some()
    }

    /// Whether a collector wants more than sums.
    pub fn wants_details(&self) -> bool {
        self.listening.as_ref().is_some_and(|listening| listening.details.is_some())
    }

    /// Adds what a query has cost to the sums of this call.
    pub fn add_reading(&mut self, database_ns: u64, fallbacks: u64) {
        if let Some(listening) = &mut self.listening {
            listening.database_ns += database_ns;
            listening.fallbacks += fallbacks;
        }
    }

    /// Keeps the exception that ends the call, for a collector that wants details.
    pub fn fail(&mut self, py: Python<'py>, error: &PyErr) {
        if let Some(details) = self.details() {
            details.error = Some(error.value(py).clone());
        }
    }

    /// Counts one call from native code to Python code.
    #[inline]
    pub fn call_out<T>(&mut self, call: impl FnOnce() -> T) -> T {
        self.crossings_out += 1;
        let Some(listening) = &mut self.listening else {
            return call();
        };
        listening.open_notes();
        let before = Instant::now();
        let result = call();
        listening.python += before.elapsed();
        result
    }

    /// Ends the call and tells the collectors.
    #[inline(always)]
    pub fn finish(self, _py: Python<'py>, function: &'static str, bytes: usize) -> PyResult<()> {
        // A failed call counts, too: the boundary was crossed.
        add(&CROSSINGS_IN, 1);
        add(&CROSSINGS_OUT, self.crossings_out);
        add(&BYTES, bytes as u64);
        match self.listening {
            None => Ok(()),
            Some(mut listening) => {
                let python_ns = listening.python.as_nanos() as u64;
                let native_ns = (listening.started.elapsed().as_nanos() as u64).saturating_sub(python_ns);
                let (crossings_out, rows, bytes) = (self.crossings_out, self.rows as u64, bytes as u64);
                listening.tell(function, &CallCosts { calls: 1, crossings_out, rows, bytes, native_ns, python_ns })
            }
        }
    }
}

/// Runs the work of a call, and meters it.
pub fn metered<'py, T>(
    subject: &Bound<'py, PyAny>,
    function: &'static str,
    work: impl FnOnce(&mut Meter<'py>) -> PyResult<T>,
) -> PyResult<T> {
    let py = subject.py();
    let mut meter = Meter::start(py)?;
    meter.about(subject, None);
    let result = catch_panics("value", || work(&mut meter));
    if let Err(error) = &result {
        meter.fail(py, error);
    }
    // The call is counted first, and its own error goes before one of the collectors.
    let bytes = meter.bytes;
    let finished = meter.finish(py, function, bytes);
    let result = result?;
    finished.map(|()| result)
}

/// What a call keeps while collectors listen.
struct ObservedCall<'py> {
    listeners: Bound<'py, PyTuple>,
    details: Option<CallDetails<'py>>,
    started: Instant,
    python: Duration,
    database_ns: u64,
    fallbacks: u64,
}

impl<'py> ObservedCall<'py> {
    fn start(py: Python<'py>) -> PyResult<Option<Box<Self>>> {
        let active = ffi::context_value(Imports::get(py)?.collectors.bind(py))?;
        let Some(listeners) = active.and_then(|active| active.cast_into::<PyTuple>().ok()) else {
            return Ok(None);
        };
        // The variable keeps an empty tuple after the first collector has closed.
        if listeners.is_empty() {
            return Ok(None);
        }
        let detailed =
            listeners.iter_borrowed().any(|each| each.cast::<Counters>().is_ok_and(|it| it.get().is_detailed()));
        let details = detailed.then(CallDetails::default);
        Ok(Some(Box::new(Self {
            listeners,
            details,
            started: Instant::now(),
            python: Duration::ZERO,
            database_ns: 0,
            fallbacks: 0,
        })))
    }

    /// From here on Python code may note what it knows of this call.
    #[inline]
    fn open_notes(&mut self) {
        let py = self.listeners.py();
        if let Some(details @ CallDetails { notes: None, .. }) = &mut self.details {
            match CallNotes::open(py) {
                Ok(notes) => details.notes = Some(notes),
                Err(error) => error.write_unraisable(py, None),
            }
        }
    }

    fn tell(&mut self, function: &'static str, sums: &CallCosts) -> PyResult<()> {
        let details = self.details.take();
        for listener in &self.listeners {
            let counters = listener.cast::<Counters>()?.get();
            counters.add(function, sums);
            counters.add_reading(self.database_ns, self.fallbacks);
            if let Some(details) = &details {
                counters.record(&listener, &NativeCall { function, sums }, details, self.started)?;
            }
        }
        Ok(())
    }
}
