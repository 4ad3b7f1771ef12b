//! Outputs: what a step writes that is not the column's own value. Their texts are made once, by Django.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyInt};

use super::super::columns::ColumnReader;
use crate::ffi::{ascii, int_value};
use crate::kinds::{DateFormat, Kind};

/// The texts of values: what `get_FOO_display()` gives. A value without one is written as it is.
#[pyclass(frozen, module = "pyforge_web._native")]
pub struct ValueLabels {
    pub(super) labels: Py<PyDict>,
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
    pub(super) texts: Vec<String>,
    pub(super) values: Vec<(usize, UrlPart)>,
    pub(super) make: Py<PyAny>,
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
    pub(super) base: String,
    pub(super) make: Py<PyAny>,
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
    pub(super) make: Py<PyAny>,
    pub(super) dates: Option<DateFormat>,
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
pub(super) enum UrlPart {
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
    pub(super) fn text(self, value: &Bound<'_, PyAny>, reader: ColumnReader) -> Option<String> {
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
pub(super) fn quote_name(name: &str) -> Option<String> {
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
