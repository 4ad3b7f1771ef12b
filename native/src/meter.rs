//! What a call into native code cost: always counted, timed only while a collector listens.
//!
//! Counting is three additions; two clock reads cost more than the encode of a small dict, so they wait for a listener, and
//! so does the search for one in the context until there was a first (`benchmarks/suites/counting.py`).

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyTuple, PyType};

use crate::counters::{Counters, Sums};
use crate::ffi;
use crate::imports::Imports;
use crate::recording::Call;

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
    listening: Option<Box<Listening<'py>>>,
    crossings_out: u64,
    /// Rows of queries, instances, tuples.
    pub rows: usize,
}

impl<'py> Meter<'py> {
    /// Begins to count, and to time if this context has a collector open.
    #[inline]
    pub fn start(py: Python<'py>) -> PyResult<Self> {
        let listening = if LISTENED.load(Relaxed) { Listening::start(py)? } else { None };
        Ok(Self { listening, crossings_out: 0, rows: 0 })
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
    fn details(&mut self) -> Option<&mut Details<'py>> {
        self.listening.as_mut()?.details.as_mut()
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
    #[inline]
    pub fn finish(self, _py: Python<'py>, function: &'static str, bytes: usize) -> PyResult<()> {
        add(&CROSSINGS_IN, 1);
        add(&CROSSINGS_OUT, self.crossings_out);
        add(&BYTES, bytes as u64);
        match self.listening {
            None => Ok(()),
            Some(mut listening) => {
                let python_ns = listening.python.as_nanos() as u64;
                let native_ns = (listening.started.elapsed().as_nanos() as u64).saturating_sub(python_ns);
                let (crossings_out, rows, bytes) = (self.crossings_out, self.rows as u64, bytes as u64);
                listening.tell(function, &Sums { calls: 1, crossings_out, rows, bytes, native_ns, python_ns })
            }
        }
    }
}

/// What a call keeps while collectors listen.
struct Listening<'py> {
    listeners: Bound<'py, PyTuple>,
    details: Option<Details<'py>>,
    started: Instant,
    python: Duration,
}

/// What a collector that wants details hears beside the sums.
#[derive(Default)]
pub struct Details<'py> {
    /// What was written, or judged.
    pub value: Option<Bound<'py, PyAny>>,
    /// With which `fields=`.
    pub fields: Option<Bound<'py, PyAny>>,
    /// The text.
    pub output: Option<Bound<'py, PyBytes>>,
    /// The class of the instances or tuples in it.
    pub model: Option<Bound<'py, PyType>>,
    /// Only once Python code runs that could take them.
    pub notes: Option<Notes<'py>>,
}

impl<'py> Listening<'py> {
    fn start(py: Python<'py>) -> PyResult<Option<Box<Self>>> {
        let active = ffi::context_value(Imports::get(py)?.collectors.bind(py))?;
        let Some(listeners) = active.and_then(|active| active.cast_into::<PyTuple>().ok()) else {
            return Ok(None);
        };
        if listeners.is_empty() {
            return Ok(None);
        }
        let detailed =
            listeners.iter_borrowed().any(|each| each.cast::<Counters>().is_ok_and(|it| it.get().is_detailed()));
        let details = detailed.then(Details::default);
        Ok(Some(Box::new(Self { listeners, details, started: Instant::now(), python: Duration::ZERO })))
    }

    /// From here on Python code may note what it knows of this call.
    #[inline]
    fn open_notes(&mut self) {
        let py = self.listeners.py();
        if let Some(details @ Details { notes: None, .. }) = &mut self.details {
            match Notes::open(py) {
                Ok(notes) => details.notes = Some(notes),
                Err(error) => error.write_unraisable(py, None),
            }
        }
    }

    fn tell(&mut self, function: &'static str, sums: &Sums) -> PyResult<()> {
        let details = self.details.take();
        for listener in &self.listeners {
            let counters = listener.cast::<Counters>()?.get();
            counters.add(function, sums);
            if let Some(details) = &details {
                counters.record(&listener, &Call { function, sums }, details, self.started)?;
            }
        }
        Ok(())
    }
}

/// What Python code notes of this call while it runs.
pub struct Notes<'py> {
    /// The list that it notes them in.
    pub taken: Bound<'py, PyList>,
    /// The notes of the call around this one.
    around: Option<Bound<'py, PyAny>>,
}

impl<'py> Notes<'py> {
    fn open(py: Python<'py>) -> PyResult<Self> {
        let var = Imports::get(py)?.notes.bind(py);
        let notes = Self { taken: PyList::empty(py), around: ffi::context_value(var)? };
        var.call_method1(intern!(py, "set"), (&notes.taken,))?;
        Ok(notes)
    }
}

impl Drop for Notes<'_> {
    /// The call around this one takes notes again, also when this one failed.
    fn drop(&mut self) {
        let py = self.taken.py();
        let set = Imports::get(py).and_then(|it| it.notes.bind(py).call_method1(intern!(py, "set"), (&self.around,)));
        if let Err(error) = set {
            error.write_unraisable(py, None);
        }
    }
}
