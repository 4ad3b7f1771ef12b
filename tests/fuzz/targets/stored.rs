//! JSON text that a database stores: the check before it is passed through, its three forms, and Python's format of it.
#![no_main]

use _native::json::{check, escape, reformat};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let write = |write: fn(&mut Vec<u8>, &str) -> bool| {
        let mut written = Vec::new();
        write(&mut written, text).then_some(written)
    };
    let is_certain = check::is_certain(text.as_bytes());
    let passed = [
        write(|out, text| escape::pass_json(out, text)),
        write(|out, text| escape::pass_json_as_ascii(out, text)),
        write(|out, text| escape::pass_json_as_html(out, text)),
    ];
    let reformatted = [
        write(|out, text| reformat::reformat_json(out, text)),
        write(|out, text| reformat::reformat_json_as_ascii(out, text)),
    ];
    Python::attach(|py| {
        let bytes = |written: &Option<Vec<u8>>| written.as_ref().map(|written| PyBytes::new(py, written).unbind());
        oracle::check(
            py,
            "check_stored",
            (text, is_certain, passed.each_ref().map(bytes), reformatted.each_ref().map(bytes)),
        );
    });
});
