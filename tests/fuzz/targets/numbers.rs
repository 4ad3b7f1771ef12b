//! Integers, floats, and decimals from floats, beside `str`, `repr` and Django's converter.
#![no_main]

use _native::json::number;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

libfuzzer_sys::fuzz_target!(|data: ([u8; 8], u8, u8)| {
    let (bytes, digits, places) = data;
    let (integer, float) = (i64::from_le_bytes(bytes), f64::from_le_bytes(bytes));
    let mut written = Vec::new();
    number::write_integer(&mut written, integer);
    Python::attach(|py| {
        oracle::check(py, "check_integer", (integer, PyBytes::new(py, &written)));
        // Also floats of few digits, which random bits seldom are.
        for value in
            [float, integer as f64 / 1e4, (integer % 1_000_000) as f64 / 1e3].into_iter().filter(|v| v.is_finite())
        {
            written.clear();
            number::write_float(&mut written, value);
            oracle::check(py, "check_float", (value, PyBytes::new(py, &written)));
            let (digits, places) = (u32::from(digits % 30 + 1), u32::from(places % 20));
            if let Some(scaled) = number::scale(value, (digits, places)) {
                written.clear();
                number::write_scaled(&mut written, scaled, places);
                oracle::check(py, "check_scaled", (value, digits, places, PyBytes::new(py, &written)));
            }
        }
    });
});
