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

    /// Ends a query that is read by `dump_chunk`; `dumps` does it itself.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.close.call0(py).map(drop)
    }
}

/// The array and the object of a row.
const DEPTH: usize = 2;

/// What stands between two items of a run, and after each.
pub struct Items<'a> {
    /// Before each item but the first of all.
    pub between: &'a [u8],
    /// After every item.
    pub after: &'a [u8],
}

/// A run over rows: where it is, for the path of an error.
struct Run<'a, 'py> {
    columns: &'a Columns,
    literals: Vec<Vec<u8>>,
    rescue: &'a Bound<'py, PyAny>,
    row: usize,
    /// None while rows are fetched.
    column: Option<usize>,
}

impl<'py, F: Form> Walk<'py, '_, F> {
    /// Writes all rows as one array; false when it failed.
    pub(super) fn rows(&mut self, rows: &Bound<'py, Rows>) -> bool {
        let (py, rows) = (rows.py(), rows.get());
        let done = self.run_over(py, rows, 0, Self::all_rows).is_ok();
        match self.meter.call_out(|| rows.close.call0(py)) {
            // An error of the query comes first.
            Err(error) if done => self.sink.fail(error) == Outcome::Done,
            _ => done,
        }
    }

    /// Writes the rows that one call of `fetch` gives: how many, none at the end; an error with those before it.
    ///
    /// `start` rows were written before, by other calls.
    pub(super) fn some_rows(
        &mut self,
        rows: &Bound<'py, Rows>,
        start: usize,
        items: &Items<'_>,
    ) -> Result<usize, usize> {
        self.run_over(rows.py(), rows.get(), start, |walk, run, fetch| walk.fetched(run, fetch, items).is_some())
    }

    /// Opens a run, gives it to `write`, and counts its rows.
    fn run_over(
        &mut self,
        py: Python<'py>,
        rows: &Rows,
        start: usize,
        write: impl FnOnce(&mut Self, &mut Run<'_, 'py>, &Bound<'py, PyAny>) -> bool,
    ) -> Result<usize, usize> {
        let columns = rows.columns.get();
        let literals = literals::<F>(py, columns);
        let mut run = Run { columns, literals, rescue: rows.rescue.bind(py), row: start, column: None };
        self.depth += DEPTH;
        let done = write(self, &mut run, rows.fetch.bind(py));
        self.depth -= DEPTH;
        let count = run.row - start;
        self.meter.rows += count;
        if !done {
            self.place.insert_str(0, &run.place());
            return Err(count);
        }
        Ok(count)
    }

    fn all_rows(&mut self, run: &mut Run<'_, 'py>, fetch: &Bound<'py, PyAny>) -> bool {
        self.sink.out.push(b'[');
        loop {
            match self.fetched(run, fetch, &Items { between: F::ITEM, after: b"" }) {
                None => return false,
                Some(0) => break,
                Some(_) if self.sink.out.failed() => return self.stop(Error::OutOfMemory),
                Some(_) => {}
            }
        }
        self.sink.out.push(b']');
        true
    }

    /// Writes the next rows, each of them whole or not at all: how many, None when one failed.
    fn fetched(&mut self, run: &mut Run<'_, 'py>, fetch: &Bound<'py, PyAny>, items: &Items<'_>) -> Option<usize> {
        let chunk = self.meter.call_out(|| fetch.call0());
        let chunk = match chunk.and_then(|chunk| Ok(chunk.cast_into::<PyList>()?)) {
            Ok(chunk) => chunk,
            Err(error) => {
                self.stop(error);
                return None;
            }
        };
        let mut index = 0;
        while let Some(row) = list_item(&chunk, index) {
            index += 1;
            let before = self.sink.out.len();
            if run.row > 0 {
                self.sink.out.extend(items.between);
            }
            let written = match row.cast::<PyTuple>() {
                Ok(row) => self.row(run, row),
                Err(error) => self.stop(PyErr::from(error)),
            };
            if !written {
                self.sink.out.truncate(before);
                return None;
            }
            self.sink.out.extend(items.after);
            run.row += 1;
        }
        Some(index)
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
            if !self.column(column.reader, run.rescue, index, value) {
                run.column = Some(index);
                return false;
            }
        }
        self.sink.out.extend(columns.end.as_bytes());
        true
    }

    /// Writes the driver's value of a column.
    #[inline(always)]
    pub(super) fn column(
        &mut self,
        reader: Reader,
        rescue: &Bound<'py, PyAny>,
        index: usize,
        value: Bound<'py, PyAny>,
    ) -> bool {
        let outcome = match reader {
            Reader::Kind(kind, stored) if !value.is_none() => kind.read(&value, &stored, self.imports, &mut self.sink),
            Reader::Django => Outcome::NotMine,
            _ if self.whole_value(value.clone()) => Outcome::Done,
            _ => Outcome::Failed,
        };
        match outcome {
            Outcome::Done => true,
            Outcome::NotMine => self.rescued(rescue, index, value),
            Outcome::Failed => false,
        }
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
        match (self.columns.shape, self.column) {
            (Shape::Object, Some(column)) => format!("[{row}].{}", self.columns.columns[column].name),
            (Shape::Array, Some(column)) => format!("[{row}][{column}]"),
            _ => format!("[{row}]"),
        }
    }
}
