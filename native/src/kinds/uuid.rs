//! `uuid.UUID`: 32 hexadecimal digits in five groups.

use pyo3::intern;
use pyo3::prelude::*;

use super::{CleanOutcome, Form, JsonKind, Kind, Outcome, Sink, StoredForm, ToPython};
use crate::ffi::ascii;
use crate::imports::{Imports, is_exact, is_instance};
use crate::json::writer::Out;

/// See the head of this file.
pub struct Uuid;

impl JsonKind for Uuid {
    #[inline]
    fn write<F: Form>(value: &Bound<'_, PyAny>, imports: &Imports, sink: &mut Sink<F>) -> Outcome {
        if !is_exact(value, &imports.uuid) {
            return Outcome::Fallback;
        }
        // The one slot of a UUID. An object made by hand without it is left to Django.
        let number = value.getattr(intern!(value.py(), "int")).and_then(|number| number.extract::<u128>());
        let Ok(number) = number else { return Outcome::Fallback };
        write_groups(&mut sink.out, number);
        Outcome::Accepted
    }

    /// 32 digits as SQLite stores them, or PostgreSQL's text; lower-case only, since `UUID()` would change the case.
    #[inline]
    fn read<F: Form>(value: &Bound<'_, PyAny>, _: &StoredForm, imports: &Imports, sink: &mut Sink<F>) -> Outcome {
        let Some(text) = ascii(value) else {
            return Self::write(value, imports, sink);
        };
        // Upper case and braces are read by `uuid.UUID()`, too, but written otherwise: a fallback.
        let Some(number) = parse(text) else {
            return Outcome::Fallback;
        };
        write_groups(&mut sink.out, number);
        Outcome::Accepted
    }

    fn admits(value: &Bound<'_, PyAny>, imports: &Imports) -> bool {
        is_instance(value, &imports.uuid)
    }
}

impl Kind {
    /// `str(uuid)` of a stored text; None where it is not in the strict format.
    pub fn uuid_text(stored: &[u8]) -> Option<String> {
        let mut text = Vec::with_capacity(38);
        write_groups(&mut text, parse(stored)?);
        String::from_utf8(text).ok().map(|text| text.trim_matches('"').to_owned())
    }
}

impl ToPython for Uuid {
    /// The formats of `str(uuid)` and `uuid.hex`, in upper or lower case.
    #[inline]
    fn convert<'py>(value: &Bound<'py, PyAny>, imports: &Imports) -> CleanOutcome<'py> {
        if is_exact(value, &imports.uuid) {
            return CleanOutcome::Accepted;
        }
        match ascii(value).map(<[u8]>::to_ascii_lowercase).and_then(|text| parse(&text)) {
            Some(number) => CleanOutcome::or_fallback(make(value.py(), number, imports)),
            None => CleanOutcome::Fallback,
        }
    }
}

/// A `UUID` of that number, as its `__init__` leaves it, which takes 3 us to parse the text it was given.
fn make<'py>(py: Python<'py>, number: u128, imports: &Imports) -> PyResult<Bound<'py, PyAny>> {
    let class = imports.uuid.bind(py);
    let made = imports.new_object.bind(py).call1((class,))?;
    let set = imports.set_attribute.bind(py); // `UUID.__setattr__` refuses
    set.call1((&made, intern!(py, "int"), number))?;
    set.call1((&made, intern!(py, "is_safe"), imports.uuid_unknown.bind(py)))?;
    Ok(made)
}

/// `"8-4-4-4-12"`, quotes included.
fn write_groups(out: &mut impl Out, number: u128) {
    out.fill(38, |text| {
        text.copy_from_slice(b"\"00000000-0000-0000-0000-000000000000\"");
        let bytes = number.to_be_bytes();
        // Where the two digits of each byte stand.
        for (byte, at) in bytes.into_iter().zip([1, 3, 5, 7, 10, 12, 15, 17, 20, 22, 25, 27, 29, 31, 33, 35]) {
            text[at..at + 2].copy_from_slice(&HEX_PAIRS[usize::from(byte)]);
        }
    });
}

/// The two digits of each byte.
static HEX_PAIRS: [[u8; 2]; 256] = {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut pairs = [[0; 2]; 256];
    let mut i = 0;
    while i < 256 {
        pairs[i] = [DIGITS[i >> 4], DIGITS[i & 15]];
        i += 1;
    }
    pairs
};

/// The number behind 32 lower-case digits, in groups of 8-4-4-4-12 or in one.
fn parse(text: &[u8]) -> Option<u128> {
    let grouped = text.len() == 36;
    if !grouped && text.len() != 32 {
        return None;
    }
    let mut number = 0;
    for (at, &digit) in text.iter().enumerate() {
        number = match digit {
            b'-' if grouped && matches!(at, 8 | 13 | 18 | 23) => continue,
            b'0'..=b'9' => number << 4 | u128::from(digit - b'0'),
            b'a'..=b'f' => number << 4 | u128::from(digit - b'a' + 10),
            _ => return None,
        };
    }
    // A digit in a dash's place would make 33 of them: the number would have lost its first.
    let dashes = text.iter().filter(|&&digit| digit == b'-').count();
    (dashes == if grouped { 4 } else { 0 }).then_some(number)
}
