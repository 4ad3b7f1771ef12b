//! `loads` beside `json.loads`: values, errors and their words, of bytes and of text.
#![no_main]

use pyo3::prelude::*;
use pyo3::types::PyBytes;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    Python::attach(|py| oracle::check(py, "check_body", (PyBytes::new(py, data),)));
});
