//! The path of a file, never its content: the storage is not asked.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::text::Text;
use super::{CleanOutcome, Form, JsonKind, Outcome, Sink, ToPython};
use crate::imports::{Imports, is_exact, is_instance};
use crate::json::writer::Out;

/// See the head of this file.
pub struct File;

impl JsonKind for File {
    /// The column's text; a `FieldFile`, which takes its place after the first access, by its name.
    fn write<F: Form>(value: &Bound<'_, PyAny>, imports: &Imports, sink: &mut Sink<F>) -> Outcome {
        if !is_instance(value, &imports.field_file) {
            return Text::write(value, imports, sink);
        }
        match value.getattr(intern!(value.py(), "name")) {
            // `FieldFile.name` of an empty nullable column is None.
            Ok(name) if name.is_none() => {
                sink.out.extend(b"null");
                Outcome::Accepted
            }
            Ok(name) => Text::write(&name, imports, sink),
            Err(error) => sink.fail(error),
        }
    }

    fn admits(value: &Bound<'_, PyAny>, imports: &Imports) -> bool {
        Text::admits(value, imports)
    }
}

impl ToPython for File {
    /// The descriptor of the column has made a `FieldFile` of whatever was assigned; one without a name is empty.
    fn convert<'py>(value: &Bound<'py, PyAny>, imports: &Imports) -> CleanOutcome<'py> {
        if !is_exact(value, &imports.field_file) {
            return CleanOutcome::Fallback;
        }
        let name = value.getattr(intern!(value.py(), "name"));
        match name.as_ref().map(|name| name.cast_exact::<PyString>().map(|name| name.is_empty())) {
            Ok(Ok(Ok(false))) => CleanOutcome::Accepted,
            _ => CleanOutcome::Fallback,
        }
    }
}
