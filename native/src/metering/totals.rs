//! The sums of calls that are alike.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::call::{CallCosts, NativeCall};

/// Durations that a group keeps.
const DURATIONS: usize = 50;
/// Outputs that a group remembers, by length and hash.
const OUTPUTS: usize = 1000;

/// The base of `pyforge_web.metering.call_groups.CallGroup`: the sums of a group.
#[pyclass(frozen, subclass, module = "pyforge_web._native")]
#[derive(Default)]
pub struct CallTotals(Mutex<TotalsState>);

#[derive(Default)]
struct TotalsState {
    sums: CallCosts,
    min_ns: Option<u64>,
    max_ns: u64,
    durations: Vec<u64>,
    duplicates: u64,
    outputs: HashSet<(usize, isize)>,
}

impl CallTotals {
    fn get(&self) -> MutexGuard<'_, TotalsState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a call; `output` is the length and the hash of what it wrote.
    pub fn add(&self, call: &NativeCall<'_>, output: Option<(usize, isize)>) {
        let (mut it, duration) = (self.get(), call.duration());
        it.sums.add(call.sums);
        it.max_ns = it.max_ns.max(duration);
        it.min_ns = Some(it.min_ns.map_or(duration, |least| least.min(duration)));
        if it.durations.len() < DURATIONS {
            it.durations.push(duration);
        }
        if let Some(output) = output {
            // Length and hash stand for the bytes: a group would otherwise keep all responses of a request in memory.
            if it.outputs.contains(&output) {
                it.duplicates += 1;
            } else if it.outputs.len() < OUTPUTS {
                it.outputs.insert(output);
            }
        }
    }
}

#[pymethods]
impl CallTotals {
    /// The arguments are those of the subclass.
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self::default()
    }

    #[getter]
    fn calls(&self) -> u64 {
        self.get().sums.calls
    }

    #[getter]
    fn crossings_out(&self) -> u64 {
        self.get().sums.crossings_out
    }

    #[getter]
    fn rows(&self) -> u64 {
        self.get().sums.rows
    }

    #[getter]
    fn bytes(&self) -> u64 {
        self.get().sums.bytes
    }

    #[getter]
    fn native_ns(&self) -> u64 {
        self.get().sums.native_ns
    }

    #[getter]
    fn python_ns(&self) -> u64 {
        self.get().sums.python_ns
    }

    #[getter]
    fn min_ns(&self) -> u64 {
        self.get().min_ns.unwrap_or_default()
    }

    #[getter]
    fn max_ns(&self) -> u64 {
        self.get().max_ns
    }

    /// Of the first calls.
    #[getter]
    fn durations(&self) -> Vec<u64> {
        self.get().durations.clone()
    }

    /// Calls whose very bytes this group had written before.
    #[getter]
    fn duplicates(&self) -> u64 {
        self.get().duplicates
    }
}
