//! Instances: what their `__dict__` has, read without a `getattr` for each field.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString};

use super::any_value::Walk;
use super::columns::{ColumnReader, RowColumns};
use crate::error::Error;
use crate::ffi::list_item;
use crate::imports::Imports;
use crate::json::writer::Out;
use crate::kinds::{Compact, Form, NotFinite, Outcome};
use crate::metering::meter::Meter;

/// Instances of one model in memory: what `pyforge_web.instances` gives native code in their place.
#[pyclass(frozen, module = "pyforge_web._native")]
pub struct ModelInstances {
    columns: Py<RowColumns>,
    /// One instance, or a list of them.
    source: Py<PyAny>,
    /// Whether `source` is a list.
    many: bool,
    /// Whether a column that is not loaded is an error; otherwise it is left out.
    required: bool,
}

#[pymethods]
impl ModelInstances {
    #[new]
    fn new(columns: Py<RowColumns>, source: Py<PyAny>, many: bool, required: bool) -> Self {
        Self { columns, source, many, required }
    }
}

impl<'py, F: Form> Walk<'py, '_, F> {
    /// Writes the instances; false when it failed.
    pub(super) fn write_instances(&mut self, py: Python<'py>, records: &ModelInstances) -> bool {
        let columns = records.columns.get();
        if !records.many {
            return self.write_instance(columns, records.source.bind(py), records.required);
        }
        let instances = match records.source.bind(py).cast::<PyList>() {
            Ok(instances) => instances,
            Err(error) => return self.fail_walk(PyErr::from(error)),
        };
        self.sink.out.push(b'[');
        let mut index = 0;
        while let Some(instance) = list_item(instances, index) {
            if index > 0 {
                self.sink.out.extend(F::ITEM);
            }
            if !self.write_instance(columns, &instance, records.required) {
                self.place.insert_str(0, &format!("[{index}]"));
                return false;
            }
            index += 1;
        }
        self.sink.out.push(b']');
        true
    }

    /// Writes one instance as an object.
    pub(super) fn write_instance(
        &mut self,
        columns: &RowColumns,
        instance: &Bound<'py, PyAny>,
        required: bool,
    ) -> bool {
        let py = instance.py();
        // `getattr` for each field would call descriptors, and load a deferred field with a query.
        let values = instance.getattr(intern!(py, "__dict__"));
        let values = match values.and_then(|values| Ok(values.cast_into::<PyDict>()?)) {
            Ok(values) => values,
            Err(error) => return self.fail_walk(error),
        };
        self.meter.instance(instance);
        self.sink.out.push(b'{');
        let mut first = true;
        for (column, key) in columns.columns.iter().zip(columns.keys::<F>(py)) {
            let value = match values.get_item(column.attribute.bind(py)) {
                Ok(Some(value)) => value,
                Ok(None) if !required => continue,
                Ok(None) => return self.fail_walk(Error::NotLoaded { name: column.name.clone() }),
                Err(error) => return self.fail_walk(error),
            };
            if !std::mem::take(&mut first) {
                self.sink.out.extend(F::ITEM);
            }
            self.sink.out.extend(key);
            if !self.write_attribute(column.reader, value) {
                self.place.insert_str(0, &format!(".{}", column.name));
                return false;
            }
        }
        self.sink.out.push(b'}');
        true
    }

    /// Writes the value of an attribute: by its kind where only the kind knows the object (a file), else by its type, for
    /// the user may have assigned anything.
    #[inline]
    fn write_attribute(&mut self, reader: ColumnReader, value: Bound<'py, PyAny>) -> bool {
        if let ColumnReader::Kind(kind, _) = reader {
            match kind.write(&value, self.imports, &mut self.sink) {
                Outcome::Accepted => return true,
                Outcome::Rejected => return false,
                Outcome::Fallback => {}
            }
        }
        self.write_whole_value(value)
    }
}

/// The values of a dict of attributes as `json.loads` would give them back: text, numbers, bools, None, lists and dicts.
pub fn ready_values<'py>(
    py: Python<'py>,
    columns: &RowColumns,
    values: &Bound<'py, PyDict>,
    meter: &mut Meter<'py>,
) -> PyResult<Bound<'py, PyDict>> {
    let mut walk = Walk::<Compact>::new(py, Imports::get(py)?, NotFinite::Raise, meter);
    let result = PyDict::new(py);
    for column in &columns.columns {
        let Some(value) = values.get_item(column.attribute.bind(py))? else { continue };
        let ready =
            if is_ready(&value) { value } else { ready_value(py, &mut walk, column.reader, value, &column.name)? };
        result.set_item(&column.name, ready)?;
    }
    Ok(result)
}

/// Whether `json.loads` would give this very value back.
fn is_ready(value: &Bound<'_, PyAny>) -> bool {
    value.is_none()
        || value.is_exact_instance_of::<PyString>()
        || value.is_exact_instance_of::<PyInt>()
        || value.is_exact_instance_of::<PyBool>()
        || value.cast_exact::<PyFloat>().is_ok_and(|number| number.value().is_finite())
}

fn ready_value<'py>(
    py: Python<'py>,
    walk: &mut Walk<'py, '_, Compact>,
    reader: ColumnReader,
    value: Bound<'py, PyAny>,
    name: &str,
) -> PyResult<Bound<'py, PyAny>> {
    if !walk.write_attribute(reader, value) {
        walk.place.insert_str(0, &format!(".{name}"));
        return Err(walk.take_error());
    }
    let text = walk.sink.out.finish(py)?;
    match text.as_bytes() {
        // Dates, UUIDs, decimals: a text that needs no reading.
        [b'"', inner @ .., b'"'] if !inner.contains(&b'\\') => Ok(PyString::from_bytes(py, inner)?.into_any()),
        _ => walk.imports.loads.bind(py).call1((text,)),
    }
}
