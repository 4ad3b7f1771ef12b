//! Rows of Django REST framework as JSON: columns of values, and a program that says where in a row each of them stands.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyTuple};

use super::columns::{ColumnFormat, ColumnValues, ProgramColumn, Reader, open_sink};
use super::row_texts::RowTexts;
use crate::error::catch_panics;
use crate::ffi::{list_item, tuple_item};
use crate::imports::Imports;
use crate::json::writer::Out;
use crate::kinds::{Compact, Form, Kind, Outcome, Sink};

/// One step of the program of a row.
enum ProgramStep {
    /// Writes `{`.
    Open,
    /// Writes `}`.
    Close,
    /// Writes `,"name":`, without the comma where it is the first.
    Key(Vec<u8>),
    /// Writes the value of a column.
    Value(usize),
    /// Writes `null` and goes on behind the object where a column is null.
    NullUnless(usize, usize),
    /// Goes on behind the entry where all of these columns are null, or are not.
    SkipWhen(Vec<(usize, bool)>, usize),
    /// Goes on behind the entry where a column has the mark of a value that is left out.
    SkipMarked(usize, usize),
    /// Ends the work where all of these columns are null, or are not.
    Require(Vec<(usize, bool)>),
}

/// The program of a level's rows, compiled once.
#[pyclass(frozen, module = "pyforge_web._native")]
pub struct RowProgram {
    steps: Vec<ProgramStep>,
}

#[pymethods]
impl RowProgram {
    /// Steps: `("open", "", [], 0)`, `"close"`, `"key"` with a name, `"value"` with a column, `"null_unless"` and
    /// `"skip_marked"` with a column, `"skip_when"` and `"require"` with columns; the number is the step to go on with.
    #[new]
    #[allow(clippy::type_complexity)] // they are Python's tuples
    fn new(steps: Vec<(String, String, Vec<(usize, bool)>, usize)>) -> PyResult<Self> {
        let steps = steps.into_iter().map(|(step, name, columns, target)| {
            let first = || columns.first().map(|column| column.0).ok_or_else(|| PyValueError::new_err("no column"));
            Ok(match step.as_str() {
                "open" => ProgramStep::Open,
                "close" => ProgramStep::Close,
                "key" => {
                    let mut text = vec![b','];
                    Compact::write_str(&mut text, &name);
                    text.push(b':');
                    ProgramStep::Key(text)
                }
                "value" => ProgramStep::Value(first()?),
                "null_unless" => ProgramStep::NullUnless(first()?, target),
                "skip_marked" => ProgramStep::SkipMarked(first()?, target),
                "skip_when" => ProgramStep::SkipWhen(columns, target),
                "require" => ProgramStep::Require(columns),
                other => return Err(PyValueError::new_err(format!("no step {other:?}"))),
            })
        });
        Ok(Self { steps: steps.collect::<PyResult<_>>()? })
    }

    /// Writes rows: a `RowTexts`, with `whole` the bytes of an array of them; the index of a column whose values have
    /// another form, or None where DRF raises.
    ///
    /// `rows` are the driver's rows, or the function that fetches the next of them. A column is `(reader, values)`: the
    /// index of the driver's values, or a value for each row. `mark` stands for a value that is left out.
    #[pyo3(signature = (columns, rows, mark, whole, timezone=None))]
    fn write<'py>(
        &self,
        py: Python<'py>,
        columns: Vec<(Reader, Bound<'py, PyAny>)>,
        rows: &Bound<'py, PyAny>,
        mark: &Bound<'py, PyAny>,
        whole: bool,
        timezone: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        catch_panics("serializer", || {
            let columns = columns.into_iter().map(ProgramColumn::of).collect::<PyResult<Vec<_>>>()?;
            let (sink, imports) = (open_sink(timezone)?, Imports::get(py)?);
            let mut writer = RowWriter { sink, imports, columns, mark, outer: Vec::new(), ends: Vec::new() };
            if whole {
                writer.sink.out.push(b'[');
            }
            let outcome = match rows.cast_exact::<PyList>() {
                Ok(rows) => writer.rows(&self.steps, rows, whole)?,
                Err(_) => writer.fetched_rows(&self.steps, rows, whole)?,
            };
            match outcome {
                RowOutcome::Fallback(column) => return Ok(column.into_pyobject(py)?.into_any()),
                RowOutcome::Missing => return Ok(py.None().into_bound(py)),
                RowOutcome::Done => {}
            }
            if whole {
                writer.sink.out.push(b']');
                return Ok(writer.sink.out.finish(py)?.into_any());
            }
            let body = writer.sink.out.finish(py)?.unbind();
            Ok(Bound::new(py, RowTexts { body, ends: writer.ends })?.into_any())
        })
    }
}

/// How the writing of a row ended.
enum RowOutcome {
    Done,
    Fallback(usize),
    Missing,
}

/// A row that is being written: the driver's tuple, and which of all rows it is.
#[derive(Clone, Copy)]
struct ProgramRow<'a, 'py> {
    stored: &'a Bound<'py, PyTuple>,
    number: usize,
}

struct RowWriter<'py, 'call> {
    sink: Sink<Compact>,
    imports: &'static Imports,
    columns: Vec<ProgramColumn<'py>>,
    mark: &'call Bound<'py, PyAny>,
    /// For each object around the current one, whether its next key is its first.
    outer: Vec<bool>,
    ends: Vec<usize>,
}

impl<'py> RowWriter<'py, '_> {
    /// Writes what one call after the other fetches, until there is nothing more.
    fn fetched_rows(&mut self, steps: &[ProgramStep], fetch: &Bound<'py, PyAny>, whole: bool) -> PyResult<RowOutcome> {
        loop {
            let rows = fetch.call0()?.cast_into::<PyList>()?;
            if rows.is_empty() {
                return Ok(RowOutcome::Done);
            }
            match self.rows(steps, &rows, whole)? {
                RowOutcome::Done => {}
                other => return Ok(other),
            }
        }
    }

    fn rows(&mut self, steps: &[ProgramStep], rows: &Bound<'py, PyList>, whole: bool) -> PyResult<RowOutcome> {
        let mut index = 0;
        while let Some(stored) = list_item(rows, index) {
            index += 1;
            let number = self.ends.len();
            if whole && number > 0 {
                self.sink.out.push(b',');
            }
            let row = ProgramRow { stored: stored.cast::<PyTuple>()?, number };
            match self.row(steps, row)? {
                RowOutcome::Done => self.ends.push(self.sink.out.len()),
                other => return Ok(other),
            }
        }
        Ok(RowOutcome::Done)
    }

    fn get(&self, column: usize, row: ProgramRow<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
        let value = match &self.columns[column].values {
            ColumnValues::Stored(index) => tuple_item(row.stored, *index),
            ColumnValues::List(items) => list_item(items, row.number),
            ColumnValues::Tuple(items) => tuple_item(items, row.number),
            ColumnValues::Related(_) => None,
        };
        value.ok_or_else(|| PyValueError::new_err("a column is too short"))
    }

    fn row(&mut self, steps: &[ProgramStep], row: ProgramRow<'_, 'py>) -> PyResult<RowOutcome> {
        let mut first = true;
        let mut at = 0;
        self.outer.clear();
        while let Some(step) = steps.get(at) {
            at += 1;
            match step {
                ProgramStep::Open => {
                    self.sink.out.push(b'{');
                    self.outer.push(std::mem::replace(&mut first, true));
                }
                ProgramStep::Close => {
                    self.sink.out.push(b'}');
                    first = self.outer.pop().unwrap_or(true);
                }
                ProgramStep::Key(key) => {
                    let start = usize::from(std::mem::take(&mut first));
                    self.sink.out.extend(&key[start..]);
                }
                ProgramStep::Value(column) => {
                    if !self.value(*column, row)? {
                        return Ok(RowOutcome::Fallback(*column));
                    }
                }
                ProgramStep::NullUnless(column, target) => {
                    if self.get(*column, row)?.is_none() {
                        self.sink.out.extend(b"null");
                        at = *target;
                    }
                }
                ProgramStep::SkipWhen(columns, target) => {
                    if self.all(columns, row)? {
                        at = *target;
                    }
                }
                ProgramStep::SkipMarked(column, target) => {
                    if self.get(*column, row)?.is(self.mark) {
                        at = *target;
                    }
                }
                ProgramStep::Require(columns) => {
                    if self.all(columns, row)? {
                        return Ok(RowOutcome::Missing);
                    }
                }
            }
        }
        Ok(RowOutcome::Done)
    }

    fn all(&self, columns: &[(usize, bool)], row: ProgramRow<'_, 'py>) -> PyResult<bool> {
        for (column, null) in columns {
            if self.get(*column, row)?.is_none() != *null {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Writes a value; false where it has another form.
    #[inline]
    fn value(&mut self, number: usize, row: ProgramRow<'_, 'py>) -> PyResult<bool> {
        let column = &self.columns[number];
        if let ColumnValues::Related(related) = &column.values {
            related.get().write(related.py(), row.number, &mut self.sink);
            return Ok(true);
        }
        let (format, value) = (column.format, self.get(number, row)?);
        if value.is_none() {
            self.sink.out.extend(b"null");
            return Ok(true);
        }
        let outcome = match format {
            ColumnFormat::Value => match Kind::of(&value) {
                Some(kind) => kind.write(&value, self.imports, &mut self.sink),
                None => Outcome::Fallback,
            },
            ColumnFormat::Stored(kind, stored) => kind.read(&value, &stored, self.imports, &mut self.sink),
            ColumnFormat::Json => match value.cast::<PyBytes>() {
                Ok(text) => {
                    self.sink.out.extend(text.as_bytes());
                    Outcome::Accepted
                }
                Err(_) => Outcome::Fallback,
            },
        };
        Ok(outcome == Outcome::Accepted)
    }
}
