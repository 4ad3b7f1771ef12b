//! Tuples that somebody else fetched: checked against their columns, for an order that differs would mislabel values.

use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple, PyType};

use super::any_value::Walk;
use super::columns::{ColumnReader, RowColumns};
use crate::error::Error;
use crate::ffi::{list_item, tuple_item};
use crate::json::writer::Out;
use crate::kinds::{Form, Outcome};

/// Rows of Python values, in the order of the columns.
#[pyclass(frozen, module = "pyforge_web._native")]
pub struct ValueTuples {
    columns: Py<RowColumns>,
    /// Tuples or lists, or one of them.
    rows: Py<PyAny>,
    /// Whether `rows` are many.
    many: bool,
    /// The model whose values they are, for the collectors.
    model: Option<Py<PyType>>,
}

#[pymethods]
impl ValueTuples {
    #[new]
    #[pyo3(signature = (columns, rows, many, model=None))]
    fn new(columns: Py<RowColumns>, rows: Py<PyAny>, many: bool, model: Option<Py<PyType>>) -> Self {
        Self { columns, rows, many, model }
    }
}

impl<'py, F: Form> Walk<'py, '_, F> {
    /// Writes the rows as objects; false when it failed.
    pub(super) fn write_tuples(&mut self, py: Python<'py>, tuples: &ValueTuples) -> bool {
        let (columns, rows) = (tuples.columns.get(), tuples.rows.bind(py));
        if let Some(model) = &tuples.model {
            self.meter.model(model.bind(py));
        }
        if !tuples.many {
            self.meter.rows += 1;
            return self.write_checked_row(columns, 0, rows);
        }
        let rows = match rows.cast::<PyList>() {
            Ok(rows) => rows,
            Err(error) => return self.fail_walk(PyErr::from(error)),
        };
        self.sink.out.push(b'[');
        let mut index = 0;
        while let Some(row) = list_item(rows, index) {
            if index > 0 {
                self.sink.out.extend(F::ITEM);
            }
            if !self.write_checked_row(columns, index, &row) {
                self.place.insert_str(0, &format!("[{index}]"));
                return false;
            }
            index += 1;
        }
        self.sink.out.push(b']');
        self.meter.rows += index;
        true
    }

    fn write_checked_row(&mut self, columns: &RowColumns, index: usize, row: &Bound<'py, PyAny>) -> bool {
        let values = match row.cast::<PyTuple>() {
            Ok(values) => values.clone(),
            Err(_) => match row.cast::<PyList>() {
                Ok(values) => values.to_tuple(),
                Err(error) => return self.fail_walk(PyErr::from(error)),
            },
        };
        // Rows of another length are rows of another query: the names would be wrong without any error.
        if values.len() != columns.columns.len() {
            return self.fail_walk(Error::WrongLength {
                row: index,
                found: values.len(),
                expected: columns.columns.len(),
            });
        }
        let py = row.py();
        self.sink.out.push(b'{');
        for (at, (column, key)) in columns.columns.iter().zip(columns.keys::<F>(py)).enumerate() {
            if at > 0 {
                self.sink.out.extend(F::ITEM);
            }
            self.sink.out.extend(key);
            let Some(value) = tuple_item(&values, at) else {
                return self.fail_walk(Error::WrongLength { row: index, found: at, expected: columns.columns.len() });
            };
            if !self.write_checked_value(column.reader, index, &column.name, value) {
                self.place.insert_str(0, &format!(".{}", column.name));
                return false;
            }
        }
        self.sink.out.push(b'}');
        true
    }

    fn write_checked_value(&mut self, reader: ColumnReader, row: usize, name: &str, value: Bound<'py, PyAny>) -> bool {
        let ColumnReader::Kind(kind, _) = reader else {
            return self.write_whole_value(value);
        };
        if value.is_none() {
            self.sink.out.extend(b"null");
            return true;
        }
        match kind.write(&value, self.imports, &mut self.sink) {
            Outcome::Accepted => true,
            Outcome::Rejected => false,
            Outcome::Fallback if kind.admits(&value, self.imports) => self.write_whole_value(value),
            Outcome::Fallback => {
                self.fail_walk(Error::WrongKind { row, name: name.into(), kind: kind.name(), found: type_name(&value) })
            }
        }
    }
}

fn type_name(value: &Bound<'_, PyAny>) -> String {
    value.get_type().name().map_or_else(|_| "?".into(), |name| name.to_string())
}
