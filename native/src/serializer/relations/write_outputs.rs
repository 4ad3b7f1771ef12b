//! The walk over the output fields of a row that are no columns: labels, links, URLs of files, values that Python makes.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyInt, PyList, PyString, PyTuple};

use super::super::any_value::Walk;
use super::super::columns::ColumnReader;
use super::layout::RowLayout;
use super::level::QueryLevel;
use super::outputs::{FileUrlText, LinkText, RowOutput, quote_name};
use crate::error::Error;
use crate::ffi::{list_item, tuple_item};
use crate::json::writer::Out;
use crate::kinds::{Form, Kind};

impl<'py, F: Form> Walk<'py, '_, F> {
    /// Writes an output of a row; `column` is the one that it is about.
    pub(super) fn write_output(
        &mut self,
        level: &mut QueryLevel<'_, 'py>,
        row: &Bound<'py, PyTuple>,
        number: usize,
        column: usize,
        value: Bound<'py, PyAny>,
    ) -> bool {
        let (py, nested) = (row.py(), level.nested.clone());
        let layout = nested.get().layout.get();
        match &layout.outputs[number] {
            RowOutput::Labels(labels) => {
                let labels = labels.bind(py).get().labels.bind(py);
                self.write_label(level, layout, labels, column, value)
            }
            RowOutput::Link(link) => self.write_link(level, layout, link.get(), row),
            RowOutput::File(file) => self.write_file_url(level, layout, file.get(), column, value),
            RowOutput::Made(made) => {
                let values = level.made.get(number).and_then(Option::as_ref);
                let Some(value) = values.and_then(|values| list_item(values, level.row)) else {
                    return self.fail_walk(PyValueError::new_err("a value for each row is needed"));
                };
                let (reader, dates) = (ColumnReader::Value, made.get().dates);
                let fallback = nested.get().fallback.bind(py);
                self.write_column(reader, dates, fallback, &mut level.reading, column, value)
            }
        }
    }

    /// Asks Python code for its values of the rows that are written next: before the first, as it may use the database.
    pub(super) fn make_values(&mut self, level: &mut QueryLevel<'_, 'py>, chunk: &Bound<'py, PyList>) -> bool {
        let (py, nested) = (chunk.py(), level.nested.clone());
        level.made.clear();
        for output in &nested.get().layout.get().outputs {
            let RowOutput::Made(made) = output else {
                level.made.push(None);
                continue;
            };
            let values = self.meter.call_out(|| made.get().make.bind(py).call1((chunk,)));
            match values.and_then(|values| Ok(values.cast_into::<PyList>()?)) {
                Ok(values) => level.made.push(Some(values)),
                Err(error) => return self.fail_walk(error),
            }
        }
        true
    }

    /// The value that Django has; None where its converters raised.
    fn django_value(
        &mut self,
        level: &mut QueryLevel<'_, 'py>,
        layout: &RowLayout,
        column: usize,
        value: Bound<'py, PyAny>,
    ) -> Option<Bound<'py, PyAny>> {
        let is_same = match layout.readers[column].0 {
            ColumnReader::Value => true,
            // SQLite's 0 and 1 of a boolean are equal to it, as keys too.
            ColumnReader::Kind(Kind::Text | Kind::Integer | Kind::Boolean | Kind::File, _) => {
                value.is_none() || value.is_exact_instance_of::<PyString>() || value.is_instance_of::<PyInt>()
            }
            ColumnReader::Kind(..) => value.is_none(),
            ColumnReader::Django => false,
        };
        if is_same {
            return Some(value);
        }
        let (nested, is_native) = (level.nested.clone(), !matches!(layout.readers[column].0, ColumnReader::Django));
        let fallback = nested.get().fallback.bind(value.py());
        self.fall_back(fallback, &mut level.reading, column, is_native, value)
    }

    fn write_label(
        &mut self,
        level: &mut QueryLevel<'_, 'py>,
        layout: &RowLayout,
        labels: &Bound<'py, PyDict>,
        column: usize,
        value: Bound<'py, PyAny>,
    ) -> bool {
        let Some(known) = self.django_value(level, layout, column, value.clone()) else { return false };
        // `get_FOO_display`: `force_str(choices_dict.get(make_hashable(value), value), strings_only=True)`.
        match labels.get_item(&known) {
            Ok(Some(label)) => self.write_whole_value(label),
            Err(error) if !error.is_instance_of::<PyTypeError>(value.py()) => self.fail_walk(error),
            // No label, or a value that cannot be a key.
            _ => {
                let (nested, (reader, dates)) = (level.nested.clone(), layout.readers[column]);
                let fallback = nested.get().fallback.bind(value.py());
                self.write_column(reader, dates, fallback, &mut level.reading, column, value)
            }
        }
    }

    fn write_link(
        &mut self,
        level: &mut QueryLevel<'_, 'py>,
        layout: &RowLayout,
        link: &LinkText,
        row: &Bound<'py, PyTuple>,
    ) -> bool {
        let (mut text, mut all_fit) = (link.texts[0].clone(), true);
        let mut values = Vec::with_capacity(link.values.len());
        for ((column, part), after) in link.values.iter().zip(&link.texts[1..]) {
            let Some(value) = tuple_item(row, *column) else {
                return self.fail_walk(Error::TooFewColumns { row: level.row, found: row.len() });
            };
            let reader = layout.readers[*column].0;
            let is_django = matches!(reader, ColumnReader::Django);
            // A link without its value would lead nowhere, or to another page.
            if value.is_none() && !is_django {
                self.sink.out.extend(b"null");
                return true;
            }
            match part.text(&value, reader).filter(|_| !is_django) {
                Some(part) => text.extend([part.as_str(), after.as_str()]),
                None => all_fit = false,
            }
            values.push((*column, value));
        }
        if all_fit {
            F::write_str(&mut self.sink.out, &text);
            return true;
        }
        let mut known = Vec::with_capacity(values.len());
        for (column, value) in values {
            let Some(value) = self.django_value(level, layout, column, value) else { return false };
            known.push(value);
        }
        self.write_made(row.py(), &link.make, known)
    }

    fn write_file_url(
        &mut self,
        level: &mut QueryLevel<'_, 'py>,
        layout: &RowLayout,
        file: &FileUrlText,
        column: usize,
        value: Bound<'py, PyAny>,
    ) -> bool {
        let Some(name) = self.django_value(level, layout, column, value) else { return false };
        if name.is_none() {
            self.sink.out.extend(b"null");
            return true;
        }
        let quoted = match name.cast_exact::<PyString>().map(|name| name.encode_utf8()) {
            Ok(Ok(text)) if text.as_bytes().is_empty() => {
                self.sink.out.extend(b"null");
                return true;
            }
            Ok(Ok(text)) => std::str::from_utf8(text.as_bytes()).ok().and_then(quote_name),
            _ => None,
        };
        match quoted {
            Some(quoted) => {
                F::write_str(&mut self.sink.out, &format!("{}{quoted}", file.base));
                true
            }
            None => self.write_made(name.py(), &file.make, vec![name.clone()]),
        }
    }

    /// Writes what Python code makes of values.
    fn write_made(&mut self, py: Python<'py>, make: &Py<PyAny>, values: Vec<Bound<'py, PyAny>>) -> bool {
        match self.meter.call_out(|| make.bind(py).call1(PyTuple::new(py, values)?)) {
            Ok(made) => self.write_whole_value(made),
            Err(error) => self.fail_walk(error),
        }
    }
}
