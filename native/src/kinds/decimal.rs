//! `decimal.Decimal`: `str(value)`, exponents included, never rounded, never a number.

use pyo3::prelude::*;
use pyo3::types::{PyFloat, PyInt, PyString};

use super::{CleanOutcome, Form, JsonKind, Outcome, Sink, StoredForm, ToPython};
use crate::ffi::{ascii, int_value};
use crate::imports::{Imports, is_exact, is_instance};
use crate::json::number::{scale, write_scaled};
use crate::json::writer::Out;

/// See the head of this file.
pub struct Decimal;

impl JsonKind for Decimal {
    #[inline]
    fn write<F: Form>(value: &Bound<'_, PyAny>, imports: &Imports, sink: &mut Sink<F>) -> Outcome {
        if !is_exact(value, &imports.decimal) {
            return Outcome::Fallback;
        }
        // `str` rather than the digits: it has Python's rules for exponents, and runs in C.
        match value.str() {
            Ok(text) => {
                F::write_text(&text, &mut sink.out);
                Outcome::Accepted
            }
            Err(error) => sink.fail(error),
        }
    }

    /// PostgreSQL's text, or SQLite's number if its digits are certainly the same as Django's.
    #[inline]
    fn read<F: Form>(value: &Bound<'_, PyAny>, stored: &StoredForm, imports: &Imports, sink: &mut Sink<F>) -> Outcome {
        if let Some(text) = ascii(value) {
            let stored_as_number = stored.digits.0 > 0;
            return if stored_as_number { Outcome::Fallback } else { Self::read_text(text, sink) };
        }
        let scaled = if let Ok(number) = value.cast_exact::<PyFloat>() {
            scale(number.value(), stored.digits)
        } else if value.is_exact_instance_of::<PyInt>() {
            int_value(value).and_then(|number| scale(number as f64, stored.digits).filter(|_| number.abs() < 1 << 53))
        } else {
            return Self::write(value, imports, sink);
        };
        match scaled {
            Some(scaled) => {
                write_scaled(&mut sink.out, scaled, stored.digits.1);
                Outcome::Accepted
            }
            None => Outcome::Fallback,
        }
    }

    fn admits(value: &Bound<'_, PyAny>, imports: &Imports) -> bool {
        is_instance(value, &imports.decimal)
    }
}

impl ToPython for Decimal {
    /// `Decimal(value)`; a float is rounded in the field's own context, by Django. Whether the number is finite is for the
    /// digits rule to see, which every plan of a decimal field has.
    #[inline]
    fn convert<'py>(value: &Bound<'py, PyAny>, imports: &Imports) -> CleanOutcome<'py> {
        if is_exact(value, &imports.decimal) {
            CleanOutcome::Accepted
        } else if value.is_exact_instance_of::<PyString>() || value.is_exact_instance_of::<PyInt>() {
            CleanOutcome::or_fallback(imports.decimal.bind(value.py()).call1((value,)))
        } else {
            CleanOutcome::Fallback
        }
    }
}

impl Decimal {
    /// PostgreSQL prints a numeric without an exponent; `str(Decimal)` has one below 1e-06.
    fn read_text<F: Form>(text: &[u8], sink: &mut Sink<F>) -> Outcome {
        let digits = text.strip_prefix(b"-").unwrap_or(text);
        // "1e5", "NaN" and "Infinity" are valid numerics of PostgreSQL; `str(Decimal)` may write the first otherwise.
        let plain = digits.first().is_some_and(u8::is_ascii_digit)
            && digits.last().is_some_and(u8::is_ascii_digit)
            && digits.iter().all(|c| c.is_ascii_digit() || *c == b'.')
            && digits.iter().filter(|c| **c == b'.').count() <= 1;
        let tiny = digits.len() > 8 && digits.starts_with(b"0.000000");
        if !plain || tiny || (digits.len() > 1 && digits[0] == b'0' && digits[1] != b'.') {
            return Outcome::Fallback;
        }
        sink.out.push(b'"');
        sink.out.extend(text);
        sink.out.push(b'"');
        Outcome::Accepted
    }
}
