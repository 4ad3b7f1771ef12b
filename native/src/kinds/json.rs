//! Stored JSON: the text is passed through after a check, without a Python object for any of its values.

use pyo3::prelude::*;
use pyo3::types::PyString;
use serde::de::IgnoredAny;

use super::{Form, JsonKind, Outcome, Sink, Stored};
use crate::imports::Imports;

/// Deeper text is Django's: `json.loads` raises a `RecursionError` near 1,000 levels.
const DEEPEST: usize = 900;
/// Longer text may hold an integer of more digits than `int()` takes (`sys.int_info.default_max_str_digits`).
const LONGEST_CERTAIN: usize = 4300;

/// See the head of this file.
pub struct Json;

impl JsonKind for Json {
    fn write<F: Form>(_: &Bound<'_, PyAny>, _: &Imports, _: &mut Sink<F>) -> Outcome {
        Outcome::NotMine
    }

    /// Text that `json.loads` and every other reader understand alike.
    ///
    /// PostgreSQL's jsonb cannot hold anything else. SQLite may: unmanaged tables and raw SQL have no CHECK, and unchecked
    /// text could close our object and open another.
    #[inline]
    fn read<F: Form>(value: &Bound<'_, PyAny>, stored: &Stored, _: &Imports, sink: &mut Sink<F>) -> Outcome {
        let text = match value.cast_exact::<PyString>().map(|text| text.to_str()) {
            Ok(Ok(text)) if stored.checked || is_certain(text) => text,
            _ => return Outcome::NotMine,
        };
        if F::write_json(&mut sink.out, text) { Outcome::Done } else { Outcome::NotMine }
    }

    fn admits(_: &Bound<'_, PyAny>, _: &Imports) -> bool {
        true
    }
}

/// Whether the text is JSON, and none that Python reads as infinity, or not at all.
fn is_certain(text: &str) -> bool {
    let bytes = text.as_bytes();
    // An exponent may lead to infinity (1e400). The test also finds "1e5" in a string: that is only slower.
    let exponent = bytes.windows(2).any(|pair| pair[0].is_ascii_digit() && matches!(pair[1], b'e' | b'E'));
    let brackets = bytes.iter().filter(|byte| matches!(byte, b'[' | b'{')).count();
    let digits = bytes.len() > LONGEST_CERTAIN
        && bytes.chunk_by(|a, b| a.is_ascii_digit() && b.is_ascii_digit()).any(|run| run.len() > LONGEST_CERTAIN);
    !exponent && brackets < DEEPEST && !digits && serde_json::from_str::<IgnoredAny>(text).is_ok()
}
