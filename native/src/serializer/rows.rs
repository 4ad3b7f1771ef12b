//! Rows of a query: raw tuples of the driver, written as they are fetched.

use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::any_value::Walk;
use super::columns::{ColumnReader, RowColumns, RowShape};
use crate::error::Error;
use crate::ffi::{list_item, tuple_item};
use crate::imports::EncoderImports;
use crate::json::writer::Out;
use crate::kinds::{DateFormat, Form, Outcome};
use crate::metering::reading::QueryReading;

/// A query that has been executed: what `pyforge_web.querysets` gives native code in a QuerySet's place.
#[pyclass(frozen, module = "pyforge_web._native")]
pub struct QueryRows {
    columns: Py<RowColumns>,
    /// `() -> list[tuple]`: the next rows, an empty list at the end; or the list of all rows.
    fetch: Py<PyAny>,
    /// `(column, value) -> value`: the driver's value through Django's converters.
    fallback: Py<PyAny>,
    /// `()`: called at the end, also after an error; None where nothing is open.
    close: Option<Py<PyAny>>,
    /// `(rows, database_ns, callbacks)`: called at the end of each native call that collectors want details of.
    report: Option<Py<PyAny>>,
    /// How long the text of the rows may get.
    most_bytes: usize,
}

#[pymethods]
impl QueryRows {
    #[new]
    #[pyo3(signature = (columns, fetch, fallback, close=None, report=None, max_bytes=None))]
    fn new(
        columns: Py<RowColumns>,
        fetch: Py<PyAny>,
        fallback: Py<PyAny>,
        close: Option<Py<PyAny>>,
        report: Option<Py<PyAny>>,
        max_bytes: Option<usize>,
    ) -> Self {
        Self { columns, fetch, fallback, close, report, most_bytes: max_bytes.unwrap_or(usize::MAX) }
    }

    /// Ends a query that is read by `dump_chunk`; `dumps` does it itself.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.close.as_ref().map_or(Ok(()), |close| close.call0(py).map(drop))
    }
}

/// The array and the object of a row.
const DEPTH: usize = 2;

/// What stands between two items of a run, and after each.
pub struct RowFraming<'a> {
    /// Before each item but the first of all.
    pub between: &'a [u8],
    /// After every item.
    pub after: &'a [u8],
}

/// A run over rows: where it is, for the path of an error.
struct RowCursor<'a, 'py> {
    columns: &'a RowColumns,
    literals: &'a [Vec<u8>],
    fallback: &'a Bound<'py, PyAny>,
    reading: QueryReading,
    /// The length of the text before the rows, and how much longer it may get.
    start: usize,
    most_bytes: usize,
    row: usize,
    /// None while rows are fetched.
    column: Option<usize>,
}

impl<'py, F: Form> Walk<'py, '_, F> {
    /// Writes all rows as one array; false when it failed.
    pub(super) fn write_rows(&mut self, rows: &Bound<'py, QueryRows>) -> bool {
        let (py, rows) = (rows.py(), rows.get());
        let done = self.with_row_cursor(py, rows, 0, Self::write_all_rows).is_ok();
        let Some(close) = &rows.close else { return done };
        match self.meter.call_out(|| close.call0(py)) {
            // An error of the query comes first.
            Err(error) if done => self.sink.fail(error) == Outcome::Accepted,
            _ => done,
        }
    }

    /// Writes the rows that one call of `fetch` gives: how many, none at the end; an error with those before it.
    ///
    /// `start` rows were written before, by other calls.
    pub(super) fn write_row_chunk(
        &mut self,
        rows: &Bound<'py, QueryRows>,
        start: usize,
        items: &RowFraming<'_>,
    ) -> Result<usize, usize> {
        self.with_row_cursor(rows.py(), rows.get(), start, |walk, run, fetch| {
            walk.write_fetched_rows(run, fetch, items).is_some()
        })
    }

    /// Opens a run, gives it to `write`, and counts its rows.
    fn with_row_cursor(
        &mut self,
        py: Python<'py>,
        rows: &QueryRows,
        start: usize,
        write: impl FnOnce(&mut Self, &mut RowCursor<'_, 'py>, &Bound<'py, PyAny>) -> bool,
    ) -> Result<usize, usize> {
        let columns = rows.columns.get();
        let literals = columns.literals::<F>(py);
        let (fallback, reading) = (rows.fallback.bind(py), QueryReading::default());
        let (begin, most_bytes) = (self.sink.out.len(), rows.most_bytes);
        let mut run =
            RowCursor { columns, literals, fallback, reading, start: begin, most_bytes, row: start, column: None };
        let local = self.sink.enter_zone(columns.local.as_ref());
        // What a row holds counts from here, as if the rows were lists in memory.
        self.depth += DEPTH;
        let done = write(self, &mut run, rows.fetch.bind(py));
        self.depth -= DEPTH;
        self.sink.leave_zone(local);
        self.meter.report_reading(py, std::mem::take(&mut run.reading), rows.report.as_ref());
        let count = run.row - start;
        self.meter.rows += count;
        if !done {
            self.place.insert_str(0, &run.place());
            return Err(count);
        }
        Ok(count)
    }

    fn write_all_rows(&mut self, run: &mut RowCursor<'_, 'py>, fetch: &Bound<'py, PyAny>) -> bool {
        self.sink.out.push(b'[');
        loop {
            match self.write_fetched_rows(run, fetch, &RowFraming { between: F::ITEM, after: b"" }) {
                None => return false,
                Some(0) => break,
                Some(_) if self.sink.out.failed() => return self.fail_walk(Error::OutOfMemory),
                Some(_) => {}
            }
        }
        self.sink.out.push(b']');
        true
    }

    /// Writes the next rows, each of them whole or not at all: how many, None when one failed.
    fn write_fetched_rows(
        &mut self,
        run: &mut RowCursor<'_, 'py>,
        fetch: &Bound<'py, PyAny>,
        items: &RowFraming<'_>,
    ) -> Option<usize> {
        let chunk = match self.fetch_row_list(run, fetch) {
            Ok(chunk) => chunk,
            Err(error) => {
                self.fail_walk(error);
                return None;
            }
        };
        run.reading.add_rows(chunk.len());
        let mut index = 0;
        while let Some(row) = list_item(&chunk, index) {
            index += 1;
            // A row that fails is taken back whole, so that a stream ends behind a complete row.
            let before = self.sink.out.len();
            if run.row > 0 {
                self.sink.out.extend(items.between);
            }
            let written = match row.cast::<PyTuple>() {
                Ok(row) => self.write_row(run, row),
                Err(error) => self.fail_walk(PyErr::from(error)),
            };
            if !written || !self.fits(run.start, run.most_bytes) {
                self.sink.out.truncate(before);
                return None;
            }
            self.sink.out.extend(items.after);
            run.row += 1;
        }
        Some(index)
    }

    /// The next rows: none behind a list of all.
    fn fetch_row_list(
        &mut self,
        run: &mut RowCursor<'_, 'py>,
        fetch: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyList>> {
        match fetch.cast_exact::<PyList>() {
            Ok(all) if run.reading.has_rows() => Ok(PyList::empty(all.py())),
            Ok(all) => Ok(all.clone()),
            Err(_) => Ok(self.meter.fetch(&mut run.reading, || fetch.call0())?.cast_into::<PyList>()?),
        }
    }

    #[inline]
    fn write_row(&mut self, run: &mut RowCursor<'_, 'py>, row: &Bound<'py, PyTuple>) -> bool {
        let columns = run.columns;
        for (index, column) in columns.columns.iter().enumerate() {
            self.sink.out.extend(&run.literals[index]);
            // Columns that the query needed for itself may follow ours; fewer than ours is a fault of the plan.
            let Some(value) = tuple_item(row, index) else {
                return self.fail_walk(Error::TooFewColumns { row: run.row, found: row.len() });
            };
            if !self.write_column(column.reader, column.dates, run.fallback, &mut run.reading, index, value) {
                run.column = Some(index);
                return false;
            }
        }
        self.sink.out.extend(columns.end.as_bytes());
        true
    }

    /// Whether the text of rows, which begins at `start`, is as short as it has to be; if not, the walk ends.
    #[inline]
    pub(super) fn fits(&mut self, start: usize, most: usize) -> bool {
        self.sink.out.len() - start <= most || self.refuse_length(most)
    }

    #[cold]
    fn refuse_length(&mut self, most: usize) -> bool {
        let error = EncoderImports::get(self.py).and_then(|it| it.refuse_length.bind(self.py).call1((most,)));
        self.fail_walk(error.map_or_else(|error| error, PyErr::from_value))
    }

    /// Writes the driver's value of a column, dates in the column's own format where it has one.
    #[inline(always)]
    pub(super) fn write_column(
        &mut self,
        reader: ColumnReader,
        dates: Option<DateFormat>,
        fallback: &Bound<'py, PyAny>,
        reading: &mut QueryReading,
        index: usize,
        value: Bound<'py, PyAny>,
    ) -> bool {
        let Some(dates) = dates else { return self.write_read_value(reader, fallback, reading, index, value) };
        let before = std::mem::replace(&mut self.sink.dates, dates);
        let written = self.write_read_value(reader, fallback, reading, index, value);
        self.sink.dates = before;
        written
    }

    #[inline(always)]
    fn write_read_value(
        &mut self,
        reader: ColumnReader,
        fallback: &Bound<'py, PyAny>,
        reading: &mut QueryReading,
        index: usize,
        value: Bound<'py, PyAny>,
    ) -> bool {
        let outcome = match reader {
            ColumnReader::Kind(kind, stored) if !value.is_none() => {
                kind.read(&value, &stored, self.imports, &mut self.sink)
            }
            ColumnReader::Django => Outcome::Fallback,
            _ if self.write_whole_value(value.clone()) => Outcome::Accepted,
            _ => Outcome::Rejected,
        };
        match outcome {
            Outcome::Accepted => true,
            Outcome::Fallback => {
                let is_native = !matches!(reader, ColumnReader::Django);
                match self.fall_back(fallback, reading, index, is_native, value) {
                    Some(value) => self.write_whole_value(value),
                    None => false,
                }
            }
            Outcome::Rejected => false,
        }
    }

    /// What Django's converters make of a driver's value; None where they raised.
    #[cold]
    pub(super) fn fall_back(
        &mut self,
        fallback: &Bound<'py, PyAny>,
        reading: &mut QueryReading,
        column: usize,
        is_native: bool,
        value: Bound<'py, PyAny>,
    ) -> Option<Bound<'py, PyAny>> {
        match self.meter.fall_back(reading, column, is_native, || fallback.call1((column, value))) {
            Ok(value) => Some(value),
            Err(error) => {
                self.fail_walk(error);
                None
            }
        }
    }
}

impl RowCursor<'_, '_> {
    /// The step from the array to the value that is being written: `[3].price`.
    fn place(&self) -> String {
        let row = self.row;
        match (self.columns.shape, self.column) {
            (RowShape::Object, Some(column)) => format!("[{row}].{}", self.columns.columns[column].name),
            (RowShape::Array, Some(column)) => format!("[{row}][{column}]"),
            _ => format!("[{row}]"),
        }
    }
}
