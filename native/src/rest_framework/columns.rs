//! The columns of rows: how the values of each are read, and where they are.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::row_texts::RelatedTexts;
use crate::kinds::{Compact, DateFormat, Kind, LocalZone, NotFinite, Sink, StoredForm};
use crate::serializer::parse_zone;

/// How the values of a column are read.
#[derive(Clone, Copy)]
pub enum ColumnFormat {
    /// By their exact type: str, int, float, bool.
    Value,
    /// As the database stores them, in DRF's format of dates.
    Stored(Kind, StoredForm),
    /// JSON text, in bytes.
    Json,
}

/// How a column is read, as Python says it: `(kind, zone, digits, places)`.
pub type Reader = (String, String, u32, u32);

/// A sink for values as DRF writes them; datetimes are converted to a zone.
pub fn open_sink(timezone: Option<&Bound<'_, PyAny>>) -> PyResult<Sink<Compact>> {
    let mut sink = Sink::new(NotFinite::Raise);
    sink.dates = DateFormat::Drf;
    sink.local = timezone.map(LocalZone::of).transpose()?;
    Ok(sink)
}

/// What is known of a stored column.
pub fn stored_form(reader: &Reader) -> PyResult<StoredForm> {
    Ok(StoredForm { zone: parse_zone(&reader.1)?, checked: false, digits: (reader.2, reader.3) })
}

/// Where the values of a column are.
pub enum ColumnValues<'py> {
    /// At an index of the driver's rows.
    Stored(usize),
    /// A value for each row.
    List(Bound<'py, PyList>),
    /// A value for each row.
    Tuple(Bound<'py, PyTuple>),
    /// The rows of a relation.
    Related(Bound<'py, RelatedTexts>),
}

/// A column of the rows.
pub struct ProgramColumn<'py> {
    /// How its values are read.
    pub format: ColumnFormat,
    /// Where they are.
    pub values: ColumnValues<'py>,
}

impl<'py> ProgramColumn<'py> {
    /// Reads what Python gave: how the column is read, and its values.
    pub fn of((reader, values): (Reader, Bound<'py, PyAny>)) -> PyResult<Self> {
        let format = match reader.0.as_str() {
            "value" => ColumnFormat::Value,
            "written" => ColumnFormat::Json,
            kind => match Kind::of_name(kind) {
                Some(kind) => ColumnFormat::Stored(kind, stored_form(&reader)?),
                None => return Err(PyValueError::new_err(format!("no reader {kind:?}"))),
            },
        };
        let values = if let Ok(index) = values.extract::<usize>() {
            ColumnValues::Stored(index)
        } else if let Ok(list) = values.cast_exact::<PyList>() {
            ColumnValues::List(list.clone())
        } else if let Ok(related) = values.cast::<RelatedTexts>() {
            ColumnValues::Related(related.clone())
        } else {
            ColumnValues::Tuple(values.cast_into::<PyTuple>()?)
        };
        Ok(Self { format, values })
    }
}
