//! `uuid.UUID`: 32 hexadecimal digits in five groups.

use pyo3::intern;
use pyo3::prelude::*;

use super::{Form, Outcome, Sink};
use crate::imports::{Imports, is_exact};
use crate::json::writer::Out;

#[inline]
pub fn write<F: Form>(value: &Bound<'_, PyAny>, imports: &Imports, sink: &mut Sink<F>) -> Outcome {
    if !is_exact(value, &imports.uuid) {
        return Outcome::NotMine;
    }
    // The one slot a UUID has; an object made by hand without it is for Django to judge.
    let number = value.getattr(intern!(value.py(), "int")).and_then(|number| number.extract::<u128>());
    let Ok(number) = number else { return Outcome::NotMine };
    sink.out.extend(&text_of(number));
    Outcome::Done
}

/// `"8-4-4-4-12"`, quotes included.
fn text_of(number: u128) -> [u8; 38] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [b'-'; 38];
    (text[0], text[37]) = (b'"', b'"');
    let mut at = 1;
    for byte in number.to_be_bytes() {
        at += usize::from(matches!(at, 9 | 14 | 19 | 24));
        text[at] = DIGITS[usize::from(byte >> 4)];
        text[at + 1] = DIGITS[usize::from(byte & 15)];
        at += 2;
    }
    text
}
