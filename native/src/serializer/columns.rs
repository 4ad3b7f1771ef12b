//! What is compiled of a model, or of a query: the columns, how each is read, and the shape of a row.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::json::writer::Out;
use crate::kinds::{Form, Kind, Stored, Zone};

/// What a row becomes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `{"id":1,"title":"a"}`
    Object,
    /// `[1,"a"]`
    Array,
    /// `1`: the one column of a flat list.
    Scalar,
}

/// How the values of a column are read.
#[derive(Clone, Copy)]
pub enum Reader {
    /// By a kind's strict form of what is stored; any other value is rescued.
    Kind(Kind, Stored),
    /// By the type of the value: no converter stands between the driver and Django.
    Value,
    /// By Django's converters, called for every value.
    Django,
}

/// One column.
pub struct Column {
    /// The key in an object.
    pub name: String,
    /// How its values are read.
    pub reader: Reader,
}

/// Columns, compiled once and read by every row: what a `CompiledSerializer` of `pyforge_web.serializers` holds.
#[pyclass(frozen, module = "pyforge_web._native")]
pub struct Columns {
    /// In the order of the row.
    pub columns: Vec<Column>,
    /// What a row becomes.
    pub shape: Shape,
}

#[pymethods]
impl Columns {
    /// `columns` are `(name, reader, zone, checked, max_digits, decimal_places)`; a reader is a kind's name, `"value"` or
    /// `"django"`, a zone is `"naive"`, `"utc"` or `"written"`.
    #[new]
    fn new(columns: Vec<(String, String, String, bool, u32, u32)>, shape: &str) -> PyResult<Self> {
        let shape = match shape {
            "object" => Shape::Object,
            "array" => Shape::Array,
            "scalar" if columns.len() == 1 => Shape::Scalar,
            _ => return Err(PyValueError::new_err(format!("no shape {shape:?} of {} columns", columns.len()))),
        };
        let columns = columns.into_iter().map(|(name, reader, zone, checked, digits, places)| {
            let zone = match zone.as_str() {
                "naive" => Zone::Naive,
                "utc" => Zone::Utc,
                "written" => Zone::Written,
                _ => return Err(PyValueError::new_err(format!("no zone {zone:?}"))),
            };
            let reader = match reader.as_str() {
                "value" => Reader::Value,
                "django" => Reader::Django,
                kind => match Kind::of_name(kind) {
                    Some(kind) => Reader::Kind(kind, Stored { zone, checked, digits: (digits, places) }),
                    None => return Err(PyValueError::new_err(format!("no kind {kind:?}"))),
                },
            };
            Ok(Column { name, reader })
        });
        Ok(Self { columns: columns.collect::<PyResult<_>>()?, shape })
    }
}

/// What stands before each value of a row, made once for all rows: `{"id":`, `,"title":`.
pub fn literals<F: Form>(columns: &Columns) -> Vec<Vec<u8>> {
    let literal = |(index, column): (usize, &Column)| {
        let mut text = Vec::new();
        match (columns.shape, index) {
            (Shape::Scalar, _) => {}
            (Shape::Object, 0) => text.push(b'{'),
            (Shape::Array, 0) => text.push(b'['),
            _ => Out::extend(&mut text, F::ITEM),
        }
        if columns.shape == Shape::Object {
            F::write_str(&mut text, &column.name);
            Out::extend(&mut text, F::KEY);
        }
        text
    };
    columns.columns.iter().enumerate().map(literal).collect()
}
