//! Rows of a query: raw tuples of the driver, written as they are fetched.

use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::columns::{Columns, Reader, Shape, literals};
use super::value::Walk;
use crate::error::Error;
use crate::ffi::{list_item, tuple_item};
use crate::json::writer::Out;
use crate::kinds::{Form, Outcome};

/// A query that has been executed: what `pyforge_web.querysets` gives native code in a QuerySet's place.
#[pyclass(frozen, module = "pyforge_web._native")]
pub struct Rows {
    columns: Py<Columns>,
    /// `() -> list[tuple]`: the next rows, an empty list at the end.
    fetch: Py<PyAny>,
    /// `(column, value) -> value`: the driver's value through Django's converters.
    rescue: Py<PyAny>,
    /// `()`: called at the end, also after an error.
    close: Py<PyAny>,
}

#[pymethods]
impl Rows {
    #[new]
    fn new(columns: Py<Columns>, fetch: Py<PyAny>, rescue: Py<PyAny>, close: Py<PyAny>) -> Self {
        Self { columns, fetch, rescue, close }
    }
}

/// The array and the object of a row.
const DEPTH: usize = 2;

/// A run over rows: where it is, for the path of an error.
struct Run<'a, 'py> {
    columns: &'a Columns,
    literals: Vec<Vec<u8>>,
    rescue: &'a Bound<'py, PyAny>,
    row: usize,
    column: usize,
}

impl<'py, F: Form> Walk<'py, '_, F> {
    /// Writes all rows as one array; false when it failed.
    pub(super) fn rows(&mut self, rows: &Bound<'py, Rows>) -> bool {
        let (py, rows) = (rows.py(), rows.get());
        let columns = rows.columns.get();
        let mut run =
            Run { columns, literals: literals::<F>(py, columns), rescue: rows.rescue.bind(py), row: 0, column: 0 };
        self.depth += DEPTH;
        let done = self.fetched(&mut run, rows.fetch.bind(py));
        self.depth -= DEPTH;
        self.meter.rows += run.row;
        if !done {
            self.place.insert_str(0, &run.place());
        }
        match self.meter.call_out(|| rows.close.call0(py)) {
            // An error of the query comes first.
            Err(error) if done => self.sink.fail(error) == Outcome::Done,
            _ => done,
        }
    }

    fn fetched(&mut self, run: &mut Run<'_, 'py>, fetch: &Bound<'py, PyAny>) -> bool {
        self.sink.out.push(b'[');
        loop {
            let chunk = self.meter.call_out(|| fetch.call0());
            let chunk = match chunk.and_then(|chunk| Ok(chunk.cast_into::<PyList>()?)) {
                Ok(chunk) => chunk,
                Err(error) => return self.stop(error),
            };
            let mut index = 0;
            while let Some(row) = list_item(&chunk, index) {
                index += 1;
                if run.row > 0 {
                    self.sink.out.extend(F::ITEM);
                }
                let written = match row.cast::<PyTuple>() {
                    Ok(row) => self.row(run, row),
                    Err(error) => self.stop(PyErr::from(error)),
                };
                if !written {
                    return false;
                }
                run.row += 1;
            }
            if index == 0 {
                self.sink.out.push(b']');
                return true;
            }
            if self.sink.out.failed() {
                return self.stop(Error::OutOfMemory);
            }
        }
    }

    #[inline]
    fn row(&mut self, run: &mut Run<'_, 'py>, row: &Bound<'py, PyTuple>) -> bool {
        let columns = run.columns;
        for (index, column) in columns.columns.iter().enumerate() {
            self.sink.out.extend(&run.literals[index]);
            // Columns that the query needed for itself may follow ours; fewer than ours is a fault of the plan.
            let Some(value) = tuple_item(row, index) else {
                return self.stop(Error::TooFewColumns { row: run.row, found: row.len() });
            };
            let outcome = match column.reader {
                Reader::Kind(kind, stored) if !value.is_none() => {
                    kind.read(&value, &stored, self.imports, &mut self.sink)
                }
                Reader::Django => Outcome::NotMine,
                _ if self.whole_value(value.clone()) => Outcome::Done,
                _ => Outcome::Failed,
            };
            let written = match outcome {
                Outcome::Done => true,
                Outcome::NotMine => self.rescued(run.rescue, index, value),
                Outcome::Failed => false,
            };
            if !written {
                run.column = index;
                return false;
            }
        }
        match columns.shape {
            Shape::Object => self.sink.out.push(b'}'),
            Shape::Array => self.sink.out.push(b']'),
            Shape::Scalar => {}
        }
        true
    }

    /// Writes what Django's converters make of a driver's value.
    #[cold]
    fn rescued(&mut self, rescue: &Bound<'py, PyAny>, column: usize, value: Bound<'py, PyAny>) -> bool {
        match self.meter.call_out(|| rescue.call1((column, value))) {
            Ok(value) => self.whole_value(value),
            Err(error) => self.stop(error),
        }
    }
}

impl Run<'_, '_> {
    /// The step from the array to the value that is being written: `[3].price`.
    fn place(&self) -> String {
        let row = self.row;
        match (self.columns.shape, self.columns.columns.get(self.column)) {
            (Shape::Object, Some(column)) => format!("[{row}].{}", column.name),
            (Shape::Array, _) => format!("[{row}][{}]", self.column),
            _ => format!("[{row}]"),
        }
    }
}
