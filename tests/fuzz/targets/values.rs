//! `dumps` beside `DjangoJSONEncoder`, in all forms, of the Python value that the bytes describe.
#![no_main]

use pyo3::prelude::*;
use pyo3::types::PyBytes;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    Python::attach(|py| oracle::check(py, "check_values", (PyBytes::new(py, data),)));
});
