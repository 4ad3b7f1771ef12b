//! Stored JSON: the text is passed through after a check, without a Python object for any of its values.

use pyo3::prelude::*;
use pyo3::types::PyString;

use super::{Form, JsonKind, Outcome, Sink, Stored};
use crate::imports::Imports;
use crate::json::check::is_certain;

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
            Ok(Ok(text)) if stored.checked || is_certain(text.as_bytes()) => text,
            _ => return Outcome::NotMine,
        };
        if F::write_json(&mut sink.out, text) { Outcome::Done } else { Outcome::NotMine }
    }

    fn admits(_: &Bound<'_, PyAny>, _: &Imports) -> bool {
        true
    }
}
