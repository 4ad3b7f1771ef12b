//! A query whose rows are nested, and how far it is: where an error stands, above all.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use super::super::rows::RowFraming;
use super::grouping::{RelationText, RowsByParent};
use super::layout::{LayoutStep, RowLayout};
use crate::ffi::{BytesBuffer, list_item, tuple_item};
use crate::metering::reading::QueryReading;

/// A query that has been executed and whose rows are nested: what `pyforge_web.relations` gives in a QuerySet's place.
#[pyclass(frozen, module = "pyforge_web._native")]
pub struct NestedRows {
    /// What becomes of a row.
    pub layout: Py<RowLayout>,
    /// `() -> list[tuple]`: the next rows, an empty list at the end; or the list of all rows, which Django has made.
    pub fetch: Py<PyAny>,
    /// `(column, value) -> value`: the driver's value through Django's converters.
    pub fallback: Py<PyAny>,
    /// `()`: called at the end, also after an error; None where nothing is open.
    pub close: Option<Py<PyAny>>,
    /// `(relation, rows) -> RelatedRows | None`: the executed query of what belongs to these rows; None for nothing.
    pub load: Py<PyAny>,
    /// `(rows, database_ns, callbacks)`: called at the end of each native call that collectors want details of.
    pub report: Option<Py<PyAny>>,
    /// How long the text of the rows may get: a client may ask for relations that multiply.
    pub most_bytes: usize,
}

#[pymethods]
impl NestedRows {
    #[new]
    #[pyo3(signature = (layout, fetch, fallback, close, load, report=None, max_bytes=None))]
    fn new(
        layout: Py<RowLayout>,
        fetch: Py<PyAny>,
        fallback: Py<PyAny>,
        close: Option<Py<PyAny>>,
        load: Py<PyAny>,
        report: Option<Py<PyAny>>,
        max_bytes: Option<usize>,
    ) -> Self {
        Self { layout, fetch, fallback, close, load, report, most_bytes: max_bytes.unwrap_or(usize::MAX) }
    }

    /// Ends a query that is read by `dump_chunk`; `dumps` does it itself.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.close.as_ref().map_or(Ok(()), |close| close.call0(py).map(drop))
    }
}

/// The rows of a relation and how they name what they belong to.
#[pyclass(frozen, module = "pyforge_web._native")]
pub struct RelatedRows {
    /// The rows.
    pub nested: Py<NestedRows>,
    /// Their column that names it.
    pub key: usize,
    /// `(value) -> value`: what Django compares of a key column's value; None where it is the value itself.
    pub convert: Option<Py<PyAny>>,
    /// The same for the parents, done: the values of their column to what Django compares.
    pub parents: Option<Py<PyDict>>,
}

#[pymethods]
impl RelatedRows {
    #[new]
    fn new(nested: Py<NestedRows>, key: usize, convert: Option<Py<PyAny>>, parents: Option<Py<PyDict>>) -> Self {
        Self { nested, key, convert, parents }
    }
}

/// One query while its rows are written.
pub struct QueryLevel<'a, 'py> {
    /// The query.
    pub nested: Bound<'py, NestedRows>,
    /// The parents of the rows; None for the rows of the first level.
    pub below: Option<RelationLevel<'py>>,
    /// What stands around the rows of a stream, of which this one chunk is written; None for an array.
    pub items: Option<&'a RowFraming<'a>>,
    /// The rows that are written next.
    pub chunk: Option<Bound<'py, PyList>>,
    /// Their relations, as far as they are written.
    pub groups: Vec<Option<RelationText<'py>>>,
    /// The values of outputs that Python code has made of the chunk.
    pub made: Vec<Option<Bound<'py, PyList>>>,
    /// How many rows were written before this chunk.
    pub before: usize,
    /// Which row of the chunk is written.
    pub row: usize,
    /// Which step of the row.
    pub step: usize,
    /// The length of the text before the rows.
    pub start: usize,
    /// The length of the text with the rows that are written whole.
    pub whole: usize,
    /// What its query has cost in this call.
    pub reading: QueryReading,
}

/// What the level of a relation has besides.
pub struct RelationLevel<'py> {
    /// How its rows name what they belong to.
    pub children: Bound<'py, RelatedRows>,
    /// What they belong to.
    pub parents_rows: RowsByParent<'py>,
    /// Whether a parent has one row or none.
    pub single: bool,
    /// The text of the level above.
    pub above: BytesBuffer,
}

impl<'a, 'py> QueryLevel<'a, 'py> {
    /// A level before its first fetch.
    pub fn new(nested: Bound<'py, NestedRows>, below: Option<RelationLevel<'py>>) -> Self {
        Self {
            nested,
            below,
            items: None,
            chunk: None,
            groups: Vec::new(),
            made: Vec::new(),
            before: 0,
            row: 0,
            step: 0,
            start: 0,
            whole: 0,
            reading: QueryReading::default(),
        }
    }

    /// A chunk of a stream, of which `start` rows were written before.
    pub fn part(
        nested: Bound<'py, NestedRows>,
        chunk: Bound<'py, PyList>,
        start: usize,
        items: &'a RowFraming<'a>,
        reading: QueryReading,
    ) -> Self {
        Self { items: Some(items), chunk: Some(chunk), before: start, reading, ..Self::new(nested, None) }
    }

    /// What becomes of a row.
    pub fn layout(&self) -> &RowLayout {
        self.nested.get().layout.get()
    }

    /// The step that is done: of a row that is written, or the relation that is loaded.
    fn at(&self) -> Option<usize> {
        let relation = self.groups.len();
        self.chunk.as_ref()?;
        if relation < self.layout().relations.len() { self.layout().step_of(relation) } else { Some(self.step) }
    }

    fn value(&self, row: usize, column: usize) -> Option<Bound<'py, PyAny>> {
        tuple_item(list_item(self.chunk.as_ref()?, row)?.cast::<PyTuple>().ok()?, column)
    }

    /// The row of this level that a row of the level below belongs to. Nothing may be known of that row's parent_rows yet, so
    /// the keys are compared.
    fn parent_of(&self, step: usize, below: &QueryLevel<'a, 'py>, child: usize) -> Option<usize> {
        let Some(LayoutStep::Relation { key: column, .. }) = self.layout().steps.get(step) else { return None };
        let children = below.below.as_ref()?.children.get();
        let (py, key) = (self.nested.py(), below.value(child, children.key)?);
        let compared = match &children.convert {
            Some(convert) => convert.bind(py).call1((key,)).ok()?,
            None => key,
        };
        (0..self.chunk.as_ref()?.len()).find(|&row| {
            let own = self.value(row, *column).and_then(|own| match &children.parents {
                Some(parents) => parents.bind(py).get_item(own).ok()?,
                None => Some(own),
            });
            own.is_some_and(|own| own.eq(&compared).unwrap_or(false))
        })
    }

    /// Which row of its list a row of the chunk is: those before it are written, or stand in this chunk.
    fn position(&self, row: usize) -> Option<String> {
        let Some(below) = &self.below else { return Some(format!("[{}]", self.before + row)) };
        if below.single {
            return Some(String::new());
        }
        let column = below.children.get().key;
        let key = self.value(row, column)?;
        let written = below.parents_rows.known(&key).map_or(0, |parent_rows| below.parents_rows.rows(parent_rows));
        let is_like = |other: &usize| self.value(*other, column).is_some_and(|other| other.eq(&key).unwrap_or(false));
        Some(format!("[{}]", written + (self.row..row).filter(is_like).count()))
    }
}

/// The path from the array to the value that is being written, as far as it is known: `[3].tags[1].name`; and which row
/// of the first level's chunk it is in.
pub fn place(levels: &[QueryLevel<'_, '_>]) -> (String, Option<usize>) {
    let mut path = String::new();
    let mut child: Option<usize> = None;
    for (depth, level) in levels.iter().enumerate().rev() {
        let Some(step) = level.at() else { continue };
        let row = match levels.get(depth + 1) {
            Some(below) => child.and_then(|child| level.parent_of(step, below, child)),
            None => (level.groups.len() == level.layout().relations.len()).then_some(level.row),
        };
        let position = row.and_then(|row| level.position(row)).unwrap_or_else(|| "[?]".into());
        path.insert_str(0, &format!("{position}{}", level.layout().path(step)));
        child = row;
    }
    (path, child)
}
