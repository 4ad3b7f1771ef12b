//! What the targets share: tests/fuzz/oracle.py in this process, with the instrumented core in place of the installed one.

use std::sync::OnceLock;

use pyo3::call::PyCallArgs;
use pyo3::prelude::*;

static ORACLE: OnceLock<Py<PyAny>> = OnceLock::new();

/// Calls a function of tests/fuzz/oracle.py. A difference that it finds is an `AssertionError`, and ends the process.
pub fn check<'py>(py: Python<'py>, name: &str, arguments: impl PyCallArgs<'py>) {
    let oracle = ORACLE.get_or_init(|| load(py).unwrap_or_else(|error| end(py, &error)));
    if let Err(error) = oracle.bind(py).getattr(name).and_then(|function| function.call1(arguments)) {
        end(py, &error);
    }
}

fn load(py: Python<'_>) -> PyResult<Py<PyAny>> {
    let core = pyo3::wrap_pymodule!(_native::_native)(py);
    py.import("sys")?.getattr("modules")?.set_item("pyforge_web._native", core)?;
    Ok(py.import("tests.fuzz.oracle")?.into_any().unbind())
}

fn end(py: Python<'_>, error: &PyErr) -> ! {
    error.display(py);
    std::process::abort() // libFuzzer keeps the input of a process that aborts
}
