//! `dumps` of values whose own code changes the containers around them in the middle of the walk.
#![no_main]

use pyo3::prelude::*;
use pyo3::types::PyBytes;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    Python::attach(|py| oracle::check(py, "check_changes", (PyBytes::new(py, data),)));
});
