//! Outputs: what a step writes that is not the column's own value. Their texts are made once, by Django.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyInt, PyList, PyString, PyTuple};

use super::super::any_value::Walk;
use super::super::columns::ColumnReader;
use super::layout::RowLayout;
use super::level::QueryLevel;
use crate::error::Error;
use crate::ffi::{ascii, int_value, list_item, tuple_item};
use crate::json::writer::Out;
use crate::kinds::{DateFormat, Form, Kind};

/// The texts of values: what `get_FOO_display()` gives. A value without one is written as it is.
#[pyclass(frozen, module = "pyforge_web._native")]
pub struct ValueLabels {
    labels: Py<PyDict>,
}

#[pymethods]
impl ValueLabels {
    /// `labels` are by the value that Django has; a label is any value that JSON knows.
    #[new]
    fn new(labels: Py<PyDict>) -> Self {
        Self { labels }
    }
}

/// A text around the values of columns: a link that was reversed once.
#[pyclass(frozen, module = "pyforge_web._native")]
pub struct LinkText {
    /// Before the first value, between the values, after the last.
    texts: Vec<String>,
    values: Vec<(usize, UrlPart)>,
    make: Py<PyAny>,
}

#[pymethods]
impl LinkText {
    /// `values` are `(column, converter)`, a converter is the name of Django's own: `"int"`, `"slug"`, `"str"`, `"uuid"`,
    /// `"path"`; `texts` is one longer. `make(*values)` reverses the link where a value is not certain to fit; null in any
    /// value gives null.
    #[new]
    fn new(texts: Vec<String>, values: Vec<(usize, String)>, make: Py<PyAny>) -> PyResult<Self> {
        if texts.len() != values.len() + 1 {
            return Err(PyValueError::new_err("one text more than values is needed"));
        }
        let values = values.into_iter().map(|(column, name)| Ok((column, UrlPart::of_name(&name)?)));
        Ok(Self { texts, values: values.collect::<PyResult<_>>()?, make })
    }
}

/// The address of a file: a storage's base address, and the quoted name.
#[pyclass(frozen, module = "pyforge_web._native")]
pub struct FileUrlText {
    base: String,
    make: Py<PyAny>,
}

#[pymethods]
impl FileUrlText {
    /// `base` is what stands before each name: `FileSystemStorage.base_url`, made absolute where it shall be. `make(name)`
    /// gives the address of a name that is not certain. Null and an empty name give null.
    #[new]
    fn new(base: String, make: Py<PyAny>) -> Self {
        Self { base, make }
    }
}

/// The values that Python code makes of the rows of a chunk, all of them in one call.
#[pyclass(frozen, module = "pyforge_web._native")]
pub struct MadeValues {
    make: Py<PyAny>,
    dates: Option<DateFormat>,
}

#[pymethods]
impl MadeValues {
    /// `make(rows)` gives a list with a value for each row. `dates` is the name of a `DateFormat`, or `""` for that of the
    /// whole output.
    #[new]
    fn new(make: Py<PyAny>, dates: &str) -> PyResult<Self> {
        let dates = if dates.is_empty() { None } else { Some(DateFormat::of_name(dates)?) };
        Ok(Self { make, dates })
    }
}

/// Any of them.
pub enum RowOutput {
    /// See there.
    Labels(Py<ValueLabels>),
    /// See there.
    Link(Py<LinkText>),
    /// See there.
    File(Py<FileUrlText>),
    /// See there.
    Made(Py<MadeValues>),
}

impl RowOutput {
    /// Reads what Python gave to a layout of so many columns.
    pub fn of(output: &Bound<'_, PyAny>, columns: usize) -> PyResult<Self> {
        if let Ok(labels) = output.cast::<ValueLabels>() {
            Ok(Self::Labels(labels.clone().unbind()))
        } else if let Ok(file) = output.cast::<FileUrlText>() {
            Ok(Self::File(file.clone().unbind()))
        } else if let Ok(link) = output.cast::<LinkText>() {
            if link.get().values.iter().any(|(column, _)| *column >= columns) {
                return Err(PyValueError::new_err("no column for a value of a link"));
            }
            Ok(Self::Link(link.clone().unbind()))
        } else if let Ok(made) = output.cast::<MadeValues>() {
            Ok(Self::Made(made.clone().unbind()))
        } else {
            Err(PyTypeError::new_err("an output is ValueLabels, LinkText, FileUrlText or MadeValues"))
        }
    }
}

/// Django's path converters, whose values stand in a link as they are.
#[derive(Clone, Copy)]
enum UrlPart {
    Int,
    Slug,
    Str,
    Uuid,
    Path,
}

impl UrlPart {
    fn of_name(name: &str) -> PyResult<Self> {
        match name {
            "int" => Ok(Self::Int),
            "slug" => Ok(Self::Slug),
            "str" => Ok(Self::Str),
            "uuid" => Ok(Self::Uuid),
            "path" => Ok(Self::Path),
            _ => Err(PyValueError::new_err(format!("no path converter {name:?}"))),
        }
    }

    /// The text of a value that certainly matches the converter, and that `reverse()` does not quote.
    fn text(self, value: &Bound<'_, PyAny>, reader: ColumnReader) -> Option<String> {
        if let Self::Int = self {
            let is_int = value.is_exact_instance_of::<PyInt>() && !value.is_instance_of::<PyBool>();
            return int_value(value).filter(|number| is_int && *number >= 0).map(|number| number.to_string());
        }
        let text = ascii(value)?;
        if let (Self::Uuid, ColumnReader::Kind(Kind::Uuid, _)) = (self, reader) {
            return Kind::uuid_text(text);
        }
        // RFC3986_SUBDELS and "/~:@" of `_reverse_with_prefix`, without what a converter refuses.
        let fits = |c: u8| match self {
            Self::Slug => c.is_ascii_alphanumeric() || b"-_".contains(&c),
            Self::Str => c.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:@".contains(&c),
            Self::Path => c.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:@/".contains(&c),
            Self::Int | Self::Uuid => false,
        };
        let is_text = matches!(reader, ColumnReader::Value | ColumnReader::Kind(Kind::Text, _));
        // `build_absolute_uri` resolves these.
        let has_dots = text.split(|&c| c == b'/').any(|part| part == b"." || part == b"..");
        (is_text && !text.is_empty() && !has_dots && text.iter().all(|&c| fits(c)))
            .then(|| String::from_utf8_lossy(text).into_owned())
    }
}

/// `filepath_to_uri(name)` where `urljoin` only puts the base before it; None on any doubt.
fn quote_name(name: &str) -> Option<String> {
    const SAFE: &[u8] = b"_.-~/!*()'";
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    // `filepath_to_uri` turns backslashes, and `urljoin` resolves empty, "." and ".." segments.
    if name.contains('\\') || name.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return None;
    }
    let mut quoted = String::with_capacity(name.len() + 16);
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || SAFE.contains(&byte) {
            quoted.push(char::from(byte));
        } else {
            quoted.push('%');
            quoted.push(char::from(HEX[usize::from(byte >> 4)]));
            quoted.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    Some(quoted)
}

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
