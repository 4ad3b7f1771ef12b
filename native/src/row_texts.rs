//! Rows of Django REST framework as JSON: columns of values, and a program that says where in a row each of them stands.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use crate::ffi::ascii;
use crate::imports::Imports;
use crate::json::temporal::{parse_datetime, parse_time};
use crate::json::writer::Out;
use crate::kinds::{Compact, Form, Kind, NotFinite, Outcome, Sink, StoredForm, StoredZone};
use crate::text_columns::{AsciiText, stored_in};

/// How the values of a column are read.
enum ColumnFormat {
    /// By their exact type: str, int, float, bool.
    Value,
    /// As the database stores them.
    Stored(Kind, StoredForm),
    /// A stored datetime, which is in UTC; `isoformat()` with `Z`.
    DateTime { naive: bool },
    /// A stored time; `isoformat()`.
    Time,
    /// JSON text, in bytes.
    Json,
    /// The rows of a relation.
    Related,
}

/// One step of the program of a row.
enum ProgramStep {
    /// Writes `{`.
    Open,
    /// Writes `}`.
    Close,
    /// Writes `"name":`, and a comma where it is not the first.
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
                    let mut text = Vec::new();
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

    /// Writes rows: a `RowTexts`, with `whole` the bytes of an array of them; the index of a column whose values have another form, or None where DRF raises.
    ///
    /// A column is `(reader, digits, places, values)`; `mark` stands for a value that is left out.
    fn write<'py>(
        &self,
        py: Python<'py>,
        columns: Vec<(String, u32, u32, Bound<'py, PyAny>)>,
        count: usize,
        mark: &Bound<'py, PyAny>,
        whole: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let columns = columns.into_iter().map(|(reader, digits, places, values)| {
            Ok(ProgramColumn { reader: parse_reader(&reader, digits, places)?, values: ColumnValues::of(values)? })
        });
        let columns = columns.collect::<PyResult<Vec<_>>>()?;
        let mut writer = RowWriter { sink: Sink::new(NotFinite::Raise), imports: Imports::get(py)?, columns, mark };
        let mut ends = Vec::with_capacity(count);
        if whole {
            writer.sink.out.push(b'[');
        }
        for row in 0..count {
            if whole && row > 0 {
                writer.sink.out.push(b',');
            }
            match writer.row(&self.steps, row)? {
                RowOutcome::Done => ends.push(writer.sink.out.len()),
                RowOutcome::Fallback(column) => return Ok(column.into_pyobject(py)?.into_any()),
                RowOutcome::Missing => return Ok(py.None().into_bound(py)),
            }
        }
        if whole {
            writer.sink.out.push(b']');
            return Ok(writer.sink.out.finish(py)?.into_any());
        }
        let body = writer.sink.out.finish(py)?.unbind();
        Ok(Bound::new(py, RowTexts { body, ends })?.into_any())
    }
}

/// How the writing of a row ended.
enum RowOutcome {
    Done,
    Fallback(usize),
    Missing,
}

/// The values of a column.
enum ColumnValues<'py> {
    Items(Bound<'py, PyAny>),
    Related(Bound<'py, RelatedTexts>),
}

impl<'py> ColumnValues<'py> {
    fn of(values: Bound<'py, PyAny>) -> PyResult<Self> {
        match values.cast_into::<RelatedTexts>() {
            Ok(related) => Ok(Self::Related(related)),
            Err(other) => Ok(Self::Items(other.into_inner())),
        }
    }

    fn get(&self, row: usize) -> PyResult<Bound<'py, PyAny>> {
        let Self::Items(items) = self else { return Err(PyValueError::new_err("these are related rows")) };
        if let Ok(list) = items.cast_exact::<PyList>() {
            return list.get_item(row);
        }
        items.cast::<pyo3::types::PyTuple>()?.get_item(row)
    }
}

struct ProgramColumn<'py> {
    reader: ColumnFormat,
    values: ColumnValues<'py>,
}

fn parse_reader(reader: &str, digits: u32, places: u32) -> PyResult<ColumnFormat> {
    let stored = StoredForm { zone: StoredZone::Naive, checked: false, digits: (digits, places) };
    Ok(match reader {
        "value" => ColumnFormat::Value,
        "datetime" => ColumnFormat::DateTime { naive: false },
        "naive" => ColumnFormat::DateTime { naive: true },
        "time" => ColumnFormat::Time,
        "json" => ColumnFormat::Json,
        "related" => ColumnFormat::Related,
        kind => match Kind::of_name(kind) {
            Some(kind) => ColumnFormat::Stored(kind, stored),
            None => return Err(PyValueError::new_err(format!("no reader {kind:?}"))),
        },
    })
}

struct RowWriter<'py, 'call> {
    sink: Sink<Compact>,
    imports: &'static Imports,
    columns: Vec<ProgramColumn<'py>>,
    mark: &'call Bound<'py, PyAny>,
}

impl RowWriter<'_, '_> {
    fn row(&mut self, steps: &[ProgramStep], row: usize) -> PyResult<RowOutcome> {
        let mut first = true;
        let mut outer = Vec::new();
        let mut at = 0;
        while let Some(step) = steps.get(at) {
            at += 1;
            match step {
                ProgramStep::Open => {
                    self.sink.out.push(b'{');
                    outer.push(std::mem::replace(&mut first, true));
                }
                ProgramStep::Close => {
                    self.sink.out.push(b'}');
                    first = outer.pop().unwrap_or(true);
                }
                ProgramStep::Key(key) => {
                    if !std::mem::take(&mut first) {
                        self.sink.out.push(b',');
                    }
                    self.sink.out.extend(key);
                }
                ProgramStep::Value(column) => {
                    if !self.value(*column, row)? {
                        return Ok(RowOutcome::Fallback(*column));
                    }
                }
                ProgramStep::NullUnless(column, target) => {
                    if self.is_null(*column, row)? {
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
                    if self.columns[*column].values.get(row)?.is(self.mark) {
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

    fn is_null(&self, column: usize, row: usize) -> PyResult<bool> {
        Ok(self.columns[column].values.get(row)?.is_none())
    }

    fn all(&self, columns: &[(usize, bool)], row: usize) -> PyResult<bool> {
        for (column, null) in columns {
            if self.is_null(*column, row)? != *null {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Writes a value; false where it has another form.
    #[inline]
    fn value(&mut self, number: usize, row: usize) -> PyResult<bool> {
        let column = &self.columns[number];
        if let ColumnValues::Related(related) = &column.values {
            return Ok(related.get().write(related.py(), row, &mut self.sink));
        }
        let value = column.values.get(row)?;
        if value.is_none() {
            self.sink.out.extend(b"null");
            return Ok(true);
        }
        let outcome = match &column.reader {
            ColumnFormat::Value => match Kind::of(&value) {
                Some(kind) => kind.write(&value, self.imports, &mut self.sink),
                None => Outcome::Fallback,
            },
            ColumnFormat::Stored(kind, stored) => kind.read(&value, stored, self.imports, &mut self.sink),
            ColumnFormat::DateTime { naive } => Outcome::or_fallback(write_datetime(&value, *naive, &mut self.sink)),
            ColumnFormat::Time => Outcome::or_fallback(write_time(&value, &mut self.sink)),
            ColumnFormat::Json => match value.cast::<PyBytes>() {
                Ok(text) => {
                    self.sink.out.extend(text.as_bytes());
                    Outcome::Accepted
                }
                Err(_) => Outcome::Fallback,
            },
            ColumnFormat::Related => Outcome::Fallback,
        };
        Ok(outcome == Outcome::Accepted)
    }
}

fn write_datetime(value: &Bound<'_, PyAny>, naive: bool, sink: &mut Sink<Compact>) -> bool {
    let Some((date, time, offset)) = ascii(value).and_then(parse_datetime) else { return false };
    if !stored_in(offset, naive) {
        return false;
    }
    let mut text = AsciiText::default();
    text.push(b"\"");
    text.datetime(date, time);
    text.push(if naive { b"\"" } else { b"Z\"" });
    sink.out.extend(text.bytes());
    true
}

fn write_time(value: &Bound<'_, PyAny>, sink: &mut Sink<Compact>) -> bool {
    let Some(time) = ascii(value).and_then(parse_time) else { return false };
    let mut text = AsciiText::default();
    text.push(b"\"");
    text.time(time);
    text.push(b"\"");
    sink.out.extend(text.bytes());
    true
}

/// Rows as JSON, one behind the other.
#[pyclass(frozen, module = "pyforge_web._native")]
pub struct RowTexts {
    body: Py<PyBytes>,
    ends: Vec<usize>,
}

impl RowTexts {
    fn text<'a>(&'a self, body: &'a [u8], row: usize) -> &'a [u8] {
        let start = row.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(row).and_then(|end| body.get(start..*end)).unwrap_or_default()
    }
}

#[pymethods]
impl RowTexts {
    /// The rows of each of the parents: `keys` has the parent of each row.
    fn group<'py>(
        slf: Bound<'py, Self>,
        keys: &Bound<'py, PyList>,
        parents: &Bound<'py, PyList>,
    ) -> PyResult<RelatedTexts> {
        let py = slf.py();
        let groups = PyDict::new(py);
        let mut rows: Vec<Vec<usize>> = Vec::new();
        for (row, key) in keys.iter().enumerate() {
            match groups.get_item(&key)? {
                Some(group) => rows[group.extract::<usize>()?].push(row),
                None => {
                    groups.set_item(key, rows.len())?;
                    rows.push(vec![row]);
                }
            }
        }
        let of_parents = parents.iter().map(|parent| match groups.get_item(parent)? {
            Some(group) => group.extract::<usize>().map(Some),
            None => Ok(None),
        });
        Ok(RelatedTexts { of_parents: of_parents.collect::<PyResult<_>>()?, rows, texts: slf.unbind() })
    }
}

/// The rows of a relation, by their parents.
#[pyclass(frozen, module = "pyforge_web._native")]
pub struct RelatedTexts {
    texts: Py<RowTexts>,
    rows: Vec<Vec<usize>>,
    of_parents: Vec<Option<usize>>,
}

impl RelatedTexts {
    fn write(&self, py: Python<'_>, parent: usize, sink: &mut Sink<Compact>) -> bool {
        let texts = self.texts.get();
        let body = texts.body.bind(py).as_bytes();
        let group = self.of_parents.get(parent).copied().flatten().and_then(|group| self.rows.get(group));
        sink.out.push(b'[');
        for (index, row) in group.into_iter().flatten().enumerate() {
            if index > 0 {
                sink.out.push(b',');
            }
            sink.out.extend(texts.text(body, *row));
        }
        sink.out.push(b']');
        true
    }
}
