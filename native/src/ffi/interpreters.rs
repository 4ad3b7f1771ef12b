//! Which interpreter of the process has imported the extension module.

use std::sync::atomic::{AtomicI64, Ordering};

use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;

/// The section of the documentation. `docs_url()` of `pyforge_web.conf` gives all other addresses, but needs this module.
const DOCS: &str = "https://pyforge-web.readthedocs.io/en/stable/reference/errors.html#error-interpreter";

/// The id of the first interpreter that imported the module; -1 before.
static FIRST: AtomicI64 = AtomicI64::new(-1);

/// Refuses every interpreter but the first one that imports the module.
///
/// The module keeps Python objects of that interpreter for the whole process, as `imports` does: another interpreter would
/// get classes that are not its own, and would read freed memory when the first one has ended. PyO3 0.30 asks only in
/// submodules. CPython itself refuses interpreters with a GIL of their own (PEP 684).
pub fn refuse_other_interpreters(py: Python<'_>) -> PyResult<()> {
    // SAFETY: `py` says that this thread is attached to an interpreter, whose state lives as long as that.
    let id = unsafe { pyo3::ffi::PyInterpreterState_GetID(pyo3::ffi::PyInterpreterState_Get()) };
    if id < 0 {
        return Err(PyErr::fetch(py));
    }
    match FIRST.compare_exchange(-1, id, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => Ok(()),
        Err(first) if first == id => Ok(()),
        Err(_) => Err(refusal(py)),
    }
}

fn refusal(py: Python<'_>) -> PyErr {
    let error = PyImportError::new_err(
        "pyforge_web is already imported by another interpreter of this process, and works in one interpreter only. With \
         mod_wsgi, run each site in a process group of its own, or set WSGIApplicationGroup %{GLOBAL}.",
    );
    // Not `intern!`: it would keep a string of this interpreter. A note that cannot be added must not replace the error.
    let _ = error.value(py).call_method1("add_note", (format!("See {DOCS}"),));
    error
}
