//! What is compiled of a model, or of a query: the columns, how each is read, and the shape of a row.

use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyString, PyTuple};

use crate::json::writer::Out;
use crate::kinds::{DateFormat, FORMS, Form, Kind, LocalZone, StoredForm, StoredZone};

/// What a row becomes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum RowShape {
    /// `{"id":1,"title":"a"}`
    Object,
    /// `[1,"a"]`
    Array,
    /// `1`: the one column of a flat list.
    Scalar,
    /// The names are the very text before each value.
    Template,
}

/// How the values of a column are read.
#[derive(Clone, Copy)]
pub enum ColumnReader {
    /// By a kind's strict form of what is stored; any other value falls back to Django.
    Kind(Kind, StoredForm),
    /// By the type of the value: no converter stands between the driver and Django.
    Value,
    /// By Django's converters, called for every value.
    Django,
}

/// One column.
pub struct Column {
    /// The key in an object.
    pub name: String,
    /// The key in an instance's `__dict__`.
    pub attribute: Py<PyString>,
    /// How its values are read.
    pub reader: ColumnReader,
    /// The format of its dates and durations; None to use the format of the whole value.
    pub dates: Option<DateFormat>,
}

/// Columns, compiled once and read by every row: what a `CompiledSerializer` of `pyforge_web.serializers` holds.
#[pyclass(frozen, module = "pyforge_web._native")]
pub struct RowColumns {
    /// In the order of the row.
    pub columns: Vec<Column>,
    /// What a row becomes.
    pub shape: RowShape,
    /// The text behind the last value.
    pub end: String,
    /// The zone to which datetimes are converted, but in Django's format.
    pub local: Option<Arc<LocalZone>>,
    /// `"name":` for each column, in each form once it was asked for.
    keys: [PyOnceLock<Vec<Vec<u8>>>; FORMS],
    /// What stands before each value, in each form once it was asked for.
    literals: [PyOnceLock<Vec<Vec<u8>>>; FORMS],
}

#[pymethods]
impl RowColumns {
    /// `columns` are `(name, attribute, kind, zone, checked, max_digits, decimal_places[, dates])`; a kind is the name of
    /// one, `"value"` or `"django"`, a zone is that of a `StoredZone`, `dates` is the name of a `DateFormat` or `""`. A shape
    /// is `"object"`, `"array"`, `"scalar"` or `"template"`, with `end` behind its last value. Datetimes are converted to
    /// `timezone`, but in Django's format.
    #[new]
    #[pyo3(signature = (columns, shape, end="", *, timezone=None))]
    fn new(
        columns: Vec<Bound<'_, PyTuple>>,
        shape: &str,
        end: &str,
        timezone: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let (shape, end) = match shape {
            "object" => (RowShape::Object, "}".into()),
            "array" => (RowShape::Array, "]".into()),
            "scalar" if columns.len() == 1 => (RowShape::Scalar, String::new()),
            "template" => (RowShape::Template, end.into()),
            _ => return Err(PyValueError::new_err(format!("no shape {shape:?} of {} columns", columns.len()))),
        };
        let columns = columns.into_iter().map(|column| {
            // Not interned: a client may have chosen the name, and CPython 3.12 never frees what is interned.
            let (name, attribute): (String, Bound<'_, PyString>) = column.get_slice(0, 2).extract()?;
            let (reader, dates) = parse_reader(&column.get_slice(2, column.len()))?;
            Ok(Column { name, attribute: attribute.unbind(), reader, dates })
        });
        Ok(Self {
            columns: columns.collect::<PyResult<_>>()?,
            shape,
            end,
            local: timezone.as_ref().map(LocalZone::of).transpose()?,
            keys: Default::default(),
            literals: Default::default(),
        })
    }
}

/// The zone of a name.
pub fn parse_zone(zone: &str) -> PyResult<StoredZone> {
    match zone {
        "naive" => Ok(StoredZone::Naive),
        "stripped" => Ok(StoredZone::Stripped),
        "utc" => Ok(StoredZone::Utc),
        "written" => Ok(StoredZone::Written),
        _ => Err(PyValueError::new_err(format!("no zone {zone:?}"))),
    }
}

/// How a column is read, and the format of its dates: `(kind, zone, checked, max_digits, decimal_places[, dates])`.
pub(super) fn parse_reader(reader: &Bound<'_, PyTuple>) -> PyResult<(ColumnReader, Option<DateFormat>)> {
    let (kind, zone, checked, max_digits, places): (String, String, bool, u32, u32) =
        reader.get_slice(0, 5).extract()?;
    let dates: String = if reader.len() > 5 { reader.get_item(5)?.extract()? } else { String::new() };
    let dates = if dates.is_empty() { None } else { Some(DateFormat::of_name(&dates)?) };
    let stored = StoredForm { zone: parse_zone(&zone)?, checked, digits: (max_digits, places) };
    let reader = match kind.as_str() {
        "value" => ColumnReader::Value,
        "django" => ColumnReader::Django,
        kind => match Kind::of_name(kind) {
            Some(kind) => ColumnReader::Kind(kind, stored),
            None => return Err(PyValueError::new_err(format!("no kind {kind:?}"))),
        },
    };
    Ok((reader, dates))
}

impl RowColumns {
    /// `"name":` for each column.
    pub fn keys<F: Form>(&self, py: Python<'_>) -> &[Vec<u8>] {
        self.keys[F::INDEX].get_or_init(py, || {
            let key = |column: &Column| {
                let mut text = Vec::new();
                F::write_str(&mut text, &column.name);
                Out::extend(&mut text, F::KEY);
                text
            };
            self.columns.iter().map(key).collect()
        })
    }

    /// What stands before each value of a row: `{"id":`, `,"title":`.
    pub fn literals<F: Form>(&self, py: Python<'_>) -> &[Vec<u8>] {
        self.literals[F::INDEX].get_or_init(py, || {
            let literal = |(index, key): (usize, &Vec<u8>)| match (self.shape, index) {
                (RowShape::Scalar, _) => Vec::new(),
                (RowShape::Template, index) => self.columns[index].name.clone().into_bytes(),
                (RowShape::Object, 0) => [b"{", &key[..]].concat(),
                (RowShape::Object, _) => [F::ITEM, key].concat(),
                (RowShape::Array, 0) => b"[".to_vec(),
                (RowShape::Array, _) => F::ITEM.to_vec(),
            };
            self.keys::<F>(py).iter().enumerate().map(literal).collect()
        })
    }
}
