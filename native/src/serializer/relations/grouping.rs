//! The rows of a relation, written once and found by what they belong to.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use super::super::any_value::Walk;
use crate::json::writer::Out;
use crate::kinds::Form;

/// Rows of one parent that stand side by side in the text.
struct Segment {
    start: usize,
    end: usize,
    /// The next segment of the same parent; 0 for none, as the first of all follows nothing.
    next: usize,
}

/// The rows of one parent.
struct ParentRows {
    first: usize,
    last: usize,
    rows: usize,
}

/// Which rows belong to which parent, while they are written.
pub struct RowsByParent<'py> {
    /// The value of a row's key column to the index of its parent_rows: what was asked before.
    known: Bound<'py, PyDict>,
    /// The same by what Django compares, where that is another value.
    compared: Option<Bound<'py, PyDict>>,
    parents_rows: Vec<ParentRows>,
    segments: Vec<Segment>,
    /// The parent_rows of the row before.
    latest: Option<usize>,
}

impl<'py> RowsByParent<'py> {
    /// No rows yet. `converted`: the values of the key column are not what Django compares.
    pub fn new(py: Python<'py>, converted: bool) -> Self {
        let compared = converted.then(|| PyDict::new(py));
        Self { known: PyDict::new(py), compared, parents_rows: Vec::new(), segments: Vec::new(), latest: None }
    }

    /// The parent_rows of a row with this key; `convert` gives what Django compares.
    pub fn of(
        &mut self,
        key: &Bound<'py, PyAny>,
        convert: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
    ) -> PyResult<usize> {
        // A dict of Python's, so that keys are equal where Django's own dict says so (1 and True, 1.0 and 1).
        if let Some(known) = self.known.get_item(key)? {
            return known.extract();
        }
        let next = self.parents_rows.len();
        let index = match &self.compared {
            None => next,
            Some(compared) => {
                let value = convert()?;
                match compared.get_item(&value)? {
                    Some(index) => index.extract()?,
                    None => {
                        compared.set_item(value, next)?;
                        next
                    }
                }
            }
        };
        if index == next {
            self.parents_rows.push(ParentRows { first: 0, last: 0, rows: 0 });
        }
        self.known.set_item(key, index)?;
        Ok(index)
    }

    /// How many rows a parent_rows has.
    pub fn rows(&self, parent_rows: usize) -> usize {
        self.parents_rows[parent_rows].rows
    }

    /// Whether the next row of a parent_rows follows right behind its last one, with a comma between the two.
    pub fn continues(&self, parent_rows: usize) -> bool {
        self.latest == Some(parent_rows)
    }

    /// A row of a parent_rows was written, from `start` to `end`.
    pub fn add(&mut self, parent_rows: usize, start: usize, end: usize) {
        let continues = self.continues(parent_rows);
        let member = &mut self.parents_rows[parent_rows];
        member.rows += 1;
        if continues {
            self.segments[member.last].end = end;
            return;
        }
        let segment = self.segments.len();
        // Rows of one parent need not stand together: SQL may order them by any column.
        self.segments.push(Segment { start, end, next: 0 });
        if member.rows == 1 {
            member.first = segment;
        } else {
            self.segments[member.last].next = segment;
        }
        member.last = segment;
        self.latest = Some(parent_rows);
    }

    /// The parent_rows of a row that was written, or begun.
    pub fn known(&self, key: &Bound<'py, PyAny>) -> Option<usize> {
        self.known.get_item(key).ok()??.extract().ok()
    }
}

/// The rows of a relation, for the parents of a chunk.
pub struct RelationText<'py> {
    parents_rows: RowsByParent<'py>,
    text: Bound<'py, PyBytes>,
    /// The values of the parents' column to what Django compares; None where that is the value itself.
    parents: Option<Bound<'py, PyDict>>,
    /// Whether a parent has one row or none.
    single: bool,
}

impl<'py> RelationText<'py> {
    /// All rows are written.
    pub fn new(
        parents_rows: RowsByParent<'py>,
        text: Bound<'py, PyBytes>,
        parents: Option<Bound<'py, PyDict>>,
        single: bool,
    ) -> Self {
        Self { parents_rows, text, parents, single }
    }

    /// The parent_rows of a parent, by the value of its column.
    fn find(&self, key: &Bound<'py, PyAny>) -> PyResult<Option<&ParentRows>> {
        let parents_rows = self.parents_rows.compared.as_ref().unwrap_or(&self.parents_rows.known);
        let index = match &self.parents {
            None => parents_rows.get_item(key)?,
            Some(parents) => match parents.get_item(key)? {
                Some(compared) => parents_rows.get_item(compared)?,
                None => None,
            },
        };
        let index: Option<usize> = index.map(|index| index.extract()).transpose()?;
        Ok(index.and_then(|index| self.parents_rows.parents_rows.get(index)))
    }
}

impl<'py, F: Form> Walk<'py, '_, F> {
    /// Writes the rows that belong to a parent: a list, or for a relation to one an object or null.
    pub(super) fn write_related_rows(&mut self, group: &RelationText<'py>, key: &Bound<'py, PyAny>) -> bool {
        let parent_rows = match group.find(key) {
            Ok(Some(parent_rows)) => parent_rows,
            Ok(None) => return self.write_no_rows(group.single),
            Err(error) => return self.fail_walk(error),
        };
        let (text, segments) = (group.text.as_bytes(), &group.parents_rows.segments);
        if !group.single {
            self.sink.out.push(b'[');
        }
        let mut next = Some(parent_rows.first);
        while let Some(segment) = next.and_then(|at| segments.get(at)) {
            self.sink.out.extend(&text[segment.start..segment.end]);
            next = (segment.next > 0).then_some(segment.next);
            if next.is_some() {
                self.sink.out.extend(F::ITEM);
            }
        }
        if !group.single {
            self.sink.out.push(b']');
        }
        true
    }

    /// Writes what stands for no rows.
    pub(super) fn write_no_rows(&mut self, single: bool) -> bool {
        self.sink.out.extend(if single { b"null" } else { b"[]" });
        true
    }
}
