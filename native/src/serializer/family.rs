//! The rows of a relation, written once and found by what they belong to.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use super::value::Walk;
use crate::json::writer::Out;
use crate::kinds::Form;

/// Rows of one parent that stand side by side in the text.
struct Piece {
    start: usize,
    end: usize,
    /// The next piece of the same parent; 0 for none, as the first of all follows nothing.
    next: usize,
}

/// The rows of one parent.
struct Family {
    first: usize,
    last: usize,
    rows: usize,
}

/// Which rows belong to which parent, while they are written.
pub struct Families<'py> {
    /// The value of a row's key column to the index of its family: what was asked before.
    known: Bound<'py, PyDict>,
    /// The same by what Django compares, where that is another value.
    compared: Option<Bound<'py, PyDict>>,
    families: Vec<Family>,
    pieces: Vec<Piece>,
    /// The family of the row before.
    latest: Option<usize>,
}

impl<'py> Families<'py> {
    /// Nobody yet. `converted` says whether the values of the key column are not what Django compares.
    pub fn new(py: Python<'py>, converted: bool) -> Self {
        let compared = converted.then(|| PyDict::new(py));
        Self { known: PyDict::new(py), compared, families: Vec::new(), pieces: Vec::new(), latest: None }
    }

    /// The family of a row with this key; `convert` gives what Django compares.
    pub fn of(
        &mut self,
        key: &Bound<'py, PyAny>,
        convert: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
    ) -> PyResult<usize> {
        if let Some(known) = self.known.get_item(key)? {
            return known.extract();
        }
        let next = self.families.len();
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
            self.families.push(Family { first: 0, last: 0, rows: 0 });
        }
        self.known.set_item(key, index)?;
        Ok(index)
    }

    /// How many rows a family has.
    pub fn rows(&self, family: usize) -> usize {
        self.families[family].rows
    }

    /// Whether the next row of a family follows right behind its last one, with a comma between the two.
    pub fn continues(&self, family: usize) -> bool {
        self.latest == Some(family)
    }

    /// A row of a family was written, from `start` to `end`.
    pub fn add(&mut self, family: usize, start: usize, end: usize) {
        let continues = self.continues(family);
        let member = &mut self.families[family];
        member.rows += 1;
        if continues {
            self.pieces[member.last].end = end;
            return;
        }
        let piece = self.pieces.len();
        self.pieces.push(Piece { start, end, next: 0 });
        if member.rows == 1 {
            member.first = piece;
        } else {
            self.pieces[member.last].next = piece;
        }
        member.last = piece;
        self.latest = Some(family);
    }

    /// The family of a row that was written, or begun.
    pub fn known(&self, key: &Bound<'py, PyAny>) -> Option<usize> {
        self.known.get_item(key).ok()??.extract().ok()
    }
}

/// The rows of a relation, for the parents of a chunk.
pub struct Group<'py> {
    families: Families<'py>,
    text: Bound<'py, PyBytes>,
    /// The values of the parents' column to what Django compares; None where that is the value itself.
    parents: Option<Bound<'py, PyDict>>,
    /// Whether a parent has one row or none.
    single: bool,
}

impl<'py> Group<'py> {
    /// All rows are written.
    pub fn new(
        families: Families<'py>,
        text: Bound<'py, PyBytes>,
        parents: Option<Bound<'py, PyDict>>,
        single: bool,
    ) -> Self {
        Self { families, text, parents, single }
    }

    /// The family of a parent, by the value of its column.
    fn find(&self, key: &Bound<'py, PyAny>) -> PyResult<Option<&Family>> {
        let families = self.families.compared.as_ref().unwrap_or(&self.families.known);
        let index = match &self.parents {
            None => families.get_item(key)?,
            Some(parents) => match parents.get_item(key)? {
                Some(compared) => families.get_item(compared)?,
                None => None,
            },
        };
        let index: Option<usize> = index.map(|index| index.extract()).transpose()?;
        Ok(index.and_then(|index| self.families.families.get(index)))
    }
}

impl<'py, F: Form> Walk<'py, '_, F> {
    /// Writes the rows that belong to a parent: a list, or for a relation to one an object or null.
    pub(super) fn related(&mut self, group: &Group<'py>, key: &Bound<'py, PyAny>) -> bool {
        let family = match group.find(key) {
            Ok(Some(family)) => family,
            Ok(None) => return self.unrelated(group.single),
            Err(error) => return self.stop(error),
        };
        let (text, pieces) = (group.text.as_bytes(), &group.families.pieces);
        if !group.single {
            self.sink.out.push(b'[');
        }
        let mut next = Some(family.first);
        while let Some(piece) = next.and_then(|at| pieces.get(at)) {
            self.sink.out.extend(&text[piece.start..piece.end]);
            next = (piece.next > 0).then_some(piece.next);
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
    pub(super) fn unrelated(&mut self, single: bool) -> bool {
        self.sink.out.extend(if single { b"null" } else { b"[]" });
        true
    }
}
