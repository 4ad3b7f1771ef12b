//! The sums of a collector. They are native, since one call of Python code for each native call would cost more than
//! the call itself.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::call::{CallCosts, CallDetails, NativeCall};
use super::recorder::Recorder;

/// The base of `pyforge_web.metering.Collector`.
#[pyclass(frozen, subclass, module = "pyforge_web._native")]
pub struct Counters {
    began: Instant,
    /// What a subclass that wants details keeps of each call.
    recorder: Option<Recorder>,
    functions: Mutex<Vec<(&'static str, CallCosts)>>,
    native_columns: AtomicU64,
    django_columns: AtomicU64,
    django_rows: AtomicU64,
    fallbacks: AtomicU64,
    database_ns: AtomicU64,
}

impl Counters {
    /// Adds what the queries of a call have cost.
    pub fn add_reading(&self, database_ns: u64, fallbacks: u64) {
        // Most calls read no rows, and an atomic addition costs 5 ns.
        if database_ns > 0 {
            self.database_ns.fetch_add(database_ns, Relaxed);
        }
        if fallbacks > 0 {
            self.fallbacks.fetch_add(fallbacks, Relaxed);
        }
    }

    /// Whether calls are grouped.
    pub fn is_detailed(&self) -> bool {
        self.recorder.is_some()
    }

    /// Adds a call to its group; `collector` is the subclass.
    pub fn record<'py>(
        &self,
        collector: &Bound<'py, PyAny>,
        call: &NativeCall<'_>,
        details: &CallDetails<'py>,
        started: Instant,
    ) -> PyResult<()> {
        let Some(recorder) = &self.recorder else { return Ok(()) };
        let start_ns = started.saturating_duration_since(self.began).as_nanos() as u64;
        recorder.add(collector, call, details, start_ns)
    }

    /// Adds calls of a function.
    pub fn add(&self, function: &'static str, sums: &CallCosts) {
        let mut functions = self.functions();
        match functions.iter_mut().find(|(name, _)| *name == function) {
            Some((_, found)) => found.add(sums),
            None => functions.push((function, *sums)),
        }
    }

    fn functions(&self) -> MutexGuard<'_, Vec<(&'static str, CallCosts)>> {
        // A panic while the lock is held leaves whole numbers behind: they are still right enough to count on.
        self.functions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn total(&self, part: impl Fn(&CallCosts) -> u64) -> u64 {
        self.functions().iter().map(|(_, sums)| part(sums)).sum()
    }
}

#[pymethods]
impl Counters {
    /// With `details=True` calls are grouped: the subclass is asked by its method `find_group` for the group of a call that
    /// is like none before, and each call is given to its method `keep_call` as long as that returns true.
    #[new]
    #[pyo3(signature = (**details))]
    fn new(details: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let mut recorder = None;
        for (name, wanted) in details.into_iter().flatten() {
            if wanted.is_truthy()? {
                recorder.get_or_insert_with(Recorder::default).want(name.cast::<PyString>()?.to_str()?);
            }
        }
        Ok(Self {
            began: Instant::now(),
            recorder,
            functions: Mutex::default(),
            native_columns: AtomicU64::default(),
            django_columns: AtomicU64::default(),
            django_rows: AtomicU64::default(),
            fallbacks: AtomicU64::default(),
            database_ns: AtomicU64::default(),
        })
    }

    /// Per function, the start and the duration of its first calls, in nanoseconds.
    fn by_time(&self) -> Vec<(&'static str, Vec<(u64, u64)>)> {
        self.recorder.as_ref().map_or_else(Vec::new, Recorder::lanes)
    }

    /// A query was planned: so many of its columns are read natively, so many go through Django's converters.
    fn count_columns(&self, native: u64, django: u64) {
        self.native_columns.fetch_add(native, Relaxed);
        self.django_columns.fetch_add(django, Relaxed);
    }

    /// A QuerySet took Django's path, whole: so many rows.
    fn count_django_rows(&self, rows: u64) {
        self.django_rows.fetch_add(rows, Relaxed);
    }

    /// The database was waited for.
    fn count_database(&self, ns: u64) {
        self.database_ns.fetch_add(ns, Relaxed);
    }

    /// Per function: calls, calls to Python code, rows, bytes, nanoseconds in native code and in the Python code it called.
    fn by_function<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        // A copy: making the dict allocates, which may run the garbage collector and with it code that calls us again.
        let functions = self.functions().clone();
        let result = PyDict::new(py);
        for (name, sums) in functions {
            result.set_item(name, sums.parts())?;
        }
        Ok(result)
    }

    #[getter]
    fn calls(&self) -> u64 {
        self.total(|sums| sums.calls)
    }

    #[getter]
    fn crossings_in(&self) -> u64 {
        self.total(|sums| sums.calls)
    }

    #[getter]
    fn crossings_out(&self) -> u64 {
        self.total(|sums| sums.crossings_out)
    }

    #[getter]
    fn rows(&self) -> u64 {
        self.total(|sums| sums.rows)
    }

    #[getter]
    fn bytes(&self) -> u64 {
        self.total(|sums| sums.bytes)
    }

    #[getter]
    fn native_columns(&self) -> u64 {
        self.native_columns.load(Relaxed)
    }

    #[getter]
    fn django_columns(&self) -> u64 {
        self.django_columns.load(Relaxed)
    }

    #[getter]
    fn django_rows(&self) -> u64 {
        self.django_rows.load(Relaxed)
    }

    #[getter]
    fn fallbacks(&self) -> u64 {
        self.fallbacks.load(Relaxed)
    }

    #[getter]
    fn database_ns(&self) -> u64 {
        self.database_ns.load(Relaxed)
    }

    #[getter]
    fn native_ns(&self) -> u64 {
        self.total(|sums| sums.native_ns)
    }

    #[getter]
    fn python_ns(&self) -> u64 {
        self.total(|sums| sums.python_ns)
    }
}
