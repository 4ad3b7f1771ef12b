//! The keys of a dict: always strings in JSON, whatever they are in Python.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString};

use super::any_value::Walk;
use crate::imports::EncoderImports;
use crate::json::number::write_float;
use crate::json::writer::Out;
use crate::kinds::{Form, Kind, Outcome};

impl<'py, F: Form> Walk<'py, '_, F> {
    /// Writes a key with its quotes, in the order of CPython's `encoder_listencode_dict`: text, float, the three
    /// constants, int; then the supersets.
    #[inline(always)]
    pub fn write_key(&mut self, key: Bound<'py, PyAny>) -> Outcome {
        match key.cast_exact::<PyString>() {
            Ok(text) => {
                F::write_text(text, &mut self.sink.out);
                Outcome::Accepted
            }
            Err(_) => self.write_rarer_key(key),
        }
    }

    #[cold]
    fn write_rarer_key(&mut self, key: Bound<'py, PyAny>) -> Outcome {
        if let Ok(text) = key.cast::<PyString>() {
            F::write_text(text, &mut self.sink.out);
            return Outcome::Accepted;
        }
        let out = &mut self.sink.out;
        // Before int and bool, in the order of CPython: a class may inherit from several of them.
        if let Ok(number) = key.cast::<PyFloat>() {
            match number.value() {
                value if value.is_finite() => {
                    out.push(b'"');
                    write_float(out, value);
                    out.push(b'"');
                }
                // A key is a string: these words are valid JSON here, and they are Django's.
                value if value.is_nan() => out.extend(b"\"NaN\""),
                value => out.extend(if value > 0.0 { b"\"Infinity\"" } else { b"\"-Infinity\"" }),
            }
            return Outcome::Accepted;
        }
        if let Ok(value) = key.cast::<PyBool>() {
            out.extend(if value.is_true() { b"\"true\"" } else { b"\"false\"" });
            return Outcome::Accepted;
        }
        if key.is_none() {
            out.extend(b"\"null\"");
            return Outcome::Accepted;
        }
        if key.is_instance_of::<PyInt>() {
            out.push(b'"');
            let outcome = Kind::Integer.write(&key, self.imports, &mut self.sink);
            self.sink.out.push(b'"');
            return outcome;
        }
        self.write_converted_key(key)
    }

    /// Dates, UUIDs, enums, lazy text and the like: Python code gives the text.
    fn write_converted_key(&mut self, key: Bound<'py, PyAny>) -> Outcome {
        if !self.may_call_python() {
            return Outcome::Rejected;
        }
        let py = key.py();
        let text = match self.meter.call_out(|| EncoderImports::get(py)?.convert_key.bind(py).call1((key,))) {
            Ok(text) => text,
            Err(error) => return self.sink.fail(error),
        };
        match text.cast_into::<PyString>() {
            Ok(text) => {
                F::write_text(&text, &mut self.sink.out);
                Outcome::Accepted
            }
            Err(error) => self.reject_with_hint(error.into_inner()),
        }
    }
}
