//! Calls with options of their own: a `dumps` that the project's code calls below one of them has none.

use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::intern;
use pyo3::prelude::*;

use crate::imports::EncoderImports;

/// How many calls of this process have options of their own now: a `dumps` that none of them has called need not ask.
static OPTION_SCOPES: AtomicUsize = AtomicUsize::new(0);

/// Count a call that has options of its own, or one that ends.
#[pyfunction]
pub fn count_option_scope(opens: bool) {
    if opens {
        OPTION_SCOPES.fetch_add(1, Ordering::Relaxed);
    } else {
        OPTION_SCOPES.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Runs a call that has no options, also where the project's code has made it below one that has some.
#[inline(always)]
pub fn without_options<T>(py: Python<'_>, write: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    if OPTION_SCOPES.load(Ordering::Relaxed) == 0 { write() } else { leave_options(py, write) }
}

#[cold]
fn leave_options<T>(py: Python<'_>, write: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    let imports = EncoderImports::get(py)?;
    let token = imports.leave_options.bind(py).call0()?;
    let result = write();
    if !token.is_none() {
        imports.output_options.bind(py).call_method1(intern!(py, "reset"), (token,))?;
    }
    result
}
