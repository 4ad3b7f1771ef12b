//! Rows that are JSON already, and those of a relation by their parents.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use crate::json::writer::Out;
use crate::kinds::{Compact, Sink};

/// Rows as JSON, one behind the other.
#[pyclass(frozen, module = "pyforge_web._native")]
pub struct RowTexts {
    /// All rows, one behind the other.
    pub body: Py<PyBytes>,
    /// Where each row ends in it.
    pub ends: Vec<usize>,
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
    pub fn write(&self, py: Python<'_>, parent: usize, sink: &mut Sink<Compact>) {
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
    }
}
