//! The sums of a collector. They are native: a call of Python code for each crossing would cost more than the crossing.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyDict;

/// What calls have cost together.
#[derive(Clone, Copy, Default)]
pub struct Sums {
    /// Calls, each one crossing in.
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

impl Sums {
    fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.crossings_out += other.crossings_out;
        self.rows += other.rows;
        self.bytes += other.bytes;
        self.native_ns += other.native_ns;
        self.python_ns += other.python_ns;
    }
}

/// The base of `pyforge_web.metering.Collector`.
#[pyclass(frozen, subclass, module = "pyforge_web._native")]
#[derive(Default)]
pub struct Counters {
    /// Whether the subclass wants to hear of each call.
    pub detailed: bool,
    functions: Mutex<Vec<(&'static str, Sums)>>,
    native_columns: AtomicU64,
    django_columns: AtomicU64,
    django_rows: AtomicU64,
    rescued: AtomicU64,
    database_ns: AtomicU64,
}

impl Counters {
    /// Adds calls of a function.
    pub fn add(&self, function: &'static str, sums: &Sums) {
        let mut functions = self.functions();
        match functions.iter_mut().find(|(name, _)| *name == function) {
            Some((_, found)) => found.add(sums),
            None => functions.push((function, *sums)),
        }
    }

    fn functions(&self) -> MutexGuard<'_, Vec<(&'static str, Sums)>> {
        self.functions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn total(&self, part: impl Fn(&Sums) -> u64) -> u64 {
        self.functions().iter().map(|(_, sums)| part(sums)).sum()
    }
}

#[pymethods]
impl Counters {
    /// With any true argument the subclass hears of each call: its method `record` is called.
    #[new]
    #[pyo3(signature = (**details))]
    fn new(details: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let mut detailed = false;
        for (_, wanted) in details.into_iter().flatten() {
            detailed |= wanted.is_truthy()?;
        }
        Ok(Self { detailed, ..Self::default() })
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

    /// A value of a native column went through Django's converters.
    fn count_rescued(&self) {
        self.rescued.fetch_add(1, Relaxed);
    }

    /// The database was waited for.
    fn count_database(&self, ns: u64) {
        self.database_ns.fetch_add(ns, Relaxed);
    }

    /// Per function: calls, crossings out, rows, bytes, nanoseconds in native code and in the Python code it called.
    fn by_function<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let functions = self.functions().clone();
        let result = PyDict::new(py);
        for (name, sums) in functions {
            let Sums { calls, crossings_out, rows, bytes, native_ns, python_ns } = sums;
            result.set_item(name, (calls, crossings_out, rows, bytes, native_ns, python_ns))?;
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
    fn rescued(&self) -> u64 {
        self.rescued.load(Relaxed)
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
